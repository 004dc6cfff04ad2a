package dev.drawbridge.install;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What can be seen of Docker without asking it: the running dockerd's command line, and the
 * containers in its data root.
 *
 * @param pid of the dockerd that the pid file names, if it runs
 * @param arguments its command line, program name included; empty if it does not run
 */
record DockerHost(OptionalLong pid, List<String> arguments) {
  private static final Pattern REMAPPED = Pattern.compile("/[0-9]+\\.[0-9]+$");

  static DockerHost observe(Path pidFile) {
    try {
      long pid = Long.parseLong(Files.readString(pidFile).strip());
      if (isDockerd(pid)) {
        byte[] line = Files.readAllBytes(Path.of("/proc", Long.toString(pid), "cmdline"));
        String text = new String(line, StandardCharsets.UTF_8);
        return new DockerHost(OptionalLong.of(pid), List.of(text.split("\0")));
      }
    } catch (IOException | NumberFormatException e) {
      // No pid file, or a stale one: then none runs that we could tell anything.
      return new DockerHost(OptionalLong.empty(), List.of());
    }
    return new DockerHost(OptionalLong.empty(), List.of());
  }

  static boolean isDockerd(long pid) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(pid), "comm"))
          .strip()
          .equals("dockerd");
    } catch (IOException e) {
      return false;
    }
  }

  /** The last value of a flag, spelled {@code --name=value} or {@code --name value}. */
  Optional<String> flag(String name) {
    Optional<String> found = Optional.empty();
    for (int i = 1; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      if (argument.startsWith("--" + name + "=")) {
        found = Optional.of(argument.substring(name.length() + 3));
      } else if (argument.equals("--" + name) && i + 1 < arguments.size()) {
        found = Optional.of(arguments.get(i + 1));
      }
    }
    return found;
  }

  /** How the docker command reaches it: the first socket that it was told to listen on. */
  String address(DaemonJson file) {
    for (int i = 1; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      boolean shortFlag = argument.equals("-H") || argument.equals("--host");
      String value =
          shortFlag && i + 1 < arguments.size()
              ? arguments.get(i + 1)
              : argument.startsWith("--host=") ? argument.substring("--host=".length()) : "";
      if (value.startsWith("unix://")) {
        return value;
      }
    }
    return file.firstSocket().orElse("unix:///var/run/docker.sock");
  }

  /**
   * Where Docker keeps its containers.
   *
   * @param usual where it does unless it is told another place
   */
  Path dataRoot(DaemonJson file, Path usual) {
    return flag("data-root").or(() -> file.setting("data-root")).map(Path::of).orElse(usual);
  }

  /**
   * The containers that were created with our runtime's name, as names or ids. They keep that name
   * for ever and cannot start once Docker does not know it.
   */
  static List<String> containersNamingUs(Path dataRoot) {
    List<String> found = new ArrayList<>();
    // With userns-remap they are in a directory that is named after user and group, as
    // 100000.100000.
    Stream.concat(
            Stream.of(dataRoot),
            entries(dataRoot).filter(entry -> REMAPPED.matcher(entry.toString()).find()))
        .flatMap(root -> entries(root.resolve("containers")))
        .filter(directory ->
            string(directory.resolve("hostconfig.json"), "Runtime")
                .filter(DaemonJson.RUNTIME::equals)
                .isPresent())
        .map(directory ->
            string(directory.resolve("config.v2.json"), "Name")
                .map(name -> name.startsWith("/") ? name.substring(1) : name)
                .orElse(directory.getFileName().toString()))
        .forEach(found::add);
    return found;
  }

  private static Stream<Path> entries(Path directory) {
    try (var list = Files.list(directory)) {
      return list.sorted().toList().stream();
    } catch (IOException e) {
      return Stream.empty();
    }
  }

  private static Optional<String> string(Path file, String key) {
    try {
      JsonElement element = JsonParser.parseString(Files.readString(file));
      return element instanceof JsonObject object && object.get(key) instanceof JsonPrimitive p
          ? Optional.of(p.getAsString())
          : Optional.empty();
    } catch (IOException | JsonParseException e) {
      return Optional.empty();
    }
  }
}
