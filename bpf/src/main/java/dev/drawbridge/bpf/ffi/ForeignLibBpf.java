package dev.drawbridge.bpf.ffi;

import static dev.drawbridge.bpf.ffi.Foreign.INT;
import static dev.drawbridge.bpf.ffi.Foreign.LONG;
import static dev.drawbridge.bpf.ffi.Foreign.POINTER;
import static dev.drawbridge.bpf.ffi.Foreign.unexpected;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.function.Consumer;

/** {@link LibBpf} by java.lang.foreign. */
final class ForeignLibBpf implements LibBpf {
  static final SymbolLookup LIBRARY =
      Foreign.library("libbpf.so.1", "install libbpf 1.0 or later (Debian: libbpf1)");

  private static final MethodHandle VERSION =
      function("libbpf_version_string", FunctionDescriptor.of(POINTER));
  private static final MethodHandle LOOKUP =
      function("bpf_map_lookup_elem", FunctionDescriptor.of(INT, INT, POINTER, POINTER));
  private static final MethodHandle LOOKUP_AND_DELETE =
      function("bpf_map_lookup_and_delete_elem", FunctionDescriptor.of(INT, INT, POINTER, POINTER));
  private static final MethodHandle UPDATE =
      function("bpf_map_update_elem", FunctionDescriptor.of(INT, INT, POINTER, POINTER, LONG));
  private static final MethodHandle DELETE =
      function("bpf_map_delete_elem", FunctionDescriptor.of(INT, INT, POINTER));
  private static final MethodHandle NEXT_KEY =
      function("bpf_map_get_next_key", FunctionDescriptor.of(INT, INT, POINTER, POINTER));
  private static final MethodHandle PIN =
      function("bpf_obj_pin", FunctionDescriptor.of(INT, INT, POINTER));
  private static final MethodHandle OPEN_PINNED =
      function("bpf_obj_get", FunctionDescriptor.of(INT, POINTER));
  private static final MethodHandle INFO =
      function("bpf_obj_get_info_by_fd", FunctionDescriptor.of(INT, INT, POINTER, POINTER));
  private static final MethodHandle BTF_FD =
      function("bpf_btf_get_fd_by_id", FunctionDescriptor.of(INT, INT));
  private static final MethodHandle NEXT_PROGRAM =
      function("bpf_prog_get_next_id", FunctionDescriptor.of(INT, INT, POINTER));
  private static final MethodHandle PROGRAM_FD =
      function("bpf_prog_get_fd_by_id", FunctionDescriptor.of(INT, INT));
  private static final MethodHandle LINK_CREATE =
      function("bpf_link_create", FunctionDescriptor.of(INT, INT, INT, INT, POINTER));
  private static final MethodHandle LINK_UPDATE =
      function("bpf_link_update", FunctionDescriptor.of(INT, INT, INT, POINTER));
  private static final MethodHandle TEST_RUN =
      function("bpf_prog_test_run_opts", FunctionDescriptor.of(INT, INT, POINTER));
  private static final MethodHandle PROBE_PROGRAM =
      function("libbpf_probe_bpf_prog_type", FunctionDescriptor.of(INT, INT, POINTER));
  private static final MethodHandle PROBE_MAP =
      function("libbpf_probe_bpf_map_type", FunctionDescriptor.of(INT, INT, POINTER));
  private static final MethodHandle CPUS =
      function("libbpf_num_possible_cpus", FunctionDescriptor.of(INT));

  /** struct bpf_test_run_opts, bpf/bpf.h. */
  private static final StructLayout TEST_RUN_OPTIONS =
      MemoryLayout.structLayout(
          LONG.withName("sz"),
          POINTER.withName("data_in"),
          POINTER.withName("data_out"),
          INT.withName("data_size_in"),
          INT.withName("data_size_out"),
          POINTER.withName("ctx_in"),
          POINTER.withName("ctx_out"),
          INT.withName("ctx_size_in"),
          INT.withName("ctx_size_out"),
          INT.withName("retval"),
          INT.withName("repeat"),
          INT.withName("duration"),
          INT.withName("flags"),
          INT.withName("cpu"),
          INT.withName("batch_size"));

  /** struct bpf_btf_info, linux/bpf.h, as far as we read it. */
  private static final StructLayout BTF_INFO =
      MemoryLayout.structLayout(LONG.withName("btf"), INT.withName("btf_size"), INT.withName("id"));

  /** A program may enlarge a packet; bpf_skb_adjust_room and friends stay below this. */
  private static final int PACKET_HEADROOM = 1024;

  ForeignLibBpf() {
    LibBpfMessages.install(LIBRARY);
  }

  static MethodHandle function(String name, FunctionDescriptor shape, Linker.Option... options) {
    return Foreign.function(LIBRARY, name, shape, options);
  }

  @Override
  public String version() {
    try {
      return Foreign.string((MemorySegment) VERSION.invokeExact());
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public Opened open(byte[] elf, String name) throws NativeFailure {
    return ForeignObject.open(elf, name);
  }

  @Override
  public Ring ring(int mapFd, Consumer<byte[]> record) throws NativeFailure {
    return ForeignRing.open(mapFd, record);
  }

  @Override
  public int mapLookup(int fd, byte[] key, byte[] value) {
    return read(LOOKUP, fd, key, value);
  }

  @Override
  public int mapLookupAndDelete(int fd, byte[] key, byte[] value) {
    return read(LOOKUP_AND_DELETE, fd, key, value);
  }

  private static int read(MethodHandle function, int fd, byte[] key, byte[] value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment room = Foreign.room(arena, value.length);
      int result = (int) function.invokeExact(fd, Foreign.copy(arena, key), room);
      if (result == 0) {
        Foreign.read(room, value);
      }
      return result;
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int mapUpdate(int fd, byte[] key, byte[] value, long flags) {
    try (Arena arena = Arena.ofConfined()) {
      return (int)
          UPDATE.invokeExact(fd, Foreign.copy(arena, key), Foreign.copy(arena, value), flags);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int mapDelete(int fd, byte[] key) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) DELETE.invokeExact(fd, Foreign.copy(arena, key));
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int mapNextKey(int fd, byte[] key, byte[] next) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment from = key.length == 0 ? MemorySegment.NULL : Foreign.copy(arena, key);
      MemorySegment room = Foreign.room(arena, next.length);
      int result = (int) NEXT_KEY.invokeExact(fd, from, room);
      if (result == 0) {
        Foreign.read(room, next);
      }
      return result;
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int pin(int fd, String path) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) PIN.invokeExact(fd, arena.allocateFrom(path));
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int openPinned(String path) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) OPEN_PINNED.invokeExact(arena.allocateFrom(path));
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int info(int fd, byte[] info) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment room = Foreign.room(arena, info.length);
      MemorySegment length = arena.allocateFrom(INT, info.length);
      int result = (int) INFO.invokeExact(fd, room, length);
      if (result == 0) {
        Foreign.read(room, info);
      }
      return result;
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int nextProgramId(int start) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment next = arena.allocate(INT);
      int result = (int) NEXT_PROGRAM.invokeExact(start, next);
      return result < 0 ? result : next.get(INT, 0);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int programFd(int id) {
    try {
      return (int) PROGRAM_FD.invokeExact(id);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public byte[] btf(int btfId) {
    int number = btfFd(btfId);
    if (number < 0) {
      return new byte[0];
    }
    try (Fd fd = new Fd(number, "BTF " + btfId);
        Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(BTF_INFO);
      MemorySegment length = arena.allocateFrom(INT, (int) BTF_INFO.byteSize());
      int asked = (int) INFO.invokeExact(fd.raw(), info, length);
      int size = info.get(INT, offset(BTF_INFO, "btf_size"));
      if (asked < 0 || size <= 0) {
        return new byte[0];
      }
      MemorySegment bytes = Foreign.room(arena, size);
      info.fill((byte) 0);
      info.set(POINTER, offset(BTF_INFO, "btf"), bytes);
      info.set(INT, offset(BTF_INFO, "btf_size"), size);
      length.set(INT, 0, (int) BTF_INFO.byteSize());
      if ((int) INFO.invokeExact(fd.raw(), info, length) < 0) {
        return new byte[0];
      }
      byte[] copy = new byte[size];
      Foreign.read(bytes, copy);
      return copy;
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  private static int btfFd(int btfId) {
    try {
      return (int) BTF_FD.invokeExact(btfId);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int linkCreate(int programFd, int targetFd, int attachType) {
    try {
      return (int) LINK_CREATE.invokeExact(programFd, targetFd, attachType, MemorySegment.NULL);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int linkUpdate(int linkFd, int programFd) {
    try {
      return (int) LINK_UPDATE.invokeExact(linkFd, programFd, MemorySegment.NULL);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int testRun(int programFd, TestRun run) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment options = arena.allocate(TEST_RUN_OPTIONS);
      options.set(LONG, offset(TEST_RUN_OPTIONS, "sz"), TEST_RUN_OPTIONS.byteSize());
      options.set(INT, offset(TEST_RUN_OPTIONS, "repeat"), run.repeat());
      MemorySegment dataOut = MemorySegment.NULL;
      MemorySegment contextOut = MemorySegment.NULL;
      // Some program types refuse buffers they do not use: pass only what was given.
      if (run.dataIn().length > 0) {
        dataOut =
            buffers(arena, options, "data", run.dataIn(), run.dataIn().length + PACKET_HEADROOM);
      }
      if (run.contextIn().length > 0) {
        contextOut = buffers(arena, options, "ctx", run.contextIn(), run.contextIn().length);
      }
      int result = (int) TEST_RUN.invokeExact(programFd, options);
      if (result == 0) {
        run.finished(
            options.get(INT, offset(TEST_RUN_OPTIONS, "retval")),
            Integer.toUnsignedLong(options.get(INT, offset(TEST_RUN_OPTIONS, "duration"))),
            output(options, "data", dataOut),
            output(options, "ctx", contextOut));
      }
      return result;
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  private static MemorySegment buffers(
      Arena arena, MemorySegment options, String which, byte[] input, int outputSize) {
    MemorySegment output = Foreign.room(arena, outputSize);
    options.set(POINTER, offset(TEST_RUN_OPTIONS, which + "_in"), Foreign.copy(arena, input));
    options.set(INT, offset(TEST_RUN_OPTIONS, which + "_size_in"), input.length);
    options.set(POINTER, offset(TEST_RUN_OPTIONS, which + "_out"), output);
    options.set(INT, offset(TEST_RUN_OPTIONS, which + "_size_out"), outputSize);
    return output;
  }

  private static byte[] output(MemorySegment options, String which, MemorySegment buffer) {
    if (buffer.equals(MemorySegment.NULL)) {
      return new byte[0];
    }
    int size = options.get(INT, offset(TEST_RUN_OPTIONS, which + "_size_out"));
    byte[] copy = new byte[size];
    Foreign.read(buffer, copy);
    return copy;
  }

  @Override
  public int probeProgramType(int type) {
    return probe(PROBE_PROGRAM, type);
  }

  @Override
  public int probeMapType(int type) {
    return probe(PROBE_MAP, type);
  }

  private static int probe(MethodHandle function, int type) {
    try {
      return (int) function.invokeExact(type, MemorySegment.NULL);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int possibleCpus() {
    try {
      return (int) CPUS.invokeExact();
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  private static long offset(StructLayout struct, String member) {
    return struct.byteOffset(PathElement.groupElement(member));
  }
}
