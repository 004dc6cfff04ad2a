package dev.drawbridge.daemon.kernel;

import dev.drawbridge.bpf.BpfMap;
import dev.drawbridge.bpf.BpfObject;
import dev.drawbridge.bpf.abi.Endpoint;
import dev.drawbridge.bpf.abi.KernelDirection;
import dev.drawbridge.bpf.abi.KernelVerdict;
import dev.drawbridge.bpf.abi.NativeOrder;
import dev.drawbridge.bpf.abi.Pair;
import dev.drawbridge.bpf.abi.Range;
import dev.drawbridge.bpf.abi.Self;
import dev.drawbridge.bpf.abi.Table;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.key.AddressKey;
import dev.drawbridge.bpf.linux.Cgroups;
import dev.drawbridge.control.Action;
import dev.drawbridge.control.Applied;
import dev.drawbridge.control.Desired;
import dev.drawbridge.control.EndpointState;
import dev.drawbridge.control.PairKey;
import dev.drawbridge.control.TableUse;
import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Direction;
import dev.drawbridge.policy.Mode;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.kernel.L4Verdict;
import dev.drawbridge.policy.kernel.PortRange;
import dev.drawbridge.policy.kernel.PortTable;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntConsumer;

/**
 * The kernel's maps, and the one executor of the plan's actions on them. Used by the control loop's
 * thread alone.
 */
public final class Datapath {

  private final BpfMap self;
  private final BpfMap endpoints;
  private final BpfMap addresses;
  private final BpfMap pairs;
  private final BpfMap tables;
  private final BpfMap config;

  private final Map<Integer, EndpointState> appliedEndpoints = new HashMap<>();
  private final Map<Cidr, Integer> appliedAddresses = new HashMap<>();
  private final Map<PairKey, Integer> appliedPairs = new HashMap<>();
  private final Map<Integer, PortTable> appliedTables = new HashMap<>();
  private final TableUse tableUse;
  private final Governed governed = new Governed();
  private final Set<Long> named = ConcurrentHashMap.newKeySet();
  private IntConsumer listening = _ -> {};
  private long appliedGeneration;

  /**
   * Takes over what the maps hold: after a restart that is what is being enforced.
   *
   * @param generationBefore the generation of a version whose maps were not carried over, 0 for
   *     none: sockets remember it, so it must not come again with another meaning
   */
  public Datapath(BpfObject object, long generationBefore) {
    this.self = object.map("self");
    this.endpoints = object.map("endpoints");
    this.addresses = object.map("addresses");
    this.pairs = object.map("pairs");
    this.tables = object.map("tables");
    this.config = object.map("config");
    readBack();
    tableUse = TableUse.of(appliedTables, appliedPairs);
    appliedPairs.forEach(this::governs);
    appliedPairs.keySet().forEach(this::pairIs);
    appliedGeneration = Math.max(appliedGeneration, generationBefore);
  }

  /**
   * Is told of each namespace in which questions for names are to go to the engine, before they do.
   */
  public void listenBy(IntConsumer opens) {
    listening = opens;
  }

  /** What the kernel holds. */
  public Applied applied() {
    return new Applied(
        appliedGeneration, appliedEndpoints, appliedAddresses, appliedPairs, appliedTables);
  }

  /** The tables of {@link #applied}. */
  public TableUse tableUse() {
    return tableUse;
  }

  /** Whose rules above layer 4 it holds. */
  public Governed governed() {
    return governed;
  }

  /**
   * Whether it has what rules of that container say of that number of addresses known by name; from
   * any thread.
   */
  public boolean hasNamed(int owner, int number) {
    return named.contains(namedPair(owner, number));
  }

  private void pairIs(PairKey pair) {
    if (Peers.isNamed(pair.peer())) {
      named.add(namedPair(pair.owner(), pair.peer()));
    }
  }

  private static long namedPair(int owner, int number) {
    return (long) owner << 32 | (number & 0xffff_ffffL);
  }

  private void governs(PairKey pair, int table) {
    PortTable content = appliedTables.get(table);
    if (content != null) {
      governed.points(pair.owner(), pair.direction(), content);
    }
  }

  /** The highest endpoint number that any map mentions, 0 for none. */
  public int highestEndpoint() {
    int highest = 0;
    for (int endpoint : appliedEndpoints.keySet()) {
      highest = Math.max(highest, endpoint);
    }
    for (int peer : appliedAddresses.values()) {
      highest = peer == Desired.AMBIGUOUS ? highest : Math.max(highest, peer);
    }
    for (PairKey pair : appliedPairs.keySet()) {
      highest = Math.max(highest, Math.max(pair.owner(), pair.peer()));
    }
    return highest;
  }

  /** Which endpoint the programs of a cgroup work for, if the agent ever said so. */
  public Optional<Integer> endpointOf(Path cgroup) {
    return self.lookup(cgroupKey(cgroup))
        .map(Self::decode)
        .map(Self::endpoint)
        .filter(endpoint -> endpoint >= Peers.FIRST_ENDPOINT);
  }

  /** From now on the programs attached to this cgroup work for that endpoint. */
  public void name(Path cgroup, int endpoint) {
    self.put(cgroupKey(cgroup), new Self(endpoint, Self.Kind.CONTAINER).encode());
  }

  /** From now on the programs attached to this cgroup work for nobody, and deny. */
  public void unname(Path cgroup) {
    self.put(cgroupKey(cgroup), new Self(0, Self.Kind.NONE).encode());
  }

  /**
   * Executes a plan in its order.
   *
   * @param written is told once, when all that comes is there and nothing is gone yet
   * @return owners for which a write failed, each with the first failure. What the kernel holds for
   *     them is not what was planned; the caller closes them.
   */
  public Map<Integer, BpfException> apply(
      List<Action> plan, List<BpfException> failures, Runnable written) {
    Map<Integer, BpfException> failed = new LinkedHashMap<>();
    boolean told = false;
    for (Action action : plan) {
      if (!told && goes(action)) {
        written.run();
        told = true;
      }
      if (action instanceof Action.PutPair put && failed.containsKey(put.pair().owner())) {
        // The entry for any peer comes last: without what differs from it, it may allow too much.
        continue;
      }
      try {
        execute(action);
      } catch (BpfException e) {
        failures.add(e);
        switch (action) {
          case Action.PutPair put -> failed.putIfAbsent(put.pair().owner(), e);
          case Action.DropPair drop -> failed.putIfAbsent(drop.pair().owner(), e);
          case Action.PutEndpoint put -> failed.putIfAbsent(put.endpoint(), e);
          case Action.PutTable put ->
              ownersOf(plan, put.table()).forEach(owner -> failed.putIfAbsent(owner, e));
          case Action.PutAddress put ->
              ownersOfPeer(put.peer()).forEach(owner -> failed.putIfAbsent(owner, e));
          case Action.DropAddress _, Action.DropEndpoint _, Action.DropTable _ -> {
            // What should be gone is still there, for containers that are gone; tried again.
          }
          case Action.SetGeneration _ -> throw e;
        }
      }
    }
    if (!told) {
      written.run();
    }
    return failed;
  }

  /** Whether what was is gone by it. */
  private static boolean goes(Action action) {
    return switch (action) {
      case Action.DropPair _,
          Action.DropEndpoint _,
          Action.DropTable _,
          Action.DropAddress _,
          Action.SetGeneration _ ->
          true;
      case Action.PutTable _, Action.PutPair _, Action.PutEndpoint _, Action.PutAddress _ -> false;
    };
  }

  /** Whoever has rules about a peer whose address could not be written. */
  private List<Integer> ownersOfPeer(int peer) {
    List<Integer> owners = new ArrayList<>();
    if (Peers.isEndpoint(peer)) {
      owners.add(peer);
    }
    for (PairKey pair : appliedPairs.keySet()) {
      if (pair.peer() == peer) {
        owners.add(pair.owner());
      }
    }
    return owners;
  }

  private static List<Integer> ownersOf(List<Action> plan, int table) {
    List<Integer> owners = new ArrayList<>();
    for (Action action : plan) {
      if (action instanceof Action.PutPair put && put.table() == table) {
        owners.add(put.pair().owner());
      }
    }
    return owners;
  }

  private void execute(Action action) {
    switch (action) {
      case Action.PutTable(int table, PortTable content) -> {
        tables.put(NativeOrder.u32(table), kernelTable(content).encode());
        appliedTables.put(table, content);
        tableUse.written(table, content);
      }
      case Action.PutPair(PairKey pair, int table) -> {
        if (!appliedTables.containsKey(table)) {
          throw new BpfException("put", "pairs", "ENOENT", "its port table could not be written");
        }
        pairs.put(kernelPair(pair).encode(), NativeOrder.u32(table));
        tableUse.pointed(appliedPairs.put(pair, table), table);
        governs(pair, table);
        pairIs(pair);
      }
      case Action.PutEndpoint(int endpoint, EndpointState state) -> {
        if (state.names()) {
          // What it asks from now on goes there.
          listening.accept(state.netns());
        }
        endpoints.put(NativeOrder.u32(endpoint), kernelEndpoint(state).encode());
        appliedEndpoints.put(endpoint, state);
      }
      case Action.PutAddress(Cidr address, int peer) -> {
        addresses.put(addressKey(address).encode(), NativeOrder.u32(peer));
        appliedAddresses.put(address, peer);
      }
      case Action.DropAddress(Cidr address) -> {
        addresses.delete(addressKey(address).encode());
        appliedAddresses.remove(address);
      }
      case Action.DropPair(PairKey pair) -> {
        pairs.delete(kernelPair(pair).encode());
        tableUse.pointed(appliedPairs.remove(pair), null);
        named.remove(namedPair(pair.owner(), pair.peer()));
      }
      case Action.DropEndpoint(int endpoint) -> {
        endpoints.delete(NativeOrder.u32(endpoint));
        appliedEndpoints.remove(endpoint);
        governed.gone(endpoint);
      }
      case Action.DropTable(int table) -> {
        tables.delete(NativeOrder.u32(table));
        PortTable content = appliedTables.remove(table);
        if (content != null) {
          tableUse.deleted(table, content);
        }
      }
      case Action.SetGeneration(long generation) -> {
        config.put(NativeOrder.u32(0), new dev.drawbridge.bpf.abi.Config(generation, 0).encode());
        appliedGeneration = generation;
      }
    }
  }

  private void readBack() {
    appliedGeneration =
        config
            .lookup(NativeOrder.u32(0))
            .map(dev.drawbridge.bpf.abi.Config::decode)
            .map(dev.drawbridge.bpf.abi.Config::generation)
            .orElse(0L);
    endpoints.forEach((key, value) ->
        appliedEndpoints.put(NativeOrder.asU32(key), endpointState(Endpoint.decode(value))));
    addresses.forEach((key, value) -> {
      AddressKey decoded = AddressKey.decode(key);
      Cidr single = Cidr.single(decoded.address());
      appliedAddresses.put(
          new Cidr(single.high(), single.low(), decoded.prefixBits()), NativeOrder.asU32(value));
    });
    tables.forEach(
        (key, value) -> appliedTables.put(NativeOrder.asU32(key), portTable(Table.decode(value))));
    pairs.forEach(
        (key, value) -> appliedPairs.put(pairKey(Pair.decode(key)), NativeOrder.asU32(value)));
  }

  private static AddressKey addressKey(Cidr range) {
    try {
      return new AddressKey(range.bits(), InetAddress.getByAddress(range.address()));
    } catch (UnknownHostException e) {
      throw new AssertionError("a range has 16 bytes", e);
    }
  }

  private static byte[] cgroupKey(Path cgroup) {
    return ByteBuffer.allocate(Long.BYTES)
        .order(ByteOrder.nativeOrder())
        .putLong(Cgroups.id(cgroup))
        .array();
  }

  private static Pair kernelPair(PairKey pair) {
    return new Pair(pair.owner(), pair.peer(), kernelDirection(pair.direction()));
  }

  private static PairKey pairKey(Pair pair) {
    Direction direction =
        switch (pair.direction()) {
          case EGRESS -> Direction.EGRESS;
          case INGRESS -> Direction.INGRESS;
        };
    return new PairKey(pair.owner(), direction, pair.peer());
  }

  private static KernelDirection kernelDirection(Direction direction) {
    return switch (direction) {
      case EGRESS -> KernelDirection.EGRESS;
      case INGRESS -> KernelDirection.INGRESS;
    };
  }

  private static Table kernelTable(PortTable table) {
    List<Range> ranges = new ArrayList<>();
    for (PortRange range : table.ranges()) {
      KernelVerdict verdict =
          switch (range.verdict()) {
            case DENY -> KernelVerdict.DENY;
            case ENGINE -> KernelVerdict.ENGINE;
            case ALLOW -> KernelVerdict.ALLOW;
          };
      ranges.add(
          new Range(
              range.protocol(), range.low(), range.high(), verdict, range.rule(), range.firm()));
    }
    return new Table(ranges, table.firm());
  }

  private static PortTable portTable(Table table) {
    List<PortRange> ranges = new ArrayList<>();
    for (Range range : table.ranges()) {
      L4Verdict verdict =
          switch (range.verdict()) {
            case DENY, AUDIT -> L4Verdict.DENY;
            case ENGINE -> L4Verdict.ENGINE;
            case ALLOW -> L4Verdict.ALLOW;
          };
      ranges.add(
          new PortRange(
              range.protocol(), range.low(), range.high(), verdict, range.rule(), range.firm()));
    }
    return new PortTable(ranges, table.firm());
  }

  private static Endpoint kernelEndpoint(EndpointState state) {
    return new Endpoint(
        state.closedEgress(),
        state.closedIngress(),
        state.mode() == Mode.AUDIT,
        state.mode() == Mode.OFF,
        state.netns(),
        state.enginePort4(),
        state.enginePort6(),
        state.next(),
        state.firmEgress(),
        state.firmIngress(),
        state.names(),
        state.resolves(),
        state.settling());
  }

  private static EndpointState endpointState(Endpoint endpoint) {
    Mode mode = endpoint.off() ? Mode.OFF : endpoint.audit() ? Mode.AUDIT : Mode.ENFORCE;
    return new EndpointState(
        endpoint.closedEgress(),
        endpoint.closedIngress(),
        mode,
        endpoint.netns(),
        endpoint.enginePort4(),
        endpoint.enginePort6(),
        endpoint.next(),
        endpoint.firmEgress(),
        endpoint.firmIngress(),
        endpoint.names(),
        endpoint.resolves(),
        endpoint.settling());
  }
}
