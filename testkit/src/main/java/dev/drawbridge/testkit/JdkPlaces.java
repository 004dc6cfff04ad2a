package dev.drawbridge.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The directories that this JDK is in, for a container that is to run it at the same places. Those
 * of distributions have their configuration below {@code /etc}, by links.
 */
public final class JdkPlaces {
  private JdkPlaces() {}

  /** Its home, and the directories that links in it lead to. */
  public static Set<String> all() {
    return of(Path.of(System.getProperty("java.home")));
  }

  static Set<String> of(Path home) {
    Set<String> places = new TreeSet<>();
    places.add(home.toString());
    try (Stream<Path> files = Files.walk(home)) {
      for (Path link : files.filter(Files::isSymbolicLink).toList()) {
        if (!Files.exists(link)) {
          continue;
        }
        // What is between may be a link too, and a container has only what it is given: both ends.
        Path next = link;
        while (Files.isSymbolicLink(next)) {
          next = next.resolveSibling(Files.readSymbolicLink(next)).normalize();
          add(places, home, next);
        }
        add(places, home, next.toRealPath());
      }
    } catch (IOException e) {
      throw new LabException("cannot look into " + home + ": " + e.getMessage(), e);
    }
    return places;
  }

  private static void add(Set<String> places, Path home, Path target) {
    if (!target.startsWith(home)) {
      Path place = Files.isDirectory(target) ? target : target.getParent();
      // Never a directory like /etc, which is the container's own.
      boolean shared = Objects.requireNonNull(place).getNameCount() < 2;
      places.add((shared ? target : place).toString());
    }
  }
}
