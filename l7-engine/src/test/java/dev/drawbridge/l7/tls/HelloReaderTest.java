package dev.drawbridge.l7.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.tls.ClientHello.Naming;
import dev.drawbridge.l7.tls.HelloReader.Progress;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class HelloReaderTest {
  private static Progress whole(byte[] bytes) {
    return new HelloReader().take(Unpooled.wrappedBuffer(bytes));
  }

  private static ClientHello read(byte[] bytes) {
    HelloReader reader = new HelloReader();
    assertEquals(Progress.DONE, reader.take(Unpooled.wrappedBuffer(bytes)));
    return reader.hello();
  }

  private static ClientHello with(byte[]... extensions) {
    return read(Hellos.records(Hellos.message(extensions), 1 << 14));
  }

  private static Progress fate(byte[]... extensions) {
    return whole(Hellos.records(Hellos.message(extensions), 1 << 14));
  }

  @Test
  void readsNameAndProtocols() {
    ClientHello hello = read(Hellos.hello("Db.Internal"));
    assertEquals(new ClientHello(Naming.NAMED, "db.internal", List.of("h2", "http/1.1")), hello);
  }

  @Test
  void readsItHoweverItIsCut() {
    byte[] message = Hellos.message(Hellos.serverName("db.internal"), Hellos.alpn("h2"));
    for (int size : new int[] {1, 2, 3, 5, 7, 64, 200, 16384}) {
      byte[] bytes = Hellos.records(message, size);
      HelloReader reader = new HelloReader();
      ByteBuf all = Unpooled.buffer();
      for (int i = 0; i < bytes.length - 1; i++) {
        all.writeByte(bytes[i]);
        assertEquals(Progress.MORE, reader.take(all), "record size " + size + " at " + i);
      }
      all.writeByte(bytes[bytes.length - 1]);
      assertEquals(Progress.DONE, reader.take(all));
      assertEquals("db.internal", reader.hello().serverName());
      assertEquals(bytes.length, all.readableBytes());
    }
    byte[] bytes = Hellos.records(message, 50);
    for (int cut = 0; cut <= bytes.length; cut++) {
      HelloReader reader = new HelloReader();
      ByteBuf all = Unpooled.buffer().writeBytes(bytes, 0, cut);
      Progress first = reader.take(all);
      all.writeBytes(bytes, cut, bytes.length - cut);
      assertEquals(Progress.DONE, first == Progress.DONE ? first : reader.take(all), "cut " + cut);
    }
  }

  @Test
  void readsWhatTheJdkSays() throws Exception {
    for (String version : List.of("TLSv1.2", "TLSv1.3")) {
      SSLEngine engine = SSLContext.getDefault().createSSLEngine();
      engine.setUseClientMode(true);
      SSLParameters parameters = engine.getSSLParameters();
      parameters.setServerNames(List.of(new SNIHostName("db.example.com")));
      parameters.setProtocols(new String[] {version});
      parameters.setApplicationProtocols(new String[] {"h2"});
      engine.setSSLParameters(parameters);
      ByteBuffer out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
      engine.wrap(ByteBuffer.allocate(0), out);
      ClientHello hello = read(Arrays.copyOf(out.array(), out.position()));
      assertEquals(new ClientHello(Naming.NAMED, "db.example.com", List.of("h2")), hello);
    }
  }

  @Test
  void nobodyIsNamedWithoutTheExtension() {
    assertEquals(Naming.UNNAMED, with().naming());
    assertEquals(Naming.UNNAMED, with(Hellos.alpn("h2")).naming());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a.example.",
        ".a.example",
        "a..example",
        "127.0.0.1",
        "2130706433",
        "10.1",
        "::1",
        "[::1]",
        "a\0.example",
        "a.example\0",
        "a b.example",
        "a/b.example",
        "*.example",
        "a.example:443",
        "b\u00fccher.example",
        "a%2eexample",
        "example.com@evil"
      })
  void whatNoServerIsCalledIsNoName(String name) {
    assertEquals(Naming.UNNAMED, with(Hellos.serverName(name)).naming(), name);
  }

  @Test
  void longNamesAreBounded() {
    String label = "a".repeat(63);
    assertEquals(Naming.NAMED, with(Hellos.serverName(label + ".example")).naming());
    assertEquals(Naming.UNNAMED, with(Hellos.serverName("a" + label + ".example")).naming());
    String longest = String.join(".", List.of(label, label, label, "a".repeat(61)));
    assertEquals(253, longest.length());
    assertEquals(Naming.NAMED, with(Hellos.serverName(longest)).naming());
    assertEquals(Naming.UNNAMED, with(Hellos.serverName(longest + "a")).naming());
  }

  @ParameterizedTest
  @ValueSource(ints = {0xfe0d, 0xffce, 0xff02})
  void anEncryptedNameIsHidden(int type) {
    byte[] hidden = Hellos.extension(type, new byte[] {0, 1, 2, 3});
    assertEquals(Naming.HIDDEN, with(Hellos.serverName("front.example"), hidden).naming());
    assertEquals(Naming.HIDDEN, with(hidden).naming());
    assertEquals("", with(Hellos.serverName("front.example"), hidden).serverName());
  }

  @Test
  void greaseIsNothing() {
    byte[] first = Hellos.extension(0x0a0a);
    byte[] last = Hellos.extension(0xfafa, new byte[1]);
    assertEquals("db.internal", with(first, Hellos.serverName("db.internal"), last).serverName());
  }

  @Test
  void extensionsStandOnce() {
    byte[] name = Hellos.serverName("a.example");
    assertEquals(Progress.FAULT, fate(name, Hellos.serverName("b.example")));
    assertEquals(Progress.FAULT, fate(name, Hellos.extension(10), Hellos.extension(10)));
  }

  @Test
  void listsOfNamesAreRefused() {
    byte[] a = "a.example".getBytes(StandardCharsets.US_ASCII);
    byte[] entry = Hellos.join(new byte[] {0}, Hellos.pair(a.length), a);
    byte[] other = Hellos.join(new byte[] {1}, Hellos.pair(a.length), a);
    for (byte[] list :
        List.of(
            Hellos.join(entry, entry),
            Hellos.join(entry, other),
            Hellos.join(other, entry),
            other,
            new byte[0])) {
      byte[] data = Hellos.join(Hellos.pair(list.length), list);
      assertEquals(Progress.FAULT, fate(Hellos.extension(0, data)));
    }
    assertEquals(Progress.FAULT, fate(Hellos.extension(0)));
    byte[] trailing = Hellos.join(Hellos.pair(entry.length), entry, new byte[1]);
    assertEquals(Progress.FAULT, fate(Hellos.extension(0, trailing)));
  }

  @Test
  void recordsThatAreNoneAreRefused() {
    byte[] good = Hellos.hello("a.example");
    byte[] sslv2 = {(byte) 0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10};
    assertEquals(Progress.FAULT, whole(sslv2));
    assertEquals(Progress.FAULT, whole(changed(good, 0, 23)));
    assertEquals(Progress.FAULT, whole(changed(good, 1, 2)));
    assertEquals(Progress.FAULT, whole(changed(good, 5, 2)));
    assertEquals(Progress.FAULT, whole(changed(good, 3, 0x41)));
    byte[] empty = {22, 3, 1, 0, 0};
    assertEquals(Progress.FAULT, whole(Hellos.join(empty, good)));
    byte[] message = Hellos.message(Hellos.serverName("a.example"));
    assertEquals(Progress.FAULT, whole(Hellos.records(Hellos.join(message, message), 1 << 14)));
    byte[] parts = Hellos.records(message, 40);
    assertEquals(Progress.FAULT, whole(changed(parts, 45, 21)));
  }

  @Test
  void helloIsBounded() {
    byte[] padding = Hellos.extension(21, new byte[60_000]);
    assertEquals(Progress.DONE, fate(Hellos.serverName("a.example"), padding));
    byte[] claims = {22, 3, 1, 0, 4, 1, 2, 0, 0};
    assertEquals(Progress.TOO_LONG, whole(claims));
    byte[] crumbs = Hellos.records(Hellos.message(Hellos.extension(21, new byte[12_000])), 1);
    assertEquals(Progress.TOO_LONG, feed(crumbs));
  }

  private static Progress feed(byte[] bytes) {
    HelloReader reader = new HelloReader();
    ByteBuf all = Unpooled.buffer();
    Progress progress = Progress.MORE;
    for (int i = 0; i < bytes.length && progress == Progress.MORE; i++) {
      all.writeByte(bytes[i]);
      progress = reader.take(all);
    }
    assertTrue(all.readableBytes() <= HelloReader.MOST_BYTES + 1);
    return progress;
  }

  private static byte[] changed(byte[] bytes, int at, int value) {
    byte[] copy = bytes.clone();
    copy[at] = (byte) value;
    return copy;
  }

  /** Seeded: whatever comes, there is an answer, and a name is a name. */
  @Test
  void randomHellosGetAnAnswer() {
    Random random = new Random(20261123);
    byte[] message =
        Hellos.message(
            Hellos.extension(0x1a1a),
            Hellos.serverName("db.internal"),
            Hellos.alpn("h2"),
            Hellos.extension(51, new byte[40]));
    int done = 0;
    for (int round = 0; round < 60_000; round++) {
      byte[] bytes = Hellos.records(message, 1 + random.nextInt(400));
      for (int i = random.nextInt(4); i > 0; i--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      if (random.nextInt(4) == 0) {
        bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
      }
      HelloReader reader = new HelloReader();
      if (reader.take(Unpooled.wrappedBuffer(bytes)) == Progress.DONE) {
        done++;
        ClientHello hello = reader.hello();
        assertEquals(hello.naming() == Naming.NAMED, !hello.serverName().isEmpty());
        assertTrue(hello.serverName().matches("[a-z0-9_.-]*"), hello.serverName());
      }
    }
    assertTrue(done > 1000, "only " + done);
  }
}
