package dev.drawbridge.it.attack;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * Containers by the hundred: the registered runtime, called as containerd calls it, on bundles of
 * our own. What Docker adds to a start (layers, names, 300 ms) is not what is tested here; {@link
 * StartsTest} starts some by Docker too.
 */
final class Bulk {
  private static final Duration DEADLINE = Duration.ofMinutes(2);

  private final Ground ground;
  private final Path directory;
  private final Path root;
  private final AtomicInteger started = new AtomicInteger();
  private final String pad;

  /**
   * @param pad a container of the ground in whose network namespace all of them live: each has its
   *     own cgroup, and with it its own identity
   */
  Bulk(Ground ground, String pad) {
    this.ground = ground;
    this.directory = ground.lab().directory().resolve("bulk");
    this.root = directory.resolve("rootfs");
    this.pad = "/proc/" + ground.pid(pad) + "/ns/net";
    Shell.must("mkdir", "-p", root.toString());
    Path tar = directory.resolve("root.tar");
    String container = ground.docker().must("create", LabImage.NAME);
    ground.docker().must("export", "-o", tar.toString(), container);
    ground.docker().must("rm", container);
    Shell.must("tar", "-C", root.toString(), "-xf", tar.toString(), "bin", "dev", "proc", "sys");
  }

  /**
   * Starts that many, at once by so many, each with the command as its first process.
   *
   * @param labels as annotations, which stand for Docker's labels
   * @param runtime {@code drawbridge-runc} of the lab, or {@code runc} for a control
   */
  List<Output> start(
      int count, int atOnce, Path runtime, Map<String, String> labels, String... command) {
    List<Future<Output>> starts = new ArrayList<>();
    List<Output> outputs = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(atOnce)) {
      for (int i = 0; i < count; i++) {
        starts.add(pool.submit(() -> one(runtime, labels, command)));
      }
      for (Future<Output> start : starts) {
        outputs.add(start.get());
      }
    } catch (ExecutionException e) {
      throw new LabException("a start failed: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("interrupted", e);
    }
    return outputs;
  }

  Path guarded() {
    return ground.lab().directory().resolve("agent/drawbridge-runc");
  }

  private Output one(Path runtime, Map<String, String> labels, String... command)
      throws IOException {
    // The agent takes an id for what it is: it must be as long as the engine's.
    String id = "%064x".formatted(0xb0_0000 + started.incrementAndGet());
    Path bundle = Files.createDirectories(directory.resolve(id));
    Files.writeString(bundle.resolve("config.json"), specification(id, labels, command).toString());
    Output output =
        Shell.run(
            DEADLINE,
            Map.of(),
            ground
                .lab()
                .network()
                .onHost(
                    runtime.toString(),
                    "--root",
                    directory.resolve("state").toString(),
                    "run",
                    "--bundle",
                    bundle.toString(),
                    id));
    try (Stream<Path> files = Files.list(bundle)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(bundle);
    return output;
  }

  private JsonObject specification(String id, Map<String, String> labels, String... command) {
    JsonObject spec =
        JsonParser.parseString(
                """
                {"ociVersion": "1.0.2",
                 "process": {"terminal": false, "user": {"uid": 0, "gid": 0}, "cwd": "/",
                   "env": ["PATH=/bin"], "noNewPrivileges": true,
                   "capabilities": {"bounding": [], "effective": [], "permitted": []}},
                 "root": {"readonly": true},
                 "hostname": "bulk",
                 "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
                   {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}],
                 "linux": {"namespaces": [{"type": "pid"}, {"type": "ipc"}, {"type": "uts"},
                   {"type": "mount"}, {"type": "network"}]}}
                """)
            .getAsJsonObject();
    JsonArray arguments = new JsonArray();
    Stream.of(command).forEach(arguments::add);
    spec.getAsJsonObject("process").add("args", arguments);
    spec.getAsJsonObject("root").addProperty("path", root.toString());
    JsonObject linux = spec.getAsJsonObject("linux");
    linux.getAsJsonArray("namespaces").get(4).getAsJsonObject().addProperty("path", pad);
    linux.addProperty("cgroupsPath", "/" + ground.lab().id() + "/" + id);
    JsonObject annotations = new JsonObject();
    labels.forEach(annotations::addProperty);
    spec.add("annotations", annotations);
    return spec;
  }
}
