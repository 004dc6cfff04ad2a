package dev.drawbridge.tools.compose;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Directories of compose files, one for each feature. */
final class Corpus {
  static final Path ROOT = Path.of("src/test/resources/dev/drawbridge/tools/compose");

  private Corpus() {}

  static List<String> names() {
    try (Stream<Path> directories = Files.list(ROOT)) {
      return directories.map(d -> d.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The files as compose without -f takes them. */
  static List<String> files(String name) {
    return Stream.of("compose.yaml", "compose.override.yaml")
        .filter(file -> Files.exists(ROOT.resolve(name).resolve(file)))
        .toList();
  }

  static ComposeProject read(String name) {
    Path directory = ROOT.resolve(name);
    return ProjectReader.read(
        new ComposeRequest(
            files(name).stream()
                .map(f -> new ComposeRequest.Source(f, text(directory, f)))
                .toList(),
            path ->
                Files.exists(directory.resolve(path))
                    ? new Sources.Read.Text(text(directory, path))
                    : new Sources.Read.Missing(),
            Map.of(),
            Optional.empty(),
            name));
  }

  private static String text(Path directory, String file) {
    try {
      return Files.readString(directory.resolve(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What was read, a line each. */
  static List<String> lines(ComposeProject project) {
    var lines = new ArrayList<String>();
    lines.add("name " + told(project.name()));
    for (ComposeService service : project.services()) {
      lines.add(service.name() + service.containerName().map(n -> " is " + n).orElse(""));
      service.unknown().forEach(why -> lines.add("  ? " + why));
      service.labels().forEach((key, label) -> lines.add("  " + key + " " + told(label.value())));
    }
    var complaints = new TreeSet<String>();
    for (Complaint complaint : project.complaints()) {
      complaints.add(
          (complaint.error() ? "error " : "warning ")
              + complaint.place().file()
              + ":"
              + complaint.place().line()
              + " "
              + complaint.code().code());
    }
    lines.addAll(complaints);
    return lines;
  }

  private static String told(Known known) {
    return switch (known) {
      case Known.Text(var text) -> "= " + text.replace("\n", "\\n");
      case Known.Unknown(var why) -> "? " + why;
      case Known.Wrong(var why, _) -> "! " + why;
    };
  }
}
