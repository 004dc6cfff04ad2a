package dev.drawbridge.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageFilesTest {

  private static final String IMAGE = "a".repeat(64);

  @TempDir Path root;
  private Path container = Path.of("unset");
  private Path image = Path.of("unset");

  @BeforeEach
  void layOut() throws IOException {
    container = Files.createDirectories(root.resolve("containers").resolve("c".repeat(64)));
    image =
        Files.createDirectories(root.resolve("image/overlay2/imagedb/content/sha256"))
            .resolve(IMAGE);
    container("{\"Image\":\"sha256:" + IMAGE + "\",\"Driver\":\"overlay2\"}");
  }

  private void container(String json) throws IOException {
    Files.writeString(container.resolve("config.v2.json"), json);
  }

  @Test
  void labelsAreThoseOfTheImagesConfiguration() throws IOException {
    Files.writeString(
        image,
        "{\"architecture\":\"amd64\",\"config\":{\"Cmd\":[\"x\"],\"Labels\":{\"app\":\"db\",\"v\":\"\"}},\"history\":[]}");
    assertEquals(Optional.of(Map.of("app", "db", "v", "")), ImageFiles.labels(container));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"{}", "{\"config\":null}", "{\"config\":{}}", "{\"config\":{\"Labels\":null}}"})
  void imageWithoutLabelsIsKnownToHaveNone(String json) throws IOException {
    Files.writeString(image, json);
    assertEquals(Optional.of(Map.of()), ImageFiles.labels(container));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{",
        "null",
        "{\"config\":[]}",
        "{\"config\":{\"Labels\":[]}}",
        "{\"config\":{\"Labels\":\"x\"}}",
        "{\"config\":{\"Labels\":{\"app\":1}}}",
        "{\"config\":{\"Labels\":{\"app\":null}}}"
      })
  void imageThatCannotBeReadIsUnknown(String json) throws IOException {
    Files.writeString(image, json);
    assertEquals(Optional.empty(), ImageFiles.labels(container));
  }

  @Test
  void imageOfAnotherStoreIsUnknown() {
    assertEquals(Optional.empty(), ImageFiles.labels(container));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "[]",
        "",
        "{\"Image\":\"sha256:../../../x\",\"Driver\":\"overlay2\"}",
        "{\"Image\":\"nginx\",\"Driver\":\"overlay2\"}",
        "{\"Image\":7,\"Driver\":\"overlay2\"}",
        "{\"Image\":\"sha256:%s\"}",
        "{\"Image\":\"sha256:%s\",\"Driver\":\"../overlay2\"}",
        "{\"Image\":\"sha256:%s\",\"Driver\":{}}"
      })
  void containerFileThatNamesNoImageIsUnknown(String json) throws IOException {
    Files.writeString(image, "{}");
    container(json.replace("%s", IMAGE));
    assertEquals(Optional.empty(), ImageFiles.labels(container));
  }
}
