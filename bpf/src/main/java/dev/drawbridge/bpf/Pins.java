package dev.drawbridge.bpf;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Where things are pinned: {@code <bpffs>/drawbridge/{maps,links/<container id>/<program>}}.
 * Removals refuse to leave that directory.
 */
public final class Pins {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,128}");

  private final Path root;

  private Pins(Path root) {
    this.root = root;
  }

  /** The pins below a mounted bpffs, normally {@link BpfFs#DEFAULT_MOUNT}. */
  public static Pins below(Path bpffs) {
    return new Pins(bpffs.toAbsolutePath().normalize().resolve("drawbridge"));
  }

  public Path root() {
    return root;
  }

  /** Directory of the maps, one file a map. */
  public Path maps() {
    return root.resolve("maps");
  }

  /** Directory of all links, one directory a container. */
  public Path links() {
    return root.resolve("links");
  }

  /** Directory of one container's links. */
  public Path links(String containerId) {
    return links().resolve(checked(containerId));
  }

  /** One link of a container. */
  public Path link(String containerId, String program) {
    return links(containerId).resolve(checked(program));
  }

  /** Makes the directories that are missing. */
  public void create() {
    Later.come();
  }

  /** Containers that have links. */
  public Set<String> containers() {
    return Later.come();
  }

  /** Programs a container has links of. */
  public Set<String> programs(String containerId) {
    return Later.come();
  }

  /** Detaches a container: removes all its links and their directory; fine if there are none. */
  public void removeLinks(String containerId) {
    Later.come();
  }

  /** Removes every pin of Drawbridge: all programs detach, all maps are forgotten. */
  public List<Path> removeAll() {
    return Later.come();
  }

  /** bpffs refuses names with dots; a slash would leave the directory. */
  private static String checked(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("not a name for a pin: '" + name + "'");
    }
    return name;
  }
}
