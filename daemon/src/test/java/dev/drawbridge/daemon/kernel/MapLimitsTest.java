package dev.drawbridge.daemon.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.BpfObject;
import dev.drawbridge.bpf.abi.MapLimit;
import dev.drawbridge.bpf.abi.MapSizes;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.failure.MapFull;
import dev.drawbridge.control.Action;
import dev.drawbridge.control.EndpointState;
import dev.drawbridge.control.PairKey;
import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Direction;
import dev.drawbridge.policy.Mode;
import dev.drawbridge.policy.kernel.L4Verdict;
import dev.drawbridge.policy.kernel.PortRange;
import dev.drawbridge.policy.kernel.PortTable;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Real maps that are made tiny; needs root. */
@Tag("kernel")
class MapLimitsTest {

  private static final PortTable TABLE =
      new PortTable(List.of(new PortRange(6, 80, 80, L4Verdict.ALLOW, 1)));

  private static Map<Integer, BpfException> refused(
      MapLimit limit, int size, List<Action> plan, List<BpfException> failures) {
    try (BpfObject object =
        BpfObject.load(BpfObject.drawbridge(), MapSizes.standard().with(limit, size))) {
      return new Datapath(object, 0).apply(plan, failures, () -> {});
    }
  }

  private static Action pair(int owner, int peer) {
    return new Action.PutPair(new PairKey(owner, Direction.INGRESS, peer), 1);
  }

  @Test
  void fullPairsCloseTheContainerWhosePairFoundNoRoomAndNoOther() {
    List<BpfException> failures = new ArrayList<>();
    Map<Integer, BpfException> refused =
        refused(
            MapLimit.PAIRS,
            2,
            List.of(
                new Action.PutTable(1, TABLE),
                pair(300, 301),
                pair(300, 302),
                pair(301, 300),
                new Action.SetGeneration(5)),
            failures);

    assertEquals(Set.of(301), refused.keySet());
    MapFull full = assertInstanceOf(MapFull.class, refused.get(301));
    assertEquals(MapLimit.PAIRS, full.limit().orElseThrow());
    assertEquals(2, full.maxEntries());
    assertEquals(1, failures.size());
  }

  @Test
  void fullTablesCloseWhoeverNeedsTheTable() {
    PortTable other = new PortTable(List.of(new PortRange(17, 53, 53, L4Verdict.ALLOW, 2)));
    Map<Integer, BpfException> refused =
        refused(
            MapLimit.TABLES,
            1,
            List.of(
                new Action.PutTable(1, TABLE),
                new Action.PutTable(2, other),
                pair(300, 301),
                new Action.PutPair(new PairKey(302, Direction.EGRESS, 300), 2)),
            new ArrayList<>());

    assertEquals(Set.of(302), refused.keySet());
  }

  @Test
  void fullEndpointsAndAddressesCloseTheLastComer() {
    EndpointState state = new EndpointState(true, true, Mode.ENFORCE, 7, 1, 2, 0);
    assertEquals(
        Set.of(301),
        refused(
                MapLimit.ENDPOINTS,
                1,
                List.of(new Action.PutEndpoint(300, state), new Action.PutEndpoint(301, state)),
                new ArrayList<>())
            .keySet());
    assertEquals(
        Set.of(301),
        refused(
                MapLimit.ADDRESSES,
                1,
                List.of(
                    new Action.PutAddress(Cidr.single(InetAddress.ofLiteral("10.0.0.1")), 300),
                    new Action.PutAddress(Cidr.single(InetAddress.ofLiteral("10.0.0.2")), 301)),
                new ArrayList<>())
            .keySet());
  }

  @Test
  void theStandardSizesHoldThemAll() {
    List<BpfException> failures = new ArrayList<>();
    assertTrue(
        refused(
                MapLimit.PAIRS,
                MapLimit.PAIRS.standard(),
                List.of(new Action.PutTable(1, TABLE), pair(300, 301), pair(301, 300)),
                failures)
            .isEmpty());
    assertEquals(List.of(), failures);
  }
}
