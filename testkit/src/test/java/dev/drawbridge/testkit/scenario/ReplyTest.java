package dev.drawbridge.testkit.scenario;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.testkit.Output;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What three versions of curl wrote for the same outcomes. */
class ReplyTest {
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          7.88 refused   | 7  | * connect to 10.0.0.2 port 80 failed: Connection refused; curl: (7) Failed to connect to 10.0.0.2 port 80 after 0 ms: Couldn't connect to server | connection refused
          8.14 refused   | 7  | * connect to 10.0.0.2 port 80 from 10.0.0.3 port 5 failed: Connection refused; curl: (7) Failed to connect to 10.0.0.2 port 80 after 0 ms: Could not connect to server | connection refused
          8.14 refused 6 | 7  | * connect to fd00::2 port 80 from fd00::3 port 5 failed: Connection refused; curl: (7) Failed to connect to db port 80 after 0 ms: Could not connect to server | connection refused
          7.88 denied    | 7  | * Immediate connect fail for 10.0.0.2: Operation not permitted; curl: (7) Couldn't connect to server | refused at connect
          8.14 denied    | 7  | * Immediate connect fail for fd00::2: Operation not permitted; curl: (7) Could not connect to server | refused at connect
          8.23 mute      | 7  | curl: (7) Failed to connect to db port 80 after 0 ms: Could not connect to server | Failed to connect to db port 80 after 0 ms: Could not connect to server
          7.88 late      | 28 | curl: (28) Connection timed out after 5001 milliseconds | no answer in time
          8.14 late      | 28 | curl: (28) Operation timed out after 5001 milliseconds with 0 bytes received | no answer in time
          7.88 empty     | 52 | curl: (52) Empty reply from server | Empty reply from server
          """)
  void readsTheExitCodeAndTheErrorOfConnect(String curl, int status, String err, String words) {
    Output output = new Output(status, "\n000", err.replace("; ", "\n"));
    assertEquals(words, Reply.of(output).words(), curl);
  }
}
