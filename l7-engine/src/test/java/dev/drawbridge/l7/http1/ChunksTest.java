package dev.drawbridge.l7.http1;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.l7.http1.Chunks.Progress;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ChunksTest {
  private static final HeadLimits LIMITS = new HeadLimits(16_384, 65_536, 1024, 200, 64);

  private static String read(String text, int... cuts) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    Chunks chunks = new Chunks(LIMITS);
    StringBuilder data = new StringBuilder();
    int at = 0;
    for (int i = 0; i <= cuts.length; i++) {
      int end = i == cuts.length ? bytes.length : cuts[i];
      ByteBuf in = Unpooled.wrappedBuffer(bytes, at, end - at);
      at = end;
      Progress progress = chunks.next(in);
      while (progress == Progress.DATA) {
        int size = chunks.available(in);
        data.append(in.readCharSequence(size, StandardCharsets.ISO_8859_1));
        chunks.took(size);
        progress = chunks.next(in);
      }
      if (progress == Progress.FAULT) {
        return data + "!" + chunks.fault();
      }
      if (progress == Progress.END) {
        int left = in.readableBytes() + bytes.length - end;
        ByteBuf last = new HeadWriter().lastChunk(chunks, ByteBufAllocator.DEFAULT);
        String trailers = last.toString(StandardCharsets.ISO_8859_1);
        last.release();
        return data + "." + left + trailers;
      }
    }
    return data + "?";
  }

  private static String everyWay(String text) {
    String whole = read(text);
    int[] all = new int[text.length() - 1];
    for (int cut = 1; cut < text.length(); cut++) {
      all[cut - 1] = cut;
      assertEquals(whole, read(text, cut), text + " cut at " + cut);
    }
    assertEquals(whole, read(text, all), text + " byte by byte");
    return whole;
  }

  @Test
  void readsDataAndLeavesWhatFollows() {
    assertEquals("hello world.40\r\n\r\n", everyWay("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nnext"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"5;a=b", "5;a", "5;a=\"x;\\\"y\"", "0005", "5 ;a", "5;a;b=c"})
  void checksAndDropsExtensions(String line) {
    assertEquals("hello.00\r\n\r\n", everyWay(line + "\r\nhello\r\n0\r\n\r\n"));
  }

  @Test
  void keepsTrailers() {
    assertEquals("a.00\r\nX-Sum: 1\r\n\r\n", everyWay("1\r\na\r\n0\r\nX-Sum:1\r\n\r\n"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\\r\\n|CHUNK_SIZE",
        "x\\r\\n|CHUNK_SIZE",
        "-1\\r\\n|CHUNK_SIZE",
        "0x5\\r\\n|CHUNK_SIZE",
        "5 \\r\\n|CHUNK_SIZE",
        "' 5\\r\\n'|CHUNK_SIZE",
        "fffffffffffffffff\\r\\n|CHUNK_SIZE",
        "5;\\r\\n|CHUNK_EXTENSION",
        "5;=\\r\\n|CHUNK_EXTENSION",
        "5;a=\\r\\n|CHUNK_EXTENSION",
        "5;a=b c\\r\\n|CHUNK_EXTENSION",
        "5;a=b \\r\\n|CHUNK_EXTENSION",
        "5;a=\"b\" c\\r\\n|CHUNK_EXTENSION",
        "5 c\\r\\n|CHUNK_SIZE",
        "5;a\\n|BARE_LF",
        "5\\n|BARE_LF",
        "5;a=\"\\n\"\\r\\n|CHUNK_EXTENSION",
        "5\\rx|BARE_CR",
        "0\\r\\nHost: a\\r\\n\\r\\n|TRAILER",
        "0\\r\\nContent-Length: 5\\r\\n\\r\\n|TRAILER",
        "0\\r\\nAuthorization: x\\r\\n\\r\\n|TRAILER",
        "0\\r\\n a\\r\\n\\r\\n|OBS_FOLD",
        "0\\r\\na\\n|BARE_LF",
        "0\\r\\n\\n|BARE_LF",
      })
  void refusesEveryOtherFraming(String escaped, Fault expected) {
    assertEquals("!" + expected, everyWay(escaped.translateEscapes()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"2\r\nabc\r\n", "2\r\nab\n", "2\r\nab\r\r", "2\r\nab0\r\n\r\n"})
  void refusesDataThatDoesNotEndWhereItSaid(String text) {
    assertEquals("ab!CHUNK_END", everyWay(text));
  }

  @Test
  void boundsLinesAndTrailers() {
    assertEquals("!CHUNK_LINE_LENGTH", read("5;" + "a".repeat(100)));
    assertEquals("!TRAILER_LENGTH", read("0\r\nX: " + "a".repeat(300)));
  }
}
