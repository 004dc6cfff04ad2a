package dev.drawbridge.daemon.description;

import dev.drawbridge.hook.DockerContainerFiles;
import dev.drawbridge.hook.OciSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * Who the shim asked about, for the hook, which asks about the same container some milliseconds
 * later: it is described once, as long as no file that it was read from has been written since.
 * Safe for any thread.
 */
public final class RecentDescriptions {
  /** Containers that are between the shim's question and the hook's. */
  private static final int MOST = 8;

  /** Of one, in bytes: who bears more is read twice. */
  private static final int MOST_LABELS = 16 << 10;

  private final SequencedMap<String, Kept> kept = new LinkedHashMap<>();

  /**
   * What the shim was told.
   *
   * @param startIsAsked whether the shim will ask once more, before anything of the container runs
   */
  public record Recent(Described container, boolean startIsAsked) {}

  private record Kept(Path bundle, Recent recent, List<Map<String, Object>> files) {}

  /** What was found out of a container whose bundle is as it is to start. */
  public void keep(Path bundle, Described container, boolean startIsAsked) {
    int size =
        DockerContainerFiles.size(container.labels())
            + container.imageLabels().map(DockerContainerFiles::size).orElse(0);
    if (size > MOST_LABELS) {
      return;
    }
    try {
      Recent recent = new Recent(container, startIsAsked);
      Kept one = new Kept(bundle, recent, states(bundle, container));
      synchronized (kept) {
        kept.putLast(container.id(), one);
        if (kept.size() > MOST) {
          var _ = kept.pollFirstEntry();
        }
      }
    } catch (IOException e) {
      // Then it is read once more.
    }
  }

  /** Once: the next start of the same container is another. */
  public Optional<Recent> take(String id, Path bundle) {
    Kept one;
    synchronized (kept) {
      one = kept.remove(id);
    }
    try {
      return one != null
              && one.bundle().equals(bundle)
              && one.files().equals(states(bundle, one.recent().container()))
          ? Optional.of(one.recent())
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** By what a file that is written, replaced or removed cannot keep. */
  private static List<Map<String, Object>> states(Path bundle, Described container)
      throws IOException {
    List<Map<String, Object>> states = new ArrayList<>();
    states.add(state(bundle.resolve(OciSpec.FILE)));
    for (Path file : container.files()) {
      states.add(state(file));
    }
    return states;
  }

  private static Map<String, Object> state(Path file) throws IOException {
    return Files.readAttributes(
        file, "unix:dev,ino,size,lastModifiedTime,ctime", LinkOption.NOFOLLOW_LINKS);
  }
}
