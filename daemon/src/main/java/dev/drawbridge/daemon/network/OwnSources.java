package dev.drawbridge.daemon.network;

import dev.drawbridge.bpf.BpfMap;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.key.AddressKey;
import dev.drawbridge.bpf.key.SourceKey;
import dev.drawbridge.bpf.linux.InterfaceAddresses;
import dev.drawbridge.bpf.linux.NetworkNamespace;
import dev.drawbridge.daemon.config.FirstLines;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * From which of its own addresses a network namespace reaches what, by its routes: what a socket
 * that was redirected to the engine says of itself. Nobody is judged by it, so what processes with
 * {@code CAP_NET_ADMIN} make of their routes is nobody's harm but theirs. Used by the control
 * loop's thread alone.
 */
public final class OwnSources {

  private static final System.Logger log = System.getLogger(OwnSources.class.getName());

  /** More routes than an engine makes; what is beyond has its answer by a shorter prefix. */
  static final int MOST_ROUTES = 256;

  /** Of each file of routes; who has NET_ADMIN there decides how many it has. */
  private static final int MOST_LINES = 1024;

  /** Of each family. */
  private static final int MOST_ADDRESSES = 512;

  private static final int REJECT = 0x200; // RTF_REJECT of linux/route.h
  private static final int IPV4_BITS = 96;

  private final BpfMap map;
  private final Map<Integer, Map<SourceKey, InetAddress>> known = new HashMap<>();

  /** Namespaces that were said to have more than is read. */
  private final Set<Integer> cut = new HashSet<>();

  /** Takes over what the map holds. */
  public OwnSources(BpfMap map) {
    this.map = map;
    for (byte[] key : map.keys()) {
      SourceKey source = SourceKey.decode(key);
      Map<SourceKey, InetAddress> of = known.computeIfAbsent(source.netns(), _ -> new HashMap<>());
      // Whatever it was: it is written again.
      of.put(source, InetAddress.getLoopbackAddress());
    }
  }

  private static final InetAddress LOOPBACK_4 = InetAddress.ofLiteral("127.0.0.1");
  private static final InetAddress LOOPBACK_6 = InetAddress.ofLiteral("::1");

  /** A route: where to, through what, and from which address of it. */
  record Route(AddressKey to, InetAddress gateway, String device, long metric) {}

  /** An address of an interface, with the length of its network's prefix. */
  record Own(InetAddress address, int prefixLength) {}

  /** Writes what the namespace's routes are now. */
  void read(int number, NetworkNamespace namespace) {
    try {
      write(number, namespace.call(OwnSources::here));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      // No proc there: such sockets say that they are on loopback.
      log.log(Level.DEBUG, "the routes of namespace " + number, e);
    }
  }

  /** Writes what was read in the namespace. */
  void write(int number, Reading reading) {
    try {
      if (!reading.all() && cut.add(number)) {
        log.log(
            Level.WARNING,
            "network namespace "
                + number
                + " has more routes or addresses than are read; of what is beyond them a redirected"
                + " socket says what a shorter prefix says");
      }
      Map<AddressKey, InetAddress> now = reading.sources();
      Map<SourceKey, InetAddress> before = known.computeIfAbsent(number, _ -> new HashMap<>());
      Set<SourceKey> gone = new HashSet<>(before.keySet());
      for (Map.Entry<AddressKey, InetAddress> route : now.entrySet()) {
        SourceKey key = new SourceKey(number, route.getKey());
        gone.remove(key);
        if (!route.getValue().equals(before.get(key))) {
          map.put(key.encode(), SourceKey.value(route.getValue()));
          before.put(key, route.getValue());
        }
      }
      for (SourceKey key : gone) {
        boolean _ = map.delete(key.encode());
        before.remove(key);
      }
    } catch (BpfException e) {
      // A full map: such sockets say that they are on loopback.
      log.log(Level.DEBUG, "the routes of namespace " + number, e);
    }
  }

  /** Nobody lives in the namespace any more. */
  void forget(int number) {
    boolean _ = cut.remove(number);
    Map<SourceKey, InetAddress> gone = known.remove(number);
    if (gone == null) {
      return;
    }
    for (SourceKey key : gone.keySet()) {
      try {
        boolean _ = map.delete(key.encode());
      } catch (BpfException e) {
        log.log(Level.DEBUG, "a route of namespace " + number + " stays", e);
      }
    }
  }

  /** Lets go of namespaces that nobody lives in, of an agent before this one. */
  void retain(Set<Integer> inhabited) {
    for (int number : Set.copyOf(known.keySet())) {
      if (!inhabited.contains(number)) {
        forget(number);
      }
    }
  }

  /**
   * What was read of a namespace.
   *
   * @param all whether that is all there is
   */
  record Reading(Map<AddressKey, InetAddress> sources, boolean all) {}

  /** Of the calling thread's namespace. */
  static Reading here() throws IOException {
    Path directory = Path.of("/proc/thread-self/net");
    FirstLines ipv4 = FirstLines.of(directory.resolve("route"), MOST_LINES);
    FirstLines ipv6 = FirstLines.ofAny(directory.resolve("ipv6_route"), MOST_LINES);
    FirstLines inet6 = FirstLines.ofAny(directory.resolve("if_inet6"), MOST_ADDRESSES);
    List<InterfaceAddresses.Own> inet4 = InterfaceAddresses.ipv4(MOST_ADDRESSES);
    Map<String, List<Own>> own = new HashMap<>();
    for (InterfaceAddresses.Own each : inet4) {
      own.computeIfAbsent(each.device(), _ -> new ArrayList<>())
          .add(new Own(each.address(), each.prefixLength()));
    }
    ipv6Addresses(inet6.lines())
        .forEach(
            (device, more) -> own.computeIfAbsent(device, _ -> new ArrayList<>()).addAll(more));
    List<Route> routes = new ArrayList<>(ipv4(ipv4.lines()));
    routes.addAll(ipv6(ipv6.lines()));
    Map<AddressKey, InetAddress> sources =
        sources(routes, device -> own.getOrDefault(device, List.of()));
    // What one container sends another of its namespace over their loopback.
    sources.put(AddressKey.block(InetAddress.ofLiteral("127.0.0.0"), 8), LOOPBACK_4);
    sources.put(AddressKey.exactly(LOOPBACK_6), LOOPBACK_6);
    return new Reading(
        sources, !ipv4.more() && !ipv6.more() && !inet6.more() && inet4.size() < MOST_ADDRESSES);
  }

  /** {@code /proc/net/if_inet6} (net/ipv6/addrconf.c). */
  static Map<String, List<Own>> ipv6Addresses(List<String> lines) throws IOException {
    Map<String, List<Own>> found = new HashMap<>();
    for (String line : lines) {
      String[] fields = line.strip().split("\\s+", -1);
      if (fields.length < 6) {
        continue;
      }
      try {
        found
            .computeIfAbsent(fields[5], _ -> new ArrayList<>())
            .add(
                new Own(
                    InetAddress.getByAddress(HexFormat.of().parseHex(fields[0])),
                    Integer.parseInt(fields[2], 16)));
      } catch (IllegalArgumentException e) {
        throw new IOException("if_inet6: not an address: " + line, e);
      }
    }
    return found;
  }

  /** The address of the device that the kernel would choose, for each destination's best route. */
  static Map<AddressKey, InetAddress> sources(
      List<Route> routes, Function<String, List<Own>> addresses) {
    Map<AddressKey, InetAddress> found = new HashMap<>();
    List<Route> best = new ArrayList<>(routes);
    best.sort(Comparator.comparingLong(Route::metric));
    Map<String, List<Own>> of = new HashMap<>();
    for (Route route : best) {
      if (found.size() >= MOST_ROUTES) {
        break;
      }
      chosen(route, of.computeIfAbsent(route.device(), addresses))
          .ifPresent(own -> found.putIfAbsent(route.to(), own));
    }
    return found;
  }

  private static Optional<InetAddress> chosen(Route route, List<Own> addresses) {
    boolean ipv4 = route.gateway() instanceof Inet4Address;
    InetAddress near = route.gateway().isAnyLocalAddress() ? route.to().address() : route.gateway();
    List<Own> same =
        addresses.stream()
            .filter(own -> own.address() instanceof Inet4Address == ipv4)
            // RFC 6724 5, rule 2: an address of the destination's scope.
            .filter(own ->
                ipv4
                    || own.address().isLinkLocalAddress()
                        == route.to().address().isLinkLocalAddress())
            .toList();
    return same.stream()
        .filter(own -> holds(own, near))
        .findFirst()
        .or(() -> same.stream().findFirst())
        .map(Own::address);
  }

  private static boolean holds(Own own, InetAddress other) {
    byte[] mine = own.address().getAddress();
    byte[] theirs = other.getAddress();
    for (int bit = 0; bit < own.prefixLength(); bit++) {
      if (((mine[bit >> 3] ^ theirs[bit >> 3]) & (0x80 >> (bit & 7))) != 0) {
        return false;
      }
    }
    return true;
  }

  /** {@code /proc/net/route}: addresses as the machine's own words (net/ipv4/fib_trie.c). */
  static List<Route> ipv4(List<String> lines) throws IOException {
    List<Route> routes = new ArrayList<>();
    for (String line : lines) {
      String[] fields = line.strip().split("\\s+", -1);
      if (fields.length < 8 || fields[0].equals("Iface") || fields[0].equals("*")) {
        continue;
      }
      try {
        if ((Integer.parseInt(fields[3], 16) & REJECT) != 0) {
          continue;
        }
        int bits = Integer.bitCount(Integer.parseUnsignedInt(fields[7], 16));
        routes.add(
            new Route(
                new AddressKey(IPV4_BITS + bits, word(fields[1])),
                word(fields[2]),
                fields[0],
                Long.parseLong(fields[6])));
      } catch (IllegalArgumentException e) {
        throw new IOException("route: not a route: " + line, e);
      }
    }
    return routes;
  }

  private static InetAddress word(String hex) throws UnknownHostException {
    return InetAddress.getByAddress(
        ByteBuffer.allocate(Integer.BYTES)
            .order(ByteOrder.nativeOrder())
            .putInt(Integer.parseUnsignedInt(hex, 16))
            .array());
  }

  /** {@code /proc/net/ipv6_route} (net/ipv6/route.c). */
  static List<Route> ipv6(List<String> lines) throws IOException {
    List<Route> routes = new ArrayList<>();
    for (String line : lines) {
      String[] fields = line.strip().split("\\s+", -1);
      if (fields.length < 10) {
        continue;
      }
      try {
        InetAddress to = InetAddress.getByAddress(HexFormat.of().parseHex(fields[0]));
        boolean rejects = (Integer.parseUnsignedInt(fields[8], 16) & REJECT) != 0;
        if (rejects || fields[9].equals("lo") || to.isMulticastAddress()) {
          continue;
        }
        routes.add(
            new Route(
                new AddressKey(Integer.parseInt(fields[1], 16), to),
                InetAddress.getByAddress(HexFormat.of().parseHex(fields[4])),
                fields[9],
                Long.parseLong(fields[5], 16)));
      } catch (IllegalArgumentException e) {
        throw new IOException("ipv6_route: not a route: " + line, e);
      }
    }
    return routes;
  }
}
