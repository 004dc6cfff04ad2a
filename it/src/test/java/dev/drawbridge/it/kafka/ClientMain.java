package dev.drawbridge.it.kafka;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * A Kafka client as its users write them, by whichever kafka-clients is on the class path: {@code
 * OPERATION BOOTSTRAP TOPIC COUNT NAME=VALUE…}. Its last line says what came of it.
 */
final class ClientMain {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private ClientMain() {}

  public static void main(String[] arguments) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", arguments[1]);
    for (int i = 4; i < arguments.length; i++) {
      int equals = arguments[i].indexOf('=');
      properties.put(arguments[i].substring(0, equals), arguments[i].substring(equals + 1));
    }
    String result;
    try {
      result = run(arguments[0], properties, arguments[2], Integer.parseInt(arguments[3]));
    } catch (ExecutionException e) {
      result = Objects.requireNonNull(e.getCause()).getClass().getSimpleName();
    } catch (Exception e) {
      result = e.getClass().getSimpleName();
    }
    System.out.println("RESULT " + result);
    // Clients that cannot say good-bye to a broker wait long for it.
    Runtime.getRuntime().halt(0);
  }

  private static String run(String operation, Properties properties, String topic, int count)
      throws Exception {
    return switch (operation) {
      case "produce" -> produce(properties, topic, count);
      case "consume" -> consume(properties, topic, count);
      case "log" -> log(properties, topic);
      case "transaction" -> transaction(properties, topic, count);
      case "topics" -> topics(properties);
      default -> throw new IllegalArgumentException(operation);
    };
  }

  private static KafkaProducer<String, String> producer(Properties properties) {
    properties.putIfAbsent("max.block.ms", "20000");
    return new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
  }

  private static String produce(Properties properties, String topic, int count) throws Exception {
    try (KafkaProducer<String, String> producer = producer(properties)) {
      for (int i = 0; i < count; i++) {
        producer.send(new ProducerRecord<>(topic, "r" + i)).get(30, TimeUnit.SECONDS);
      }
      return "OK " + count;
    }
  }

  private static KafkaConsumer<String, String> consumer(Properties properties) {
    properties.putIfAbsent("auto.offset.reset", "earliest");
    properties.putIfAbsent("default.api.timeout.ms", "20000");
    return new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
  }

  private static String consume(Properties properties, String topic, int count) {
    try (KafkaConsumer<String, String> consumer = consumer(properties)) {
      if (properties.containsKey("group.id")) {
        consumer.subscribe(List.of(topic));
      } else {
        consumer.assign(List.of(new TopicPartition(topic, 0)));
      }
      int read = 0;
      long end = System.nanoTime() + PATIENCE.toNanos();
      while (read < count && System.nanoTime() < end) {
        read += consumer.poll(Duration.ofMillis(200)).count();
      }
      return "OK " + read;
    }
  }

  /** All that lies in a topic. */
  private static String log(Properties properties, String topic) {
    properties.put("isolation.level", "read_committed");
    try (KafkaConsumer<String, String> consumer = consumer(properties)) {
      TopicPartition partition = new TopicPartition(topic, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = Objects.requireNonNull(consumer.endOffsets(List.of(partition)).get(partition));
      List<String> all = new ArrayList<>();
      while (consumer.position(partition) < end) {
        consumer.poll(Duration.ofMillis(200)).forEach(record -> all.add(record.value()));
      }
      return "OK " + all.size() + " " + all.stream().distinct().count();
    }
  }

  /** Half of the records, then waits for {@code /tmp/go}, then the rest. */
  private static String transaction(Properties properties, String topic, int count)
      throws Exception {
    try (KafkaProducer<String, String> producer = producer(properties)) {
      producer.initTransactions();
      producer.beginTransaction();
      for (int i = 0; i < count; i++) {
        if (i == count / 2) {
          producer.flush();
          Files.write(Path.of("/tmp/half"), "half".getBytes(StandardCharsets.US_ASCII));
          while (!Files.exists(Path.of("/tmp/go"))) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
          }
        }
        // The commit fails if any of them did.
        Future<?> _ = producer.send(new ProducerRecord<>(topic, "t" + i));
      }
      producer.commitTransaction();
      return "OK " + count;
    }
  }

  private static String topics(Properties properties) throws Exception {
    try (Admin admin = Admin.create(properties)) {
      return "OK "
          + String.join(
              ",", admin.listTopics().names().get(20, TimeUnit.SECONDS).stream().sorted().toList());
    }
  }
}
