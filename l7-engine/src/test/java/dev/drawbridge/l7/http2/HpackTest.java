package dev.drawbridge.l7.http2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersEncoder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HPACK against the RFC's examples, against Netty's, and against noise. */
final class HpackTest {
  private static final long SEED = 7541;

  private static List<String> decode(HpackDecoder decoder, String hex) throws Breach {
    byte[] block = HexFormat.of().parseHex(hex.replace(" ", ""));
    FieldList fields = new FieldList(1 << 20, 10_000);
    decoder.decode(block, 0, block.length, fields);
    return list(fields);
  }

  private static List<String> list(FieldList fields) {
    List<String> all = new ArrayList<>();
    for (int i = 0; i < fields.count(); i++) {
      all.add(fields.field(i).toString());
    }
    return all;
  }

  @Test
  void readsTheRequestsOfAppendixC4() throws Exception {
    HpackDecoder decoder = new HpackDecoder(4096);
    assertEquals(
        List.of(":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"),
        decode(decoder, "828684418cf1e3c2e5f23a6ba0ab90f4ff"));
    assertEquals(
        List.of(
            ":method: GET",
            ":scheme: http",
            ":path: /",
            ":authority: www.example.com",
            "cache-control: no-cache"),
        decode(decoder, "828684be5886a8eb10649cbf"));
    assertEquals(
        List.of(
            ":method: GET",
            ":scheme: https",
            ":path: /index.html",
            ":authority: www.example.com",
            "custom-key: custom-value"),
        decode(decoder, "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf"));
  }

  @Test
  void evictsAsTheAnswersOfAppendixC6Do() throws Exception {
    HpackDecoder decoder = new HpackDecoder(4096);
    String resize = "3fe101"; // 256, as the examples have it
    assertEquals(
        List.of(
            ":status: 302",
            "cache-control: private",
            "date: Mon, 21 Oct 2013 20:13:21 GMT",
            "location: https://www.example.com"),
        decode(
            decoder,
            resize
                + "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad"
                + "171863c78f0b97c8e9ae82ae43d3"));
    assertEquals(
        List.of(
            ":status: 307",
            "cache-control: private",
            "date: Mon, 21 Oct 2013 20:13:21 GMT",
            "location: https://www.example.com"),
        decode(decoder, "4883640effc1c0bf"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "80", // index 0
        "be", // beyond both tables
        "ff80808080808080", // a number without end
        "ffffffffff0f", // a number that is too large
        "3fe21f", // a table of 4097
        "8220", // a table's size after a field
        "00", // nothing after the start
        "0001", // a name that is not there
        "000161", // no value
        "00016102", // a value that is too short
        "7f", // a name's index that does not end
        "4085ff", // Huffman, too short
        "408cf1e3c2e5f23a6ba0ab90f4fe00", // padding that is not ones
        "4084ffffffff00", // the end symbol
        "4082f8ff00", // eight bits of padding
      })
  void refusesWhatIsNotASection(String hex) {
    Breach breach = assertThrows(Breach.class, () -> decode(new HpackDecoder(4096), hex));
    assertEquals(ErrorCode.COMPRESSION_ERROR, breach.code());
    assertEquals(0, breach.stream());
  }

  @Test
  void readsASectionBeyondItsLimitsToTheEnd() throws Exception {
    HpackDecoder decoder = new HpackDecoder(4096);
    FieldList fields = new FieldList(10, 2);
    byte[] block = HexFormat.of().parseHex("828684" + "4001610162");
    decoder.decode(block, 0, block.length, fields);
    assertTrue(fields.tooLarge());
    assertEquals(1, fields.count());
    assertEquals(List.of("a: b"), decode(decoder, "be"));
  }

  @Test
  void writesWhatNettyReads() throws Exception {
    Random random = new Random(SEED);
    HpackDecoder decoder = new HpackDecoder(4096);
    HpackEncoder encoder = new HpackEncoder(4096);
    DefaultHttp2HeadersDecoder netty = new DefaultHttp2HeadersDecoder(false, 1 << 20);
    DefaultHttp2HeadersEncoder from =
        new DefaultHttp2HeadersEncoder((name, _) -> name.length() % 5 == 0);
    for (int round = 0; round < 3_000; round++) {
      if (random.nextInt(50) == 0) {
        int size = random.nextInt(3) == 0 ? 0 : random.nextInt(5_000);
        encoder.peerTableBytes(size);
        encoder.peerTableBytes(Math.min(4096, random.nextInt(2) == 0 ? size : 4_096));
      }
      Http2Headers sent = fields(random);
      ByteBuf wire = Unpooled.buffer();
      from.encodeHeaders(1, sent, wire);
      FieldList read = new FieldList(1 << 20, 10_000);
      decoder.decode(wire.array(), 0, wire.readableBytes(), read);
      assertEquals(list(sent), list(read));
      encoder.begin();
      for (int i = 0; i < read.count(); i++) {
        encoder.add(read.field(i));
      }
      Http2Headers arrived =
          netty.decodeHeaders(
              1, Unpooled.wrappedBuffer(Arrays.copyOf(encoder.section(), encoder.length())));
      assertEquals(list(sent), list(arrived));
    }
  }

  private static Http2Headers fields(Random random) {
    Http2Headers fields = new DefaultHttp2Headers(false);
    int count = 1 + random.nextInt(20);
    for (int i = 0; i < count; i++) {
      String name =
          switch (random.nextInt(4)) {
            case 0 -> ":path";
            case 1 -> "content-type";
            case 2 -> "x-" + random.nextInt(40);
            default -> "n".repeat(1 + random.nextInt(30));
          };
      StringBuilder value = new StringBuilder();
      int length = random.nextInt(20) == 0 ? random.nextInt(5_000) : random.nextInt(20);
      boolean few = random.nextBoolean();
      for (int c = 0; c < length; c++) {
        value.append((char) (few ? 'a' + random.nextInt(3) : random.nextInt(256)));
      }
      fields.add(name, value.toString());
    }
    return fields;
  }

  private static List<String> list(Http2Headers fields) {
    List<String> all = new ArrayList<>();
    for (Map.Entry<CharSequence, CharSequence> field : fields) {
      all.add(field.getKey() + ": " + field.getValue());
    }
    return all;
  }

  @Test
  void agreesWithNettyOnNoise() throws Exception {
    Random random = new Random(SEED);
    int accepted = 0;
    for (int round = 0; round < 20_000; round++) {
      byte[] block = new byte[1 + random.nextInt(40)];
      random.nextBytes(block);
      if (random.nextBoolean()) {
        // Nearer to something that can be read.
        for (int i = 0; i < block.length; i++) {
          block[i] = (byte) (block[i] & 0x8f);
        }
      }
      FieldList fields = new FieldList(1 << 20, 10_000);
      boolean ours = true;
      try {
        new HpackDecoder(4096).decode(block, 0, block.length, fields);
      } catch (Breach _) {
        ours = false;
      }
      Http2Headers theirs = null;
      try {
        theirs =
            new DefaultHttp2HeadersDecoder(false, 1 << 20)
                .decodeHeaders(1, Unpooled.wrappedBuffer(block));
      } catch (Http2Exception | IllegalArgumentException _) {
        // Refused.
      }
      String hex = HexFormat.of().formatHex(block);
      if (ours) {
        accepted++;
        assertTrue(theirs != null, () -> "only ours reads " + hex);
        // Netty puts pseudo-fields first.
        assertEquals(
            list(theirs).stream().sorted().toList(), list(fields).stream().sorted().toList(), hex);
      } else {
        assertTrue(theirs == null, () -> "only Netty reads " + hex);
      }
    }
    assertTrue(accepted > 100, "only " + accepted + " were readable");
  }

  @Test
  void keepsSecretsOutOfTheTable() throws Exception {
    ByteBuf wire = Unpooled.buffer();
    new DefaultHttp2HeadersEncoder(Http2HeadersEncoder.ALWAYS_SENSITIVE)
        .encodeHeaders(1, new DefaultHttp2Headers().add("authorization", "secret"), wire);
    FieldList read = new FieldList(1 << 20, 10);
    new HpackDecoder(4096).decode(wire.array(), 0, wire.readableBytes(), read);
    HpackEncoder encoder = new HpackEncoder(4096);
    for (int i = 0; i < 2; i++) {
      encoder.begin();
      encoder.add(read.field(0));
      assertEquals(0x10, encoder.section()[0] & 0xf0);
      assertTrue(encoder.length() > 6);
    }
  }
}
