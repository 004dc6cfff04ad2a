package dev.drawbridge.it.kafka;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * A Kafka client as its users write them, by whichever kafka-clients is on the class path: {@code
 * OPERATION BOOTSTRAP TOPIC COUNT NAME=VALUE…}, as arguments or line by line. A line says what came
 * of each.
 */
final class ClientMain {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private ClientMain() {}

  public static void main(String[] arguments) throws IOException {
    if (arguments.length > 0) {
      System.out.println("RESULT " + answer(arguments));
    } else {
      BufferedReader commands =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
      for (String line = commands.readLine(); line != null; line = commands.readLine()) {
        System.out.println("RESULT " + answer(line.split(" ", -1)));
      }
    }
    // Clients that cannot say good-bye to a broker wait long for it.
    Runtime.getRuntime().halt(0);
  }

  private static String answer(String[] arguments) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", arguments[1]);
    for (int i = 4; i < arguments.length; i++) {
      int equals = arguments[i].indexOf('=');
      properties.put(arguments[i].substring(0, equals), arguments[i].substring(equals + 1));
    }
    try {
      return run(arguments[0], properties, arguments[2], Integer.parseInt(arguments[3]));
    } catch (ExecutionException e) {
      return Objects.requireNonNull(e.getCause()).getClass().getSimpleName();
    } catch (Exception e) {
      return e.getClass().getSimpleName();
    }
  }

  private static String run(String operation, Properties properties, String topic, int count)
      throws Exception {
    return switch (operation) {
      case "produce" -> produce(properties, topic, count);
      case "consume" -> consume(properties, topic, count);
      case "log" -> log(properties, topic);
      case "transaction" -> transaction(properties, topic, count);
      case "topics" -> topics(properties);
      case "nodes" -> nodes(properties);
      case "pattern" -> pattern(properties, topic, count);
      case "create" -> create(properties, topic);
      case "delete" -> delete(properties, topic);
      case "configure" -> configure(properties, topic);
      case "mirror" -> mirror(properties, topic);
      case "soak", "follow", "pay", "digest" -> Soak.run(operation, properties, topic, count);
      case "words" -> Words.count(properties, topic, count);
      default -> throw new IllegalArgumentException(operation);
    };
  }

  static KafkaProducer<String, String> producer(Properties properties) {
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

  static KafkaConsumer<String, String> consumer(Properties properties) {
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

  /** What a pattern of the client's finds. */
  private static String pattern(Properties properties, String pattern, int count) {
    try (KafkaConsumer<String, String> consumer = consumer(properties)) {
      consumer.subscribe(Pattern.compile(pattern));
      int read = 0;
      long end = System.nanoTime() + PATIENCE.toNanos();
      while (read < count && System.nanoTime() < end) {
        read += consumer.poll(Duration.ofMillis(200)).count();
      }
      return "OK "
          + read
          + " "
          + consumer.assignment().stream()
              .map(TopicPartition::topic)
              .distinct()
              .sorted()
              .collect(Collectors.joining(","));
    }
  }

  private static String create(Properties properties, String topic) throws Exception {
    try (Admin admin = Admin.create(properties)) {
      admin
          .createTopics(List.of(new NewTopic(topic, Optional.empty(), Optional.empty())))
          .all()
          .get(20, TimeUnit.SECONDS);
      settle(admin, topic, true);
      return "OK " + topic;
    }
  }

  private static String delete(Properties properties, String topic) throws Exception {
    try (Admin admin = Admin.create(properties)) {
      admin.deleteTopics(List.of(topic)).all().get(20, TimeUnit.SECONDS);
      settle(admin, topic, false);
      return "OK " + topic;
    }
  }

  /** The controller answers before the brokers' own metadata has the change. */
  private static void settle(Admin admin, String topic, boolean there) throws Exception {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (admin.listTopics().names().get(20, TimeUnit.SECONDS).contains(topic) != there) {
      if (System.nanoTime() > end) {
        throw new IllegalStateException("the metadata did not change");
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }
  }

  private static String configure(Properties properties, String topic) throws Exception {
    try (Admin admin = Admin.create(properties)) {
      var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
      var change =
          new AlterConfigOp(new ConfigEntry("retention.ms", "3600000"), AlterConfigOp.OpType.SET);
      admin
          .incrementalAlterConfigs(Map.of(resource, List.of(change)))
          .all()
          .get(20, TimeUnit.SECONDS);
      return "OK "
          + Objects.requireNonNull(
                  admin
                      .describeConfigs(List.of(resource))
                      .all()
                      .get(20, TimeUnit.SECONDS)
                      .get(resource))
              .get("retention.ms")
              .value();
    }
  }

  /**
   * What MirrorMaker and Connect ask beside reading and writing: topics with their configuration
   * and offsets, groups with theirs, ACLs.
   */
  // Clients of 3.9 have no other list of groups than the one that 4.4 gives up.
  @SuppressWarnings("removal")
  private static String mirror(Properties properties, String topic) throws Exception {
    try (Admin admin = Admin.create(properties)) {
      int nodes = admin.describeCluster().nodes().get(20, TimeUnit.SECONDS).size();
      var partition = new TopicPartition(topic, 0);
      admin.describeTopics(List.of(topic)).allTopicNames().get(20, TimeUnit.SECONDS);
      admin
          .describeConfigs(List.of(new ConfigResource(ConfigResource.Type.TOPIC, topic)))
          .all()
          .get(20, TimeUnit.SECONDS);
      admin.listOffsets(Map.of(partition, OffsetSpec.latest())).all().get(20, TimeUnit.SECONDS);
      admin.listConsumerGroups().all().get(20, TimeUnit.SECONDS);
      admin
          .listConsumerGroupOffsets("mirrored")
          .partitionsToOffsetAndMetadata()
          .get(20, TimeUnit.SECONDS);
      String acls;
      try {
        admin.describeAcls(AclBindingFilter.ANY).values().get(20, TimeUnit.SECONDS);
        acls = "ACLs";
      } catch (ExecutionException e) {
        // As both expect of a cluster without an authorizer.
        acls = Objects.requireNonNull(e.getCause()).getClass().getSimpleName();
      }
      return "OK " + nodes + " " + acls;
    }
  }

  /** How many brokers there are, and that the cluster takes changes. */
  private static String nodes(Properties properties) throws Exception {
    try (Admin admin = Admin.create(properties)) {
      return "OK " + admin.describeCluster().nodes().get(20, TimeUnit.SECONDS).size();
    }
  }
}
