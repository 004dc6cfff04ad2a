package dev.drawbridge.hook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The state as runc and crun write it, and as nobody should. */
final class OciStateTest {

  @Test
  void readsWhatRuncWrites() {
    OciState state =
        good(
            """
            {"ociVersion":"1.0.2-dev","id":"3273077f","status":"creating","pid":18969,
            "bundle":"/run/containerd/io.containerd.runtime.v2.task/moby/3273077f"}\
            """);
    assertEquals("3273077f", state.id());
    assertEquals(OptionalInt.of(18969), state.pid());
    assertEquals(
        Path.of("/run/containerd/io.containerd.runtime.v2.task/moby/3273077f"), state.bundle());
    assertEquals("creating", state.status());
    assertTrue(state.annotations().isEmpty());
  }

  @Test
  void readsWhatCrunWrites() {
    OciState state =
        good(
            """
            {"ociVersion":"1.0","id":"a","pid":0,"root":"/r","bundle":"/b/./c",
            "status":"stopped","annotations":{"io.x":"y","n":1,"o":{}}}\
            """);
    assertEquals(OptionalInt.empty(), state.pid());
    assertEquals(Path.of("/b/c"), state.bundle());
    assertEquals("{io.x=y}", state.annotations().toString());
  }

  @Test
  void poststopOfRuncHasNoPid() {
    assertEquals(OptionalInt.empty(), good("{\"id\":\"a\",\"bundle\":\"/b\"}").pid());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{}",
        "[]",
        "{\"id\":\"\",\"bundle\":\"/b\"}",
        "{\"id\":\".\",\"bundle\":\"/b\"}",
        "{\"id\":\"a/b\",\"bundle\":\"/b\"}",
        "{\"id\":\"a b\",\"bundle\":\"/b\"}",
        "{\"id\":null,\"bundle\":\"/b\"}",
        "{\"id\":1,\"bundle\":\"/b\"}",
        "{\"id\":\"a\",\"bundle\":\"b\"}",
        "{\"id\":\"a\",\"bundle\":null}",
        "{\"id\":\"a\",\"bundle\":\"/b\",\"pid\":-1}",
        "{\"id\":\"a\",\"bundle\":\"/b\",\"pid\":4294967296}",
        "{\"id\":\"a\",\"bundle\":\"/b\"",
      })
  void whatIsNoStateIsASentence(String text) {
    var failed = assertInstanceOf(Attempt.Failed.class, parse(text));
    assertFalse(failed.sentence().isBlank());
  }

  private static OciState good(String text) {
    return parse(text).toOptional().orElseThrow();
  }

  private static Attempt<OciState> parse(String text) {
    return OciState.parse(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }
}
