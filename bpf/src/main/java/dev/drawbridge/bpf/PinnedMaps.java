package dev.drawbridge.bpf;

import dev.drawbridge.bpf.failure.Failures;
import dev.drawbridge.bpf.ffi.Fd;
import dev.drawbridge.bpf.ffi.LibBpf;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;

/** Whether a pinned map is the one an object declares, down to the members of its structs. */
final class PinnedMaps {
  private static final int RINGBUF = 27;

  private PinnedMaps() {}

  /** How a pinned map differs from a declared one. */
  enum Kind {
    /** Only in how many entries it may have. */
    SIZE,
    /** In what its entries are. */
    LAYOUT
  }

  /**
   * A difference.
   *
   * @param found entries that the pinned map may have
   * @param text one clause
   */
  record Difference(Kind kind, int found, String text) {}

  /** The pinned map's first difference, layouts before sizes; none if no map is pinned there. */
  static Optional<Difference> difference(LibBpf.MapSpec spec, byte[] objectBtf, Path pin) {
    if (!Files.exists(pin, LinkOption.NOFOLLOW_LINKS)) {
      return Optional.empty();
    }
    LibBpf lib = LibBpf.system();
    int number = Failures.check(lib.openPinned(pin.toString()), "open pinned map", pin);
    try (Fd fd = new Fd(number, pin.toString())) {
      MapInfo info = MapInfo.of(fd, pin);
      return kindDifference(spec, info)
          .or(() -> structDifference(spec, objectBtf, info, lib))
          .map(text -> new Difference(Kind.LAYOUT, info.maxEntries(), text))
          .or(() ->
              sizeDifference(spec, info)
                  .map(text -> new Difference(Kind.SIZE, info.maxEntries(), text)));
    }
  }

  private static Optional<String> kindDifference(LibBpf.MapSpec spec, MapInfo info) {
    if (info.type() != spec.type()) {
      return differ("type", info.type(), spec.type());
    }
    if (info.keySize() != spec.keySize()) {
      return differ("key size", info.keySize(), spec.keySize());
    }
    if (info.valueSize() != spec.valueSize()) {
      return differ("value size", info.valueSize(), spec.valueSize());
    }
    if (info.flags() != spec.flags()) {
      return differ("flags", info.flags(), spec.flags());
    }
    return Optional.empty();
  }

  private static Optional<String> sizeDifference(LibBpf.MapSpec spec, MapInfo info) {
    // libbpf rounds a ring's size up to a power of two of whole pages.
    boolean equal =
        info.type() == RINGBUF
            ? info.maxEntries() >= spec.maxEntries() && info.maxEntries() < 2L * spec.maxEntries()
            : info.maxEntries() == spec.maxEntries();
    return equal
        ? Optional.empty()
        : differ("maximum of entries", info.maxEntries(), spec.maxEntries());
  }

  private static Optional<String> differ(String what, int found, int expected) {
    return Optional.of("its %s is %d, expected %d".formatted(what, found, expected));
  }

  /** Equal sizes may still hide moved members: a map without BTF on either side is not compared. */
  private static Optional<String> structDifference(
      LibBpf.MapSpec spec, byte[] objectBtf, MapInfo info, LibBpf lib) {
    if (spec.valueTypeId() == 0 || info.btfId() == 0) {
      return Optional.empty();
    }
    byte[] pinnedBtf = lib.btf(info.btfId());
    if (pinnedBtf.length == 0 || objectBtf.length == 0) {
      return Optional.empty();
    }
    Btf expected = Btf.parse(objectBtf);
    Btf found = Btf.parse(pinnedBtf);
    return layoutDifference(
            "key", found.layout(info.keyTypeId()), expected.layout(spec.keyTypeId()))
        .or(() ->
            layoutDifference(
                "value", found.layout(info.valueTypeId()), expected.layout(spec.valueTypeId())));
  }

  private static Optional<String> layoutDifference(String what, String found, String expected) {
    return found.equals(expected)
        ? Optional.empty()
        : Optional.of("its %s is %s, expected %s".formatted(what, found, expected));
  }
}
