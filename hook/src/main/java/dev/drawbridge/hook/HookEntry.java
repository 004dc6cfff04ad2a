package dev.drawbridge.hook;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * One entry of {@code hooks.<stage>} in config.json.
 *
 * @param path absolute path of the program; also what tells our entries from others'
 * @param args its argv, name included
 * @param timeoutSeconds after this the runtime kills it and the container does not start; without
 *     one a hanging hook would hang {@code docker start} for ever
 */
public record HookEntry(Path path, List<String> args, int timeoutSeconds) {

  public HookEntry {
    if (!path.isAbsolute()) {
      throw new IllegalArgumentException("hook path " + path + " is not absolute");
    }
    if (timeoutSeconds < 1) {
      throw new IllegalArgumentException("hook timeout " + timeoutSeconds + " s: at least 1");
    }
    args = List.copyOf(args);
  }

  /**
   * By how much each outlives the one that it asks, in seconds: the runtime the hook, and the hook
   * the agent. Who gives up first is the one who knows why.
   */
  public static final int LATER_SECONDS = 2;

  /**
   * The entry for {@code createRuntime}.
   *
   * @param seconds after which the hook gives up
   */
  public static HookEntry createRuntime(Path hookBinary, Path socket, int seconds) {
    HookEntry entry = of(hookBinary, socket, "createRuntime", seconds + LATER_SECONDS);
    List<String> args = new ArrayList<>(entry.args);
    args.addAll(List.of("--timeout-ms", Integer.toString(seconds * 1000)));
    return new HookEntry(hookBinary, args, entry.timeoutSeconds);
  }

  /** The entry for {@code poststop}. */
  public static HookEntry poststop(Path hookBinary, Path socket) {
    return of(hookBinary, socket, "poststop", 5);
  }

  private static HookEntry of(Path binary, Path socket, String stage, int timeoutSeconds) {
    List<String> args =
        List.of(binary.getFileName().toString(), stage, "--socket", socket.toString());
    return new HookEntry(binary, args, timeoutSeconds);
  }

  JsonObject toJson() {
    JsonObject entry = new JsonObject();
    entry.addProperty("path", path.toString());
    JsonArray argv = new JsonArray();
    args.forEach(argv::add);
    entry.add("args", argv);
    // Without env a hook inherits the engine's, LD_PRELOAD and proxies included.
    JsonArray env = new JsonArray();
    env.add("PATH=/usr/sbin:/usr/bin:/sbin:/bin");
    entry.add("env", env);
    entry.addProperty("timeout", timeoutSeconds);
    return entry;
  }
}
