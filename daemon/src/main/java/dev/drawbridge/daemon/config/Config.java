package dev.drawbridge.daemon.config;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import dev.drawbridge.bpf.abi.MapLimit;
import dev.drawbridge.bpf.abi.MapSizes;
import dev.drawbridge.control.EngineKind;
import dev.drawbridge.l7.LearnedNames;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Where the agent finds and puts things. Read once, from a JSON file in which every key is
 * optional.
 *
 * @param runDir sockets, lock and counters; must not outlive the kernel (default {@code
 *     /run/drawbridge})
 * @param stateDir what outlives a reboot, such as the exempt list ({@code /var/lib/drawbridge})
 * @param bpffs the BPF file system that pins live on, mounted if need be ({@code /sys/fs/bpf})
 * @param dockerSocket Docker's API ({@code /var/run/docker.sock}); empty: no Docker
 * @param containerdSocket containerd's API, such as {@code /run/containerd/containerd.sock}, for
 *     containers that are not Docker's; empty (default): containerd is not asked
 * @param podmanRoot root's Podman's storage root, such as {@code /var/lib/containers/storage}, for
 *     the labels of its containers; empty (default): Podman's state is not read
 * @param dataRoot Docker's data root, where container files are ({@code /var/lib/docker}); empty:
 *     taken from each bundle
 * @param hookSocket where the hook and the runtime shim ask ({@code <runDir>/hook.sock})
 * @param hookProgram the hook that is entered into each container's OCI configuration
 * @param apiSocket the local API ({@code <runDir>/api.sock})
 * @param apiGroup group that may use the API's socket ({@code drawbridge}, if there is such a
 *     group); empty: root only
 * @param apiTcp verdicts, status and metrics on loopback, {@code 127.0.0.1:9807}; empty: off
 * @param policyDir host policy files ({@code /etc/drawbridge/policy.d})
 * @param defaultDeny whether a container that no rule selects is closed too (false)
 * @param unhooked what becomes of a container that started without the hook, until it is adopted:
 *     {@code allow} (default) or {@code deny}
 * @param imageLabels whether labels that only come from the image count as identity (true)
 * @param exempt containers that start unguarded: names, {@code *} as wildcard, or {@code key=value}
 * @param cgroup the agent's own cgroup, below the cgroup2 mount ({@code drawbridge})
 * @param flowRecords how many flow records are kept for the API (2048; 100..1000000); each takes up
 *     to 1 KiB, and never more than a sixteenth of the heap
 * @param startSeconds how long the agent may take for the start of one container (6; 1..600); the
 *     hook and the runtime give up some seconds later
 * @param names how long an address is known by a name
 * @param limits how many entries each map of the kernel may have, by {@link MapLimit}'s names
 */
public record Config(
    Path runDir,
    Path stateDir,
    Path bpffs,
    String dockerSocket,
    String containerdSocket,
    String podmanRoot,
    String dataRoot,
    Path hookSocket,
    Path hookProgram,
    Path apiSocket,
    Optional<String> apiGroup,
    String apiTcp,
    Path policyDir,
    boolean defaultDeny,
    Unhooked unhooked,
    boolean imageLabels,
    List<String> exempt,
    String cgroup,
    int flowRecords,
    int startSeconds,
    NameSettings names,
    MapSizes limits) {

  /** A configuration file beyond this size, in bytes, is refused. */
  private static final int MAX_FILE_BYTES = 1 << 20;

  static final Set<String> KEYS =
      new TreeSet<>(
          List.of(
              "runDir",
              "stateDir",
              "bpffs",
              "dockerSocket",
              "containerdSocket",
              "podmanRoot",
              "dataRoot",
              "hookSocket",
              "hookProgram",
              "apiSocket",
              "apiGroup",
              "apiTcp",
              "policyDir",
              "defaultDeny",
              "unhooked",
              "imageLabels",
              "exempt",
              "cgroup",
              "flowRecords",
              "startSeconds",
              "names",
              "limits"));

  /** What a container may reach that started without the hook, until the listener adopts it. */
  public enum Unhooked {
    /** Everything. */
    ALLOW,
    /** Nothing. */
    DENY
  }

  /** A configuration file that cannot be used; the message names file, key and remedy. */
  public static final class ConfigException extends Exception {
    private static final long serialVersionUID = 1L;

    public ConfigException(String message) {
      super(message);
    }
  }

  /** The key of this configuration that says where an engine is. */
  public static String keyOf(EngineKind engine) {
    return switch (engine) {
      case DOCKER -> "dockerSocket";
      case CONTAINERD -> "containerdSocket";
      case PODMAN -> "podmanRoot";
    };
  }

  /** The engines that a listener follows. */
  public Set<EngineKind> engines() {
    Set<EngineKind> engines = EnumSet.noneOf(EngineKind.class);
    for (EngineKind engine : EngineKind.values()) {
      if (!placeOf(engine).isEmpty()) {
        engines.add(engine);
      }
    }
    return engines;
  }

  /** Where an engine answers, or keeps its state; empty if it is not listened to. */
  public String placeOf(EngineKind engine) {
    return switch (engine) {
      case DOCKER -> dockerSocket;
      case CONTAINERD -> containerdSocket;
      case PODMAN -> podmanRoot;
    };
  }

  /** The defaults. */
  public static Config defaults() throws ConfigException {
    return of("defaults", new JsonObject());
  }

  /** Reads a file. */
  public static Config load(Path file) throws ConfigException {
    String text;
    try {
      Path place = file.toRealPath();
      text = HostFile.read(place, Path.of("/"), MAX_FILE_BYTES);
    } catch (HostFile.Refused e) {
      throw new ConfigException("configuration " + file + " " + e.why());
    } catch (IOException e) {
      throw new ConfigException(
          "configuration " + file + " cannot be read: " + e.getMessage() + "; check --config");
    }
    JsonElement parsed;
    try {
      parsed = JsonParser.parseString(text);
    } catch (JsonParseException e) {
      throw new ConfigException("configuration " + file + " is not JSON: " + e.getMessage());
    }
    if (!parsed.isJsonObject()) {
      throw new ConfigException("configuration " + file + ": expected a JSON object");
    }
    return of(file.toString(), parsed.getAsJsonObject());
  }

  public static Config of(String where, JsonObject json) throws ConfigException {
    for (String key : json.keySet()) {
      if (!KEYS.contains(key)) {
        throw new ConfigException(
            "configuration " + where + ": unknown key \"" + key + "\"; known keys are " + KEYS);
      }
    }
    Path runDir = Path.of(string(where, json, "runDir", "/run/drawbridge"));
    int flowRecords = integer(where, json, "flowRecords", 2_048, 100, 1_000_000);
    return new Config(
        runDir,
        Path.of(string(where, json, "stateDir", "/var/lib/drawbridge")),
        Path.of(string(where, json, "bpffs", "/sys/fs/bpf")),
        string(where, json, "dockerSocket", "/var/run/docker.sock"),
        absolute(where, json, "containerdSocket", "a socket"),
        absolute(where, json, "podmanRoot", "a directory"),
        string(where, json, "dataRoot", "/var/lib/docker"),
        Path.of(string(where, json, "hookSocket", runDir.resolve("hook.sock").toString())),
        Path.of(string(where, json, "hookProgram", "/usr/libexec/drawbridge/drawbridge-hook")),
        Path.of(string(where, json, "apiSocket", runDir.resolve("api.sock").toString())),
        json.has("apiGroup") ? Optional.of(string(where, json, "apiGroup", "")) : Optional.empty(),
        string(where, json, "apiTcp", "127.0.0.1:9807"),
        Path.of(string(where, json, "policyDir", "/etc/drawbridge/policy.d")),
        bool(where, json, "defaultDeny", false),
        unhooked(where, json),
        bool(where, json, "imageLabels", true),
        strings(where, json, "exempt"),
        string(where, json, "cgroup", "drawbridge"),
        flowRecords,
        integer(where, json, "startSeconds", 6, 1, 600),
        names(where, json),
        limits(where, json));
  }

  private static NameSettings names(String where, JsonObject json) throws ConfigException {
    NameSettings standard = NameSettings.STANDARD;
    JsonElement value = json.get("names");
    if (value == null) {
      return standard;
    }
    if (!(value instanceof JsonObject names)) {
      throw wrong(where, "names", "an object such as {\"graceSeconds\": 10}", value);
    }
    int least = standard.leastSeconds();
    int most = standard.mostSeconds();
    int grace = standard.graceSeconds();
    LearnedNames.Refusal refusal = standard.refusal();
    for (String name : names.keySet()) {
      String key = "names." + name;
      JsonElement number = names.get(name);
      switch (name) {
        case "leastSeconds" -> least = integer(where, key, number, 0, 3_600);
        case "mostSeconds" -> most = integer(where, key, number, 1, 604_800);
        case "graceSeconds" -> grace = integer(where, key, number, 0, 86_400);
        case "refusal" -> refusal = refusal(where, key, number);
        default ->
            throw new ConfigException(
                "configuration "
                    + where
                    + ": unknown key \""
                    + key
                    + "\"; known are leastSeconds, mostSeconds, graceSeconds and refusal");
      }
    }
    if (least > most) {
      throw wrong(where, "names.leastSeconds", "no more than mostSeconds, " + most, value);
    }
    return new NameSettings(least, most, grace, refusal);
  }

  private static LearnedNames.Refusal refusal(String where, String key, JsonElement value)
      throws ConfigException {
    for (LearnedNames.Refusal one : LearnedNames.Refusal.values()) {
      if (value.equals(new JsonPrimitive(one.name()))) {
        return one;
      }
    }
    throw wrong(where, key, "\"REFUSED\" or \"NXDOMAIN\"", value);
  }

  private static MapSizes limits(String where, JsonObject json) throws ConfigException {
    MapSizes sizes = MapSizes.standard();
    JsonElement value = json.get("limits");
    if (value == null) {
      return sizes;
    }
    if (!(value instanceof JsonObject limits)) {
      throw wrong(where, "limits", "an object of numbers such as {\"pairs\": 262144}", value);
    }
    for (String name : limits.keySet()) {
      MapLimit limit =
          MapLimit.of(name)
              .orElseThrow(() ->
                  new ConfigException(
                      "configuration "
                          + where
                          + ": unknown limit \"limits."
                          + name
                          + "\"; known limits are "
                          + Arrays.stream(MapLimit.values()).map(MapLimit::map).sorted().toList()));
      String key = "limits." + name;
      int size = integer(where, key, limits.get(name), limit.least(), limit.most());
      if (limit == MapLimit.EVENTS && Integer.bitCount(size) != 1) {
        throw wrong(where, key, "a power of two, in bytes, such as 1048576", limits.get(name));
      }
      sizes = sizes.with(limit, size);
    }
    return sizes;
  }

  private static String string(String where, JsonObject json, String key, String absent)
      throws ConfigException {
    JsonElement value = json.get(key);
    if (value == null) {
      return absent;
    }
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isString()) {
      throw wrong(where, key, "a string", value);
    }
    return value.getAsString();
  }

  private static String absolute(String where, JsonObject json, String key, String what)
      throws ConfigException {
    String path = string(where, json, key, "");
    if (!path.isEmpty() && !path.startsWith("/")) {
      throw wrong(where, key, "the absolute path of " + what + ", or \"\"", json.get(key));
    }
    return path;
  }

  private static Unhooked unhooked(String where, JsonObject json) throws ConfigException {
    return switch (string(where, json, "unhooked", "allow")) {
      case "allow" -> Unhooked.ALLOW;
      case "deny" -> Unhooked.DENY;
      default -> throw wrong(where, "unhooked", "\"allow\" or \"deny\"", json.get("unhooked"));
    };
  }

  private static boolean bool(String where, JsonObject json, String key, boolean absent)
      throws ConfigException {
    JsonElement value = json.get(key);
    if (value == null) {
      return absent;
    }
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isBoolean()) {
      throw wrong(where, key, "true or false", value);
    }
    return value.getAsBoolean();
  }

  private static int integer(
      String where, JsonObject json, String key, int absent, int low, int high)
      throws ConfigException {
    JsonElement value = json.get(key);
    return value == null ? absent : integer(where, key, value, low, high);
  }

  private static int integer(String where, String key, JsonElement value, int low, int high)
      throws ConfigException {
    String expected = "a whole number from " + low + " to " + high;
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isNumber()) {
      throw wrong(where, key, expected, value);
    }
    double number = value.getAsDouble();
    if (number != Math.rint(number) || number < low || number > high) {
      throw wrong(where, key, expected, value);
    }
    return (int) number;
  }

  private static List<String> strings(String where, JsonObject json, String key)
      throws ConfigException {
    JsonElement value = json.get(key);
    if (value == null) {
      return List.of();
    }
    if (!value.isJsonArray()) {
      throw wrong(where, key, "a list of strings", value);
    }
    List<String> strings = new ArrayList<>();
    for (JsonElement element : value.getAsJsonArray()) {
      if (!element.isJsonPrimitive() || !element.getAsJsonPrimitive().isString()) {
        throw wrong(where, key, "a list of strings", value);
      }
      strings.add(element.getAsString());
    }
    return List.copyOf(strings);
  }

  private static ConfigException wrong(
      String where, String key, String expected, JsonElement found) {
    return new ConfigException(
        "configuration "
            + where
            + ", key \""
            + key
            + "\": expected "
            + expected
            + ", found "
            + found);
  }
}
