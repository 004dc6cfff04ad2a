package dev.drawbridge.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.api.report.FlowReport;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class FlowLogTest {
  private static FlowLog<String> log(int capacity) {
    return new FlowLog<>(capacity, FakeAgentView::flow);
  }

  private static List<Long> sequences(List<FlowReport> flows) {
    return flows.stream().map(FlowReport::sequence).toList();
  }

  @Test
  void emptyLogHasNothing() {
    assertEquals(List.of(), log(4).last(FlowFilter.ALL, 10));
  }

  @Test
  void keepsTheNewestAndForgetsTheOldest() {
    FlowLog<String> log = log(4);
    for (int i = 0; i < 10; i++) {
      log.append("allow /" + i);
    }
    assertEquals(List.of(7L, 8L, 9L, 10L), sequences(log.last(FlowFilter.ALL, 100)));
    assertEquals(List.of(10L), sequences(log.last(FlowFilter.ALL, 1)));
    assertEquals(List.of(), log.last(FlowFilter.ALL, 0));
    assertEquals(10, log.appended());
  }

  @Test
  void capacityOutOfRangeIsRefused() {
    for (int capacity : new int[] {-1, 0, (1 << 20) + 1}) {
      assertThrows(IllegalArgumentException.class, () -> log(capacity));
    }
  }

  @Test
  void closedSubscriptionHearsNothingMore() {
    FlowLog<String> log = log(4);
    List<FlowReport> heard = new ArrayList<>();
    AgentView.Subscription first = log.follow(heard::add);
    AgentView.Subscription second = log.follow(heard::add);
    log.append("allow /");
    assertEquals(2, heard.size());
    first.close();
    first.close();
    log.append("allow /");
    assertEquals(3, heard.size());
    second.close();
    assertFalse(log.followed());
  }

  @Test
  void rendersOnlyWhatIsRead() {
    List<Long> rendered = Collections.synchronizedList(new ArrayList<>());
    FlowLog<String> log =
        new FlowLog<>(
            8,
            (sequence, text) -> {
              rendered.add(sequence);
              return FakeAgentView.flow(sequence, text);
            });
    for (int i = 0; i < 100; i++) {
      log.append("deny /");
    }
    assertTrue(rendered.isEmpty());
    log.last(FlowFilter.ALL, 2);
    assertEquals(2, rendered.size());
  }

  @Test
  void parallelAppendersGetDistinctSequences() throws InterruptedException {
    FlowLog<String> log = log(4096);
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int i = 0; i < 1000; i++) {
                  log.append("allow /");
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    List<Long> kept = sequences(log.last(FlowFilter.ALL, 5000));
    assertEquals(4000, kept.size());
    assertEquals(kept.stream().sorted().distinct().toList(), kept);
  }
}
