package dev.drawbridge.testkit;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import kafka.Kafka;
import kafka.tools.StorageTool;

/** A real broker, which is its own controller (KRaft), for a process in a container of a lab. */
public final class KafkaBroker {
  private static final Path PROPERTIES = Path.of("/tmp/kafka.properties");
  private static final String CLUSTER = "AAAAAAAAAAAAAAAAAAAAAQ";

  private KafkaBroker() {}

  /**
   * One broker alone, at port 9092; does not return while it runs.
   *
   * @param name by which clients know it
   * @param data where its log is
   * @param more of its properties, a line each
   * @param out what making its storage says
   */
  public static void alone(String name, Path data, String more, PrintStream out)
      throws IOException {
    Files.writeString(
        PROPERTIES,
        """
        process.roles=broker,controller
        node.id=1
        controller.quorum.voters=1@127.0.0.1:9093
        listeners=CLIENTS://0.0.0.0:9092,CONTROLLER://127.0.0.1:9093
        advertised.listeners=CLIENTS://%s:9092
        listener.security.protocol.map=CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT
        inter.broker.listener.name=CLIENTS
        controller.listener.names=CONTROLLER
        log.dirs=%s
        offsets.topic.replication.factor=1
        offsets.topic.num.partitions=1
        """
                .formatted(name, data)
            + more);
    int status =
        StorageTool.execute(
            new String[] {"format", "-t", CLUSTER, "-c", PROPERTIES.toString()}, out);
    if (status != 0) {
      throw new IllegalStateException("the storage cannot be formatted: " + status);
    }
    Kafka.main(new String[] {PROPERTIES.toString()});
  }
}
