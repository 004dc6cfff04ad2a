package dev.drawbridge.daemon.container;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.hook.DockerContainerFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
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
    String common = "{\"ID\":\"" + "c".repeat(64) + "\",\"Config\":{}";
    Files.writeString(
        container.resolve("config.v2.json"),
        json.startsWith("{\"") ? common + "," + json.substring(1) : common + "}");
  }

  private Optional<SortedMap<String, String>> labels() {
    return DockerContainerFiles.read(container).toOptional().flatMap(ImageFiles::labels);
  }

  private String blob(Path store, String text) throws Exception {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    String digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    Path blobs = store.resolve("io.containerd.content.v1.content/blobs/sha256");
    Files.createDirectories(blobs);
    Files.write(blobs.resolve(digest), bytes);
    return digest;
  }

  @Test
  void containerdsStoreIsAskedByTheManifestOfTheContainer() throws Exception {
    Path store = root.resolve("containerd/daemon");
    String config = blob(store, "{\"config\":{\"Labels\":{\"app\":\"db\"}}}");
    String manifest = blob(store, "{\"config\":{\"digest\":\"sha256:" + config + "\"}}");
    String names =
        "{\"Image\":\"sha256:%s\",\"Driver\":\"overlayfs\",\"ImageManifest\":{\"digest\":\"sha256:%s\"}}";
    container(names.formatted(IMAGE, manifest));
    assertEquals(Optional.of(Map.of("app", "db")), labels());
    // A blob that is not what its name says is as good as none.
    Files.writeString(
        store.resolve("io.containerd.content.v1.content/blobs/sha256").resolve(config), "{}");
    assertEquals(Optional.empty(), labels());
    container(names.formatted(IMAGE, "b".repeat(64)));
    assertEquals(Optional.empty(), labels());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"config\":{\"labels\":{\"drawbridge.mode\":\"off\"}}}",
        "{\"Config\":{\"Labels\":{\"drawbridge.mode\":\"off\"}}}",
        "{\"config\":{\"Labels\":{\"a\":\"b\"}},\"config\":{\"Labels\":{\"drawbridge.mode\":\"off\"}}}"
      })
  void anImageThatGoReadsOtherwiseIsUnknown(String json) throws IOException {
    Files.writeString(image, json);
    assertEquals(Optional.empty(), labels());
  }

  @Test
  void labelsAreThoseOfTheImagesConfiguration() throws IOException {
    Files.writeString(
        image,
        "{\"architecture\":\"amd64\",\"config\":{\"Cmd\":[\"x\"],\"Labels\":{\"app\":\"db\",\"v\":\"\"}},\"history\":[]}");
    assertEquals(Optional.of(Map.of("app", "db", "v", "")), labels());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"{}", "{\"config\":null}", "{\"config\":{}}", "{\"config\":{\"Labels\":null}}"})
  void imageWithoutLabelsIsKnownToHaveNone(String json) throws IOException {
    Files.writeString(image, json);
    assertEquals(Optional.of(Map.of()), labels());
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
    assertEquals(Optional.empty(), labels());
  }

  @Test
  void imageOfAnotherStoreIsUnknown() {
    assertEquals(Optional.empty(), labels());
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
    assertEquals(Optional.empty(), labels());
  }
}
