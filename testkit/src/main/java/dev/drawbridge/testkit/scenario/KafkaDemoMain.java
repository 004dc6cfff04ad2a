package dev.drawbridge.testkit.scenario;

import dev.drawbridge.testkit.KafkaBroker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Runs in the containers of {@link KafkaChapter}: {@code serve NAME} is a broker (KRaft, one node)
 * that clients know by that name; {@code produce NAME SECONDS} and {@code consume NAME SECONDS} are
 * a client that writes or reads one record in that time, and says what came of it. Nothing but
 * addresses is configured.
 */
final class KafkaDemoMain {
  static final String TOPIC = "incoming";
  static final String RESULT = "RESULT ";
  static final Path DATA = Path.of("/tmp/kafka");

  private KafkaDemoMain() {}

  public static void main(String[] arguments) throws IOException {
    String name = arguments[1];
    if (arguments[0].equals("serve")) {
      KafkaBroker.alone(name, DATA, "", System.out);
      return;
    }
    Duration patience = Duration.ofSeconds(Long.parseLong(arguments[2]));
    Properties properties = new Properties();
    properties.put("bootstrap.servers", name + ":9092");
    String result;
    try {
      result =
          arguments[0].equals("produce")
              ? produce(properties, patience)
              : consume(properties, patience);
    } catch (ExecutionException e) {
      result = Objects.requireNonNull(e.getCause()).getClass().getSimpleName();
    } catch (Exception e) {
      result = e.getClass().getSimpleName();
    }
    System.out.println(RESULT + result);
    // Nobody waits for a client that says good-bye to a broker.
    Runtime.getRuntime().halt(0);
  }

  private static String produce(Properties properties, Duration patience) throws Exception {
    // It may have begun before the broker has.
    properties.put("max.block.ms", Long.toString(patience.toMillis()));
    try (var producer =
        new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer())) {
      producer
          .send(new ProducerRecord<>(TOPIC, "a record"))
          .get(patience.toSeconds(), TimeUnit.SECONDS);
      return "written";
    }
  }

  private static String consume(Properties properties, Duration patience) {
    try (var consumer =
        new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer())) {
      var partition = new TopicPartition(TOPIC, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = System.nanoTime() + patience.toNanos();
      while (System.nanoTime() < end) {
        if (!consumer.poll(Duration.ofMillis(500)).isEmpty()) {
          return "read";
        }
      }
      return "nothing read";
    }
  }
}
