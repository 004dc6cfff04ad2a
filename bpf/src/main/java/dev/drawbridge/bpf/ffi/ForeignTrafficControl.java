package dev.drawbridge.bpf.ffi;

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

/** {@link TrafficControl} by java.lang.foreign. */
final class ForeignTrafficControl implements TrafficControl {
  private static final FunctionDescriptor OF_HOOK = FunctionDescriptor.of(INT, POINTER);
  private static final FunctionDescriptor OF_FILTER = FunctionDescriptor.of(INT, POINTER, POINTER);
  private static final MethodHandle CREATE = ForeignLibBpf.function("bpf_tc_hook_create", OF_HOOK);
  private static final MethodHandle DESTROY =
      ForeignLibBpf.function("bpf_tc_hook_destroy", OF_HOOK);
  private static final MethodHandle ATTACH = ForeignLibBpf.function("bpf_tc_attach", OF_FILTER);
  private static final MethodHandle DETACH = ForeignLibBpf.function("bpf_tc_detach", OF_FILTER);
  private static final MethodHandle QUERY = ForeignLibBpf.function("bpf_tc_query", OF_FILTER);

  /** struct bpf_tc_hook, bpf/libbpf.h. */
  private static final StructLayout HOOK =
      MemoryLayout.structLayout(
          LONG.withName("sz"),
          INT.withName("ifindex"),
          INT.withName("attach_point"),
          INT.withName("parent"),
          MemoryLayout.paddingLayout(4));

  /** struct bpf_tc_opts, bpf/libbpf.h. */
  private static final StructLayout OPTIONS =
      MemoryLayout.structLayout(
          LONG.withName("sz"),
          INT.withName("prog_fd"),
          INT.withName("flags"),
          INT.withName("prog_id"),
          INT.withName("handle"),
          INT.withName("priority"),
          MemoryLayout.paddingLayout(4));

  /** BPF_TC_F_REPLACE. */
  private static final int REPLACE = 1;

  @Override
  public int create(int index) {
    return ofHook(CREATE, index);
  }

  @Override
  public int destroy(int index) {
    return ofHook(DESTROY, index);
  }

  /** Both directions together stand for the queueing discipline. */
  private static int ofHook(MethodHandle function, int index) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) function.invokeExact(hook(arena, index, INGRESS | EGRESS));
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int attach(Place place, int programFd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment options = options(arena, place);
      options.set(INT, offset(OPTIONS, "prog_fd"), programFd);
      options.set(INT, offset(OPTIONS, "flags"), REPLACE);
      return (int) ATTACH.invokeExact(hook(arena, place.index(), place.point()), options);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int detach(Place place) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment options = options(arena, place);
      return (int) DETACH.invokeExact(hook(arena, place.index(), place.point()), options);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  @Override
  public int query(Place place) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment options = options(arena, place);
      int result = (int) QUERY.invokeExact(hook(arena, place.index(), place.point()), options);
      return result < 0 ? result : options.get(INT, offset(OPTIONS, "prog_id"));
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  private static MemorySegment hook(Arena arena, int index, int point) {
    MemorySegment hook = arena.allocate(HOOK);
    hook.set(LONG, offset(HOOK, "sz"), HOOK.byteSize());
    hook.set(INT, offset(HOOK, "ifindex"), index);
    hook.set(INT, offset(HOOK, "attach_point"), point);
    return hook;
  }

  private static MemorySegment options(Arena arena, Place place) {
    MemorySegment options = arena.allocate(OPTIONS);
    options.set(LONG, offset(OPTIONS, "sz"), OPTIONS.byteSize());
    options.set(INT, offset(OPTIONS, "handle"), place.handle());
    options.set(INT, offset(OPTIONS, "priority"), place.priority());
    return options;
  }

  private static long offset(StructLayout struct, String member) {
    return struct.byteOffset(PathElement.groupElement(member));
  }
}
