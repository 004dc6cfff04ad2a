package dev.drawbridge.l7.http2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Frames that are well-formed, those that are not, and noise: whole and cut anywhere. */
final class FrameReaderTest {
  private static final long SEED = 9113;
  private static final String SETTINGS = "000000040000000000";
  private static final Http2Limits LIMITS = Http2Limits.defaults(65_536, 1_024);

  /** Writes down what a reader found. */
  private static final class Log implements Frames {
    final List<String> found = new ArrayList<>();

    @Override
    public void data(
        int stream, boolean end, ByteBuf in, int frame, int data, int length, int counted) {
      byte[] body = new byte[length];
      in.getBytes(data, body);
      found.add(
          "data " + stream + " " + end + " " + HexFormat.of().formatHex(body) + " " + counted);
    }

    @Override
    public void headers(int stream, boolean end, FieldList fields) {
      StringBuilder all = new StringBuilder("headers " + stream + " " + end);
      for (int i = 0; i < fields.count(); i++) {
        all.append(' ').append(fields.field(i));
      }
      found.add(all.toString());
    }

    @Override
    public void reset(int stream, int code) {
      found.add("reset " + stream + " " + code);
    }

    @Override
    public void setting(int id, long value) {
      found.add("setting " + id + " " + value);
    }

    @Override
    public void settingsEnd() {
      found.add("settings");
    }

    @Override
    public void settingsAcknowledged() {
      found.add("settings ack");
    }

    @Override
    public void ping(boolean acknowledged, long opaque) {
      found.add("ping " + acknowledged + " " + opaque);
    }

    @Override
    public void goAway(int lastStream, int code) {
      found.add("goaway " + lastStream + " " + code);
    }

    @Override
    public void window(int stream, int increment) {
      found.add("window " + stream + " " + increment);
    }

    @Override
    public void ignored(int type) {
      found.add("ignored " + type);
    }
  }

  /** Reads it all; pieces are as long as random says, or whole. */
  private static List<String> read(byte[] bytes, @Nullable Random cuts) {
    FrameReader reader = new FrameReader(true, LIMITS);
    Log log = new Log();
    ByteBuf in = Unpooled.buffer(bytes.length);
    int given = 0;
    while (given < bytes.length) {
      int step = cuts == null ? bytes.length : Math.min(bytes.length - given, 1 + cuts.nextInt(5));
      in.writeBytes(bytes, given, step);
      given += step;
      boolean more = true;
      while (more) {
        try {
          more = reader.next(in, log);
        } catch (Breach breach) {
          log.found.add("breach " + breach.stream() + " " + breach.code());
          if (breach.stream() == 0) {
            return log.found;
          }
        }
      }
    }
    return log.found;
  }

  private static List<String> read(String hex) {
    byte[] bytes = HexFormat.of().parseHex((SETTINGS + hex).replace(" ", ""));
    List<String> whole = read(bytes, null);
    for (int seed = 0; seed < 20; seed++) {
      assertEquals(whole, read(bytes, new Random(seed)));
    }
    return whole.subList(1, whole.size());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "000003 00 00 00000001 616263 | data 1 false 616263 3",
        "000003 00 01 80000001 616263 | data 1 true 616263 3",
        "000006 00 09 00000001 02 616263 0000 | data 1 true 616263 6",
        "000001 00 08 00000001 00 | data 1 false  1",
        "000002 01 05 00000003 8287 | headers 3 true :method: GET :scheme: https",
        "000008 01 2c 00000003 01 00000000 ff 82 00 | headers 3 false :method: GET",
        "000001 01 00 00000003 82 000001 09 04 00000003 87 | headers 3 false :method: GET :scheme: https",
        "000005 02 00 00000003 0000000110 | ignored 2",
        "000004 03 00 00000001 00000008 | reset 1 8",
        "000006 04 00 00000000 000400000001 | setting 4 1",
        "000000 04 01 00000000 | settings ack",
        "000008 06 01 00000000 0000000000000007 | ping true 7",
        "000009 07 00 00000000 800000050000000161 | goaway 5 1",
        "000004 08 00 00000000 80000005 | window 0 5",
        "000003 77 ff 00000009 616263 | ignored 119"
      })
  void reads(String hex, String wanted) {
    assertEquals(wanted, read(hex).getFirst());
  }

  @ParameterizedTest
  @CsvSource({
    "000001 00 00 00000000 61, 0, 1",
    "000000 00 08 00000001, 0, 6",
    "000001 00 08 00000001 01, 0, 1",
    "004001 00 00 00000001, 0, 6",
    "000001 01 04 00000000 82, 0, 1",
    "000000 01 0c 00000001, 0, 6",
    "000002 01 0c 00000001 0282, 0, 1",
    "000004 01 24 00000001 00000000, 0, 6",
    "000006 01 24 00000001 000000011082, 0, 1",
    "000001 01 04 00000001 be, 0, 9",
    "000001 01 00 00000001 82 000000 06 00 00000000, 0, 1",
    "000001 01 00 00000001 82 000001 09 04 00000003 87, 0, 1",
    "000001 01 00 00000001 82 000001 01 04 00000003 82, 0, 1",
    "000001 09 04 00000001 82, 0, 1",
    "000004 02 00 00000003 00000001, 3, 6",
    "000005 02 00 00000003 0000000310, 0, 1",
    "000005 02 00 00000000 0000000310, 0, 1",
    "000003 03 00 00000001 000008, 0, 6",
    "000004 03 00 00000000 00000008, 0, 1",
    "000005 04 00 00000000 0004000000, 0, 6",
    "000006 04 01 00000000 000400000001, 0, 6",
    "000006 04 00 00000001 000400000001, 0, 1",
    "000006 04 00 00000000 000200000002, 0, 1",
    "000006 04 00 00000000 000480000000, 0, 3",
    "000006 04 00 00000000 000500000001, 0, 1",
    "000006 04 00 00000000 000501000000, 0, 1",
    "000004 05 04 00000001 00000002, 0, 1",
    "000007 06 00 00000000 00000000000000, 0, 6",
    "000008 06 00 00000001 0000000000000000, 0, 1",
    "000007 07 00 00000000 00000000000000, 0, 6",
    "000008 07 00 00000001 0000000000000000, 0, 1",
    "000003 08 00 00000001 000001, 0, 6",
    "000004 08 00 00000001 00000000, 1, 1",
    "000004 08 00 00000000 80000000, 0, 1"
  })
  void refuses(String hex, int stream, int code) {
    assertEquals("breach " + stream + " " + code, read(hex).getFirst());
  }

  @Test
  void wantsSettingsFirst() {
    byte[] ping = HexFormat.of().parseHex("0000080600000000000000000000000000");
    assertEquals(List.of("breach 0 1"), read(ping, null));
  }

  @Test
  void neverReadsAServersPush() {
    FrameReader reader = new FrameReader(false, LIMITS);
    ByteBuf in = Unpooled.wrappedBuffer(HexFormat.of().parseHex("000006040000000000000200000001"));
    String found = "";
    try {
      boolean _ = reader.next(in, new Log());
    } catch (Breach breach) {
      found = "breach " + breach.code();
    }
    assertEquals("breach 1", found);
  }

  @Test
  void findsTheSameInNoiseHoweverItIsCut() {
    Random random = new Random(SEED);
    byte[] good =
        HexFormat.of()
            .parseHex(
                SETTINGS
                    + "000003010400000001828684"
                    + "0000060009000000010261626300ff"
                    + "0000010100000000038200000109040000000387"
                    + "000006040000000000000400000001"
                    + "00000408000000000000000005"
                    + "000004030000000001000000080000080600000000000000000000000007");
    int frames = 0;
    for (int round = 0; round < 30_000; round++) {
      byte[] bytes = good.clone();
      int changes = 1 + random.nextInt(4);
      for (int i = 0; i < changes; i++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      List<String> whole = read(bytes, null);
      assertEquals(whole, read(bytes, new Random(round)));
      frames += whole.size();
    }
    assertTrue(frames > 30_000, "only " + frames);
  }

  @Test
  void knowsWhereMessagesEnd() {
    byte[] body = HexFormat.of().parseHex("0000000002aabb" + "0000000000" + "0100000001cc");
    ByteBuf in = Unpooled.wrappedBuffer(body);
    List<Integer> ends = new ArrayList<>();
    GrpcMessages messages = new GrpcMessages();
    for (int i = 0; i < body.length; i++) {
      messages.see(in, i, 1);
      if (messages.between()) {
        ends.add(i + 1);
      }
    }
    assertEquals(List.of(7, 12, 18), ends);
    GrpcMessages atOnce = new GrpcMessages();
    atOnce.see(in, 0, body.length);
    assertTrue(atOnce.between());
  }

  @Test
  void allowsAsMuchAsItSays() {
    long[] now = {0};
    Allowance allowance = new Allowance(10, 2, () -> now[0]);
    for (int i = 0; i < 10; i++) {
      assertTrue(allowance.take(1));
    }
    assertEquals(false, allowance.take(1));
    now[0] = 3_000_000_000L;
    assertTrue(allowance.take(1));
    assertTrue(allowance.take(1));
  }
}
