package dev.drawbridge.hook;

import com.google.gson.JsonObject;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The container state that a runtime writes to a hook's standard input (OCI runtime-spec,
 * runtime.md, "State"). Tolerant where runtimes differ: runc leaves {@code pid} out after the end,
 * crun writes 0 there; {@code status} during createRuntime is {@code creating} with one and {@code
 * created} with the other, so nothing may be decided by it.
 *
 * @param id the container's id; checked to be a plain file name
 * @param pid the container's first process as the runtime's namespace numbers it, if there is one
 * @param bundle absolute path of the bundle directory
 * @param status informative only
 * @param annotations those of the spec; Docker labels are not among them
 */
public record OciState(
    String id,
    OptionalInt pid,
    Path bundle,
    String status,
    String ociVersion,
    SortedMap<String, String> annotations) {

  /** Longest id that is accepted; Docker's have 64 characters. */
  public static final int MAX_ID_LENGTH = 1024;

  public OciState {
    annotations = Collections.unmodifiableSortedMap(new TreeMap<>(annotations));
  }

  /** Reads the state from the bytes that the hook forwarded. */
  public static Attempt<OciState> parse(ByteBuffer json) {
    return JsonTree.parse(json, "the OCI state").then(OciState::of);
  }

  private static Attempt<OciState> of(JsonObject tree) {
    String id = JsonTree.string(tree, "id").orElse("");
    if (!plausibleId(id)) {
      return Attempt.failed("the OCI state has no usable \"id\"");
    }
    String bundle = JsonTree.string(tree, "bundle").orElse("");
    if (!bundle.startsWith("/") || bundle.indexOf('\0') >= 0) {
      return Attempt.failed("the OCI state of container " + id + " has no absolute \"bundle\"");
    }
    long pid = JsonTree.number(tree, "pid").orElse(0);
    if (pid < 0 || pid > Integer.MAX_VALUE) {
      return Attempt.failed(
          "the OCI state of container " + id + " has \"pid\" " + pid + ", not a process");
    }
    return Attempt.done(
        new OciState(
            id,
            pid == 0 ? OptionalInt.empty() : OptionalInt.of((int) pid),
            Path.of(bundle).normalize(),
            JsonTree.string(tree, "status").orElse(""),
            JsonTree.string(tree, "ociVersion").orElse(""),
            JsonTree.strings(tree, "annotations")));
  }

  /**
   * Whether an id can be used as a file name: what runc allows (libcontainer, validateID), which
   * leaves out every separator.
   */
  public static boolean plausibleId(String id) {
    if (id.isEmpty() || id.length() > MAX_ID_LENGTH || id.equals(".") || id.equals("..")) {
      return false;
    }
    return id.chars()
        .allMatch(c ->
            (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '_'
                || c == '+'
                || c == '-'
                || c == '.');
  }
}
