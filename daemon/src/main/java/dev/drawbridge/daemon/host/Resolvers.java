package dev.drawbridge.daemon.host;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.policy.Cidr;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Whom Docker's resolver asks from within a container's network namespace: the servers that the
 * container was given ({@code --dns}), else the daemon's, else those of the host's resolv.conf,
 * else the public ones that Docker falls back to. Read from files that only root of the host
 * writes; the container's own resolv.conf is the container's to write, and is not asked.
 *
 * <p>One of these reads each file once, and is for as long as one look lasts. Not thread-safe.
 */
public final class Resolvers {

  private static final System.Logger log = System.getLogger(Resolvers.class.getName());

  private static final Set<String> WITHOUT_RESOLVER =
      Set.of("bridge", "default", "host", "none", ObservedContainer.OWN_NAMESPACE);
  private static final List<String> FALLBACK =
      List.of("8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844");
  private static final String DOCKERS = "127.0.0.11";
  private static final int MAX_FILE_BYTES = 1 << 20;

  /** Fields of a line of mountinfo: device, root within the file system, mount point. */
  private static final int DEVICE = 2;

  private static final int ROOT = 3;
  private static final int POINT = 4;

  private final Path root;
  private final Map<String, Optional<Path>> directories = new HashMap<>();
  private final Map<Optional<Path>, Set<InetAddress>> servers = new HashMap<>();

  /**
   * @param root the host's root directory
   */
  public Resolvers(Path root) {
    this.root = root;
  }

  /** Those of a running container; none where Docker's resolver does not work for it. */
  public Set<InetAddress> of(ObservedContainer container) {
    return hasDockers(container) ? servers(directory(container.pid(), container.id())) : Set.of();
  }

  private static boolean hasDockers(ObservedContainer container) {
    // In another's namespace the resolver is the other's, and so are its servers.
    return !WITHOUT_RESOLVER.contains(container.networkMode())
        && !container.networkMode().startsWith("container:");
  }

  /**
   * Whom a running container was given to ask: Docker's own resolver where it has one, which asks
   * the servers, and those. Of one that lives in another's namespace ask for the other.
   */
  public Set<InetAddress> given(ObservedContainer container) {
    Optional<Path> directory = directory(container.pid(), container.id());
    Set<InetAddress> given = new HashSet<>(servers(directory));
    if (directory.isPresent() && hasDockers(container)) {
      given.add(InetAddress.ofLiteral(DOCKERS));
    }
    return given;
  }

  private Set<InetAddress> servers(Optional<Path> directory) {
    return servers.computeIfAbsent(directory, this::readServers);
  }

  private Set<InetAddress> readServers(Optional<Path> directory) {
    List<String> servers =
        directory.map(found -> dns(found.resolve("hostconfig.json"), "Dns")).orElse(List.of());
    if (servers.isEmpty()) {
      servers = dns(root.resolve("etc/docker/daemon.json"), "dns");
    }
    Set<InetAddress> found = addresses(servers);
    if (!found.isEmpty()) {
      return found;
    }
    // Docker reads the second where the first names a resolver on the host's loopback.
    found.addAll(addresses(nameservers(root.resolve("etc/resolv.conf"))));
    found.addAll(addresses(nameservers(root.resolve("run/systemd/resolve/resolv.conf"))));
    return found.isEmpty() ? addresses(FALLBACK) : found;
  }

  /** The container's directory on the host, by where the runtime has mounted its hostname from. */
  private Optional<Path> directory(int pid, String id) {
    return directories.computeIfAbsent(pid + "-" + id, _ -> findDirectory(pid, id));
  }

  private Optional<Path> findDirectory(int pid, String id) {
    try {
      List<String> theirs = mounts(Integer.toString(pid));
      List<String> ours = mounts("self");
      for (String line : theirs) {
        String[] mount = line.split(" ", -1);
        if (mount.length <= POINT || !mount[ROOT].endsWith("/" + id + "/hostname")) {
          continue;
        }
        for (String host : ours) {
          String[] at = host.split(" ", -1);
          String below =
              at.length > POINT && at[ROOT].equals("/") ? "" : at[Math.min(ROOT, at.length - 1)];
          if (at.length > POINT
              && at[DEVICE].equals(mount[DEVICE])
              && mount[ROOT].startsWith(below + "/")) {
            Path file = Path.of(at[POINT], mount[ROOT].substring(below.length()));
            Path directory = file.getParent();
            if (directory != null && Files.isRegularFile(directory.resolve("hostconfig.json"))) {
              return Optional.of(directory);
            }
          }
        }
      }
    } catch (IOException e) {
      log.log(Level.DEBUG, "the directory of container " + id, e);
    }
    return Optional.empty();
  }

  private List<String> mounts(String process) throws IOException {
    return Files.readAllLines(root.resolve("proc").resolve(process).resolve("mountinfo"), UTF_8);
  }

  private static List<String> dns(Path file, String member) {
    try {
      if (!Files.isRegularFile(file) || Files.size(file) > MAX_FILE_BYTES) {
        return List.of();
      }
      JsonElement found =
          JsonParser.parseString(Files.readString(file)).getAsJsonObject().get(member);
      return found == null || !found.isJsonArray()
          ? List.of()
          : found.getAsJsonArray().asList().stream().map(JsonElement::getAsString).toList();
    } catch (IOException
        | JsonParseException
        | IllegalStateException
        | UnsupportedOperationException e) {
      log.log(Level.DEBUG, file + " names no resolvers", e);
      return List.of();
    }
  }

  private static List<String> nameservers(Path file) {
    try {
      return Files.isRegularFile(file)
          ? Files.readAllLines(file, UTF_8).stream()
              .map(line -> line.strip().split("\\s+"))
              .filter(words -> words.length > 1 && words[0].equals("nameserver"))
              .map(words -> words[1])
              .toList()
          : List.of();
    } catch (IOException e) {
      log.log(Level.DEBUG, file + " names no resolvers", e);
      return List.of();
    }
  }

  /** Literals alone, without a zone; those on loopback are asked from the host's namespace. */
  private static Set<InetAddress> addresses(List<String> literals) {
    Set<InetAddress> found = new HashSet<>();
    for (String literal : literals) {
      Cidr.parse(literal)
          .filter(cidr -> cidr.bits() == 128)
          .map(Resolvers::address)
          .filter(address -> !address.isLoopbackAddress())
          .ifPresent(found::add);
    }
    return found;
  }

  private static InetAddress address(Cidr cidr) {
    try {
      return InetAddress.getByAddress(cidr.address());
    } catch (UnknownHostException e) {
      throw new AssertionError("sixteen bytes are an address", e);
    }
  }
}
