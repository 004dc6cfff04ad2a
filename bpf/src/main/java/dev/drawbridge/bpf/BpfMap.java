package dev.drawbridge.bpf;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * A map of the kernel. Keys and values are bytes in the kernel's layout; see the records of this
 * package. Safe for any thread. Every method but close throws {@link BpfException} when the kernel
 * refuses; a key that is not there is never an exception.
 */
public final class BpfMap implements AutoCloseable {
  private BpfMap() {}

  /** Opens a pinned map; the caller closes it. */
  public static BpfMap openPinned(Path pin) {
    return Later.come();
  }

  public String name() {
    return Later.come();
  }

  /** For native code in the same process; valid until closed. */
  public int fd() {
    return Later.come();
  }

  public int keySize() {
    return Later.come();
  }

  /** Bytes of one value (of one CPU's value for per-CPU maps). */
  public int valueSize() {
    return Later.come();
  }

  public int maxEntries() {
    return Later.come();
  }

  /** The value; for per-CPU maps use {@link #lookupPerCpu}. */
  public Optional<byte[]> lookup(byte[] key) {
    return Later.come();
  }

  /** One value a possible CPU. */
  public List<byte[]> lookupPerCpu(byte[] key) {
    return Later.come();
  }

  /** Creates or replaces. */
  public void put(byte[] key, byte[] value) {
    Later.come();
  }

  /** Creates; false if the key was there, which is left alone. */
  public boolean putIfAbsent(byte[] key, byte[] value) {
    return Later.come();
  }

  /** False if the key was not there. */
  public boolean delete(byte[] key) {
    return Later.come();
  }

  /** Takes the entry out; on kernels or map types without that operation in two steps. */
  public Optional<byte[]> lookupAndDelete(byte[] key) {
    return Later.come();
  }

  /** All keys at some moment of the walk; keys that come or go meanwhile may be missed. */
  public List<byte[]> keys() {
    return Later.come();
  }

  /** Every entry, with the same caveat as {@link #keys}. */
  public void forEach(BiConsumer<byte[], byte[]> action) {
    Later.come();
  }

  /** Deletes every key that a walk finds; answers how many. */
  public int clear() {
    return Later.come();
  }

  /** Closes a map opened by {@link #openPinned}; maps of an object are closed with the object. */
  @Override
  public void close() {
    Later.come();
  }
}
