package dev.drawbridge.bpf;

import dev.drawbridge.bpf.abi.NativeOrder;
import dev.drawbridge.bpf.failure.Failures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Where things are pinned: {@code
 * <bpffs>/drawbridge/{maps,links/<container>,netns,parents/<cgroup>,veths/<netns>,filters/<netns>,agent,agent-accept}}.
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

  /** Directory of the links of network namespaces, one file a namespace. */
  public Path namespaces() {
    return root.resolve("netns");
  }

  /** The link of a network namespace, by the agent's number of it. */
  public Path namespace(int number) {
    return namespaces().resolve(Integer.toString(NativeOrder.checkNotNegative(number, "number")));
  }

  /** The link of the agent's own cgroup. */
  public Path agent() {
    return root.resolve("agent");
  }

  /** The other link of the agent's own cgroup: what the engine's accepted sockets learn. */
  public Path agentAccept() {
    return root.resolve("agent-accept");
  }

  /** Directory of the guards' links, one directory a parent cgroup. */
  public Path parents() {
    return root.resolve("parents");
  }

  /** Directory of one guard's links, by the id of the parent cgroup. */
  public Path parent(long cgroupId) {
    return parents().resolve(Long.toUnsignedString(cgroupId));
  }

  /** Parent cgroups that have a guard's links, by id. */
  public Set<Long> parentIds() {
    return names(parents()).stream()
        .map(Long::parseUnsignedLong)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Network namespaces that have a link, by the agent's number of them. */
  public Set<Integer> namespaceNumbers() {
    return names(namespaces()).stream()
        .map(Integer::valueOf)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Directory of the links at the host's ends of veths, one directory a namespace. */
  public Path veths() {
    return root.resolve("veths");
  }

  /** The filters at the host's ends of veths: in the place of links, where there may be some. */
  public VethFilters filters() {
    return new VethFilters(root.resolve("filters"));
  }

  /** Directory of the maps that an {@link Upgrade} has made and not yet put in place. */
  Path staging() {
    return root.resolve("next");
  }

  /** Every pinned link and the name of the program that belongs into it. */
  Map<Path, String> allLinks() {
    Map<Path, String> found = new TreeMap<>();
    for (Path directory : List.of(links(), parents(), veths())) {
      for (String owner : names(directory)) {
        Path each = directory.resolve(owner);
        names(each).forEach(program -> found.put(each.resolve(program), program));
      }
    }
    names(namespaces()).forEach(number -> found.put(namespaces().resolve(number), "sk_lookup"));
    if (Files.exists(agent(), LinkOption.NOFOLLOW_LINKS)) {
      found.put(agent(), "agent_egress");
    }
    if (Files.exists(agentAccept(), LinkOption.NOFOLLOW_LINKS)) {
      found.put(agentAccept(), "agent_accept");
    }
    return found;
  }

  /** Removes what an upgrade that never ended has left. */
  void removeStaging() {
    List<Path> _ = removeTree(staging());
  }

  /** Makes the directories that are missing. */
  public void create() {
    try {
      Files.createDirectories(maps());
      Files.createDirectories(links());
      Files.createDirectories(namespaces());
      Files.createDirectories(parents());
    } catch (IOException e) {
      throw Failures.of("make the pin directories below", root, e);
    }
  }

  /** Containers that have links. */
  public Set<String> containers() {
    return names(links());
  }

  /** Whether a container has links, or had some and its directory stayed. */
  public boolean hasLinks(String containerId) {
    return Files.isDirectory(links(containerId), LinkOption.NOFOLLOW_LINKS);
  }

  /** Programs a container has links of. */
  public Set<String> programs(String containerId) {
    return names(links(containerId));
  }

  private static Set<String> names(Path directory) {
    if (!Files.isDirectory(directory)) {
      return Set.of();
    }
    try (Stream<Path> entries = Files.list(directory)) {
      return entries
          .map(entry -> String.valueOf(entry.getFileName()))
          .collect(Collectors.toCollection(TreeSet::new));
    } catch (IOException e) {
      throw Failures.of("list", directory, e);
    }
  }

  /** Detaches a container: removes all its links and their directory; fine if there are none. */
  public void removeLinks(String containerId) {
    List<Path> _ = removeTree(links(containerId));
  }

  /**
   * Removes every pin of Drawbridge: all programs detach, all maps are forgotten. Links go first,
   * so that no program ever runs on maps that lost their owner. Call it in the host's network
   * namespace, where the filters are.
   *
   * @return what was removed
   */
  public List<Path> removeAll() {
    List<Path> removed = new ArrayList<>(removeTree(links()));
    removed.addAll(removeTree(namespaces()));
    removed.addAll(removeTree(agent()));
    removed.addAll(removeTree(agentAccept()));
    removed.addAll(removeTree(parents()));
    removed.addAll(removeTree(veths()));
    VethFilters filters = filters();
    filters.names().forEach(filters::remove);
    removed.addAll(removeTree(root));
    return List.copyOf(removed);
  }

  private List<Path> removeTree(Path directory) {
    if (!directory.startsWith(root)) {
      throw new IllegalArgumentException(directory + " is not below " + root);
    }
    if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
      return List.of();
    }
    List<Path> removed = new ArrayList<>();
    try (Stream<Path> entries = Files.walk(directory)) {
      for (Path entry : entries.sorted(Comparator.reverseOrder()).toList()) {
        if (Files.deleteIfExists(entry)) {
          removed.add(entry);
        }
      }
    } catch (IOException e) {
      throw Failures.of("remove the pins in", directory, e);
    }
    return removed;
  }

  /** bpffs refuses names with dots; a slash would leave the directory. */
  private static String checked(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("not a name for a pin: '" + name + "'");
    }
    return name;
  }
}
