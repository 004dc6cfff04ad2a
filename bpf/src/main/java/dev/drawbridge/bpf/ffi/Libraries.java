package dev.drawbridge.bpf.ffi;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Loads each library at most once. A failure is remembered and thrown again as it was: a class
 * initializer would lose it after the first time.
 */
final class Libraries {
  private static final Once<LibC> LIBC = new Once<>(ForeignLibC::new);
  private static final Once<LibBpf> LIBBPF = new Once<>(ForeignLibBpf::new);
  private static final Once<TrafficControl> TRAFFIC_CONTROL =
      new Once<>(ForeignTrafficControl::new);

  private Libraries() {}

  static LibC libc() {
    return LIBC.value();
  }

  static LibBpf libbpf() {
    return LIBBPF.value();
  }

  static TrafficControl trafficControl() {
    // Its messages go where libbpf's go.
    LibBpf _ = libbpf();
    return TRAFFIC_CONTROL.value();
  }

  private static final class Once<T> {
    private final Supplier<T> loader;
    private volatile @Nullable T value;
    private @Nullable LinkageError failure;

    Once(Supplier<T> loader) {
      this.loader = loader;
    }

    T value() {
      T loaded = value;
      return loaded != null ? loaded : load();
    }

    private synchronized T load() {
      T loaded = value;
      if (loaded != null) {
        return loaded;
      }
      if (failure != null) {
        throw failure;
      }
      try {
        loaded = loader.get();
        value = loaded;
        return loaded;
      } catch (ExceptionInInitializerError e) {
        failure = e.getCause() instanceof LinkageError cause ? cause : e;
        throw failure;
      }
    }
  }

  /** Whether this process is one of arm64. */
  static boolean arm64() {
    return System.getProperty("os.arch", "").equals("aarch64");
  }
}
