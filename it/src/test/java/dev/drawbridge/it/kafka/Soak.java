package dev.drawbridge.it.kafka;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthorizationException;

/** Clients that go on while something happens to them, until {@code /tmp/stop} is there. */
final class Soak {
  private static final Path STOP = Path.of("/tmp/stop");
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private Soak() {}

  static String run(String operation, Properties properties, String topic, int count)
      throws Exception {
    return switch (operation) {
      case "soak" -> soak(properties, topic);
      case "follow" -> follow(properties, topic);
      case "pay" -> pay(properties, topic, count);
      case "digest" -> digest(properties, topic);
      default -> throw new IllegalArgumentException(operation);
    };
  }

  /** The same for the same texts in any order, and for no others by chance. */
  private static long sum(String text) {
    return (text.hashCode() * 0x9e3779b97f4a7c15L) >>> 8;
  }

  /** Writes until it is stopped: {@code acknowledged denied failed sum}. */
  private static String soak(Properties properties, String topic) {
    AtomicInteger acknowledged = new AtomicInteger();
    AtomicInteger denied = new AtomicInteger();
    Map<String, Integer> failed = new HashMap<>();
    AtomicLong sum = new AtomicLong();
    try (KafkaProducer<String, String> producer = ClientMain.producer(properties)) {
      for (int i = 0; !Files.exists(STOP); i++) {
        String text = topic + i;
        var _ =
            producer.send(
                new ProducerRecord<>(topic, text),
                (_, e) -> {
                  if (e == null) {
                    acknowledged.incrementAndGet();
                    sum.addAndGet(sum(text));
                  } else if (e instanceof AuthorizationException) {
                    denied.incrementAndGet();
                  } else {
                    synchronized (failed) {
                      failed.merge(e.getClass().getSimpleName(), 1, Integer::sum);
                    }
                  }
                });
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
      }
      producer.flush();
    }
    synchronized (failed) {
      return acknowledged + " " + denied + " " + failed + " " + Long.toHexString(sum.get());
    }
  }

  /** Reads until it is stopped and has all that there is: {@code records distinct sum}. */
  private static String follow(Properties properties, String topic) {
    Set<String> distinct = new HashSet<>();
    long sum = 0;
    int read = 0;
    try (KafkaConsumer<String, String> consumer = ClientMain.consumer(properties)) {
      consumer.subscribe(List.of(topic));
      for (int idle = 0; idle < 5; ) {
        ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(200));
        idle = records.isEmpty() && Files.exists(STOP) ? idle + 1 : 0;
        for (ConsumerRecord<String, String> one : records) {
          read++;
          sum += distinct.add(one.value()) ? sum(one.value()) : 0;
        }
      }
    }
    return read + " " + distinct.size() + " " + Long.toHexString(sum);
  }

  /** What lies in a topic, committed: {@code records distinct sum}. */
  private static String digest(Properties properties, String topic) {
    properties.put("isolation.level", "read_committed");
    Set<String> distinct = new HashSet<>();
    long sum = 0;
    int read = 0;
    try (KafkaConsumer<String, String> consumer = ClientMain.consumer(properties)) {
      TopicPartition partition = new TopicPartition(topic, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = Objects.requireNonNull(consumer.endOffsets(List.of(partition)).get(partition));
      while (consumer.position(partition) < end) {
        for (ConsumerRecord<String, String> one : consumer.poll(Duration.ofMillis(200))) {
          read++;
          sum += distinct.add(one.value()) ? sum(one.value()) : 0;
        }
      }
    }
    return read + " " + distinct.size() + " " + Long.toHexString(sum);
  }

  /**
   * Reads {@code orders} and writes each into the topic, offsets and records in one transaction;
   * what fails is aborted and read again. After the first transaction {@code /tmp/half} is there.
   */
  private static String pay(Properties properties, String topic, int count) throws Exception {
    properties.put("enable.auto.commit", "false");
    properties.put("isolation.level", "read_committed");
    properties.put("max.poll.records", "50");
    Properties reading = new Properties();
    reading.putAll(properties);
    reading.remove("transactional.id");
    properties.remove("group.id");
    int aborted = 0;
    long end = System.nanoTime() + PATIENCE.toNanos();
    try (KafkaProducer<String, String> producer = ClientMain.producer(properties);
        KafkaConsumer<String, String> consumer = ClientMain.consumer(reading)) {
      producer.initTransactions();
      consumer.subscribe(List.of("orders"));
      int paid = 0;
      while (paid < count && System.nanoTime() < end) {
        ConsumerRecords<String, String> orders = consumer.poll(Duration.ofMillis(200));
        if (orders.isEmpty()) {
          continue;
        }
        try {
          producer.beginTransaction();
          Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
          for (ConsumerRecord<String, String> order : orders) {
            var _ = producer.send(new ProducerRecord<>(topic, "paid " + order.value()));
            offsets.put(
                new TopicPartition(order.topic(), order.partition()),
                new OffsetAndMetadata(order.offset() + 1));
          }
          producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
          producer.commitTransaction();
          paid += orders.count();
          Files.write(Path.of("/tmp/half"), new byte[] {'h'});
        } catch (KafkaException e) {
          System.out.println("aborted: " + e);
          aborted++;
          producer.abortTransaction();
          consumer
              .committed(consumer.assignment())
              .forEach((partition, at) -> consumer.seek(partition, at == null ? 0 : at.offset()));
        }
        // Slow enough for something to happen meanwhile.
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
      }
      return "OK " + paid + (aborted == 0 ? "" : " aborted " + aborted);
    }
  }
}
