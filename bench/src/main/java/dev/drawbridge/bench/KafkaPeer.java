package dev.drawbridge.bench;

import dev.drawbridge.testkit.KafkaBroker;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * Runs in a container: {@code serve ADDRESS} is a Kafka broker (KRaft, one node) that clients know
 * by that address, {@code ADDRESS} a client of the broker there. The client reads commands from
 * standard input and answers each with a line: {@code fill COUNT} writes records of a kilobyte for
 * {@code consume}; {@code produce MILLIS} and {@code consume MILLIS} say records a second; {@code
 * single COUNT} says the median and the 99th percentile, in microseconds, of the time from sending
 * one record to having read it; {@code denied} says how writing to a topic ends that no rule names.
 * Clients are configured as nobody's: batches, acknowledgements and fetches are Kafka's defaults,
 * but a single record does not wait for company.
 */
final class KafkaPeer {
  private static final int PORT = 9092;
  private static final byte[] RECORD = new byte[1024];
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final String bootstrap;
  private @Nullable KafkaProducer<byte[], byte[]> batches;
  private @Nullable KafkaProducer<byte[], byte[]> singles;
  private @Nullable KafkaConsumer<byte[], byte[]> filled;
  private @Nullable KafkaConsumer<byte[], byte[]> pings;

  private KafkaPeer(String address) {
    bootstrap = address + ":" + PORT;
  }

  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("serve")) {
      serve(arguments[1]);
      return;
    }
    KafkaPeer peer = new KafkaPeer(arguments[0]);
    BufferedReader commands =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      System.out.println(peer.answer(line.split(" ", -1)));
    }
    // Nobody waits for a client that says good-bye to a broker.
    Runtime.getRuntime().halt(0);
  }

  /** What is produced is kept for a moment only: no disk is filled by a benchmark. */
  private static void serve(String address) throws IOException {
    KafkaBroker.alone(
        address,
        Path.of("/tmp/kafka"),
        """
        log.segment.bytes=67108864
        log.retention.bytes=268435456
        log.retention.check.interval.ms=2000
        log.segment.delete.delay.ms=1000
        """,
        System.out);
  }

  private String answer(String[] words) {
    try {
      return switch (words[0]) {
        case "fill" -> Long.toString(fill(Integer.parseInt(words[1])));
        case "produce" -> rate(produce(Long.parseLong(words[1]) * 1_000_000));
        case "consume" -> rate(consume(Long.parseLong(words[1]) * 1_000_000));
        case "single" -> single(Integer.parseInt(words[1]));
        case "denied" -> denied();
        default -> "unknown";
      };
    } catch (Exception e) {
      return "failed: " + e;
    }
  }

  private static String rate(double records) {
    return String.format(Locale.ROOT, "%.1f", records);
  }

  private Properties properties() {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    properties.put("max.block.ms", "20000");
    properties.put("default.api.timeout.ms", "20000");
    return properties;
  }

  private KafkaProducer<byte[], byte[]> producer(String... more) {
    Properties properties = properties();
    for (int i = 0; i < more.length; i += 2) {
      properties.put(more[i], more[i + 1]);
    }
    return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
  }

  private KafkaConsumer<byte[], byte[]> consumer(String topic) {
    var consumer =
        new KafkaConsumer<>(properties(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    consumer.assign(List.of(new TopicPartition(topic, 0)));
    return consumer;
  }

  private KafkaProducer<byte[], byte[]> batches() {
    if (batches == null) {
      batches = producer();
    }
    return batches;
  }

  /** Records that the broker has acknowledged; fails if one is not. */
  private static long send(
      KafkaProducer<byte[], byte[]> producer, String topic, java.util.function.LongPredicate more)
      throws Exception {
    AtomicLong acknowledged = new AtomicLong();
    AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
    for (long sent = 0; more.test(sent); sent++) {
      var _ =
          producer.send(
              new ProducerRecord<>(topic, RECORD),
              (_, e) -> {
                if (e == null) {
                  acknowledged.incrementAndGet();
                } else {
                  failure.set(e);
                }
              });
    }
    producer.flush();
    Exception e = failure.get();
    if (e != null) {
      throw e;
    }
    return acknowledged.get();
  }

  private long fill(int count) throws Exception {
    return send(batches(), "bench-filled", sent -> sent < count);
  }

  private double produce(long nanos) throws Exception {
    long start = System.nanoTime();
    long sent = send(batches(), "bench-produced", _ -> System.nanoTime() - start < nanos);
    return sent * 1e9 / (System.nanoTime() - start);
  }

  /** From the beginning again and again: what is read lies in the broker's page cache. */
  private double consume(long nanos) {
    if (filled == null) {
      filled = consumer("bench-filled");
    }
    TopicPartition partition = new TopicPartition("bench-filled", 0);
    long end = Objects.requireNonNull(filled.endOffsets(List.of(partition)).get(partition));
    long start = System.nanoTime();
    long read = 0;
    while (System.nanoTime() - start < nanos) {
      filled.seekToBeginning(List.of(partition));
      while (System.nanoTime() - start < nanos && filled.position(partition) < end) {
        read += filled.poll(Duration.ofMillis(200)).count();
      }
    }
    return read * 1e9 / (System.nanoTime() - start);
  }

  private String single(int count) throws Exception {
    if (singles == null) {
      singles = producer("linger.ms", "0");
    }
    TopicPartition partition = new TopicPartition("bench-single", 0);
    if (pings == null) {
      singles.send(new ProducerRecord<>("bench-single", RECORD)).get(20, TimeUnit.SECONDS);
      pings = consumer("bench-single");
    }
    pings.seekToEnd(List.of(partition));
    long at = pings.position(partition);
    List<Long> times = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long start = System.nanoTime();
      var sent = singles.send(new ProducerRecord<>("bench-single", RECORD));
      long last = -1;
      while (last < at) {
        for (ConsumerRecord<byte[], byte[]> one : pings.poll(PATIENCE)) {
          last = one.offset();
        }
        if (System.nanoTime() - start > PATIENCE.toNanos()) {
          throw new IllegalStateException("a record was not read in " + PATIENCE);
        }
      }
      times.add(System.nanoTime() - start);
      sent.get(20, TimeUnit.SECONDS);
      at++;
    }
    times.sort(null);
    return times.get(count / 2) / 1000 + " " + times.get(count * 99 / 100) / 1000;
  }

  private String denied() throws Exception {
    try {
      batches().send(new ProducerRecord<>("secret", RECORD)).get(30, TimeUnit.SECONDS);
      return "written";
    } catch (ExecutionException e) {
      return Objects.requireNonNull(e.getCause()).getClass().getSimpleName();
    }
  }
}
