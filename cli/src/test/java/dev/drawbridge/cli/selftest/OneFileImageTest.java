package dev.drawbridge.cli.selftest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.cli.host.Ran;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compared with what tar itself makes of the archive. */
final class OneFileImageTest {
  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 511, 512, 513, 1_000_000})
  void tarReadsItBack(int size) throws Exception {
    byte[] content = new byte[size];
    new Random(size).nextBytes(content);
    Path program = directory.resolve("program");
    Files.write(program, content);
    Path archive = directory.resolve("image.tar");
    OneFileImage.write(program, archive);
    Ran listed =
        Ran.run(Duration.ofSeconds(20), List.of("tar", "--utc", "-tvf", archive.toString()));
    assertEquals("", listed.err());
    assertEquals(
        "-rwxr-xr-x 0/0 " + size + " 1970-01-01 program",
        listed.out().strip().replaceAll(" +", " ").replaceAll(" \\d\\d:\\d\\d ", " "));
    Files.delete(program);
    Ran read =
        Ran.run(
            Duration.ofSeconds(20),
            List.of("tar", "-C", directory.toString(), "-xf", archive.toString()));
    assertEquals(0, read.status(), read.err());
    assertArrayEquals(content, Files.readAllBytes(program));
  }
}
