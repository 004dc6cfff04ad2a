package dev.drawbridge.bpf;

import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.failure.Failures;
import dev.drawbridge.bpf.failure.MapFull;
import dev.drawbridge.bpf.ffi.Errno;
import dev.drawbridge.bpf.ffi.Fd;
import dev.drawbridge.bpf.ffi.LibBpf;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;

/**
 * A map of the kernel. Keys and values are bytes in the kernel's layout; see the records of this
 * package. Safe for any thread. Every method but close throws {@link BpfException} when the kernel
 * refuses; a key that is not there is never an exception.
 */
public final class BpfMap implements AutoCloseable {
  /** BPF_MAP_TYPE_PERCPU_{HASH,ARRAY}, LRU_PERCPU_HASH, PERCPU_CGROUP_STORAGE. */
  private static final Set<Integer> PER_CPU = Set.of(5, 6, 10, 21);

  private static final int CGROUP_STORAGE = 19;

  private final String name;
  private final Fd fd;
  private final MapInfo info;
  private final boolean perCpu;
  private volatile boolean takesInOneStep = true;

  private BpfMap(String name, Fd fd, MapInfo info) {
    this.name = name;
    this.fd = fd;
    this.info = info;
    this.perCpu = PER_CPU.contains(info.type());
  }

  /** Takes ownership of the descriptor. */
  static BpfMap adopt(String name, Fd fd) {
    boolean adopted = false;
    try {
      BpfMap map = new BpfMap(name, fd, MapInfo.of(fd, name));
      adopted = true;
      return map;
    } finally {
      if (!adopted) {
        fd.close();
      }
    }
  }

  /** Opens a pinned map; the caller closes it. */
  public static BpfMap openPinned(Path pin) {
    int number = Failures.check(LibBpf.system().openPinned(pin.toString()), "open pinned map", pin);
    return adopt(String.valueOf(pin.getFileName()), new Fd(number, "map " + pin));
  }

  public String name() {
    return name;
  }

  /** For native code in the same process; valid until closed. */
  public int fd() {
    return fd.raw();
  }

  /** The kernel's number of this map, as bpftool shows it. */
  public int id() {
    return info.id();
  }

  public int keySize() {
    return info.keySize();
  }

  /** Bytes of one value (of one CPU's value for per-CPU maps). */
  public int valueSize() {
    return info.valueSize();
  }

  public int maxEntries() {
    return info.maxEntries();
  }

  /** The value; for per-CPU maps use {@link #lookupPerCpu}. */
  public Optional<byte[]> lookup(byte[] key) {
    requireSingle();
    byte[] value = new byte[info.valueSize()];
    int result = LibBpf.system().mapLookup(fd.raw(), checkedKey(key), value);
    return found(result, value, "read from map");
  }

  /** One value a possible CPU; empty if the key is not there. */
  public List<byte[]> lookupPerCpu(byte[] key) {
    if (!perCpu) {
      throw new IllegalStateException("map " + name + " has one value for all CPUs");
    }
    int cpus = Failures.check(LibBpf.system().possibleCpus(), "count the CPUs for map", name);
    int stride = (info.valueSize() + 7) & ~7; // the kernel rounds each CPU's value up to 8 bytes
    byte[] all = new byte[stride * cpus];
    int result = LibBpf.system().mapLookup(fd.raw(), checkedKey(key), all);
    if (found(result, all, "read from map").isEmpty()) {
      return List.of();
    }
    List<byte[]> values = new ArrayList<>(cpus);
    for (int cpu = 0; cpu < cpus; cpu++) {
      values.add(Arrays.copyOfRange(all, cpu * stride, cpu * stride + info.valueSize()));
    }
    return values;
  }

  /** Creates or replaces. */
  public void put(byte[] key, byte[] value) {
    requireSingle();
    int result =
        LibBpf.system().mapUpdate(fd.raw(), checkedKey(key), checkedValue(value), LibBpf.BPF_ANY);
    checkWritten(result);
  }

  private void checkWritten(int result) {
    if (result >= 0) {
      return;
    }
    String operation = "write to map";
    // A hash answers E2BIG, a trie ENOSPC.
    if (result == -Errno.E2BIG || result == -Errno.ENOSPC) {
      throw new MapFull(name, info.maxEntries(), Errno.name(result));
    }
    if (result == -Errno.ENOENT && info.type() == CGROUP_STORAGE) {
      throw Failures.of(
          operation,
          name,
          result,
          "an entry appears when the first program that uses the map is attached to the cgroup");
    }
    throw Failures.of(operation, name, result);
  }

  /** Creates; false if the key was there, which is left alone. */
  public boolean putIfAbsent(byte[] key, byte[] value) {
    requireSingle();
    int result =
        LibBpf.system()
            .mapUpdate(fd.raw(), checkedKey(key), checkedValue(value), LibBpf.BPF_NOEXIST);
    if (result == -Errno.EEXIST) {
      return false;
    }
    checkWritten(result);
    return true;
  }

  /** False if the key was not there. */
  public boolean delete(byte[] key) {
    int result = LibBpf.system().mapDelete(fd.raw(), checkedKey(key));
    if (result == -Errno.ENOENT) {
      return false;
    }
    int _ = Failures.check(result, "delete from map", name);
    return true;
  }

  /** Takes the entry out; on kernels or map types without that operation in two steps. */
  public Optional<byte[]> lookupAndDelete(byte[] key) {
    requireSingle();
    if (takesInOneStep) {
      byte[] value = new byte[info.valueSize()];
      int result = LibBpf.system().mapLookupAndDelete(fd.raw(), checkedKey(key), value);
      boolean unsupported =
          result == -Errno.EINVAL || result == -Errno.ENOTSUPP || result == -Errno.EOPNOTSUPP;
      if (!unsupported) {
        return found(result, value, "take from map");
      }
      takesInOneStep = false;
    }
    Optional<byte[]> value = lookup(key);
    return value.isPresent() && delete(key) ? value : Optional.empty();
  }

  /** All keys at some moment of the walk; keys that come or go meanwhile may be missed. */
  public List<byte[]> keys() {
    // A key deleted during the walk makes the kernel start again from the first: walk on through
    // keys seen before, but not for ever.
    Set<ByteBuffer> seen = new LinkedHashSet<>();
    long steps = 4L * Integer.toUnsignedLong(info.maxEntries()) + 1024;
    byte[] key = {};
    for (long step = 0; step < steps; step++) {
      byte[] next = new byte[info.keySize()];
      int result = LibBpf.system().mapNextKey(fd.raw(), key, next);
      if (result == -Errno.ENOENT) {
        break;
      }
      int _ = Failures.check(result, "walk map", name);
      seen.add(ByteBuffer.wrap(next));
      key = next;
    }
    List<byte[]> keys = new ArrayList<>(seen.size());
    seen.forEach(found -> keys.add(bytes(found)));
    return keys;
  }

  @SuppressWarnings("ByteBufferBackingArray") // wrapped above, without an offset
  private static byte[] bytes(ByteBuffer wrapped) {
    return wrapped.array();
  }

  /** How many entries a walk finds. */
  public int count() {
    return keys().size();
  }

  /** Every entry, with the same caveat as {@link #keys}. */
  public void forEach(BiConsumer<byte[], byte[]> action) {
    keys().forEach(key -> lookup(key).ifPresent(value -> action.accept(key, value)));
  }

  /** Deletes every key that a walk finds; answers how many. */
  public int clear() {
    int deleted = 0;
    for (byte[] key : keys()) {
      deleted += delete(key) ? 1 : 0;
    }
    return deleted;
  }

  private Optional<byte[]> found(int result, byte[] value, String operation) {
    if (result == -Errno.ENOENT) {
      return Optional.empty();
    }
    int _ = Failures.check(result, operation, name);
    return Optional.of(value);
  }

  /** The kernel would copy too much or too little, without noticing. */
  private byte[] checkedKey(byte[] key) {
    return checkedSize(key, info.keySize(), "keys");
  }

  private byte[] checkedValue(byte[] value) {
    return checkedSize(value, info.valueSize(), "values");
  }

  private byte[] checkedSize(byte[] bytes, int size, String what) {
    if (bytes.length != size) {
      throw new IllegalArgumentException(
          "%s of map %s have %d bytes, these are %d".formatted(what, name, size, bytes.length));
    }
    return bytes;
  }

  private void requireSingle() {
    if (perCpu) {
      throw new IllegalStateException("map " + name + " has a value for each CPU");
    }
  }

  /** Closes a map opened by {@link #openPinned}; maps of an object are closed with the object. */
  @Override
  public void close() {
    fd.close();
  }

  @Override
  public String toString() {
    return "map " + name;
  }
}
