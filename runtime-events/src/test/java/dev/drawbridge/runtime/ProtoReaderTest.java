package dev.drawbridge.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProtoReaderTest {

  private static ProtoReader of(String hex) {
    return new ProtoReader(HexFormat.of().parseHex(hex));
  }

  private static void readAll(ProtoReader reader) throws IOException {
    while (reader.next()) {
      if (reader.field() == 1) {
        String _ = reader.text();
      }
    }
  }

  @Test
  void fieldsThatNobodyTakesArePassedOver() throws IOException {
    // 1: "a"; 2: varint 300; 3: fixed64; 4: fixed32; 5: {1: "b"}
    ProtoReader reader =
        of("0a0161" + "10ac02" + "190102030405060708" + "2501020304" + "2a030a0162");
    assertTrue(reader.next());
    assertEquals("a", reader.text());
    assertTrue(reader.next());
    assertEquals(300, reader.integer());
    assertTrue(reader.next());
    assertEquals(3, reader.field());
    assertTrue(reader.next());
    assertTrue(reader.next());
    assertEquals(5, reader.field());
    ProtoReader inner = reader.message();
    assertTrue(inner.next());
    assertEquals("b", inner.text());
    assertFalse(inner.next());
    assertFalse(reader.next());
  }

  @Test
  void whatIsWrittenIsRead() throws IOException {
    byte[] written =
        new ProtoWriter()
            .text(1, "ü".repeat(200))
            .message(2, new ProtoWriter().text(1, "inner"))
            .done();
    ProtoReader reader = new ProtoReader(written);
    assertTrue(reader.next());
    assertEquals("ü".repeat(200), reader.text());
    assertTrue(reader.next());
    assertArrayEquals(new ProtoWriter().text(1, "inner").done(), reader.bytes());
    assertFalse(reader.next());
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 127, 128, 300, Integer.MAX_VALUE, 1L << 62, -1, Long.MIN_VALUE})
  void numbersThatAreWrittenAreRead(long number) throws IOException {
    ProtoReader reader =
        new ProtoReader(new ProtoWriter().integer(3, number).text(4, "after").done());
    assertTrue(reader.next());
    assertEquals(3, reader.field());
    assertEquals(number, reader.integer());
    assertTrue(reader.next());
    assertEquals("after", reader.text());
    assertFalse(reader.next());
  }

  @Test
  void aMessageCutAnywhereInsideAFieldThrows() throws IOException {
    byte[] whole = new ProtoWriter().text(1, "abc").text(2, "defg").done();
    readAll(new ProtoReader(whole));
    for (int length = 1; length < whole.length; length++) {
      if (length == 5) {
        // Between two fields.
        continue;
      }
      ProtoReader cut = new ProtoReader(Arrays.copyOf(whole, length));
      assertThrows(IOException.class, () -> readAll(cut), "cut at " + length);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0aff", // a length without its end
        "0affffffff0f", // longer than what is there
        "0affffffffffffffffff01", // a negative length
        "0a02c328", // no UTF-8
        "0801", // a number where text belongs
        "0b", // a group
        "00", // field 0
        "80808080800100", // a field beyond 2^29
        "10ffffffffffffffffffffff01" // a number that does not end
      })
  void whatCannotBeThrows(String hex) {
    assertThrows(IOException.class, () -> readAll(of(hex)));
  }
}
