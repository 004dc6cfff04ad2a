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

/** inotify(7). Every {@code int} is the result, or the negative errno. */
public final class Inotify {
  public static final int IN_CLOSE_WRITE = 0x8;
  public static final int IN_MOVED_TO = 0x80;
  public static final int IN_IGNORED = 0x8000;
  public static final int IN_ONLYDIR = 0x0100_0000;
  private static final int IN_CLOEXEC = 0x80000;

  private static final MethodHandle INIT =
      function("inotify_init1", FunctionDescriptor.of(INT, INT));
  private static final MethodHandle ADD =
      function("inotify_add_watch", FunctionDescriptor.of(INT, INT, POINTER, INT));
  private static final MethodHandle REMOVE =
      function("inotify_rm_watch", FunctionDescriptor.of(INT, INT, INT));
  private static final MethodHandle READ =
      function("read", FunctionDescriptor.of(LONG, INT, POINTER, LONG));

  private Inotify() {}

  private static MethodHandle function(String name, FunctionDescriptor shape) {
    return Foreign.function(Foreign.process(), name, shape, ERRNO);
  }

  /** inotify_init1(2) with IN_CLOEXEC. */
  public static int open() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Foreign.errnoSegment(arena);
      return result((int) INIT.invokeExact(errno, IN_CLOEXEC), errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** inotify_add_watch(2). */
  public static int add(int fd, String path, int mask) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Foreign.errnoSegment(arena);
      return result((int) ADD.invokeExact(errno, fd, arena.allocateFrom(path), mask), errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** inotify_rm_watch(2): whoever reads gets IN_IGNORED. */
  public static int remove(int fd, int watch) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Foreign.errnoSegment(arena);
      return result((int) REMOVE.invokeExact(errno, fd, watch), errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** read(2) of events into {@code buffer}; waits for one at least. */
  public static int read(int fd, byte[] buffer) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Foreign.errnoSegment(arena);
      MemorySegment room = Foreign.room(arena, buffer.length);
      int result =
          result(
              Math.toIntExact((long) READ.invokeExact(errno, fd, room, (long) buffer.length)),
              errno);
      if (result > 0) {
        Foreign.read(room, buffer);
      }
      return result;
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  private static int result(int returned, MemorySegment errno) {
    return returned == -1 ? -Foreign.errno(errno) : returned;
  }
}
