package dev.drawbridge.daemon.network;

import dev.drawbridge.bpf.BpfMap;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.key.SlotKey;
import dev.drawbridge.bpf.linux.NetworkNamespace;
import dev.drawbridge.bpf.linux.Sockets;
import dev.drawbridge.bpf.linux.Veths;
import dev.drawbridge.daemon.attach.Attachments;
import dev.drawbridge.daemon.attach.Slots;
import dev.drawbridge.daemon.attach.VethGuard;
import dev.drawbridge.daemon.container.How;
import dev.drawbridge.daemon.kernel.Governed;
import dev.drawbridge.l7.EngineListener;
import dev.drawbridge.l7.L7Engine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The network namespaces that guarded containers live in, each with the engine's listeners. A
 * namespace is let go with its last container, because an open one delays the end of its devices.
 * Used by the control loop's thread alone, but for {@link #open}.
 */
public final class Spaces {

  private static final System.Logger log = System.getLogger(Spaces.class.getName());

  private final L7Engine engine;
  private final Attachments attachments;
  private final BpfMap listeners;
  private final BpfMap namespaces;
  private final BpfMap datagramListeners;
  private final Slots slots;
  private final VethGuard veths;
  private final OwnSources sources;
  private final Acquaintances acquaintances;
  private boolean moved;
  private long governedAt;
  private final long hostInode;
  private final Map<Integer, Space> open = new HashMap<>();

  /**
   * @param listeners the engine's sockets
   * @param namespaces which namespace is which number, for those with a socket of this agent
   * @param datagramListeners the engine's sockets for datagrams
   * @param slots where what arrives at those was sent
   * @param afterAnother whether another agent still listens, until this one does
   */
  public Spaces(
      L7Engine engine,
      Attachments attachments,
      BpfMap listeners,
      BpfMap namespaces,
      BpfMap datagramListeners,
      Slots slots,
      VethGuard veths,
      OwnSources sources,
      Acquaintances acquaintances,
      long hostInode,
      boolean afterAnother) {
    this.engine = engine;
    this.attachments = attachments;
    this.listeners = listeners;
    this.namespaces = namespaces;
    if (!afterAnother) {
      // Of listeners that died with the agent before.
      int _ = namespaces.clear();
    }
    this.datagramListeners = datagramListeners;
    this.slots = slots;
    this.veths = veths;
    this.sources = sources;
    this.acquaintances = acquaintances;
    this.hostInode = hostInode;
  }

  /** One namespace. */
  public static final class Space implements Acquaintances.Member {
    private final int number;
    private final NetworkNamespace namespace;
    private final EngineListener listener;
    private final long cookie;
    private final List<Integer> endpoints = new ArrayList<>();
    private boolean rewritten;
    private boolean forged;
    private boolean datagrams;

    /** Read already, and not written yet. */
    private Optional<OwnSources.Reading> routes = Optional.empty();

    private Space(int number, NetworkNamespace namespace, EngineListener listener, long cookie) {
      this.number = number;
      this.cookie = cookie;
      this.namespace = namespace;
      this.listener = listener;
    }

    public int number() {
      return number;
    }

    @Override
    public NetworkNamespace namespace() {
      return namespace;
    }

    /** Whether somebody there may change packets on their way: CAP_NET_ADMIN. */
    public boolean rewritten() {
      return rewritten;
    }

    /**
     * Whether somebody there can, or could, make packets by hand: what he sent may be on its way.
     */
    public boolean forged() {
      return forged || rewritten;
    }

    /** From now on, for as long as it lives. */
    public void mayForge() {
      forged = true;
    }

    public int port4() {
      return listener.port4();
    }

    public int port6() {
      return listener.port6();
    }
  }

  /** As {@link Opening#of}. Safe for any thread. */
  public Opening open(int pid) {
    return Opening.of(pid, engine);
  }

  /** As {@link Opening#untouched}. Safe for any thread. */
  public Opening openUntouched(int pid) {
    return Opening.untouched(pid, engine);
  }

  /**
   * One more container lives in the namespace; the opening is used up, whatever happens.
   *
   * @param how ADOPTED: what is known by the number is of this very namespace, and what its
   *     programs have noted counts on. HOOK: the container is about to start, and its namespace is
   *     a new one unless somebody else lives there
   */
  public Space enter(Opening opening, int endpoint, How how) throws IOException {
    try (opening) {
      NetworkNamespace namespace = opening.namespace();
      int number = number(namespace.inode());
      Space known = open.get(number);
      moved = true;
      if (known != null) {
        known.endpoints.add(endpoint);
        return known;
      }
      EngineListener listener = opening.listener();
      long cookie = Sockets.namespaceCookie(listener.fd4() >= 0 ? listener.fd4() : listener.fd6());
      namespaces.put(key(cookie), bytes(Integer.BYTES).putInt(number).array());
      offer(number, 0, listener.fd4());
      offer(number, 1, listener.fd6());
      if (namespace.inode() != hostInode) {
        attachments.attachNamespace(number, namespace);
      }
      if (how == How.HOOK) {
        veths.forget(number);
      }
      acquaintances.forget(number, open.keySet());
      if (how != How.ADOPTED) {
        acquaintances.begins(number);
      }
      Optional<Opening.Untouched> untouched =
          how == How.HOOK ? opening.untouched() : Optional.empty();
      if (untouched.isEmpty()) {
        findBound(number, namespace);
      } else if (untouched.get().bound()) {
        acquaintances.cannotBeAsked(number);
      }
      Space space = new Space(number, namespace, listener, cookie);
      space.routes = untouched.map(Opening.Untouched::routes);
      if (veths.mayBeRewritten(number)) {
        space.rewritten = true;
        listener.mayBeRewritten();
      }
      space.endpoints.add(endpoint);
      opening.handOver();
      open.put(number, space);
      return space;
    } catch (CompletionException e) {
      if (e.getCause() instanceof UncheckedIOException failure) {
        throw failure.getCause();
      }
      throw e;
    }
  }

  /**
   * Who listens by an interface since before the programs were attached, or outside of every
   * guarded container. The programs note who does so from now on.
   */
  private void findBound(int number, NetworkNamespace namespace) {
    try {
      if (OlderConnections.listensByInterface(namespace)) {
        acquaintances.cannotBeAsked(number);
      }
    } catch (IOException | BpfException e) {
      log.log(Level.DEBUG, "who listens in namespace " + number, e);
      acquaintances.cannotBeAsked(number);
    }
  }

  private static byte[] key(long cookie) {
    return bytes(Long.BYTES).putLong(cookie).array();
  }

  private void offer(int number, int family, int fd) {
    if (fd >= 0) {
      listeners.put(
          bytes(Integer.BYTES).putInt((number << 1) | family).array(),
          bytes(Long.BYTES).putLong(fd).array());
    }
  }

  /**
   * Takes the datagrams of a namespace from now on. Where that fails the kernel says what becomes
   * of them: where rules judge them they are denied.
   */
  public void listenForDatagrams(int number) {
    Space space = open.get(number);
    if (space == null || space.datagrams) {
      return;
    }
    try {
      for (EngineListener.DatagramSocket socket :
          space.listener.datagrams(SlotKey.SLOTS, slots.of(number))) {
        SlotKey key = new SlotKey(number, socket.slot(), socket.version6());
        slots.opens(key, socket.port());
        datagramListeners.put(key.encode(), bytes(Long.BYTES).putLong(socket.fd()).array());
      }
      space.datagrams = true;
    } catch (IOException e) {
      log.log(Level.WARNING, "no datagrams of namespace " + number + " come to the engine", e);
    }
  }

  /** One container fewer lives there. */
  public void leave(Space space, int endpoint) {
    boolean first = space.endpoints.indexOf(endpoint) == 0;
    boolean _ = space.endpoints.remove(Integer.valueOf(endpoint));
    if (!space.endpoints.isEmpty()) {
      if (first) {
        veths.owned(space.number, space.endpoints.getFirst());
      }
      return;
    }
    open.remove(space.number);
    // While it is open nobody else has its number, nor the ids by which others know it.
    acquaintances.forget(space.number, open.keySet());
    acquaintances.begins(space.number);
    sources.forget(space.number);
    boolean _ = namespaces.delete(key(space.cookie));
    slots.forget(space.number);
    space.listener.close();
    space.namespace.close();
    attachments.detachNamespace(space.number);
    veths.leave(space.number);
  }

  /**
   * Lets connections that may be redirected ask in their callee's namespace whether anybody
   * listens, and all of them whose listener it is where containers share one.
   */
  public void acquaint(Governed governed) {
    if (!moved && governed.version() == governedAt) {
      return;
    }
    moved = false;
    governedAt = governed.version();
    if (governed.isEmpty() && open.values().stream().noneMatch(this::isShared)) {
      acquaintances.introduceNobody();
      return;
    }
    acquaintances.introduce(
        open,
        number -> anybody(number, governed::calls),
        number -> isShared(open.get(number)) || anybody(number, governed::isCalled));
  }

  private boolean anybody(int number, IntPredicate which) {
    Space space = open.get(number);
    if (space == null) {
      return false;
    }
    for (int endpoint : space.endpoints) {
      if (which.test(endpoint)) {
        return true;
      }
    }
    return false;
  }

  /** Why connections of some namespaces cannot ask, if they cannot. */
  public Optional<String> unacquainted() {
    return acquaintances.full();
  }

  /** A search for listeners there says too little: they are not this kernel's sockets. */
  public void cannotBeAsked(Space space) {
    acquaintances.cannotBeAsked(space.number);
  }

  /** Reads by which of its addresses a namespace reaches what. */
  public void readRoutes(Space space) {
    if (space.routes.isPresent()) {
      sources.write(space.number, space.routes.get());
      space.routes = Optional.empty();
    } else {
      sources.read(space.number, space.namespace);
    }
  }

  /**
   * Guards the host's ends of a namespace's interfaces.
   *
   * @param servers whom the container engine's DNS server asks from inside
   * @param runs whether somebody may be sending there
   * @return whether that closes every way out; never for the host's own namespace
   */
  public boolean guardInterfaces(Space space, Set<InetAddress> servers, boolean runs) {
    return space.namespace.inode() != hostInode
        && veths.guard(space.number, space.endpoints.getFirst(), space.namespace, servers, runs);
  }

  /** Those in a namespace that lead out of it; empty if they cannot be told. */
  public Optional<Set<Veths.End>> interfaces(Space space) {
    try {
      return Optional.of(Set.copyOf(space.namespace.call(Veths::ends)));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    } catch (Exception e) {
      log.log(Level.DEBUG, "the interfaces of namespace " + space.number, e);
      return Optional.empty();
    }
  }

  /** Whether an interface there was not finished when it was guarded. */
  public boolean isHalfMade(Space space) {
    return veths.isHalfMade(space.number);
  }

  /**
   * Somebody in the namespace may change packets on their way, for as long as it lives: what was
   * changed stays when he goes. Also those of connections that the engine judged before, which
   * nobody would judge again where they arrive: they end.
   */
  public void mayRewrite(Space space) {
    if (!space.rewritten) {
      veths.mayRewrite(space.number);
      space.rewritten = true;
      space.listener.mayBeRewritten();
    }
  }

  /** Lets go of what an agent before this one left at interfaces. */
  public void tidyInterfaces() {
    veths.tidy(open.keySet());
    Set<Long> known = open.values().stream().map(space -> space.cookie).collect(Collectors.toSet());
    for (byte[] key : namespaces.keys()) {
      if (!known.contains(ByteBuffer.wrap(key).order(ByteOrder.nativeOrder()).getLong())) {
        boolean _ = namespaces.delete(key);
      }
    }
    sources.retain(open.keySet());
  }

  /** Whether another container lives there too. */
  public boolean isShared(@Nullable Space space) {
    return space != null && space.endpoints.size() > 1;
  }

  /** Whether a guarded container lives in the namespace of that number. */
  public boolean has(int number) {
    return open.containsKey(number);
  }

  /**
   * The number of a namespace: its inode without the top bit, so that it can be shifted by one for
   * the address family and stays positive. It is the same after a restart of the agent.
   */
  static int number(long inode) {
    return (int) (inode & 0x7fff_ffffL);
  }

  private static ByteBuffer bytes(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
  }
}
