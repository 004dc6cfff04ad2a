package dev.drawbridge.bpf.ffi;

import static dev.drawbridge.bpf.ffi.Foreign.BOOL;
import static dev.drawbridge.bpf.ffi.Foreign.ERRNO;
import static dev.drawbridge.bpf.ffi.Foreign.INT;
import static dev.drawbridge.bpf.ffi.Foreign.LONG;
import static dev.drawbridge.bpf.ffi.Foreign.POINTER;
import static dev.drawbridge.bpf.ffi.Foreign.unexpected;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A {@code struct bpf_object}, with the memory libbpf may use as long as it lives. */
final class ForeignObject implements LibBpf.Opened {
  private static final MethodHandle OPEN =
      ForeignLibBpf.function(
          "bpf_object__open_mem", FunctionDescriptor.of(POINTER, POINTER, LONG, POINTER), ERRNO);
  private static final MethodHandle LOAD = ints("bpf_object__load");
  private static final MethodHandle CLOSE =
      ForeignLibBpf.function("bpf_object__close", FunctionDescriptor.ofVoid(POINTER));
  private static final MethodHandle NEXT_MAP = walk("bpf_object__next_map");
  private static final MethodHandle NEXT_PROGRAM = walk("bpf_object__next_program");
  private static final MethodHandle MAP_NAME = pointer("bpf_map__name");
  private static final MethodHandle MAP_FD = ints("bpf_map__fd");
  private static final MethodHandle MAP_TYPE = ints("bpf_map__type");
  private static final MethodHandle MAP_KEY_SIZE = ints("bpf_map__key_size");
  private static final MethodHandle MAP_VALUE_SIZE = ints("bpf_map__value_size");
  private static final MethodHandle MAP_MAX_ENTRIES = ints("bpf_map__max_entries");
  private static final MethodHandle MAP_FLAGS = ints("bpf_map__map_flags");
  private static final MethodHandle MAP_KEY_TYPE = ints("bpf_map__btf_key_type_id");
  private static final MethodHandle MAP_VALUE_TYPE = ints("bpf_map__btf_value_type_id");
  private static final MethodHandle MAP_INTERNAL =
      ForeignLibBpf.function("bpf_map__is_internal", FunctionDescriptor.of(BOOL, POINTER));
  private static final MethodHandle MAP_PIN_PATH =
      ForeignLibBpf.function("bpf_map__set_pin_path", FunctionDescriptor.of(INT, POINTER, POINTER));
  private static final MethodHandle MAP_RESIZE =
      ForeignLibBpf.function("bpf_map__set_max_entries", FunctionDescriptor.of(INT, POINTER, INT));
  private static final MethodHandle PROGRAM_NAME = pointer("bpf_program__name");
  private static final MethodHandle PROGRAM_SECTION = pointer("bpf_program__section_name");
  private static final MethodHandle PROGRAM_FD = ints("bpf_program__fd");
  private static final MethodHandle PROGRAM_TYPE = ints("bpf_program__type");
  private static final MethodHandle PROGRAM_ATTACH_TYPE = ints("bpf_program__expected_attach_type");
  private static final MethodHandle BTF = pointer("bpf_object__btf");
  private static final MethodHandle BTF_RAW =
      ForeignLibBpf.function("btf__raw_data", FunctionDescriptor.of(POINTER, POINTER, POINTER));

  /** struct bpf_object_open_opts of libbpf 1.1, bpf/libbpf.h. */
  private static final StructLayout OPEN_OPTIONS =
      MemoryLayout.structLayout(
          LONG.withName("sz"),
          POINTER.withName("object_name"),
          BOOL.withName("relaxed_maps"),
          MemoryLayout.paddingLayout(7),
          POINTER.withName("pin_root_path"),
          INT.withName("removed_attach_prog_fd"),
          MemoryLayout.paddingLayout(4),
          POINTER.withName("kconfig"),
          POINTER.withName("btf_custom_path"),
          POINTER.withName("kernel_log_buf"),
          LONG.withName("kernel_log_size"),
          INT.withName("kernel_log_level"),
          MemoryLayout.paddingLayout(4));

  /**
   * BPF_LOG_BUF_SIZE: the most that every kernel takes. Only a refusal fills it: at log level 0
   * libbpf asks for a log on its second try.
   */
  private static final int LOG_BYTES = 0xff_ffff;

  private final Arena arena;
  private final MemorySegment object;
  private final MemorySegment log;
  private final List<String> messages;
  private final Map<String, MemorySegment> maps = new LinkedHashMap<>();
  private final Map<String, MemorySegment> programs = new LinkedHashMap<>();
  private boolean closed;

  private ForeignObject(
      Arena arena, MemorySegment object, MemorySegment log, List<String> messages) {
    this.arena = arena;
    this.object = object;
    this.log = log;
    this.messages = messages;
    collect(NEXT_MAP, MAP_NAME, maps);
    collect(NEXT_PROGRAM, PROGRAM_NAME, programs);
  }

  @SuppressWarnings("MustBeClosedChecker") // the arena lives as long as what is returned
  static ForeignObject open(byte[] elf, String name) throws NativeFailure {
    Arena arena = Arena.ofShared();
    boolean opened = false;
    List<String> messages = new ArrayList<>();
    LibBpfMessages.collect(messages);
    try {
      MemorySegment options = arena.allocate(OPEN_OPTIONS);
      MemorySegment log = arena.allocate(LOG_BYTES);
      options.set(LONG, offset("sz"), OPEN_OPTIONS.byteSize());
      options.set(POINTER, offset("object_name"), arena.allocateFrom(name));
      options.set(POINTER, offset("kernel_log_buf"), log);
      options.set(LONG, offset("kernel_log_size"), LOG_BYTES);
      MemorySegment errno = Foreign.errnoSegment(arena);
      MemorySegment object =
          (MemorySegment)
              OPEN.invokeExact(errno, Foreign.copy(arena, elf), (long) elf.length, options);
      if (object.equals(MemorySegment.NULL)) {
        throw new NativeFailure("bpf_object__open_mem", Foreign.errno(errno), messages);
      }
      opened = true;
      return new ForeignObject(arena, object, log, messages);
    } catch (NativeFailure e) {
      throw e;
    } catch (Throwable t) {
      throw unexpected(t);
    } finally {
      LibBpfMessages.stopCollecting();
      if (!opened) {
        arena.close();
      }
    }
  }

  private void collect(MethodHandle next, MethodHandle name, Map<String, MemorySegment> into) {
    try {
      MemorySegment at = (MemorySegment) next.invokeExact(object, MemorySegment.NULL);
      while (!at.equals(MemorySegment.NULL)) {
        into.put(Foreign.string((MemorySegment) name.invokeExact(at)), at);
        at = (MemorySegment) next.invokeExact(object, at);
      }
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public List<LibBpf.MapSpec> maps() {
    List<LibBpf.MapSpec> specs = new ArrayList<>();
    maps.forEach((name, map) -> specs.add(spec(name, map)));
    return specs;
  }

  private static LibBpf.MapSpec spec(String name, MemorySegment map) {
    return new LibBpf.MapSpec(
        name,
        number(MAP_TYPE, map),
        number(MAP_KEY_SIZE, map),
        number(MAP_VALUE_SIZE, map),
        number(MAP_MAX_ENTRIES, map),
        number(MAP_FLAGS, map),
        internal(map),
        number(MAP_KEY_TYPE, map),
        number(MAP_VALUE_TYPE, map));
  }

  private static boolean internal(MemorySegment map) {
    try {
      return (boolean) MAP_INTERNAL.invokeExact(map);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public List<LibBpf.ProgramSpec> programs() {
    List<LibBpf.ProgramSpec> specs = new ArrayList<>();
    programs.forEach((name, program) ->
        specs.add(
            new LibBpf.ProgramSpec(
                name,
                text(PROGRAM_SECTION, program),
                number(PROGRAM_TYPE, program),
                number(PROGRAM_ATTACH_TYPE, program))));
    return specs;
  }

  @Override
  public byte[] btf() {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment btf = (MemorySegment) BTF.invokeExact(object);
      if (btf.equals(MemorySegment.NULL)) {
        return new byte[0];
      }
      MemorySegment size = local.allocate(INT);
      MemorySegment raw = (MemorySegment) BTF_RAW.invokeExact(btf, size);
      return raw.equals(MemorySegment.NULL)
          ? new byte[0]
          : Foreign.bytes(raw, Integer.toUnsignedLong(size.get(INT, 0)));
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int pinAt(String map, String path) {
    try {
      return (int) MAP_PIN_PATH.invokeExact(known(maps, map), arena.allocateFrom(path));
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int resize(String map, int maxEntries) {
    try {
      return (int) MAP_RESIZE.invokeExact(known(maps, map), maxEntries);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int load() {
    LibBpfMessages.collect(messages);
    try {
      return (int) LOAD.invokeExact(object);
    } catch (Throwable t) {
      throw unexpected(t);
    } finally {
      LibBpfMessages.stopCollecting();
    }
  }

  @Override
  public String kernelLog() {
    return log.getString(0);
  }

  @Override
  public List<String> messages() {
    return List.copyOf(messages);
  }

  @Override
  public int mapFd(String map) {
    return number(MAP_FD, known(maps, map));
  }

  @Override
  public int programFd(String program) {
    return number(PROGRAM_FD, known(programs, program));
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    Foreign.free(CLOSE, object, arena);
  }

  private MemorySegment known(Map<String, MemorySegment> all, String name) {
    MemorySegment found = all.get(name);
    if (closed || found == null) {
      throw new IllegalStateException((closed ? "closed object: " : "unknown: ") + name);
    }
    return found;
  }

  private static int number(MethodHandle function, MemorySegment of) {
    try {
      return (int) function.invokeExact(of);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  private static String text(MethodHandle function, MemorySegment of) {
    try {
      return Foreign.string((MemorySegment) function.invokeExact(of));
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  private static MethodHandle ints(String name) {
    return ForeignLibBpf.function(name, FunctionDescriptor.of(INT, POINTER));
  }

  private static MethodHandle pointer(String name) {
    return ForeignLibBpf.function(name, FunctionDescriptor.of(POINTER, POINTER));
  }

  private static MethodHandle walk(String name) {
    return ForeignLibBpf.function(name, FunctionDescriptor.of(POINTER, POINTER, POINTER));
  }

  private static long offset(String member) {
    return OPEN_OPTIONS.byteOffset(PathElement.groupElement(member));
  }
}
