package dev.drawbridge.it.kafka;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.Stores;

/** Kafka Streams' own first example: it counts words, with topics of its own between its steps. */
final class Words {
  private static final Duration PATIENCE = Duration.ofSeconds(40);

  private Words() {}

  /** Counts until so many words were seen. */
  static String count(Properties properties, String topic, int words) {
    properties.putIfAbsent("application.id", "words");
    properties.putIfAbsent("state.dir", "/tmp/streams");
    properties.put("commit.interval.ms", "200");
    properties.put("statestore.cache.max.bytes", "0");
    properties.put("auto.offset.reset", "earliest");
    Map<String, Long> counts = new ConcurrentSkipListMap<>();
    AtomicReference<String> failure = new AtomicReference<>("");
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(topic, Consumed.with(Serdes.String(), Serdes.String()))
        .flatMapValues(line -> List.of(line.split(" ", -1)))
        .groupBy((_, word) -> word, Grouped.with(Serdes.String(), Serdes.String()))
        .count(
            Materialized.<String, Long>as(Stores.inMemoryKeyValueStore("counts"))
                .withKeySerde(Serdes.String())
                .withValueSerde(Serdes.Long()))
        .toStream()
        .peek(counts::put)
        .to("counted", Produced.with(Serdes.String(), Serdes.Long()));
    try (KafkaStreams streams = new KafkaStreams(builder.build(), properties)) {
      streams.setUncaughtExceptionHandler(e -> {
        Throwable cause = e;
        while (cause.getCause() != null) {
          cause = cause.getCause();
        }
        failure.set(cause.getClass().getSimpleName());
        return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
      });
      streams.start();
      long end = System.nanoTime() + PATIENCE.toNanos();
      while (System.nanoTime() < end
          && failure.get().isEmpty()
          && counts.values().stream().mapToLong(Long::longValue).sum() < words) {
        LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
      }
    }
    return failure.get().isEmpty() ? "OK " + new TreeMap<>(counts) : failure.get();
  }
}
