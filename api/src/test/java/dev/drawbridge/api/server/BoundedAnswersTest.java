package dev.drawbridge.api.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.api.ApiLimits;
import dev.drawbridge.api.FakeAgentView;
import dev.drawbridge.api.FlowFilter;
import dev.drawbridge.api.FlowLog;
import dev.drawbridge.api.FlowReader;
import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.api.report.Json;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpContent;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Nobody who asks, or who is asked about, makes the agent hold what he likes. */
class BoundedAnswersTest {
  private static final int MANY = 5_000;

  private static List<Long> sequences(List<FlowReport> flows) {
    return flows.stream().map(FlowReport::sequence).toList();
  }

  /** Counts what was asked for. */
  private static final class Counted implements StreamedArray.Rows {
    int given;

    @Override
    public List<?> next(int most) {
      int size = Math.min(most, MANY - given);
      given += size;
      return IntStream.range(0, size).mapToObj(i -> "x".repeat(1_000)).toList();
    }
  }

  @Test
  void anArrayWaitsForItsClient() {
    EmbeddedChannel channel = new EmbeddedChannel();
    channel.config().setWriteBufferHighWaterMark(64 << 10);
    Counted rows = new Counted();
    StreamedArray.Begun begun = StreamedArray.begin(rows);
    assertFalse(begun.whole());
    assertTrue(rows.given < 64, "made before anybody took it: " + rows.given);
    List<Boolean> done = new ArrayList<>();
    StreamedArray array = new StreamedArray(channel, begun, last -> done.add(last.isSuccess()));
    channel.unsafe().outboundBuffer().setUserDefinedWritability(1, false);
    int before = rows.given;
    array.pump();
    assertEquals(before, rows.given);
    channel.unsafe().outboundBuffer().setUserDefinedWritability(1, true);
    for (int i = 0; i < MANY && done.isEmpty(); i++) {
      array.pump();
    }
    assertEquals(List.of(true), done);
    StringBuilder text = new StringBuilder();
    for (HttpContent part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
      text.append(part.content().toString(StandardCharsets.UTF_8));
      part.release();
    }
    assertEquals(MANY, Json.readList(text.toString(), String.class).size());
    channel.finishAndReleaseAll();
  }

  @Test
  void aShortListIsAWholeAnswer() {
    StreamedArray.Begun begun = StreamedArray.begin(StreamedArray.Rows.of(List.of(1, 2, 3)));
    assertTrue(begun.whole());
    assertEquals("[1,2,3]\n", begun.text());
    assertEquals("[]\n", StreamedArray.begin(StreamedArray.Rows.of(List.of())).text());
  }

  @Test
  void aReaderReadsWhatTheLogStillHas() {
    FlowLog<String> log = new FlowLog<>(64, FakeAgentView::flow);
    for (int i = 0; i < 64; i++) {
      log.append("allow /" + i);
    }
    FlowReader reader = log.reader(FlowFilter.ALL, 50);
    assertEquals(List.of(15L, 16L), sequences(reader.next(2)));
    for (int i = 0; i < 10; i++) {
      log.append("allow /new");
    }
    assertEquals(List.of(17L, 18L), sequences(reader.next(2)));
    int rest = 0;
    for (List<FlowReport> lot = reader.next(7); !lot.isEmpty(); lot = reader.next(7)) {
      assertTrue(lot.getLast().sequence() <= 64);
      rest += lot.size();
    }
    assertEquals(64 - 18, rest);
  }

  @Test
  void aFloodTakesOnlyItsOwnRecords() {
    FlowLog<String> log = new FlowLog<>(100, FakeAgentView::flow);
    for (int i = 0; i < 20; i++) {
      log.append(300, "deny /victim");
    }
    for (int i = 0; i < 10_000; i++) {
      log.append(400, "deny /flood");
    }
    List<FlowReport> kept = log.last(FlowFilter.ALL, 1_000);
    assertEquals(100, kept.size());
    assertEquals(
        20,
        kept.stream()
            .filter(
                f -> f.asked().orElseThrow().fields().getOrDefault("path", "").equals("/victim"))
            .count());
    assertEquals(10_020 - 100, log.lost());
    for (int i = 0; i < 80; i++) {
      log.append(500 + i, "deny /late");
    }
    kept = log.last(FlowFilter.ALL, 1_000);
    assertEquals(
        80,
        kept.stream()
            .filter(f -> f.asked().orElseThrow().fields().getOrDefault("path", "").equals("/late"))
            .count());
    assertTrue(
        kept.stream()
            .anyMatch(
                f -> f.asked().orElseThrow().fields().getOrDefault("path", "").equals("/victim")));
  }

  @Test
  void whatGoesInItsTurnIsNotLost() {
    FlowLog<String> log = new FlowLog<>(10, FakeAgentView::flow);
    for (int i = 0; i < 100; i++) {
      log.append(300 + i % 2, "allow /");
    }
    assertEquals(0, log.lost());
  }

  @Test
  void answersThatNobodyTakesAreBounded() {
    AnswerRoom room = new AnswerRoom();
    assertTrue(room.take(ApiLimits.ANSWERS + 1), "one answer always fits");
    assertFalse(room.take(1));
    room.give(ApiLimits.ANSWERS + 1);
    assertTrue(room.take(ApiLimits.ANSWERS));
    assertFalse(room.take(1));
  }
}
