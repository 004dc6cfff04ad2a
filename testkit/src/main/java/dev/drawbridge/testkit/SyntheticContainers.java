package dev.drawbridge.testkit;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.drawbridge.bpf.linux.Cgroups;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Containers without an engine: a process that waits in a cgroup and a network namespace of its
 * own, with an address, and a bundle whose annotations are its labels. The agent is told of each as
 * the runtime's hook tells it, over the hook's socket, and guards it as any other. An engine needs
 * half a second for a container; these are made by the hundred.
 */
public final class SyntheticContainers implements AutoCloseable {
  private static final int CREATE_RUNTIME = 2;
  private static final int HEADER = 12;

  private final Path hookSocket;
  private final Path bundles;
  private final Path cgroups;
  private final List<Process> processes = new ArrayList<>();
  private final List<Path> made = new ArrayList<>();

  /** One that exists, and waits for its hook. */
  public record Waiting(String id, long pid, Path bundle) {}

  public SyntheticContainers(Path hookSocket, Path directory, String group) {
    this.hookSocket = hookSocket;
    this.bundles = directory;
    this.cgroups = Cgroups.cgroup2Mount().resolve(group);
    try {
      Files.createDirectories(bundles);
      Files.createDirectories(cgroups);
    } catch (IOException e) {
      throw new LabException("cannot create " + cgroups + ": " + e.getMessage(), e);
    }
  }

  /** Makes the process with its cgroup, namespace, address and bundle; the agent knows nothing. */
  public Waiting create(int number, Map<String, String> labels) {
    String id = String.format(Locale.ROOT, "%064x", 0x5eed_0000_0000L + number);
    Path cgroup = cgroups.resolve(id);
    String address = "10.200." + number / 250 + "." + (number % 250 + 1);
    try {
      Files.createDirectory(cgroup);
      made.add(cgroup);
      Process process =
          new ProcessBuilder(
                  "sh",
                  "-c",
                  "echo $$ >"
                      + cgroup
                      + "/cgroup.procs; exec unshare --net sh -c 'ip link set lo up; ip link add e0 type veth peer"
                      + " name e1; ip addr add "
                      + address
                      + "/32 dev e0; echo made; read -r _'")
              .redirectErrorStream(true)
              .start();
      processes.add(process);
      String said = process.inputReader().readLine();
      if (!"made".equals(said)) {
        throw new LabException("a synthetic container said " + said);
      }
      Path bundle = Files.createDirectories(bundles.resolve(id));
      Files.writeString(bundle.resolve("config.json"), spec(labels));
      return new Waiting(id, process.pid(), bundle);
    } catch (IOException e) {
      throw new LabException("cannot make a synthetic container: " + e.getMessage(), e);
    }
  }

  private static String spec(Map<String, String> labels) {
    JsonObject annotations = new JsonObject();
    annotations.addProperty("drawbridge.mode", "enforce");
    labels.forEach(annotations::addProperty);
    JsonObject network = new JsonObject();
    network.addProperty("type", "network");
    JsonArray namespaces = new JsonArray();
    namespaces.add(network);
    JsonObject linux = new JsonObject();
    linux.add("namespaces", namespaces);
    JsonObject spec = new JsonObject();
    spec.addProperty("ociVersion", "1.0.2");
    spec.add("annotations", annotations);
    spec.add("linux", linux);
    return spec.toString();
  }

  /** Asks as the hook does; milliseconds until the agent's answer, when its rules are enforced. */
  public double admit(Waiting container) {
    JsonObject state = new JsonObject();
    state.addProperty("ociVersion", "1.0.2");
    state.addProperty("id", container.id());
    state.addProperty("status", "creating");
    state.addProperty("pid", container.pid());
    state.addProperty("bundle", container.bundle().toString());
    byte[] payload = state.toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer request = ByteBuffer.allocate(HEADER + payload.length);
    request.put("DBH1".getBytes(StandardCharsets.US_ASCII));
    request.putInt(CREATE_RUNTIME << 24).putInt(payload.length).put(payload).flip();
    ByteBuffer answer = ByteBuffer.allocate(4096);
    long begin = System.nanoTime();
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(hookSocket));
      while (request.hasRemaining()) {
        channel.write(request);
      }
      while (answer.hasRemaining() && channel.read(answer) >= 0) {
        if (answer.position() >= HEADER
            && answer.position() >= HEADER + answer.getInt(HEADER - Integer.BYTES)) {
          break;
        }
      }
    } catch (IOException e) {
      throw new LabException("the hook's socket: " + e.getMessage(), e);
    }
    double millis = (System.nanoTime() - begin) / 1e6;
    answer.flip();
    if (answer.remaining() < HEADER || answer.get(4) != 0) {
      throw new LabException(
          "a synthetic container was refused: " + StandardCharsets.UTF_8.decode(answer));
    }
    return millis;
  }

  @Override
  public void close() {
    processes.forEach(Process::destroyForcibly);
    for (Process process : processes) {
      try {
        process.waitFor(5, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
    for (Path cgroup : made.reversed()) {
      cgroup.toFile().delete();
    }
    cgroups.toFile().delete();
  }
}
