package dev.drawbridge.bpf.ffi;

import static dev.drawbridge.bpf.ffi.Foreign.ERRNO;
import static dev.drawbridge.bpf.ffi.Foreign.INT;
import static dev.drawbridge.bpf.ffi.Foreign.LONG;
import static dev.drawbridge.bpf.ffi.Foreign.POINTER;
import static dev.drawbridge.bpf.ffi.Foreign.unexpected;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** {@link LibC} by java.lang.foreign. */
final class ForeignLibC implements LibC {
  private static final int F_DUPFD_CLOEXEC = 1030;
  private static final int FIRST_ORDINARY_FD = 3;
  private static final int CLOCK_MONOTONIC = 1;

  private static final MethodHandle OPEN =
      function("open", FunctionDescriptor.of(INT, POINTER, INT));
  private static final MethodHandle CLOSE = function("close", FunctionDescriptor.of(INT, INT));
  private static final MethodHandle FCNTL =
      Foreign.function(
          Foreign.process(),
          "fcntl",
          FunctionDescriptor.of(INT, INT, INT, INT),
          ERRNO,
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle SETNS = function("setns", FunctionDescriptor.of(INT, INT, INT));
  private static final MethodHandle MOUNT =
      function("mount", FunctionDescriptor.of(INT, POINTER, POINTER, POINTER, LONG, POINTER));
  private static final MethodHandle UMOUNT2 =
      function("umount2", FunctionDescriptor.of(INT, POINTER, INT));
  private static final MethodHandle GETSOCKOPT =
      function("getsockopt", FunctionDescriptor.of(INT, INT, INT, INT, POINTER, POINTER));

  private static final MethodHandle SETSOCKOPT =
      function("setsockopt", FunctionDescriptor.of(INT, INT, INT, INT, POINTER, INT));
  private static final MethodHandle SOCKET =
      function("socket", FunctionDescriptor.of(INT, INT, INT, INT));
  private static final MethodHandle SEND =
      function("send", FunctionDescriptor.of(LONG, INT, POINTER, LONG, INT));
  private static final MethodHandle SENDTO =
      function("sendto", FunctionDescriptor.of(LONG, INT, POINTER, LONG, INT, POINTER, INT));
  private static final MethodHandle CLOCK_GETTIME =
      function("clock_gettime", FunctionDescriptor.of(INT, INT, POINTER));
  private static final MethodHandle RECV =
      function("recv", FunctionDescriptor.of(LONG, INT, POINTER, LONG, INT));

  /** Neither function has a wrapper before glibc 2.41. */
  private static final MethodHandle SYSCALL =
      Foreign.function(
          Foreign.process(),
          "syscall",
          FunctionDescriptor.of(LONG, LONG, LONG, POINTER, LONG, LONG),
          ERRNO,
          Linker.Option.firstVariadicArg(1));

  private static final long SCHED_SETATTR = Libraries.arm64() ? 274 : 314;
  private static final long SCHED_GETATTR = Libraries.arm64() ? 275 : 315;

  /** {@code struct sched_attr} of Linux 3.14, which all since take: size, policy, ..., runtime. */
  private static final int SCHED_ATTR_BYTES = 48;

  private static final long SCHED_RUNTIME = 24;

  private static MethodHandle function(String name, FunctionDescriptor shape) {
    return Foreign.function(Foreign.process(), name, shape, ERRNO);
  }

  @Override
  public int open(String path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Foreign.errnoSegment(arena);
      return result((int) OPEN.invokeExact(errno, arena.allocateFrom(path), flags), errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int close(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Foreign.errnoSegment(arena);
      return result((int) CLOSE.invokeExact(errno, fd), errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int duplicate(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Foreign.errnoSegment(arena);
      return result((int) FCNTL.invokeExact(errno, fd, F_DUPFD_CLOEXEC, FIRST_ORDINARY_FD), errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int setns(int fd, int type) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Foreign.errnoSegment(arena);
      return result((int) SETNS.invokeExact(errno, fd, type), errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int mount(String source, String target, String type, long flags, String options) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Foreign.errnoSegment(arena);
      return result(
          (int)
              MOUNT.invokeExact(
                  errno,
                  arena.allocateFrom(source),
                  arena.allocateFrom(target),
                  arena.allocateFrom(type),
                  flags,
                  arena.allocateFrom(options)),
          errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int unmount(String target, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Foreign.errnoSegment(arena);
      return result((int) UMOUNT2.invokeExact(errno, arena.allocateFrom(target), flags), errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int socketOption(int fd, int level, int name, byte[] value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Foreign.errnoSegment(arena);
      MemorySegment room = Foreign.room(arena, value.length);
      MemorySegment length = arena.allocateFrom(INT, value.length);
      int result =
          result((int) GETSOCKOPT.invokeExact(errno, fd, level, name, room, length), errno);
      if (result < 0) {
        return result;
      }
      Foreign.read(room, value);
      return length.get(INT, 0);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int setSocketOption(int fd, int level, int name, byte[] value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Foreign.errnoSegment(arena);
      MemorySegment copy = Foreign.copy(arena, value);
      return result(
          (int) SETSOCKOPT.invokeExact(errno, fd, level, name, copy, value.length), errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int socket(int family, int type, int protocol) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Foreign.errnoSegment(arena);
      return result((int) SOCKET.invokeExact(errno, family, type, protocol), errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int send(int fd, byte[] message) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Foreign.errnoSegment(arena);
      MemorySegment copy = Foreign.copy(arena, message);
      return result(
          (int) (long) SEND.invokeExact(errno, fd, copy, (long) message.length, 0), errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int sendTo(int fd, byte[] message, int flags, byte[] address) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Foreign.errnoSegment(arena);
      MemorySegment copy = Foreign.copy(arena, message);
      MemorySegment to = Foreign.copy(arena, address);
      return result(
          (int)
              (long)
                  SENDTO.invokeExact(
                      errno, fd, copy, (long) message.length, flags, to, address.length),
          errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public long monotonic() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Foreign.errnoSegment(arena);
      // struct timespec: seconds, nanoseconds.
      MemorySegment now = Foreign.room(arena, 2 * LONG.byteSize());
      int got = result((int) CLOCK_GETTIME.invokeExact(errno, CLOCK_MONOTONIC, now), errno);
      return got < 0 ? got : now.get(LONG, 0) * 1_000_000_000 + now.get(LONG, LONG.byteSize());
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int receive(int fd, byte[] buffer) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Foreign.errnoSegment(arena);
      MemorySegment room = Foreign.room(arena, buffer.length);
      int received =
          result((int) (long) RECV.invokeExact(errno, fd, room, (long) buffer.length, 0), errno);
      if (received > 0) {
        Foreign.read(room, buffer);
      }
      return received;
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int turn(long nanos) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Foreign.errnoSegment(arena);
      MemorySegment attributes = Foreign.room(arena, SCHED_ATTR_BYTES);
      int got = attributes(errno, 0, attributes);
      if (got < 0) {
        return got;
      }
      attributes.set(LONG, SCHED_RUNTIME, nanos);
      return result(
          (int) (long) SYSCALL.invokeExact(errno, SCHED_SETATTR, 0L, attributes, 0L, 0L), errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public long turnOf(int thread) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Foreign.errnoSegment(arena);
      MemorySegment attributes = Foreign.room(arena, SCHED_ATTR_BYTES);
      int got = attributes(errno, thread, attributes);
      return got < 0 ? got : attributes.get(LONG, SCHED_RUNTIME);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  private static int attributes(MemorySegment errno, int thread, MemorySegment into)
      throws Throwable {
    return result(
        (int)
            (long)
                SYSCALL.invokeExact(
                    errno, SCHED_GETATTR, (long) thread, into, (long) SCHED_ATTR_BYTES, 0L),
        errno);
  }

  private static int result(int returned, MemorySegment errno) {
    return returned == -1 ? -Foreign.errno(errno) : returned;
  }
}
