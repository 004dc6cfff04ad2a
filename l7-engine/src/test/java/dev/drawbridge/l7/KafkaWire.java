package dev.drawbridge.l7;

import dev.drawbridge.l7.kafka.frame.Message;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;

/** One connection, frame by frame: what Kafka's clients never send, or never in that order. */
final class KafkaWire implements AutoCloseable {
  private static final int PATIENCE_MILLIS = 20_000;

  private final Socket socket;
  private final DataInputStream in;

  private KafkaWire(Socket socket) throws IOException {
    this.socket = socket;
    this.in = new DataInputStream(socket.getInputStream());
  }

  static KafkaWire to(int port) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(PATIENCE_MILLIS);
    return new KafkaWire(socket);
  }

  /** A frame with its length. */
  static byte[] frame(ApiKeys api, short version, int correlation, ApiMessage data) {
    var header = new RequestHeaderData().setCorrelationId(correlation).setClientId("wire");
    ByteBuffer frame = Message.write(api, version, header, data);
    byte[] bytes = new byte[frame.remaining()];
    frame.get(bytes);
    return bytes;
  }

  void send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
  }

  void send(ApiKeys api, short version, int correlation, ApiMessage data) throws IOException {
    send(frame(api, version, correlation, data));
  }

  /** The next answer, which must be the one to that request. */
  ApiMessage answer(ApiKeys api, short version, int correlation) throws Exception {
    byte[] bytes = new byte[in.readInt()];
    in.readFully(bytes);
    ByteBuffer frame = ByteBuffer.wrap(bytes);
    if (frame.getInt(0) != correlation) {
      throw new IOException("the answer to " + frame.getInt(0) + " came, not to " + correlation);
    }
    return Message.answer(api, version, frame);
  }

  /** Whether the other side ends the connection without another byte. */
  boolean ends() throws IOException {
    return in.read() < 0;
  }

  /** One record for partition 0 of each topic, named as its version does. */
  static ProduceRequestData produce(short acks, List<String> names, List<Uuid> ids) {
    var data = new ProduceRequestData().setAcks(acks).setTimeoutMs(10_000);
    for (int i = 0; i < Math.max(names.size(), ids.size()); i++) {
      var topic =
          new TopicProduceData()
              .setPartitionData(
                  List.of(
                      new PartitionProduceData()
                          .setRecords(
                              MemoryRecords.withRecords(
                                  Compression.NONE,
                                  new SimpleRecord(("w" + i).getBytes(StandardCharsets.UTF_8))))));
      if (ids.isEmpty()) {
        topic.setName(names.get(i));
      } else {
        topic.setTopicId(ids.get(i));
      }
      data.topicData().add(topic);
    }
    return data;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
