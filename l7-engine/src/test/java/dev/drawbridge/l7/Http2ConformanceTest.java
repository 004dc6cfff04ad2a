package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real h2spec 2.2.0, from the artefact that holds it, through the engine. */
final class Http2ConformanceTest {
  private static final String ARCHIVE = "/h2spec/2.2.0/h2spec_linux_amd64.tar.gz";
  private static final Pattern COUNT =
      Pattern.compile("(\\d+) tests, (\\d+) passed, (\\d+) skipped");
  private static final int TAR_BLOCK = 512;
  private static final int NAME_BYTES = 100;
  private static final int SIZE_AT = 124;

  @TempDir Path directory;

  @Test
  void passesEveryCaseOfH2spec() throws Exception {
    Path h2spec = unpack();
    try (H2Origin origin = new H2Origin();
        Scene scene = new Scene(origin.address(), "app=api may ANY /**")) {
      Process running =
          new ProcessBuilder(
                  h2spec.toString(),
                  "-h",
                  "127.0.0.1",
                  "-p",
                  Integer.toString(scene.listener.port4()),
                  "-o",
                  "1")
              .redirectErrorStream(true)
              .start();
      String report = new String(running.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      running.waitFor();
      Matcher count = COUNT.matcher(report);
      assertTrue(count.find(), report);
      List<String> failed = report.lines().filter(line -> line.contains("×")).distinct().toList();
      assertEquals(List.of(), failed, report);
      assertTrue(Integer.parseInt(count.group(1)) >= 145, report);
      assertEquals(count.group(1), count.group(2), report);
    }
  }

  /** The first file of the archive; a tar's header is a block, its file follows. */
  private Path unpack() throws Exception {
    try (InputStream packed = Http2ConformanceTest.class.getResourceAsStream(ARCHIVE)) {
      assertTrue(packed != null, "h2spec is not on the class path");
      try (InputStream tar = new GZIPInputStream(packed)) {
        while (true) {
          byte[] head = tar.readNBytes(TAR_BLOCK);
          String name =
              new String(head, 0, NAME_BYTES, StandardCharsets.US_ASCII).split("\0", -1)[0];
          assertTrue(!name.isEmpty(), "no h2spec in the archive");
          int size =
              Integer.parseInt(new String(head, SIZE_AT, 11, StandardCharsets.US_ASCII).strip(), 8);
          byte[] file = tar.readNBytes(size);
          tar.skipNBytes((TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
          if (name.endsWith("h2spec")) {
            Path binary = directory.resolve("h2spec");
            Files.write(binary, file);
            assertTrue(binary.toFile().setExecutable(true));
            return binary;
          }
        }
      }
    }
  }
}
