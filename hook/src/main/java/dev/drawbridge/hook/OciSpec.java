package dev.drawbridge.hook;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;

/**
 * A bundle's {@code config.json} as a tree: what we do not know stays as it was, numbers keep their
 * spelling. Reading and writing it are values, not exceptions; editing returns a new object.
 */
public final class OciSpec {
  /** Its name in a bundle. */
  public static final String FILE = "config.json";

  private static final String CREATE_RUNTIME = "createRuntime";
  private static final String POSTSTOP = "poststop";
  private static final List<String> CAPABILITY_SETS =
      List.of("bounding", "effective", "permitted", "inheritable", "ambient");

  private final Path file;
  private final JsonObject asRead;
  private final JsonObject tree;

  private OciSpec(Path file, JsonObject asRead, JsonObject tree) {
    this.file = file;
    this.asRead = asRead;
    this.tree = tree;
  }

  /**
   * One mount of the container.
   *
   * @param destination inside
   * @param source on the host, or what the type makes of it; empty if absent
   * @param type empty if absent
   */
  public record Mount(String destination, String source, String type) {}

  /** Where the container's network namespace comes from. */
  public sealed interface Network {
    /** The runtime makes a new one, or the engine fills one in later. */
    record Own() implements Network {}

    /**
     * It enters one that exists.
     *
     * @param path as in the spec, such as /proc/123/ns/net
     */
    record Joined(Path path) implements Network {}

    /** No network namespace at all: the host's. */
    record Host() implements Network {}
  }

  public static Attempt<OciSpec> read(Path bundle) {
    Path file = bundle.resolve(FILE);
    return JsonTree.read(file).then(tree -> Attempt.done(new OciSpec(file, tree, tree)));
  }

  public SortedMap<String, String> annotations() {
    return JsonTree.strings(tree, "annotations");
  }

  public List<Mount> mounts() {
    return JsonTree.objects(tree, "mounts").stream()
        .map(mount ->
            new Mount(
                JsonTree.string(mount, "destination").orElse(""),
                JsonTree.string(mount, "source").orElse(""),
                JsonTree.string(mount, "type").orElse("")))
        .toList();
  }

  /**
   * As the engine wrote it: a path below the cgroup mount, or {@code slice:prefix:name} with the
   * systemd driver. {@code /proc/PID/cgroup} is the better source as soon as there is a process.
   */
  public Optional<String> cgroupsPath() {
    return JsonTree.object(tree, "linux").flatMap(linux -> JsonTree.string(linux, "cgroupsPath"));
  }

  public Network network() {
    List<JsonObject> namespaces =
        JsonTree.object(tree, "linux")
            .map(linux -> JsonTree.objects(linux, "namespaces"))
            .orElse(List.of());
    for (JsonObject namespace : namespaces) {
      if (JsonTree.string(namespace, "type").orElse("").equals("network")) {
        String path = JsonTree.string(namespace, "path").orElse("");
        return path.isEmpty() ? new Network.Own() : new Network.Joined(Path.of(path));
      }
    }
    return new Network.Host();
  }

  /**
   * The capabilities that a process of this container can have, such as {@code CAP_NET_RAW}: those
   * of all five sets. The bounding set is no limit for what the first process is given.
   */
  public Set<String> capabilities() {
    Set<String> found = new TreeSet<>();
    JsonTree.object(tree, "process")
        .flatMap(process -> JsonTree.object(process, "capabilities"))
        .ifPresent(capabilities ->
            CAPABILITY_SETS.forEach(set -> found.addAll(JsonTree.list(capabilities, set))));
    return found;
  }

  /** The same spec without one capability, such as {@code CAP_NET_RAW}, in any set. */
  public Attempt<OciSpec> withoutCapability(String capability) {
    JsonObject copy = tree.deepCopy();
    Optional<JsonObject> capabilities =
        JsonTree.object(copy, "process")
            .flatMap(process -> JsonTree.object(process, "capabilities"));
    if (capabilities.isEmpty()) {
      return hasUnreadableCapabilities()
          ? Attempt.failed(file + " has \"process.capabilities\" that are not an object")
          : Attempt.done(this);
    }
    for (String set : CAPABILITY_SETS) {
      JsonElement present = capabilities.get().get(set);
      if (present instanceof JsonArray array) {
        JsonArray kept = new JsonArray();
        for (JsonElement element : array) {
          if (!isString(element, capability)) {
            kept.add(element);
          }
        }
        capabilities.get().add(set, kept);
      } else if (present != null && !present.isJsonNull()) {
        return Attempt.failed(
            file + " has \"process.capabilities." + set + "\" that are not an array");
      }
    }
    return Attempt.done(new OciSpec(file, asRead, copy));
  }

  private boolean hasUnreadableCapabilities() {
    return JsonTree.object(tree, "process")
        .map(process -> process.get("capabilities"))
        .map(found -> !found.isJsonNull())
        .orElse(false);
  }

  private static boolean isString(JsonElement element, String text) {
    return element.isJsonPrimitive()
        && element.getAsJsonPrimitive().isString()
        && element.getAsString().equals(text);
  }

  /**
   * The same spec with these two hooks, each last of its stage, so that hooks which set up
   * networking have run by then. Entries with the same {@code path} that are there already are
   * replaced: doing it twice changes nothing.
   */
  public Attempt<OciSpec> withHooks(HookEntry createRuntime, HookEntry poststop) {
    JsonObject copy = tree.deepCopy();
    JsonElement present = copy.get("hooks");
    JsonObject hooks;
    if (present == null || present.isJsonNull()) {
      hooks = new JsonObject();
      copy.add("hooks", hooks);
    } else if (present instanceof JsonObject object) {
      hooks = object;
    } else {
      return Attempt.failed(file + " has \"hooks\" that are not an object");
    }
    return append(hooks, CREATE_RUNTIME, createRuntime)
        .then(done -> append(hooks, POSTSTOP, poststop))
        .then(done -> Attempt.done(new OciSpec(file, asRead, copy)));
  }

  private Attempt<JsonArray> append(JsonObject hooks, String stage, HookEntry entry) {
    JsonElement present = hooks.get(stage);
    JsonArray kept = new JsonArray();
    if (present instanceof JsonArray array) {
      for (JsonElement other : array) {
        boolean ours =
            other instanceof JsonObject object
                && JsonTree.string(object, "path").orElse("").equals(entry.path().toString());
        if (!ours) {
          kept.add(other);
        }
      }
    } else if (present != null && !present.isJsonNull()) {
      return Attempt.failed(file + " has \"hooks." + stage + "\" that are not an array");
    }
    kept.add(entry.toJson());
    hooks.add(stage, kept);
    return Attempt.done(kept);
  }

  /**
   * Puts this spec in place of the file that it was read from: a temporary file beside it with the
   * same mode and owner, then renamed. It is not flushed to the disk: the engine writes a new
   * bundle at every start, so none is read after a crash of the host. The file is left alone if
   * nothing has changed since it was read.
   *
   * @return whether the file was replaced
   */
  public Attempt<Boolean> write() {
    if (tree.equals(asRead)) {
      return Attempt.done(false);
    }
    return JsonTree.encode(tree)
        .map(bytes -> FileReplacement.replace(file, bytes))
        .orElseGet(() -> Attempt.failed(file + " holds text that cannot be written as UTF-8"));
  }
}
