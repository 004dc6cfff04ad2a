package dev.drawbridge.it.kafka;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import kafka.Kafka;
import kafka.tools.StorageTool;

/**
 * One broker of a cluster, with a controller in it (KRaft): {@code NUMBER OF}. It runs in the
 * container {@code kNUMBER}, by which name clients and the others know it.
 */
final class BrokerMain {
  private BrokerMain() {}

  public static void main(String[] arguments) throws IOException {
    int number = Integer.parseInt(arguments[0]);
    int of = Integer.parseInt(arguments[1]);
    String voters =
        IntStream.rangeClosed(1, of)
            .mapToObj(i -> i + "@k" + i + ":9093")
            .collect(Collectors.joining(","));
    Path properties = Path.of("/tmp/kafka.properties");
    Files.writeString(
        properties,
        """
        process.roles=broker,controller
        node.id=%1$d
        controller.quorum.voters=%2$s
        listeners=CLIENTS://0.0.0.0:9092,CONTROLLER://k%1$d:9093,BETWEEN://k%1$d:9094
        advertised.listeners=CLIENTS://k%1$d:9092,BETWEEN://k%1$d:9094
        listener.security.protocol.map=CLIENTS:PLAINTEXT,BETWEEN:PLAINTEXT,CONTROLLER:PLAINTEXT
        inter.broker.listener.name=BETWEEN
        controller.listener.names=CONTROLLER
        log.dirs=/tmp/kafka
        default.replication.factor=%3$d
        min.insync.replicas=%4$d
        offsets.topic.replication.factor=%3$d
        offsets.topic.num.partitions=1
        transaction.state.log.replication.factor=%3$d
        transaction.state.log.min.isr=%4$d
        transaction.state.log.num.partitions=1
        group.initial.rebalance.delay.ms=0
        broker.session.timeout.ms=4000
        broker.heartbeat.interval.ms=500
        num.network.threads=1
        num.io.threads=2
        background.threads=2
        log.cleaner.enable=false
        """
            .formatted(number, voters, of, (of + 1) / 2));
    int status =
        StorageTool.execute(
            new String[] {
              "format", "-g", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c", properties.toString()
            },
            System.out);
    if (status != 0) {
      throw new IllegalStateException("the storage cannot be formatted: " + status);
    }
    Kafka.main(new String[] {properties.toString()});
  }
}
