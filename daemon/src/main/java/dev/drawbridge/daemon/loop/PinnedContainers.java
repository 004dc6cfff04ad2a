package dev.drawbridge.daemon.loop;

import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.linux.Cgroups;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.attach.Attachments;
import dev.drawbridge.daemon.container.Admission;
import dev.drawbridge.daemon.container.AdmittedContainers;
import dev.drawbridge.daemon.container.ImageFiles;
import dev.drawbridge.daemon.container.LabelReading;
import dev.drawbridge.daemon.description.Descriptions;
import dev.drawbridge.hook.Attempt;
import dev.drawbridge.hook.DockerContainerFiles;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/**
 * What an agent that comes back can know of the containers it guarded before, without asking the
 * container engine, which may be down or may be waiting for this very agent: the pinned links name
 * them, Docker's files or what their hook left describe them, and the cgroup of the process there
 * must be the one that the links hang on. Nothing is asked of the containers themselves, which have
 * run since and may have given themselves addresses.
 */
public final class PinnedContainers {

  private static final System.Logger log = System.getLogger(PinnedContainers.class.getName());

  private final Attachments attachments;
  private final Optional<Path> dataRoot;
  private final AdmittedContainers admitted;
  private final LabelReading labels;

  /**
   * @param dataRoot Docker's, if it is known
   * @param admitted those of other engines
   */
  public PinnedContainers(
      Attachments attachments,
      Optional<Path> dataRoot,
      AdmittedContainers admitted,
      LabelReading labels) {
    this.attachments = attachments;
    this.dataRoot = dataRoot;
    this.admitted = admitted;
    this.labels = labels;
  }

  /** Those that still run, as they were described at create. */
  public List<Admission> stillRunning() {
    List<Admission> running = new ArrayList<>();
    admitted.retain(attachments.pinned());
    for (String id : attachments.pinned()) {
      try {
        describe(id).ifPresent(running::add);
      } catch (IOException | RuntimeException e) {
        // Whatever one container's files hold, the others are taken over.
        log.log(Level.INFO, "container " + id + " is left to the container engine's list: " + e);
      }
    }
    return running;
  }

  private Optional<Admission> describe(String id) throws IOException {
    Optional<Path> directory = dataRoot.flatMap(root -> DockerContainerFiles.below(root, id));
    if (directory.isEmpty()) {
      Optional<ObservedContainer> noted = admitted.of(id);
      if (noted.isEmpty()) {
        return Optional.empty();
      }
      if (!isStill(id, noted.get().pid())) {
        admitted.forget(id);
        return Optional.empty();
      }
      return Optional.of(labels.read(noted.get(), Optional.empty()));
    }
    DockerContainerFiles files =
        switch (DockerContainerFiles.read(directory.get())) {
          case Attempt.Failed<DockerContainerFiles>(String sentence) ->
              throw new IOException(sentence);
          case Attempt.Done<DockerContainerFiles>(DockerContainerFiles read) -> read;
        };
    int pid = files.pid().orElse(0);
    return isStill(id, pid) ? Optional.of(admission(files, pid, labels)) : Optional.empty();
  }

  /** Whether the process is that of the container whose pins these are. */
  private boolean isStill(String id, int pid) throws IOException {
    if (pid <= 0 || !Files.isDirectory(Path.of("/proc", Integer.toString(pid)))) {
      return false;
    }
    try {
      // Otherwise the number belongs to another process by now.
      return Cgroups.id(Cgroups.ofPid(pid)) == attachments.target(id);
    } catch (BpfException e) {
      throw new IOException("process " + pid + ": " + e.getMessage(), e);
    }
  }

  public static Admission admission(DockerContainerFiles files, int pid, LabelReading labels)
      throws IOException {
    Optional<SortedMap<String, String>> imageLabels = ImageFiles.labels(files);
    Optional<String> objection = labels.objection(files.name(), imageLabels);
    if (objection.isPresent()) {
      throw new IOException(objection.get());
    }
    ObservedContainer container =
        Descriptions.observed(
            files, imageLabels, pid, Descriptions.addresses(files), Descriptions.granted(files));
    return labels.read(container, Optional.empty());
  }
}
