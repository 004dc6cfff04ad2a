package dev.drawbridge.bpf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.abi.Config;
import dev.drawbridge.bpf.abi.Drop;
import dev.drawbridge.bpf.abi.Endpoint;
import dev.drawbridge.bpf.abi.Event;
import dev.drawbridge.bpf.abi.Flow;
import dev.drawbridge.bpf.abi.GuardConfig;
import dev.drawbridge.bpf.abi.KernelDirection;
import dev.drawbridge.bpf.abi.KernelFile;
import dev.drawbridge.bpf.abi.KernelHook;
import dev.drawbridge.bpf.abi.KernelNumber;
import dev.drawbridge.bpf.abi.KernelVerdict;
import dev.drawbridge.bpf.abi.Learned;
import dev.drawbridge.bpf.abi.Pair;
import dev.drawbridge.bpf.abi.Range;
import dev.drawbridge.bpf.abi.Self;
import dev.drawbridge.bpf.abi.Slot;
import dev.drawbridge.bpf.abi.SocketState;
import dev.drawbridge.bpf.abi.SourceLine;
import dev.drawbridge.bpf.abi.Table;
import dev.drawbridge.bpf.abi.Veth;
import dev.drawbridge.bpf.ffi.LibBpf;
import dev.drawbridge.bpf.ffi.NativeFailure;
import dev.drawbridge.bpf.key.AddressKey;
import dev.drawbridge.bpf.key.FlowKey;
import dev.drawbridge.bpf.key.LearnedKey;
import dev.drawbridge.bpf.key.NeighbourKey;
import dev.drawbridge.bpf.key.ResolverKey;
import dev.drawbridge.bpf.key.SlotKey;
import dev.drawbridge.bpf.key.SourceKey;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * The Java records against the type information of the object that is shipped: each member is
 * looked for where the compiler put it, and must hold what the record was given.
 */
class AbiLayoutTest {
  private static final Path ABI = Path.of("src/main/bpf/include/abi.h");
  private static final InetAddress A = address("192.0.2.17");
  private static final InetAddress B = address("2001:db8::2:3");

  private static final Btf BTF = Btf.parse(shippedBtf());

  private static byte[] shippedBtf() {
    try (LibBpf.Opened object = LibBpf.system().open(BpfObject.drawbridge(), "layout")) {
      return object.btf();
    } catch (NativeFailure e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void selfLiesWhereTheKernelReadsIt() {
    Self self = new Self(0x01020304, Self.Kind.AGENT);
    verify("db_self", Self.SIZE, self.encode(), Map.of("endpoint", 0x01020304L, "kind", 2L));
    assertEquals(self, Self.decode(self.encode()));
  }

  @Test
  void endpointLiesWhereTheKernelReadsIt() {
    Endpoint endpoint = new Endpoint(true, false, true, false, 77, 0xfff1, 0xfff2, 301);
    verify(
        "db_endpoint",
        Endpoint.SIZE,
        endpoint.encode(),
        Map.of(
            "flags",
            21L,
            "netns",
            77L,
            "engine_port4",
            0xfff1L,
            "engine_port6",
            0xfff2L,
            "next",
            301L));
    assertEquals(endpoint, Endpoint.decode(endpoint.encode()));
  }

  @Test
  void eachEndpointFlagHasTheBitOfTheHeader() throws IOException {
    assertEquals(
        define("DB_EP_CLOSED_EGRESS"), flags(new Endpoint(true, false, false, false, 1, 0, 0)));
    assertEquals(
        define("DB_EP_CLOSED_INGRESS"), flags(new Endpoint(false, true, false, false, 1, 0, 0)));
    assertEquals(define("DB_EP_AUDIT"), flags(new Endpoint(false, false, true, false, 1, 0, 0)));
    assertEquals(define("DB_EP_OFF"), flags(new Endpoint(false, false, false, true, 1, 0, 0)));
    assertEquals(
        define("DB_EP_SHARED"), flags(new Endpoint(false, false, false, false, 1, 0, 0, 301)));
    assertEquals(
        define("DB_EP_FIRM_EGRESS"),
        flags(
            new Endpoint(
                false, false, false, false, 1, 0, 0, 0, true, false, false, false, false)));
    assertEquals(
        define("DB_EP_FIRM_INGRESS"),
        flags(
            new Endpoint(
                false, false, false, false, 1, 0, 0, 0, false, true, false, false, false)));
    assertEquals(
        define("DB_EP_NAMES"),
        flags(
            new Endpoint(
                false, false, false, false, 1, 0, 0, 0, false, false, true, false, false)));
    assertEquals(
        define("DB_EP_RESOLVES"),
        flags(
            new Endpoint(
                false, false, false, false, 1, 0, 0, 0, false, false, false, true, false)));
    assertEquals(
        define("DB_EP_SETTLING"),
        flags(
            new Endpoint(
                false, false, false, false, 1, 0, 0, 0, false, false, false, false, true)));
  }

  private static int flags(Endpoint endpoint) {
    return ByteBuffer.wrap(endpoint.encode()).order(ByteOrder.nativeOrder()).getInt();
  }

  @Test
  void addressKeyLiesWhereTheKernelReadsIt() {
    AddressKey key = AddressKey.exactly(A);
    verify(
        "db_address_key", AddressKey.SIZE, key.encode(), Map.of("prefix_bits", 128L, "address", A));
    assertEquals(key, AddressKey.decode(key.encode()));
    assertEquals(120, AddressKey.block(address("192.0.2.0"), 24).prefixBits());
    assertEquals(32, AddressKey.block(address("2001:db8::"), 32).prefixBits());
  }

  @Test
  void pairLiesWhereTheKernelReadsIt() {
    Pair pair = new Pair(300, 301, KernelDirection.INGRESS);
    verify(
        "db_pair", Pair.SIZE, pair.encode(), Map.of("owner", 300L, "peer", 301L, "direction", 1L));
    assertEquals(pair, Pair.decode(pair.encode()));
  }

  @Test
  void tableAndItsRangesLieWhereTheKernelReadsThem() {
    Table table =
        new Table(
            List.of(
                new Range(6, 80, 443, KernelVerdict.ENGINE, 9),
                new Range(17, 0xfff0, 0xffff, KernelVerdict.ALLOW, 0x01020304, true)),
            true);
    byte[] bytes = table.encode();
    assertEquals(table, Table.decode(bytes));
    int struct = BTF.struct("db_table").orElseThrow();
    assertEquals(BTF.size(struct), Table.SIZE);
    List<Btf.Member> members = BTF.members(struct);
    assertEquals(
        List.of("count", "flags", "ranges"), members.stream().map(Btf.Member::name).toList());
    assertEquals(2L, number(bytes, members.getFirst()));
    assertEquals(1L, number(bytes, members.get(1)));
    int ranges = members.get(2).bitOffset() / 8;
    int size = BTF.size(BTF.struct("db_range").orElseThrow());
    verify(
        "db_range",
        Range.SIZE,
        Arrays.copyOfRange(bytes, ranges + size, ranges + 2 * size),
        Map.of(
            "protocol",
            17L,
            "verdict",
            2L,
            "low",
            0xfff0L,
            "high",
            0xffffL,
            "flags",
            1L,
            "rule",
            0x01020304L));
    assertEquals(Table.MAX_RANGES * size, BTF.size(members.get(2).type()));
    assertEquals(0, number(Arrays.copyOfRange(bytes, ranges + 2 * size, bytes.length), 0, 8));
  }

  @Test
  void flowKeyLiesWhereTheKernelReadsIt() {
    FlowKey key = new FlowKey(A, 0xfff1, B, 0xfff2, 132);
    verify(
        "db_flow_key",
        FlowKey.SIZE,
        key.encode(),
        Map.of(
            "source", A,
            "destination", B,
            "source_port", 0xfff1L,
            "destination_port", 0xfff2L,
            "protocol", 132L));
    assertEquals(key, FlowKey.decode(key.encode()));
  }

  @Test
  void flowLiesWhereTheKernelReadsIt() {
    Flow flow =
        new Flow(0x0102030405060708L, 300, 301, false, true, 0xfffffff1L, 302, 0xfffffff2L, 7);
    verify(
        "db_flow",
        Flow.SIZE,
        flow.encode(),
        Map.of(
            "seen_ns", 0x0102030405060708L,
            "sender", 300L,
            "callee", 301L,
            "flags", 2L,
            "generation", 0xfffffff1L,
            "admitted_by", 302L,
            "admitted_generation", 0xfffffff2L,
            "place", 7L));
    assertEquals(flow, Flow.decode(flow.encode()));
  }

  @Test
  void socketStateLiesWhereTheKernelReadsIt() {
    SocketState state =
        new SocketState(
            0xfffffff1L,
            SocketState.Role.SERVER,
            KernelVerdict.ALLOW,
            17,
            true,
            false,
            true,
            true,
            300,
            301,
            0xfff1,
            0xfff2,
            B);
    verify(
        "db_socket",
        SocketState.SIZE,
        state.encode(),
        Map.of(
            "generation", 0xfffffff1L,
            "role", 2L,
            "verdict", 2L,
            "protocol", 17L,
            "flags", 21L,
            "owner", 300L,
            "peer", 301L,
            "port", 0xfff1L,
            "peer_port", 0xfff2L,
            "address", B));
    assertEquals(state, SocketState.decode(state.encode()));
    SocketState engine = SocketState.engine(3, 300, 301, 80);
    assertEquals(engine, SocketState.decode(engine.encode()));
    // Who calls from an address range: the number is beyond what an int holds without a sign.
    SocketState ofARange = SocketState.engine(3, 0x8000_0001, 301, 80);
    assertEquals(ofARange, SocketState.decode(ofARange.encode()));
  }

  @Test
  void configLiesWhereTheKernelReadsIt() {
    Config config = new Config(0xfffffff1L, 5);
    verify(
        "db_config", Config.SIZE, config.encode(), Map.of("generation", 0xfffffff1L, "flags", 5L));
    assertEquals(config, Config.decode(config.encode()));
  }

  @Test
  void guardConfigLiesWhereTheKernelReadsIt() throws IOException {
    Veth veth = new Veth(77, 0x024201110002L, 300);
    verify(
        "db_veth",
        Veth.SIZE,
        veth.encode(),
        Map.of("netns", 77L, "mac", 0x53L, "vouched", 0L, "owner", 300L));
    assertEquals(veth, Veth.decode(veth.encode()));
    ResolverKey resolver = new ResolverKey(78, A);
    verify(
        "db_resolver_key", ResolverKey.SIZE, resolver.encode(), Map.of("netns", 78L, "address", A));
    assertEquals(resolver, ResolverKey.decode(resolver.encode()));
    SourceKey source = new SourceKey(79, AddressKey.exactly(A));
    verify(
        "db_source_key",
        SourceKey.SIZE,
        source.encode(),
        Map.of("prefix_bits", 160L, "netns", 79L, "destination", A));
    assertEquals(source, SourceKey.decode(source.encode()));
    verify(
        "db_neighbour",
        NeighbourKey.SIZE,
        new NeighbourKey(80, 81).encode(),
        Map.of("netns", 80L, "other", 81L));
    SlotKey key = new SlotKey(79, 3, true);
    verify("db_slot_key", SlotKey.SIZE, key.encode(), Map.of("netns", 79L, "slot", 7L));
    assertEquals(key, SlotKey.decode(key.encode()));
    assertEquals(define("DB_SLOTS"), SlotKey.SLOTS);
    Slot slot = new Slot(7L << 32, 300, 301, 53, 40_000, A);
    verify(
        "db_slot",
        Slot.SIZE,
        slot.encode(),
        Map.of(
            "seen_ns",
            7L << 32,
            "owner",
            300L,
            "callee",
            301L,
            "port",
            53L,
            "listener",
            40_000L,
            "destination",
            A));
    assertEquals(slot, Slot.decode(slot.encode()));
    LearnedKey asked = new LearnedKey(300, A);
    verify("db_learned_key", LearnedKey.SIZE, asked.encode(), Map.of("owner", 300L, "address", A));
    assertEquals(asked, LearnedKey.decode(asked.encode()));
    Learned learned = new Learned(7L << 32, 8L << 32, 301, 302);
    verify(
        "db_learned",
        Learned.SIZE,
        learned.encode(),
        Map.of("until_ns", 7L << 32, "used_ns", 8L << 32, "peer", 301L, "again", 302L));
    assertEquals(learned, Learned.decode(learned.encode()));
    GuardConfig deny = new GuardConfig(true);
    verify("db_guard", GuardConfig.SIZE, deny.encode(), Map.of("flags", 1L));
    assertEquals(deny, GuardConfig.decode(deny.encode()));
    assertEquals(new GuardConfig(false), GuardConfig.decode(new byte[GuardConfig.SIZE]));
  }

  @Test
  void eventLiesWhereTheKernelWritesIt() {
    Event event =
        new Event(
            0x0102030405060708L,
            300,
            301,
            5,
            0xfffffff1L,
            0xfff0,
            KernelVerdict.AUDIT,
            KernelDirection.INGRESS,
            17,
            KernelHook.SOCK_OPS,
            Event.Side.CALLEE,
            A,
            0xfff1,
            B,
            0xfff2,
            new SourceLine(10, 0xfff3));
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("time_ns", 0x0102030405060708L);
    members.put("owner", 300L);
    members.put("peer", 301L);
    members.put("rule", 5L);
    members.put("generation", 0xfffffff1L);
    members.put("reason", 0xfff0L);
    members.put("verdict", 3L);
    members.put("direction", 1L);
    members.put("protocol", 17L);
    members.put("hook", 8L);
    members.put("side", 2L);
    members.put("source_port", 0xfff1L);
    members.put("destination_port", 0xfff2L);
    members.put("file", 10L);
    members.put("line", 0xfff3L);
    members.put("source", A);
    members.put("destination", B);
    verify("db_event", Event.SIZE, event.encode(), members);
    assertEquals(event, Event.decode(event.encode()));
  }

  @Test
  void dropLiesWhereTheKernelWritesIt() {
    Drop drop = new Drop(0xfff0, KernelHook.VETH, new SourceLine(9, 0xfff1));
    verify(
        "db_drop",
        Drop.SIZE,
        drop.encode(),
        Map.of("reason", 0xfff0L, "hook", 9L, "file", 9L, "line", 0xfff1L));
    assertEquals(drop, Drop.decode(drop.encode()));
    assertEquals("veth.bpf.c:65521", drop.line().toString());
    assertEquals("file-255:1", new SourceLine(255, 1).toString());
    assertEquals("", SourceLine.NONE.toString());
  }

  @Test
  void everyFileThatRefusesHasTheNumberOfTheHeaderAndIsThere() throws IOException {
    Map<String, Integer> declared = new LinkedHashMap<>();
    Matcher files =
        Pattern.compile("\\bis\\((\\w+), (\\d+), \"([\\w.]+)\"\\)").matcher(Files.readString(ABI));
    while (files.find()) {
      declared.put(files.group(1) + " " + files.group(3), Integer.valueOf(files.group(2)));
    }
    Map<String, Integer> known = new LinkedHashMap<>();
    for (KernelFile file : KernelFile.values()) {
      known.put(file + " " + file.fileName(), file.number());
      String directory = file.fileName().endsWith(".h") ? "src/main/bpf/include" : "src/main/bpf";
      assertTrue(Files.exists(Path.of(directory, file.fileName())), file.fileName());
    }
    assertEquals(declared, known);
  }

  @Test
  void everyEnumConstantHasTheNumberOfTheHeader() throws IOException {
    verifyEnum("DB_", KernelVerdict.values());
    verifyEnum("DB_", KernelDirection.values());
    verifyEnum("DB_SELF_", Self.Kind.values());
    verifyEnum("DB_ROLE_", SocketState.Role.values());
    verifyEnum("DB_SIDE_", Event.Side.values());
    verifyEnum("DB_HOOK_", Arrays.stream(KernelHook.values()).skip(1).toArray(KernelHook[]::new));
    assertEquals(Table.MAX_RANGES, define("DB_MAX_RANGES"));
  }

  @Test
  void everyStructOfTheHeaderHasARecord() throws IOException {
    Set<String> declared = new TreeSet<>();
    Matcher structs = Pattern.compile("(?m)^struct (db_\\w+) \\{").matcher(Files.readString(ABI));
    while (structs.find()) {
      declared.add(structs.group(1));
    }
    Set<String> mirrored =
        new TreeSet<>(
            Set.of(
                "db_address",
                "db_address_key",
                "db_config",
                "db_drop",
                "db_endpoint",
                "db_event",
                "db_flow",
                "db_flow_key",
                "db_guard",
                "db_learned",
                "db_learned_key",
                "db_neighbour",
                "db_pair",
                "db_range",
                "db_resolver_key",
                "db_self",
                "db_slot",
                "db_slot_key",
                "db_socket",
                "db_source_key",
                "db_table",
                "db_veth",
                "db_vouched")); // the programs' own, within db_veth
    assertEquals(mirrored, declared);
  }

  private static <E extends Enum<E> & KernelNumber> void verifyEnum(String prefix, E[] constants)
      throws IOException {
    for (E constant : constants) {
      assertEquals(define(prefix + constant.name()), constant.number(), constant.toString());
    }
  }

  /** A #define's or an enumerator's number. */
  private static int define(String name) throws IOException {
    Matcher found =
        Pattern.compile("\\b" + name + "(?: =)? (?:\\((1u << )?)?(\\d+)\\b")
            .matcher(Files.readString(ABI));
    assertTrue(found.find(), () -> "abi.h does not define " + name);
    int number = Integer.parseInt(found.group(2));
    return found.group(1) == null ? number : 1 << number;
  }

  /** Every member but the reserved ones must be expected, and hold what is expected. */
  private static void verify(String struct, int size, byte[] bytes, Map<String, Object> expected) {
    int id = BTF.struct(struct).orElseThrow(() -> new AssertionError("no struct " + struct));
    assertEquals(BTF.size(id), size, struct);
    assertEquals(size, bytes.length, struct);
    Set<String> members = new TreeSet<>();
    for (Btf.Member member : BTF.members(id)) {
      if (member.name().equals("reserved")) {
        assertEquals(0, number(bytes, member), struct + " reserved");
        continue;
      }
      members.add(member.name());
      Object value = expected.get(member.name());
      String what = struct + "." + member.name();
      if (value instanceof InetAddress address) {
        int at = member.bitOffset() / 8;
        assertArrayEquals(unified(address), Arrays.copyOfRange(bytes, at, at + 16), what);
      } else {
        assertEquals(value, number(bytes, member), what);
      }
    }
    assertEquals(members, new TreeSet<>(expected.keySet()));
  }

  private static byte[] unified(InetAddress address) {
    byte[] raw = address.getAddress();
    if (raw.length == 16) {
      return raw;
    }
    return new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, raw[0], raw[1], raw[2], raw[3]};
  }

  private static long number(byte[] bytes, Btf.Member member) {
    return number(bytes, member.bitOffset() / 8, BTF.size(member.type()));
  }

  private static long number(byte[] bytes, int at, int size) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    return switch (size) {
      case 1 -> Byte.toUnsignedLong(in.get(at));
      case 2 -> Short.toUnsignedLong(in.getShort(at));
      case 4 -> Integer.toUnsignedLong(in.getInt(at));
      case 8 -> in.getLong(at);
      default -> {
        long any = 0;
        for (int i = 0; i < size; i++) {
          any |= bytes[at + i];
        }
        yield any;
      }
    };
  }

  private static InetAddress address(String literal) {
    try {
      return InetAddress.getByName(literal);
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }
}
