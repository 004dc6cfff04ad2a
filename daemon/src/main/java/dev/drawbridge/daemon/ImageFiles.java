package dev.drawbridge.daemon;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Pattern;

/**
 * The labels of a container's image as Docker's own files have them, for moments when its API must
 * not be asked: {@code <data-root>/image/<driver>/imagedb/content/sha256/<id>}, the image's
 * configuration. An engine that keeps images in containerd has no such file; its images' labels are
 * unknown here.
 */
final class ImageFiles {

  private static final Logger log = Logger.getLogger(ImageFiles.class.getName());

  /** An image's configuration also lists its history; this much is far beyond any real one. */
  private static final long MAX_FILE_BYTES = 16 << 20;

  private static final Pattern IMAGE = Pattern.compile("sha256:([0-9a-f]{64})");
  private static final Pattern DRIVER = Pattern.compile("[a-z0-9][a-z0-9_-]*");

  private ImageFiles() {}

  /**
   * Reads the image that a container was made from.
   *
   * @param container the container's directory, {@code <data-root>/containers/<id>}
   * @return empty if they cannot be known; an empty map if the image has none
   */
  static Optional<SortedMap<String, String>> labels(Path container) {
    try {
      return config(container).flatMap(ImageFiles::labelsOf);
    } catch (IOException | JsonParseException | IllegalStateException e) {
      log.log(Level.FINE, "the image of " + container, e);
      return Optional.empty();
    }
  }

  private static Optional<JsonObject> config(Path container) throws IOException {
    JsonObject description = read(container.resolve("config.v2.json"));
    var image = IMAGE.matcher(string(description, "Image"));
    String driver = string(description, "Driver");
    Path containers = container.getParent();
    Path root = containers == null ? null : containers.getParent();
    if (root == null || !image.matches() || !DRIVER.matcher(driver).matches()) {
      return Optional.empty();
    }
    Path file =
        root.resolve("image")
            .resolve(driver)
            .resolve("imagedb/content/sha256")
            .resolve(image.group(1));
    return Files.isRegularFile(file) ? Optional.of(read(file)) : Optional.empty();
  }

  /** A label that is no string makes all of them unknown: it must not read as absent. */
  private static Optional<SortedMap<String, String>> labelsOf(JsonObject image) {
    SortedMap<String, String> labels = new TreeMap<>();
    JsonElement config = image.get("config");
    if (config == null || config.isJsonNull()) {
      return Optional.of(labels);
    }
    JsonElement found = config.getAsJsonObject().get("Labels");
    if (found == null || found.isJsonNull()) {
      return Optional.of(labels);
    }
    for (Map.Entry<String, JsonElement> label : found.getAsJsonObject().entrySet()) {
      if (!label.getValue().isJsonPrimitive()
          || !label.getValue().getAsJsonPrimitive().isString()) {
        return Optional.empty();
      }
      labels.put(label.getKey(), label.getValue().getAsString());
    }
    return Optional.of(labels);
  }

  private static JsonObject read(Path file) throws IOException {
    if (Files.size(file) > MAX_FILE_BYTES) {
      throw new IOException(file + " is larger than " + MAX_FILE_BYTES + " bytes");
    }
    return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
  }

  private static String string(JsonObject object, String name) {
    JsonElement value = object.get(name);
    return value != null && value.isJsonPrimitive() ? value.getAsString() : "";
  }
}
