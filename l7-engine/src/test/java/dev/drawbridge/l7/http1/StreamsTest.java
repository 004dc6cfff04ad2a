package dev.drawbridge.l7.http1;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.http1.Head.Progress;
import dev.drawbridge.l7.streams.Bodies;
import dev.drawbridge.l7.streams.FramingLines;
import dev.drawbridge.l7.streams.Grammar;
import dev.drawbridge.l7.streams.Heads;
import dev.drawbridge.l7.streams.Stream;
import dev.drawbridge.l7.streams.Stream.End;
import dev.drawbridge.l7.streams.Stream.Request;
import dev.drawbridge.l7.streams.Sweep;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The readers of HTTP/1 without a network, against every generated stream: what they see is what
 * the grammar says, in whatever pieces it comes, and what they write is read as the same again.
 */
final class StreamsTest {
  private static final HeadLimits LIMITS = new HeadLimits(16_384, 65_536, 1024, 8192, 256);

  private final List<String> wrong = new ArrayList<>();
  private int count;

  private static List<Stream> named(String what) {
    return switch (what) {
      case "framing lines" -> FramingLines.all();
      case "bodies" -> Bodies.all();
      case "heads" -> Heads.all();
      default -> throw new IllegalArgumentException(what);
    };
  }

  /** The oracle is not believed either: it says of each written stream what is written there. */
  @ParameterizedTest
  @ValueSource(strings = {"framing lines", "bodies", "heads"})
  void theGrammarSaysOfEachWhatIsWrittenBesideIt(String what) {
    for (Stream stream : named(what)) {
      Stream read = Grammar.read(stream.id(), stream.octets());
      check(stream, stream.requests() + " " + stream.end(), read.requests() + " " + read.end());
    }
    assertNothingWrong();
  }

  @ParameterizedTest
  @ValueSource(strings = {"framing lines", "bodies", "heads"})
  void readsEachAsTheRulesSayWhereverItIsCut(String what) {
    for (Stream stream : named(what)) {
      read(stream);
      for (int cut = 1; cut < stream.octets().length(); cut++) {
        read(stream, cut);
      }
      singly(stream);
    }
    assertNothingWrong();
  }

  @Test
  void readsEveryChangeOfOneOctetAsTheGrammarDoes() {
    Sweep.each(this::read);
    assertTrue(count > 300_000, "only " + count);
    assertNothingWrong();
  }

  @Test
  void readsSeveralChangesAsTheGrammarDoes() {
    Sweep.random(
        30_000,
        stream -> {
          read(stream);
          singly(stream);
        });
    assertNothingWrong();
  }

  @Test
  void writesWhatIsReadAsTheSameAgain() {
    for (String what : List.of("framing lines", "bodies", "heads")) {
      for (Stream stream : named(what)) {
        StringBuilder written = new StringBuilder();
        new Reader(written).read(stream.octets());
        Stream again = Grammar.read(stream.id(), written.toString());
        check(stream, stream.requests() + " WHOLE", again.requests() + " " + again.end());
      }
    }
    assertNothingWrong();
  }

  private void singly(Stream stream) {
    int[] all = new int[stream.octets().length() - 1];
    for (int i = 0; i < all.length; i++) {
      all[i] = i + 1;
    }
    read(stream, all);
  }

  private void read(Stream stream, int... cuts) {
    Reader reader = new Reader(new StringBuilder());
    End end = reader.read(stream.octets(), cuts);
    // A reader may know before the end that nothing will come of it.
    End wanted = stream.end() == End.UNFINISHED && end == End.REFUSED ? End.REFUSED : stream.end();
    check(stream, summary(stream.requests()) + wanted, summary(reader.requests) + end);
  }

  private static String summary(List<Request> requests) {
    return requests.stream()
        .map(r -> r.method() + " " + r.target() + " " + r.body() + " ")
        .collect(Collectors.joining());
  }

  private void check(Stream stream, String wanted, String found) {
    count++;
    if (!wanted.equals(found) && wrong.size() < 50) {
      wrong.add(stream.id() + "\n  wanted " + wanted + "\n  found  " + found);
    }
  }

  private void assertNothingWrong() {
    assertEquals(List.of(), wrong, () -> String.join("\n", wrong));
  }

  /** What an end of a connection does with the two readers, and nothing else. */
  private static final class Reader {
    final List<Request> requests = new ArrayList<>();
    private final StringBuilder written;
    private final RequestHead head = new RequestHead(LIMITS);
    private final Chunks chunks = new Chunks(LIMITS);
    private final StringBuilder body = new StringBuilder();
    private String sent = "";
    private long left = -1;
    private boolean chunked;
    private boolean closed;

    Reader(StringBuilder written) {
      this.written = written;
    }

    End read(String octets, int... cuts) {
      byte[] bytes = octets.getBytes(StandardCharsets.ISO_8859_1);
      int at = 0;
      for (int i = 0; i <= cuts.length; i++) {
        int end = i == cuts.length ? bytes.length : cuts[i];
        if (!take(Unpooled.wrappedBuffer(bytes, at, end - at))) {
          return End.REFUSED;
        }
        at = end;
      }
      boolean between = left < 0 && !chunked && head.onlyEmptyLine() && head.size() != 1;
      return closed || between ? End.WHOLE : End.UNFINISHED;
    }

    private boolean take(ByteBuf in) {
      while (in.isReadable() && !closed) {
        boolean fine = chunked ? chunk(in) : left >= 0 ? length(in) : head(in);
        if (!fine) {
          return false;
        }
      }
      return true;
    }

    private boolean head(ByteBuf in) {
      Progress progress = head.take(in);
      if (progress == Progress.FAULT) {
        return false;
      }
      if (progress == Progress.DONE && head.upgradesElsewhere() && !denied()) {
        return false;
      }
      if (progress == Progress.DONE) {
        ByteBuf out = new HeadWriter().request(head, ByteBufAllocator.DEFAULT, 0);
        sent = out.toString(StandardCharsets.ISO_8859_1);
        out.release();
        chunked = head.framing() == Framing.CHUNKED;
        left = head.framing() == Framing.LENGTH ? head.contentLength() : -1;
        if (chunked) {
          chunks.start();
        } else if (left <= 0) {
          done("");
        }
      }
      return true;
    }

    private boolean denied() {
      return new Request(head.method(), head.path(), "", List.of()).denied();
    }

    private boolean length(ByteBuf in) {
      int size = (int) Math.min(left, in.readableBytes());
      body.append(in.readCharSequence(size, StandardCharsets.ISO_8859_1));
      left -= size;
      if (left == 0) {
        done(body.toString());
      }
      return true;
    }

    private boolean chunk(ByteBuf in) {
      switch (chunks.next(in)) {
        case MORE -> {}
        case DATA -> {
          int size = chunks.available(in);
          body.append(in.readCharSequence(size, StandardCharsets.ISO_8859_1));
          chunks.took(size);
        }
        case END -> {
          ByteBuf last = new HeadWriter().lastChunk(chunks, ByteBufAllocator.DEFAULT);
          String trailers = last.toString(StandardCharsets.ISO_8859_1);
          last.release();
          String size = body.isEmpty() ? "" : Integer.toHexString(body.length()) + "\r\n";
          done(size + body + (body.isEmpty() ? "" : "\r\n") + trailers);
        }
        case FAULT -> {
          return false;
        }
      }
      return true;
    }

    private void done(String encoded) {
      written.append(sent).append(encoded);
      String line = sent.substring(0, sent.indexOf("\r\n"));
      String[] words = line.split(" ", -1);
      requests.add(new Request(words[0], words[1], body.toString(), List.of()));
      closed = head.closes();
      assertEquals(head.method().toUpperCase(Locale.ROOT), words[0]);
      head.clear();
      body.setLength(0);
      left = -1;
      chunked = false;
    }
  }
}
