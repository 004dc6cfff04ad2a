package dev.drawbridge.bpf.ffi;

import static dev.drawbridge.bpf.ffi.Foreign.INT;
import static dev.drawbridge.bpf.ffi.Foreign.LONG;
import static dev.drawbridge.bpf.ffi.Foreign.POINTER;

import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What libbpf would print to stderr: goes to the logger at DEBUG, and to whoever collects on the
 * calling thread, because some reasons exist nowhere else.
 *
 * <p>libbpf hands over a {@code va_list}. On amd64 and aarch64 one is passed as a pointer (System V
 * ABI and AAPCS64: an array, and a struct above 16 bytes); elsewhere only the format is shown.
 */
final class LibBpfMessages {
  private static final System.Logger LOG = System.getLogger("dev.drawbridge.bpf.libbpf");
  private static final int LIBBPF_DEBUG = 2;
  private static final int MAX_MESSAGE = 64 * 1024;
  private static final boolean FORMATS =
      Set.of("amd64", "aarch64").contains(System.getProperty("os.arch"));

  private static final ThreadLocal<@Nullable List<String>> COLLECTING = new ThreadLocal<>();

  private static final MethodHandle VSNPRINTF =
      Foreign.function(
          Foreign.process(),
          "vsnprintf",
          FunctionDescriptor.of(INT, POINTER, LONG, POINTER, POINTER));

  private LibBpfMessages() {}

  /** libbpf_set_print(); lasts as long as the process. */
  static void install(SymbolLookup libbpf) {
    FunctionDescriptor shape = FunctionDescriptor.of(INT, INT, POINTER, POINTER);
    try {
      MethodHandle print =
          MethodHandles.lookup()
              .findStatic(
                  LibBpfMessages.class,
                  "print",
                  MethodType.methodType(
                      int.class, int.class, MemorySegment.class, MemorySegment.class));
      MethodHandle setPrint =
          Foreign.function(libbpf, "libbpf_set_print", FunctionDescriptor.of(POINTER, POINTER));
      MemorySegment _ =
          (MemorySegment) setPrint.invokeExact(Foreign.upcall(print, shape, Arena.global()));
    } catch (Throwable t) {
      throw Foreign.unexpected(t);
    }
  }

  /** Collects into {@code lines} what this thread's calls print, until {@link #stopCollecting}. */
  static void collect(List<String> lines) {
    COLLECTING.set(lines);
  }

  static void stopCollecting() {
    COLLECTING.remove();
  }

  /** Upcall: an exception here would end the process, so none leaves. */
  @SuppressWarnings({"unused", "CatchAndPrintStackTrace"}) // called by libbpf
  private static int print(int level, MemorySegment format, MemorySegment arguments) {
    if (level >= LIBBPF_DEBUG) {
      return 0;
    }
    try (Arena arena = Arena.ofConfined()) {
      String message = text(arena, format, arguments).strip();
      LOG.log(Level.DEBUG, message);
      List<String> lines = COLLECTING.get();
      if (lines != null) {
        lines.add(message);
      }
    } catch (Throwable _) {
      return 0;
    }
    return 0;
  }

  private static String text(Arena arena, MemorySegment format, MemorySegment arguments)
      throws Throwable {
    if (!FORMATS) {
      return Foreign.string(format);
    }
    MemorySegment buffer = arena.allocate(MAX_MESSAGE);
    int length = (int) VSNPRINTF.invokeExact(buffer, (long) MAX_MESSAGE, format, arguments);
    return length < 0 ? Foreign.string(format) : buffer.getString(0);
  }
}
