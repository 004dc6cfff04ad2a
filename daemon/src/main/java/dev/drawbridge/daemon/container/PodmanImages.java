package dev.drawbridge.daemon.container;

import com.google.gson.JsonObject;
import dev.drawbridge.hook.Attempt;
import dev.drawbridge.hook.JsonParts;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.regex.Pattern;

/**
 * The labels of an image in the storage that Podman, Buildah and CRI-O share: its configuration is
 * the file {@code DRIVER-images/ID/=BASE64}, named by its digest, which is the image's id
 * (containers/storage, images.go). What is read there has that digest, or is not known.
 */
public final class PodmanImages {

  private static final System.Logger log = System.getLogger(PodmanImages.class.getName());

  private static final Pattern ID = Pattern.compile("[0-9a-f]{64}");
  private static final Set<String> OF_IMAGE = Set.of("config.Labels");

  private PodmanImages() {}

  /**
   * Reads the labels of an image.
   *
   * @param root the storage root
   * @return empty if they cannot be known; an empty map if the image has none
   */
  public static Optional<SortedMap<String, String>> labels(Path root, String id) {
    if (!ID.matcher(id).matches()) {
      return Optional.empty();
    }
    String name =
        "=" + Base64.getEncoder().encodeToString(("sha256:" + id).getBytes(StandardCharsets.UTF_8));
    try (DirectoryStream<Path> drivers = Files.newDirectoryStream(root, "*-images")) {
      for (Path driver : drivers) {
        Path file = driver.resolve(id).resolve(name);
        if (Files.isRegularFile(file)) {
          return switch (JsonParts.verified(file, id, OF_IMAGE)) {
            case Attempt.Failed<JsonObject>(String sentence) -> {
              log.log(Level.DEBUG, sentence);
              yield Optional.empty();
            }
            case Attempt.Done<JsonObject>(JsonObject image) -> ImageFiles.labelsOf(image);
          };
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      log.log(Level.DEBUG, "image " + id, e);
    }
    return Optional.empty();
  }
}
