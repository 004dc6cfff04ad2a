package dev.drawbridge.bpf;

import dev.drawbridge.bpf.abi.MapSizes;
import dev.drawbridge.bpf.failure.Failures;
import dev.drawbridge.bpf.failure.LoadRejected;
import dev.drawbridge.bpf.failure.MapLayoutMismatch;
import dev.drawbridge.bpf.ffi.Errno;
import dev.drawbridge.bpf.ffi.Fd;
import dev.drawbridge.bpf.ffi.LibBpf;
import dev.drawbridge.bpf.ffi.LibC;
import dev.drawbridge.bpf.ffi.NativeFailure;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A loaded object file: its programs are in the kernel, its maps exist. Closing it gives up this
 * process's handles; pinned maps and pinned links stay.
 */
public final class BpfObject implements AutoCloseable {
  private static final String NAME = "drawbridge";
  private static final String OTHER_VERSION =
      "it was made by another version: remove the pins to start afresh";
  private static final String RESOURCE = "/dev/drawbridge/bpf/drawbridge.bpf.o";

  private final Map<String, Program> programs = new LinkedHashMap<>();
  private final Map<String, BpfMap> maps = new LinkedHashMap<>();

  private BpfObject() {}

  /** The bytes of the object file this build was made with. */
  public static byte[] drawbridge() {
    try (InputStream in = BpfObject.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("this build lacks " + RESOURCE);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + RESOURCE, e);
    }
  }

  /**
   * Loads an object and pins every map by its name in {@code pinDirectory}. A pinned map of that
   * name is reused if its type, sizes, flags and the structs inside are equal.
   *
   * @throws MapLayoutMismatch if a pinned map differs; nothing was loaded
   * @throws LoadRejected if the verifier refuses a program; maps pinned by this call are unpinned
   */
  public static BpfObject load(byte[] elf, Path pinDirectory) {
    return load(elf, pinDirectory, MapSizes.standard());
  }

  /** As {@link #load(byte[], Path)}, with maps of these sizes; {@link Upgrade} changes sizes. */
  public static BpfObject load(byte[] elf, Path pinDirectory, MapSizes sizes) {
    try {
      Files.createDirectories(pinDirectory);
    } catch (IOException e) {
      throw Failures.of("make the directory of pinned maps", pinDirectory, e);
    }
    return load(
        elf,
        (spec, btf) -> {
          Path pin = pinDirectory.resolve(spec.name());
          int size = sizes.of(spec.name(), spec.maxEntries());
          PinnedMaps.difference(spec.resized(size), btf, pin)
              .ifPresent(difference -> {
                throw new MapLayoutMismatch(pin.toString(), difference.text(), OTHER_VERSION);
              });
          return new Placement(Optional.of(pin), size);
        });
  }

  /** Loads an object and pins nothing. */
  public static BpfObject load(byte[] elf) {
    return load(elf, MapSizes.standard());
  }

  /** Loads an object with maps of these sizes and pins nothing. */
  public static BpfObject load(byte[] elf, MapSizes sizes) {
    return load(
        elf,
        (spec, _) -> new Placement(Optional.empty(), sizes.of(spec.name(), spec.maxEntries())));
  }

  /**
   * Where a map goes.
   *
   * @param pin reused if there is one, else pinned there
   */
  record Placement(Optional<Path> pin, int maxEntries) {}

  /** Decides it for each map, given the object's BTF. */
  interface Placing {
    Placement place(LibBpf.MapSpec spec, byte[] objectBtf);
  }

  static BpfObject load(byte[] elf, Placing placing) {
    try (LibBpf.Opened opened = Failures.libbpf().open(elf, NAME)) {
      List<LibBpf.MapSpec> specs = opened.maps().stream().filter(map -> !map.internal()).toList();
      place(opened, specs, placing);
      int result = opened.load();
      if (result < 0) {
        throw rejected(opened, result);
      }
      return adopt(opened, specs);
    } catch (NativeFailure e) {
      throw new LoadRejected(
          NAME, Errno.name(e.errno()), VerifierLog.explain("", e.messages()), "");
    }
  }

  private static void place(LibBpf.Opened opened, List<LibBpf.MapSpec> specs, Placing placing) {
    byte[] btf = opened.btf();
    for (LibBpf.MapSpec spec : specs) {
      Placement placement = placing.place(spec, btf);
      if (placement.maxEntries() != spec.maxEntries()) {
        int _ =
            Failures.check(
                opened.resize(spec.name(), placement.maxEntries()), "size map", spec.name());
      }
      placement
          .pin()
          .ifPresent(pin -> {
            int result = opened.pinAt(spec.name(), pin.toString());
            int _ = Failures.check(result, "plan to pin map", spec.name());
          });
    }
  }

  private static LoadRejected rejected(LibBpf.Opened opened, int result) {
    String log = opened.kernelLog();
    List<String> messages = opened.messages();
    String object =
        VerifierLog.refusedProgram(messages).map(name -> "program " + name).orElse(NAME);
    return new LoadRejected(
        object,
        Errno.name(result),
        VerifierLog.explain(log, messages),
        log.isEmpty() ? String.join("\n", messages) : log);
  }

  /** Keeps own handles of everything, so that libbpf's copy of the object can go at once. */
  private static BpfObject adopt(LibBpf.Opened opened, List<LibBpf.MapSpec> specs) {
    BpfObject object = new BpfObject();
    boolean complete = false;
    try {
      for (LibBpf.MapSpec spec : specs) {
        Fd fd = duplicate(opened.mapFd(spec.name()), "map " + spec.name());
        object.maps.put(spec.name(), BpfMap.adopt(spec.name(), fd));
      }
      for (LibBpf.ProgramSpec spec : opened.programs()) {
        Fd fd = duplicate(opened.programFd(spec.name()), "program " + spec.name());
        object.programs.put(
            spec.name(), new Program(spec.name(), fd, spec.type(), spec.attachType()));
      }
      complete = true;
      return object;
    } finally {
      if (!complete) {
        object.close();
      }
    }
  }

  private static Fd duplicate(int fd, String what) {
    return new Fd(Failures.check(LibC.system().duplicate(fd), "keep", what), what);
  }

  /**
   * The program with this C function name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public Program program(String name) {
    return known(programs, name, "program");
  }

  /**
   * The map with this name. It belongs to the object and is closed with it.
   *
   * @throws IllegalArgumentException if there is none
   */
  public BpfMap map(String name) {
    return known(maps, name, "map");
  }

  private static <T> T known(Map<String, T> all, String name, String kind) {
    T found = all.get(name);
    if (found == null) {
      throw new IllegalArgumentException(
          "the object has no %s '%s', only %s".formatted(kind, name, all.keySet()));
    }
    return found;
  }

  public Set<String> programs() {
    return Collections.unmodifiableSet(programs.keySet());
  }

  public Set<String> maps() {
    return Collections.unmodifiableSet(maps.keySet());
  }

  @Override
  public void close() {
    programs.values().forEach(Program::close);
    maps.values().forEach(BpfMap::close);
  }
}
