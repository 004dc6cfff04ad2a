package dev.drawbridge.bpf.ffi;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/** What both libraries share: descriptors, handles by name, errno, bytes in and out. */
@SuppressWarnings("restricted") // the door itself: linking and reinterpreting are its job
final class Foreign {
  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  static final ValueLayout.OfBoolean BOOL = ValueLayout.JAVA_BOOLEAN;
  static final AddressLayout POINTER = ValueLayout.ADDRESS;
  static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");

  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout CAPTURED = Linker.Option.captureStateLayout();
  private static final VarHandle CAPTURED_ERRNO =
      CAPTURED.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final long ALIGNMENT = 8;

  private Foreign() {}

  static SymbolLookup process() {
    return LINKER.defaultLookup();
  }

  static SymbolLookup library(String name, String remedy) {
    try {
      return SymbolLookup.libraryLookup(name, Arena.global());
    } catch (IllegalArgumentException e) {
      throw (UnsatisfiedLinkError)
          new UnsatisfiedLinkError("cannot load %s: %s".formatted(name, remedy)).initCause(e);
    }
  }

  static MethodHandle function(
      SymbolLookup library, String name, FunctionDescriptor shape, Linker.Option... options) {
    MemorySegment address =
        library
            .find(name)
            .orElseThrow(
                () -> new UnsatisfiedLinkError("the native library has no function " + name));
    return LINKER.downcallHandle(address, shape, options);
  }

  static MemorySegment upcall(MethodHandle target, FunctionDescriptor shape, Arena arena) {
    return LINKER.upcallStub(target, shape, arena);
  }

  /** Where a call leaves errno: one for each call, for it belongs to the calling thread. */
  static MemorySegment errnoSegment(Arena arena) {
    return arena.allocate(CAPTURED);
  }

  /** Meaningful only after a call that failed. */
  static int errno(MemorySegment captured) {
    return (int) CAPTURED_ERRNO.get(captured, 0L);
  }

  static MemorySegment room(Arena arena, long size) {
    return arena.allocate(Math.max(size, 1), ALIGNMENT);
  }

  static MemorySegment copy(Arena arena, byte[] bytes) {
    MemorySegment segment = room(arena, bytes.length);
    MemorySegment.copy(bytes, 0, segment, ValueLayout.JAVA_BYTE, 0, bytes.length);
    return segment;
  }

  static void read(MemorySegment from, byte[] into) {
    MemorySegment.copy(from, ValueLayout.JAVA_BYTE, 0, into, 0, into.length);
  }

  /** A C string that native code owns. */
  static String string(MemorySegment pointer) {
    return pointer.equals(MemorySegment.NULL)
        ? ""
        : pointer.reinterpret(Integer.MAX_VALUE).getString(0);
  }

  /** A copy of memory that native code owns. */
  static byte[] bytes(MemorySegment pointer, long size) {
    return pointer.reinterpret(size).toArray(ValueLayout.JAVA_BYTE);
  }

  /** Frees what a library made, by a function that gives nothing back, and the memory beside it. */
  static void free(MethodHandle function, MemorySegment made, Arena arena) {
    try {
      function.invokeExact(made);
    } catch (Throwable t) {
      throw unexpected(t);
    } finally {
      arena.close();
    }
  }

  /** A method handle threw: its descriptor is wrong, or the VM is dying. */
  static AssertionError unexpected(Throwable thrown) {
    if (thrown instanceof Error error) {
      throw error;
    }
    return new AssertionError("a native call threw", thrown);
  }
}
