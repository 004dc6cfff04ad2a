package dev.drawbridge.policy.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** SPEC A9: which upgrades are a request's own business, and which go where nobody judges. */
final class UpgradesTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "tcp | true | true",
        "SPDY/3.1 | true | true",
        "websocket | false | false",
        "WebSocket | false | false",
        "'foo, websocket' | false | true",
        "h2c | false | false",
        "'h2c, tcp' | false | false",
        "TLS/1.2 | false | false",
        "HTTP/2.0 | false | false",
        "',' | false | false",
        "' tcp ' | true | true"
      })
  void goesElsewhere(String value, boolean ofAGet, boolean ofAPost) {
    Upgrades read = Upgrades.of(List.of(value));
    assertEquals(ofAGet, read.elsewhere(true));
    assertEquals(ofAPost, read.elsewhere(false));
  }

  @Test
  void severalFieldsAreOneList() {
    assertEquals(List.of("tcp", "foo", "bar"), Upgrades.members(List.of("TCP , foo", "Bar")));
    assertEquals(Upgrades.of(List.of("a, h2c")), Upgrades.of(List.of("a", "h2c")));
    assertEquals(new Upgrades(false, false, false), Upgrades.of(List.of()));
  }
}
