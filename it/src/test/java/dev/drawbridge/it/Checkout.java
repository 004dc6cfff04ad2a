package dev.drawbridge.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The sources that this build is made from. */
final class Checkout {
  static final Path ROOT = Path.of(System.getProperty("drawbridge.checkout", ".."));

  private Checkout() {}

  /**
   * Its files, but for what a build makes.
   *
   * @param which by the path below the root, which begins with a slash
   */
  static List<Path> files(Predicate<String> which) throws IOException {
    try (Stream<Path> walk = Files.walk(ROOT)) {
      return walk.filter(Files::isRegularFile)
          .filter(file -> {
            String path = "/" + ROOT.relativize(file);
            return !path.contains("/target/") && !path.startsWith("/.git/") && which.test(path);
          })
          .sorted()
          .toList();
    }
  }
}
