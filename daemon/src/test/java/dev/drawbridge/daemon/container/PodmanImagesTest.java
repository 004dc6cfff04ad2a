package dev.drawbridge.daemon.container;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PodmanImagesTest {
  @TempDir private Path root;

  private String image(String config) throws Exception {
    byte[] bytes = config.getBytes(StandardCharsets.UTF_8);
    String id = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    Files.write(file(id), bytes);
    return id;
  }

  private Path file(String id) throws Exception {
    Path directory = Files.createDirectories(root.resolve("overlay-images").resolve(id));
    byte[] name = ("sha256:" + id).getBytes(StandardCharsets.UTF_8);
    return directory.resolve("=" + Base64.getEncoder().encodeToString(name));
  }

  @Test
  void labelsAreThoseOfTheConfigurationWithThatDigest() throws Exception {
    String labelled = image("{\"config\":{\"Labels\":{\"app\":\"db\"}}}");
    assertEquals(Optional.of(Map.of("app", "db")), PodmanImages.labels(root, labelled));
    assertEquals(Optional.of(Map.of()), PodmanImages.labels(root, image("{\"config\":{}}")));
    Files.writeString(file(labelled), "{\"config\":{\"Labels\":{}}}");
    assertEquals(Optional.empty(), PodmanImages.labels(root, labelled), "of another digest");
  }

  @Test
  void whatCannotBeReadIsUnknown() throws Exception {
    for (String config :
        new String[] {
          "",
          "[]",
          "{\"config\":{\"Labels\":[]}}",
          "{\"config\":{\"Labels\":{\"a\":1}}}",
          "{\"config\":{\"Labels\":{}},\"Config\":{\"Labels\":{\"a\":\"1\"}}}"
        }) {
      assertEquals(Optional.empty(), PodmanImages.labels(root, image(config)), config);
    }
    assertEquals(Optional.empty(), PodmanImages.labels(root, "0".repeat(64)));
    assertEquals(Optional.empty(), PodmanImages.labels(root, "../../" + "0".repeat(64)));
    assertEquals(Optional.empty(), PodmanImages.labels(root.resolve("none"), "0".repeat(64)));
  }
}
