package dev.drawbridge.daemon.container;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.drawbridge.hook.Attempt;
import dev.drawbridge.hook.DockerContainerFiles;
import dev.drawbridge.hook.DockerContainerFiles.ImageSource;
import dev.drawbridge.hook.JsonParts;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The labels of a container's image as the engine's own files have them, for moments when its API
 * must not be asked. Docker's own store has an image's configuration in {@code
 * <data-root>/image/<driver>/imagedb/content/sha256/<id>}; containerd's has it as the blob that the
 * container's manifest names, and whatever is read there has the digest it is asked for by, so it
 * does not matter in which of the places that are known it lies.
 *
 * <p>The author of an image wrote these files. One that Docker could read in another way is not
 * known, and what is not known counts for nothing that an image may not decide.
 */
public final class ImageFiles {

  private static final System.Logger log = System.getLogger(ImageFiles.class.getName());

  private static final Pattern SHA256 = Pattern.compile("sha256:([0-9a-f]{64})");
  private static final Pattern DRIVER = Pattern.compile("[a-z0-9][a-z0-9_-]*");
  private static final String BLOBS = "io.containerd.content.v1.content/blobs/sha256";
  private static final Set<String> OF_MANIFEST = Set.of("config.digest");
  private static final Set<String> OF_IMAGE = Set.of("config.Labels");

  private ImageFiles() {}

  /**
   * Reads the image that a container was made from.
   *
   * @return empty if they cannot be known; an empty map if the image has none
   */
  public static Optional<SortedMap<String, String>> labels(DockerContainerFiles container) {
    Path containers = container.directory().getParent();
    Path root = containers == null ? null : containers.getParent();
    if (root == null) {
      return Optional.empty();
    }
    ImageSource source = container.imageSource();
    Attempt<JsonObject> image =
        source.manifest().isEmpty() ? docker(root, source) : containerd(root, source.manifest());
    return switch (image) {
      case Attempt.Failed<JsonObject>(String sentence) -> {
        log.log(Level.DEBUG, sentence);
        yield Optional.empty();
      }
      case Attempt.Done<JsonObject>(JsonObject found) -> labelsOf(found);
    };
  }

  private static Attempt<JsonObject> docker(Path root, ImageSource source) {
    Matcher image = SHA256.matcher(source.id());
    if (!image.matches() || !DRIVER.matcher(source.driver()).matches()) {
      return Attempt.failed("the container names no image that Docker's store could have");
    }
    return JsonParts.read(
        root.resolve("image")
            .resolve(source.driver())
            .resolve("imagedb/content/sha256")
            .resolve(image.group(1)),
        OF_IMAGE);
  }

  private static Attempt<JsonObject> containerd(Path root, String manifest) {
    return blob(root, manifest, OF_MANIFEST)
        .then(found ->
            found.get("config") instanceof JsonObject config
                    && config.get("digest") instanceof JsonPrimitive digest
                ? blob(root, digest.getAsString(), OF_IMAGE)
                : Attempt.failed("manifest " + manifest + " names no configuration"));
  }

  /** In the store of a containerd that Docker started, of one beside it, or of the host's. */
  private static Attempt<JsonObject> blob(Path root, String digest, Set<String> wanted) {
    Matcher name = SHA256.matcher(digest);
    if (!name.matches()) {
      return Attempt.failed("\"" + digest + "\" is no digest of a blob");
    }
    for (Path store :
        List.of(
            root.resolve("containerd/daemon"),
            root.resolveSibling("containerd"),
            Path.of("/var/lib/containerd"))) {
      Path file = store.resolve(BLOBS).resolve(name.group(1));
      if (Files.isRegularFile(file)) {
        return JsonParts.verified(file, name.group(1), wanted);
      }
    }
    return Attempt.failed("blob " + digest + " is in no content store that is known");
  }

  /** A label that is no string makes all of them unknown: it must not read as absent. */
  static Optional<SortedMap<String, String>> labelsOf(JsonObject image) {
    SortedMap<String, String> labels = new TreeMap<>();
    JsonElement config = image.get("config");
    if (config == null || config.isJsonNull()) {
      return Optional.of(labels);
    }
    if (!(config instanceof JsonObject object)) {
      return Optional.empty();
    }
    JsonElement found = object.get("Labels");
    if (found == null || found.isJsonNull()) {
      return Optional.of(labels);
    }
    if (!(found instanceof JsonObject all)) {
      return Optional.empty();
    }
    for (Map.Entry<String, JsonElement> label : all.entrySet()) {
      if (!label.getValue().isJsonPrimitive()
          || !label.getValue().getAsJsonPrimitive().isString()) {
        return Optional.empty();
      }
      labels.put(label.getKey(), label.getValue().getAsString());
    }
    return Optional.of(labels);
  }
}
