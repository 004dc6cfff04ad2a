package dev.drawbridge.cli.policy;

import dev.drawbridge.cli.terminal.CommandException;
import dev.drawbridge.cli.terminal.Surroundings;
import dev.drawbridge.cli.terminal.Text;
import dev.drawbridge.tools.compose.ComposeRequest;
import dev.drawbridge.tools.compose.Sources;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which files a compose project is made of, found as compose finds them. */
final class ComposeOptions {
  private static final List<String> NAMES =
      List.of("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml");

  @Option(
      names = {"-p", "--project-name"},
      paramLabel = "NAME",
      description = "The compose project's name, if neither the files nor their directory give it.")
  private @Nullable String projectName;

  /**
   * The project of these files. One file with a default name brings its override file, and one
   * directory its default files, as for compose without {@code -f}.
   */
  ComposeRequest request(List<String> named, Surroundings surroundings) throws CommandException {
    return exactly(named.size() == 1 ? found(named.getFirst(), surroundings) : named, surroundings);
  }

  /** The project of these files and no others, as for compose with {@code -f}. */
  ComposeRequest exactly(List<String> names, Surroundings surroundings) throws CommandException {
    if (!surroundings.environment().getOrDefault("COMPOSE_ENV_FILES", "").isEmpty()) {
      throw new CommandException(
          "cannot know: COMPOSE_ENV_FILES names other files than .env (unset it, or write the values out)");
    }
    String disabled = surroundings.environment().getOrDefault("COMPOSE_DISABLE_ENV_FILE", "");
    if (!disabled.matches("(?i)|0|false|f")) {
      throw new CommandException(
          "cannot know: COMPOSE_DISABLE_ENV_FILE keeps docker compose 2 from .env, and"
              + " docker-compose 1 not (unset it, or write the values out)");
    }
    List<ComposeRequest.Source> files = new ArrayList<>();
    for (String name : names) {
      PolicyText text = PolicyText.read(name, surroundings.in());
      files.add(new ComposeRequest.Source(text.name(), text.text()));
    }
    return new ComposeRequest(
        files,
        ComposeOptions::read,
        surroundings.environment(),
        Optional.ofNullable(projectName),
        directoryName(names.getFirst()));
  }

  private static List<String> found(String name, Surroundings surroundings)
      throws CommandException {
    if (name.equals(PolicyText.STDIN)) {
      return List.of(name);
    }
    String file = name;
    if (Files.isDirectory(Path.of(name))) {
      file =
          NAMES.stream()
              .map(each -> name.endsWith("/") ? name + each : name + "/" + each)
              .filter(each -> Files.exists(Path.of(each)))
              .findFirst()
              .orElseThrow(() ->
                  new CommandException(
                      name
                          + ": there is no compose file (expected: "
                          + String.join(", ", NAMES)
                          + ")"));
    }
    String last = file.substring(file.lastIndexOf('/') + 1);
    if (!NAMES.contains(last)) {
      return List.of(file);
    }
    refuseListed(file, surroundings);
    int dot = last.lastIndexOf('.');
    for (String extension : List.of(".yml", ".yaml")) {
      String override =
          Sources.resolve(
              Sources.directory(file), last.substring(0, dot) + ".override" + extension);
      if (Files.exists(Path.of(override))) {
        surroundings
            .err()
            .println(
                "drawbridge: with "
                    + Text.printable(override)
                    + ", as compose does unless files are named with -f");
        return List.of(file, override);
      }
    }
    return List.of(file);
  }

  /** COMPOSE_FILE names others in the place of the default files; which are meant is not known. */
  private static void refuseListed(String file, Surroundings surroundings) throws CommandException {
    String beside = Sources.resolve(Sources.directory(file), ".env");
    boolean inDotEnv =
        read(beside) instanceof Sources.Read.Text(var text)
            && text.lines()
                .anyMatch(line -> line.strip().matches("(export\\s+)?COMPOSE_FILE\\s*=.*"));
    if (inDotEnv || !surroundings.environment().getOrDefault("COMPOSE_FILE", "").isEmpty()) {
      throw new CommandException(
          "cannot know: COMPOSE_FILE names the files of the project in the place of "
              + file
              + " (expected: each of them by name, in that order)");
    }
  }

  private static Sources.Read read(String path) {
    if (path.startsWith("~")) {
      return new Sources.Read.Unknown("~ is another directory for everybody");
    }
    if (!Files.exists(Path.of(path))) {
      return new Sources.Read.Missing();
    }
    try {
      return new Sources.Read.Text(
          PolicyText.read(path, java.io.InputStream.nullInputStream()).text());
    } catch (CommandException e) {
      return new Sources.Read.Unknown(String.valueOf(e.getMessage()));
    }
  }

  private static String directoryName(String file) {
    Path directory = Path.of(file).toAbsolutePath().normalize().getParent();
    Path last = directory == null ? null : directory.getFileName();
    return last == null ? "" : last.toString();
  }
}
