package dev.drawbridge.l7.kafka;

import dev.drawbridge.l7.kafka.frame.Message;
import dev.drawbridge.l7.kafka.judge.Judges;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * Loads Kafka's classes when the first Kafka connection comes, and not before: a thousand of them,
 * which takes longer than an event loop may be held up. Safe for any thread.
 */
final class Preparation {
  private static final AtomicBoolean BEGUN = new AtomicBoolean();
  private static final CompletableFuture<Boolean> DONE = new CompletableFuture<>();

  private Preparation() {}

  static boolean isDone() {
    return DONE.isDone();
  }

  /** Runs that once they are there, on whatever thread. */
  static void then(Runnable next) {
    if (BEGUN.compareAndSet(false, true)) {
      Thread.ofPlatform().daemon().name("drawbridge-kafka").start(Preparation::load);
    }
    CompletableFuture<Void> _ = DONE.thenRun(next);
  }

  private static void load() {
    try {
      List<ApiKeys> known = new ArrayList<>();
      for (ApiKeys api : ApiKeys.values()) {
        if (Judges.of(api) != null) {
          known.add(api);
        }
      }
      DONE.complete(
          !known.isEmpty()
              && Message.failed(
                      ApiKeys.METADATA,
                      ApiKeys.METADATA.latestVersion(),
                      new MetadataRequestData().setTopics(List.of()),
                      Errors.CLUSTER_AUTHORIZATION_FAILED)
                  != null);
    } finally {
      // Whatever is wrong with them, the connection that needs them says so.
      DONE.complete(false);
    }
  }
}
