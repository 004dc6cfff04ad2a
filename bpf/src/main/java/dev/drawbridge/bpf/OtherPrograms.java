package dev.drawbridge.bpf;

import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.failure.Failures;
import dev.drawbridge.bpf.ffi.Errno;
import dev.drawbridge.bpf.ffi.Fd;
import dev.drawbridge.bpf.ffi.LibBpf;
import dev.drawbridge.bpf.ffi.NativeFailure;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Programs that others have loaded of the kinds that judge, redirect or rewrite connections. */
public final class OtherPrograms {
  /** enum bpf_prog_type, linux/bpf.h. */
  private static final Map<Integer, String> KINDS =
      Map.ofEntries(
          Map.entry(3, "sched_cls"),
          Map.entry(6, "xdp"),
          Map.entry(8, "cgroup_skb"),
          Map.entry(9, "cgroup_sock"),
          Map.entry(13, "sock_ops"),
          Map.entry(14, "sk_skb"),
          Map.entry(16, "sk_msg"),
          Map.entry(18, "cgroup_sock_addr"),
          Map.entry(25, "cgroup_sockopt"),
          Map.entry(30, "sk_lookup"));

  /** struct bpf_prog_info, linux/bpf.h, up to its name. */
  private static final int INFO_SIZE = 80;

  private static final int NAME_OFFSET = 64;

  /** BPF_OBJ_NAME_LEN, with the zero at its end. */
  private static final int NAME_SIZE = 16;

  /** A host has some hundreds; whoever loads more is not looked at to the end. */
  private static final int MOST = 20_000;

  private OtherPrograms() {}

  /**
   * What a program is known by.
   *
   * @param kind as the kernel's enum names it, in lower case, such as {@code cgroup_sock_addr}
   * @param name as its loader called it, cut by the kernel to 15 characters; may be empty
   */
  public record Known(String kind, String name) implements Comparable<Known> {
    @Override
    public int compareTo(Known other) {
      int kinds = kind.compareTo(other.kind);
      return kinds != 0 ? kinds : name.compareTo(other.name);
    }
  }

  /**
   * How often each is loaded; those of this build are left out, by their names.
   *
   * @throws BpfException if the kernel does not tell: without CAP_SYS_ADMIN it does not
   */
  public static Map<Known, Integer> loaded() {
    LibBpf library = Failures.libbpf();
    Set<Known> ours = ours(library);
    Map<Known, Integer> found = new TreeMap<>();
    int id = 0;
    for (int seen = 0; seen < MOST; seen++) {
      id = library.nextProgramId(id);
      if (id < 0 && Errno.name(id).equals("ENOENT")) {
        break;
      }
      int _ = Failures.check(id, "list", "the kernel's programs");
      int raw = library.programFd(id);
      if (raw < 0 && Errno.name(raw).equals("ENOENT")) {
        // Gone since.
        continue;
      }
      try (Fd fd = new Fd(Failures.check(raw, "open", "program " + id), "program " + id)) {
        byte[] info = new byte[INFO_SIZE];
        int _ = Failures.check(library.info(fd.raw(), info), "ask about", fd);
        String kind = KINDS.get(ByteBuffer.wrap(info).order(ByteOrder.nativeOrder()).getInt());
        if (kind != null) {
          Known known = new Known(kind, name(info));
          if (!ours.contains(known)) {
            found.merge(known, 1, Integer::sum);
          }
        }
      }
    }
    return found;
  }

  private static String name(byte[] info) {
    int length = 0;
    while (length < NAME_SIZE && info[NAME_OFFSET + length] != 0) {
      length++;
    }
    return new String(info, NAME_OFFSET, length, StandardCharsets.ISO_8859_1);
  }

  private static Set<Known> ours(LibBpf library) {
    Set<Known> names = new HashSet<>();
    try (LibBpf.Opened object = library.open(BpfObject.drawbridge(), "names")) {
      for (LibBpf.ProgramSpec spec : object.programs()) {
        String kind = KINDS.get(spec.type());
        if (kind != null) {
          names.add(
              new Known(
                  kind, spec.name().substring(0, Math.min(spec.name().length(), NAME_SIZE - 1))));
        }
      }
    } catch (NativeFailure e) {
      throw new IllegalStateException("this build's own programs cannot be read", e);
    }
    return names;
  }
}
