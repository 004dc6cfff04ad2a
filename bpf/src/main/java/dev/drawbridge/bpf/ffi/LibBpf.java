package dev.drawbridge.bpf.ffi;

import java.util.List;
import java.util.function.Consumer;

/**
 * The libbpf functions we need (1.0 or later). Every {@code int} is the result, or the negative
 * errno: libbpf's functions return it, so no thread-bound errno is involved.
 */
public interface LibBpf {
  /** For {@link #mapUpdate}: create or replace. */
  long BPF_ANY = 0;

  /** For {@link #mapUpdate}: create only. */
  long BPF_NOEXIST = 1;

  /**
   * libbpf.so.1 of this host.
   *
   * @throws LinkageError if it is absent or lacks a function; the message names which
   */
  static LibBpf system() {
    return Libraries.libbpf();
  }

  /** libbpf_version_string(). */
  String version();

  /** bpf_object__open_mem(). */
  Opened open(byte[] elf, String name) throws NativeFailure;

  /** An object file that was parsed; nothing is in the kernel until {@link #load}. */
  interface Opened extends AutoCloseable {
    List<MapSpec> maps();

    List<ProgramSpec> programs();

    /** The object's BTF as bytes; empty if it has none. */
    byte[] btf();

    /** bpf_map__set_pin_path(). */
    int pinAt(String map, String path);

    /** bpf_map__set_max_entries(). */
    int resize(String map, int maxEntries);

    /** bpf_object__load(). */
    int load();

    /** What the kernel wrote while refusing. */
    String kernelLog();

    /** What libbpf printed while opening and loading, a line each. */
    List<String> messages();

    /** bpf_map__fd(), owned by this object: duplicate it to keep it. */
    int mapFd(String map);

    /** bpf_program__fd(), owned by this object: duplicate it to keep it. */
    int programFd(String program);

    /** bpf_object__close(). */
    @Override
    void close();
  }

  /**
   * A map as the object file declares it.
   *
   * @param internal made by libbpf for the object's own variables
   * @param keyTypeId the key's type in the object's BTF, 0 for none
   * @param valueTypeId the value's type in the object's BTF, 0 for none
   */
  record MapSpec(
      String name,
      int type,
      int keySize,
      int valueSize,
      int maxEntries,
      int flags,
      boolean internal,
      int keyTypeId,
      int valueTypeId) {
    /** The same map, of another size. */
    public MapSpec resized(int entries) {
      return new MapSpec(
          name, type, keySize, valueSize, entries, flags, internal, keyTypeId, valueTypeId);
    }
  }

  /** A program as the object file declares it; both types are the kernel's numbers. */
  record ProgramSpec(String name, String section, int type, int attachType) {}

  /** bpf_map_lookup_elem() into {@code value}. */
  int mapLookup(int fd, byte[] key, byte[] value);

  /** bpf_map_lookup_and_delete_elem() into {@code value}. */
  int mapLookupAndDelete(int fd, byte[] key, byte[] value);

  /** bpf_map_update_elem(). */
  int mapUpdate(int fd, byte[] key, byte[] value, long flags);

  /** bpf_map_delete_elem(). */
  int mapDelete(int fd, byte[] key);

  /** bpf_map_get_next_key() into {@code next}; an empty {@code key} asks for the first. */
  int mapNextKey(int fd, byte[] key, byte[] next);

  /** bpf_obj_pin(). */
  int pin(int fd, String path);

  /** bpf_obj_get(). */
  int openPinned(String path);

  /** bpf_obj_get_info_by_fd() into {@code info}, which the kernel may fill partly. */
  int info(int fd, byte[] info);

  /** bpf_prog_get_next_id(): the id after {@code start}; -ENOENT if that was the last. */
  int nextProgramId(int start);

  /** bpf_prog_get_fd_by_id(). */
  int programFd(int id);

  /** The bytes of a BTF object in the kernel; empty if it cannot be had. */
  byte[] btf(int btfId);

  /** bpf_link_create() without options. */
  int linkCreate(int programFd, int targetFd, int attachType);

  /** bpf_link_update() without options. */
  int linkUpdate(int linkFd, int programFd);

  /**
   * bpf_prog_test_run_opts().
   *
   * @param run its outputs are set on success
   */
  int testRun(int programFd, TestRun run);

  /** libbpf_probe_bpf_prog_type(): 1 yes, 0 no. */
  int probeProgramType(int type);

  /** libbpf_probe_bpf_map_type(): 1 yes, 0 no. */
  int probeMapType(int type);

  /** libbpf_num_possible_cpus(). */
  int possibleCpus();

  /**
   * ring_buffer__new().
   *
   * @param record gets a copy of each record, on the polling thread; what it throws is swallowed
   *     here, for an exception would end the process
   */
  Ring ring(int mapFd, Consumer<byte[]> record) throws NativeFailure;

  /** A ring buffer's reader; not thread-safe. */
  interface Ring extends AutoCloseable {
    /**
     * ring_buffer__poll(), and after a timeout ring_buffer__consume() for records that were written
     * without waking anybody: records read, or the negative errno (EINTR is harmless).
     */
    int poll(int timeoutMillis);

    /** ring_buffer__free(). */
    @Override
    void close();
  }
}
