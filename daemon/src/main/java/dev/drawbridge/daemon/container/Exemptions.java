package dev.drawbridge.daemon.container;

import dev.drawbridge.hook.OciState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which containers may start unguarded, also while the agent is down.
 *
 * <p>The operator lists names or labels. The runtime shim cannot read either without an agent, so
 * each listed container that the agent has seen has a file named after its id in a directory that
 * the shim looks into. A container the agent has never seen is not in it, and does not start
 * without the agent.
 */
public final class Exemptions {

  private volatile List<String> listed;
  private final Path directory;

  public Exemptions(List<String> listed, Path directory) throws IOException {
    this.listed = List.copyOf(listed);
    this.directory = Files.createDirectories(directory);
  }

  /** The operator's list. */
  public List<String> listed() {
    return listed;
  }

  /** The operator's list is another one now. */
  public void list(List<String> now) {
    listed = List.copyOf(now);
  }

  /** Whom the shim would let start unguarded, by id. */
  public Set<String> noted() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> String.valueOf(file.getFileName())).collect(Collectors.toSet());
    }
  }

  /**
   * Whether the operator listed it, by name ({@code *} matches anything) or as {@code key=value}.
   *
   * @param ownLabels those that cannot have come from its image
   */
  public boolean covers(String name, Map<String, String> ownLabels) {
    return by(name, ownLabels).isPresent();
  }

  /** The entry of the list that covers it, as the operator wrote it. */
  public Optional<String> by(String name, Map<String, String> ownLabels) {
    return listed.stream().filter(entry -> matches(entry, name, ownLabels)).findFirst();
  }

  private static boolean matches(String entry, String name, Map<String, String> labels) {
    int equals = entry.indexOf('=');
    if (equals > 0) {
      return entry.substring(equals + 1).equals(labels.get(entry.substring(0, equals)));
    }
    return wildcard(entry, 0, name, 0);
  }

  private static boolean wildcard(String pattern, int p, String text, int t) {
    if (p == pattern.length()) {
      return t == text.length();
    }
    if (pattern.charAt(p) == '*') {
      for (int end = t; end <= text.length(); end++) {
        if (wildcard(pattern, p + 1, text, end)) {
          return true;
        }
      }
      return false;
    }
    return t < text.length()
        && pattern.charAt(p) == text.charAt(t)
        && wildcard(pattern, p + 1, text, t + 1);
  }

  /** Whether the shim would let it start unguarded. */
  public boolean noted(String id) {
    return OciState.plausibleId(id) && Files.exists(directory.resolve(id));
  }

  /** Writes or removes the file the shim looks for. */
  public void note(String id, boolean exempt) throws IOException {
    if (!OciState.plausibleId(id)) {
      return;
    }
    Path file = directory.resolve(id);
    if (exempt) {
      if (!Files.exists(file)) {
        Files.createFile(file);
      }
    } else {
      Files.deleteIfExists(file);
    }
  }
}
