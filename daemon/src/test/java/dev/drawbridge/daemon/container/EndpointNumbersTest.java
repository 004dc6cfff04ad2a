package dev.drawbridge.daemon.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EndpointNumbersTest {

  @TempDir Path directory;
  private Path file;

  @BeforeEach
  void name() {
    file = directory.resolve("endpoint-number");
  }

  @Test
  void beginsBehindTheReservedPeers() throws IOException {
    assertEquals(256, new EndpointNumbers(file, 0).take());
  }

  @Test
  void givesNoNumberTwiceAcrossRestartsAtAnyMoment() throws IOException {
    Set<Integer> given = new HashSet<>();
    for (int life = 0; life < 5; life++) {
      EndpointNumbers numbers = new EndpointNumbers(file, 0);
      for (int i = 0; i < 700 * life + 3; i++) {
        int number = numbers.take();
        assertTrue(given.add(number), () -> number + " was given before");
      }
    }
  }

  @Test
  void staysAboveWhatTheKernelStillHolds() throws IOException {
    assertEquals(5001, new EndpointNumbers(file, 5000).take());
  }

  @Test
  void refusesACounterThatIsNoNumber() throws IOException {
    Files.writeString(file, "many");
    IOException thrown = assertThrows(IOException.class, () -> new EndpointNumbers(file, 0));
    assertTrue(String.valueOf(thrown.getMessage()).contains(file.toString()));
  }
}
