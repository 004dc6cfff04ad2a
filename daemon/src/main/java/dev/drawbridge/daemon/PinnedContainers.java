package dev.drawbridge.daemon;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.drawbridge.bpf.BpfException;
import dev.drawbridge.bpf.Cgroups;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.hook.Attempt;
import dev.drawbridge.hook.DockerContainerFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.logging.Logger;

/**
 * What an agent that comes back can know of the containers it guarded before, without asking the
 * container engine, which may be down or may be waiting for this very agent: the pinned links name
 * them, Docker's files describe them, and the cgroup of the process there must be the one that the
 * links hang on.
 */
final class PinnedContainers {

  private static final Logger log = Logger.getLogger(PinnedContainers.class.getName());

  private final Attachments attachments;
  private final Path containers;
  private final LabelReading labels;

  PinnedContainers(Attachments attachments, Path dataRoot, LabelReading labels) {
    this.attachments = attachments;
    this.containers = dataRoot.resolve("containers");
    this.labels = labels;
  }

  /** Those that still run, as they were described at create. */
  List<Admission> stillRunning() {
    List<Admission> running = new ArrayList<>();
    for (String id : attachments.pinned()) {
      try {
        describe(id).ifPresent(running::add);
      } catch (BpfException | IOException e) {
        log.info("container " + id + " is left to the container engine's list: " + e);
      }
    }
    return running;
  }

  private Optional<Admission> describe(String id) throws IOException {
    Path directory = containers.resolve(id);
    int pid = pid(directory.resolve("config.v2.json"));
    if (pid <= 0 || !Files.isDirectory(Path.of("/proc", Integer.toString(pid)))) {
      return Optional.empty();
    }
    if (Cgroups.id(Cgroups.ofPid(pid)) != attachments.target(id)) {
      // The number belongs to another process by now.
      return Optional.empty();
    }
    return switch (DockerContainerFiles.read(directory)) {
      case Attempt.Failed<DockerContainerFiles>(String sentence) -> throw new IOException(sentence);
      case Attempt.Done<DockerContainerFiles>(DockerContainerFiles files) ->
          Optional.of(admission(files, pid));
    };
  }

  private Admission admission(DockerContainerFiles files, int pid) throws IOException {
    Optional<SortedMap<String, String>> imageLabels = ImageFiles.labels(files.directory());
    Optional<String> objection = labels.objection(files.name(), imageLabels);
    if (objection.isPresent()) {
      throw new IOException(objection.get());
    }
    return labels.read(
        new ObservedContainer(
            files.id(),
            files.name(),
            files.labels(),
            imageLabels.orElseGet(TreeMap::new),
            files.image(),
            true,
            pid,
            HookAdmission.addressesOf(pid, files.networkMode()),
            files.runtime(),
            files.networkMode()),
        Optional.empty());
  }

  private static int pid(Path config) throws IOException {
    try {
      JsonElement state =
          JsonParser.parseString(Files.readString(config)).getAsJsonObject().get("State");
      if (state instanceof JsonObject object && object.get("Pid") != null) {
        return object.get("Pid").getAsInt();
      }
      return 0;
    } catch (JsonParseException | IllegalStateException | NumberFormatException e) {
      throw new IOException(config + " cannot be read: " + e.getMessage(), e);
    }
  }
}
