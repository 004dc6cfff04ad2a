package dev.drawbridge.daemon;

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
import java.util.logging.Logger;

/**
 * What an agent that comes back can know of the containers it guarded before, without asking the
 * container engine, which may be down or may be waiting for this very agent: the pinned links name
 * them, Docker's files describe them, and the cgroup of the process there must be the one that the
 * links hang on. Nothing is asked of the containers themselves, which have run since and may have
 * given themselves addresses.
 */
final class PinnedContainers {

  private static final Logger log = Logger.getLogger(PinnedContainers.class.getName());

  private final Attachments attachments;
  private final Path dataRoot;
  private final LabelReading labels;

  PinnedContainers(Attachments attachments, Path dataRoot, LabelReading labels) {
    this.attachments = attachments;
    this.dataRoot = dataRoot;
    this.labels = labels;
  }

  /** Those that still run, as they were described at create. */
  List<Admission> stillRunning() {
    List<Admission> running = new ArrayList<>();
    for (String id : attachments.pinned()) {
      try {
        describe(id).ifPresent(running::add);
      } catch (IOException | RuntimeException e) {
        // Whatever one container's files hold, the others are taken over.
        log.info("container " + id + " is left to the container engine's list: " + e);
      }
    }
    return running;
  }

  private Optional<Admission> describe(String id) throws IOException {
    Optional<Path> directory = DockerContainerFiles.below(dataRoot, id);
    if (directory.isEmpty()) {
      return Optional.empty();
    }
    DockerContainerFiles files =
        switch (DockerContainerFiles.read(directory.get())) {
          case Attempt.Failed<DockerContainerFiles>(String sentence) ->
              throw new IOException(sentence);
          case Attempt.Done<DockerContainerFiles>(DockerContainerFiles read) -> read;
        };
    int pid = files.pid().orElse(0);
    if (pid <= 0 || !Files.isDirectory(Path.of("/proc", Integer.toString(pid)))) {
      return Optional.empty();
    }
    try {
      if (Cgroups.id(Cgroups.ofPid(pid)) != attachments.target(id)) {
        // The number belongs to another process by now.
        return Optional.empty();
      }
    } catch (BpfException e) {
      throw new IOException("process " + pid + ": " + e.getMessage(), e);
    }
    return Optional.of(admission(files, pid, labels));
  }

  static Admission admission(DockerContainerFiles files, int pid, LabelReading labels)
      throws IOException {
    Optional<SortedMap<String, String>> imageLabels = ImageFiles.labels(files);
    Optional<String> objection = labels.objection(files.name(), imageLabels);
    if (objection.isPresent()) {
      throw new IOException(objection.get());
    }
    ObservedContainer container =
        HookAdmission.observed(
            files, imageLabels, pid, HookAdmission.addresses(files), HookAdmission.granted(files));
    return labels.read(container, Optional.empty());
  }
}
