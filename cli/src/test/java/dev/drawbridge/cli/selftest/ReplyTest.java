package dev.drawbridge.cli.selftest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.drawbridge.cli.host.Ran;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ReplyTest {
  private static Reply of(String out) {
    return Reply.of(new Ran(1, out, ""));
  }

  @Test
  void anAnswerIsItsStatusAndBody() {
    Reply reply = of("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc\n");
    assertEquals(new Reply(200, "abc", ""), reply);
    assertEquals("200", reply.words());
    assertEquals(Optional.empty(), reply.reason());
  }

  @Test
  void aRefusalHasItsReason() {
    assertEquals(
        Optional.of("no-rule"),
        of("HTTP/1.1 403 Forbidden\r\n\r\n{\"reason\":\"no-rule\",\"rule\":null}\n").reason());
  }

  @ParameterizedTest
  @ValueSource(strings = {"{", "{}", "{\"reason\":null}", "{\"reason\":{}}", "[]", "no-rule"})
  void whatIsNoRefusalHasNone(String body) {
    assertEquals(Optional.empty(), of("HTTP/1.1 403 Forbidden\r\n\r\n" + body).reason());
  }

  @ParameterizedTest
  @CsvSource({
    "connect 1, refused at connect",
    "send 1, not permitted to send",
    "connect 110, no answer in time",
    "receive 110, no answer in time",
    "connect 111, connection refused",
    "receive 0, closed without an answer",
    "receive 104, receive failed with errno 104"
  })
  void aFailureIsSaidInWords(String out, String words) {
    assertEquals(words, of(out + "\n").words());
    assertFalse(of(out).answered());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 20\r\n\r\n",
        "connect 99999",
        "accept 1",
        "connect 1\nconnect 1"
      })
  void whateverElseWasSaidIsNoAnswer(String out) {
    assertFalse(of(out).answered(), out);
    assertFalse(of(out).words().isEmpty(), out);
  }

  @Test
  void anEngineThatCouldNotAskIsQuoted() {
    assertEquals(
        "not asked: no such container", Reply.of(new Ran(1, "", "x\nno such container\n")).words());
  }
}
