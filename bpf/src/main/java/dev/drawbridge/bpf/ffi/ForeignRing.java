package dev.drawbridge.bpf.ffi;

import static dev.drawbridge.bpf.ffi.Foreign.ERRNO;
import static dev.drawbridge.bpf.ffi.Foreign.INT;
import static dev.drawbridge.bpf.ffi.Foreign.LONG;
import static dev.drawbridge.bpf.ffi.Foreign.POINTER;
import static dev.drawbridge.bpf.ffi.Foreign.unexpected;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import java.util.function.Consumer;

/** A {@code struct ring_buffer}, with the upcall stub that lives as long as it. */
final class ForeignRing implements LibBpf.Ring {
  private static final MethodHandle NEW =
      ForeignLibBpf.function(
          "ring_buffer__new",
          FunctionDescriptor.of(POINTER, INT, POINTER, POINTER, POINTER),
          ERRNO);
  private static final MethodHandle POLL =
      ForeignLibBpf.function("ring_buffer__poll", FunctionDescriptor.of(INT, POINTER, INT));
  private static final MethodHandle CONSUME =
      ForeignLibBpf.function("ring_buffer__consume", FunctionDescriptor.of(INT, POINTER));
  private static final MethodHandle FREE =
      ForeignLibBpf.function("ring_buffer__free", FunctionDescriptor.ofVoid(POINTER));
  private static final FunctionDescriptor SAMPLE =
      FunctionDescriptor.of(INT, POINTER, POINTER, LONG);

  private final Arena arena;
  private final MemorySegment ring;
  private boolean closed;

  private ForeignRing(Arena arena, MemorySegment ring) {
    this.arena = arena;
    this.ring = ring;
  }

  @SuppressWarnings("MustBeClosedChecker") // the arena lives as long as what is returned
  static ForeignRing open(int mapFd, Consumer<byte[]> record) throws NativeFailure {
    Arena arena = Arena.ofShared();
    boolean opened = false;
    try {
      MethodHandle sample =
          MethodHandles.lookup()
              .findStatic(
                  ForeignRing.class,
                  "sample",
                  MethodType.methodType(
                      int.class,
                      Consumer.class,
                      MemorySegment.class,
                      MemorySegment.class,
                      long.class))
              .bindTo(record);
      MemorySegment errno = Foreign.errnoSegment(arena);
      MemorySegment ring =
          (MemorySegment)
              NEW.invokeExact(
                  errno,
                  mapFd,
                  Foreign.upcall(sample, SAMPLE, arena),
                  MemorySegment.NULL,
                  MemorySegment.NULL);
      if (ring.equals(MemorySegment.NULL)) {
        throw new NativeFailure("ring_buffer__new", Foreign.errno(errno), List.of());
      }
      opened = true;
      return new ForeignRing(arena, ring);
    } catch (NativeFailure e) {
      throw e;
    } catch (Throwable t) {
      throw unexpected(t);
    } finally {
      if (!opened) {
        arena.close();
      }
    }
  }

  /** Upcall: an exception here would end the process, so none leaves. */
  @SuppressWarnings("unused") // called by libbpf
  private static int sample(
      Consumer<byte[]> record, MemorySegment context, MemorySegment data, long size) {
    try {
      record.accept(Foreign.bytes(data, size));
    } catch (Throwable _) {
      return 0;
    }
    return 0;
  }

  @Override
  public int poll(int timeoutMillis) {
    if (closed) {
      throw new IllegalStateException("the ring is closed");
    }
    try {
      int woken = (int) POLL.invokeExact(ring, timeoutMillis);
      return woken == 0 ? (int) CONSUME.invokeExact(ring) : woken;
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    Foreign.free(FREE, ring, arena);
  }
}
