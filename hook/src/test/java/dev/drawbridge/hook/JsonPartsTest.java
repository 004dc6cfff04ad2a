package dev.drawbridge.hook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is kept of files that an image's author may have written. */
final class JsonPartsTest {
  private static final Set<String> WANTED = Set.of("ID", "config.Labels");

  @TempDir Path directory;

  private Attempt<?> read(String text) throws Exception {
    Path file = directory.resolve("file");
    Files.writeString(file, text);
    return JsonParts.read(file, WANTED);
  }

  @Test
  void keepsWhatIsWantedAndNothingElse() throws Exception {
    assertEquals(
        JsonParser.parseString("{\"ID\":7,\"config\":{\"Labels\":{\"a\":\"b\",\"config\":\"c\"}}}"),
        ((Attempt.Done<?>)
                read(
                    "{\"ID\":7,\"x\":[{\"config\":1}],\"config\":{\"Env\":[\"y\"],\"Labels\":{\"a\":\"b\",\"config\":\"c\"}}}"))
            .value());
    assertEquals(
        JsonParser.parseString("{\"config\":null}"),
        ((Attempt.Done<?>) read("{\"config\":null}")).value());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "{",
        "{} {}",
        "{\"config\":{},\"config\":{\"Labels\":{}}}",
        "{\"config\":{},\"Config\":{\"Labels\":{}}}",
        "{\"config\":{\"Labels\":{},\"labels\":{\"drawbridge.mode\":\"off\"}}}",
        "{\"config\":{\"Label\u017f\":{\"drawbridge.mode\":\"off\"}}}",
        "{\"CONFIG\":{\"Labels\":{\"drawbridge.mode\":\"off\"}}}",
        "{\"config\":{\"Labels\":{\"a\":\"b\",\"a\":\"c\"}}}",
        "{'config':{}}"
      })
  void whatGoReadsInAnotherWayFails(String text) throws Exception {
    assertInstanceOf(Attempt.Failed.class, read(text));
  }

  @Test
  void passesOverWhatIsLargeAndKeepsNoMoreThanItMay() throws Exception {
    String large = "\"" + "x".repeat(3 << 20) + "\"";
    assertInstanceOf(Attempt.Done.class, read("{\"Env\":[" + large + "],\"ID\":1}"));
    assertInstanceOf(Attempt.Failed.class, read("{\"ID\":" + large + "}"));
    assertInstanceOf(
        Attempt.Failed.class, read("{\"config\":{\"Labels\":[" + "1,".repeat(100_000) + "1]}}"));
    assertInstanceOf(
        Attempt.Failed.class, read("{\"ID\":" + "[".repeat(100) + "]".repeat(100) + "}"));
  }

  @Test
  void aBlobHasTheDigestThatItIsAskedForBy() throws Exception {
    Path file = directory.resolve("blob");
    Files.writeString(file, "{}\n");
    String right = "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356";
    assertInstanceOf(Attempt.Done.class, JsonParts.verified(file, right, WANTED));
    assertInstanceOf(
        Attempt.Failed.class, JsonParts.verified(file, right.replace('c', 'd'), WANTED));
  }
}
