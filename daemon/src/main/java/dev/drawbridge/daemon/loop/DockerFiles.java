package dev.drawbridge.daemon.loop;

import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.config.Config;
import dev.drawbridge.daemon.container.LabelReading;
import dev.drawbridge.hook.Attempt;
import dev.drawbridge.hook.DockerContainerFiles;
import dev.drawbridge.hook.OciState;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.Optional;

/** The files that Docker keeps of its containers, below the data root of the configuration. */
public final class DockerFiles {

  private static final System.Logger log = System.getLogger(DockerFiles.class.getName());

  private final Config config;

  public DockerFiles(Config config) {
    this.config = config;
  }

  /** What Docker's files say of a container, as a report of the engine before its first one. */
  public Optional<ObservedContainer> described(String id) {
    if (config.dataRoot().isEmpty() || !OciState.plausibleId(id)) {
      return Optional.empty();
    }
    Optional<Path> directory = DockerContainerFiles.below(Path.of(config.dataRoot()), id);
    if (directory.isEmpty()) {
      return Optional.empty();
    }
    try {
      return switch (DockerContainerFiles.read(directory.get())) {
        case Attempt.Failed<DockerContainerFiles> _ -> Optional.empty();
        case Attempt.Done<DockerContainerFiles>(DockerContainerFiles files) ->
            Optional.of(PinnedContainers.admission(files, 0, new LabelReading(config)).container());
      };
    } catch (IOException e) {
      log.log(Level.DEBUG, "container " + id, e);
      return Optional.empty();
    }
  }

  /** Whether there are files of a container of that id. */
  public boolean keeps(String id) {
    return !config.dataRoot().isEmpty()
        && OciState.plausibleId(id)
        && DockerContainerFiles.below(Path.of(config.dataRoot()), id).isPresent();
  }
}
