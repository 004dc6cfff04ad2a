package dev.drawbridge.bpf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.ffi.Errno;
import dev.drawbridge.bpf.ffi.Fd;
import dev.drawbridge.bpf.ffi.LibC;
import dev.drawbridge.bpf.linux.ThreadTurns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The one door to native code, without any privilege. */
class NativeDoorTest {
  private static final Path SOURCES = Path.of("src/main/java");

  @Test
  void onlyTheDoorImportsJavaLangForeign() throws IOException {
    int door = 0;
    try (Stream<Path> all = Files.walk(SOURCES)) {
      for (Path file : all.filter(path -> path.toString().endsWith(".java")).toList()) {
        if (Files.readString(file).contains("import java.lang.foreign")) {
          assertTrue(file.toString().contains("/bpf/ffi/"), file.toString());
          door++;
        }
      }
    }
    assertTrue(door >= 4, "only " + door + " files of the door were seen");
  }

  @Test
  void libcFailuresAreNegativeErrnos() {
    LibC libc = LibC.system();
    assertEquals(-Errno.ENOENT, libc.open("/none/of/this", LibC.O_RDONLY));
    assertEquals(-Errno.EBADF, libc.close(1_000_000));
    assertEquals(-Errno.EBADF, libc.duplicate(1_000_000));
    assertEquals(-Errno.EBADF, libc.setns(1_000_000, LibC.CLONE_NEWNET));
    assertEquals(-Errno.EBADF, libc.socketOption(1_000_000, 1, 57, new byte[8]));
  }

  @Test
  void aThreadHasTheTurnsThatItAskedFor() throws InterruptedException {
    AtomicReference<Duration> told = new AtomicReference<>(Duration.ZERO);
    AtomicBoolean taken = new AtomicBoolean();
    Duration before = ThreadTurns.of(0);
    Thread thread =
        new Thread(() -> {
          taken.set(ThreadTurns.shorten(Duration.ofNanos(100_000)));
          told.set(ThreadTurns.of(0));
        });
    thread.start();
    thread.join();
    assertTrue(taken.get());
    // Linux before 6.12 takes it and says nothing of it.
    assertEquals(before.isZero() ? before : Duration.ofNanos(100_000), told.get());
    assertEquals(before, ThreadTurns.of(0), "and no other thread has");
    assertEquals(Duration.ZERO, ThreadTurns.of(Integer.MAX_VALUE), "there is no such thread");
  }

  @Test
  void aDescriptorIsClosedOnceAndThenRefuses() {
    int number = LibC.system().open("/dev/null", LibC.O_RDONLY | LibC.O_CLOEXEC);
    Fd fd = new Fd(number, "null device");
    assertEquals(number, fd.raw());
    assertFalse(fd.closed());
    fd.close();
    assertTrue(fd.closed());
    // The number now belongs to somebody else: closing again must not take it from them.
    int next = LibC.system().open("/dev/null", LibC.O_RDONLY | LibC.O_CLOEXEC);
    fd.close();
    int copy = LibC.system().duplicate(next);
    assertTrue(copy >= 0, Errno.name(copy));
    assertEquals(0, LibC.system().close(copy));
    assertEquals(0, LibC.system().close(next));
    assertThrows(IllegalStateException.class, fd::raw);
    assertThrows(IllegalArgumentException.class, () -> new Fd(-1, "failure").close());
  }

  @Test
  void errnosHaveNamesAndUnknownOnesTheirNumber() {
    assertEquals("EPERM", Errno.name(-1));
    assertEquals("EPERM", Errno.name(1));
    assertEquals("ENOTSUPP", Errno.name(-524));
    assertEquals("LIBBPF_ERRNO__FORMAT", Errno.name(4001));
    assertEquals("errno 3999", Errno.name(-3999));
  }

  @Test
  void anUnprivilegedProcessIsToldApartFromAnOldKernel() {
    assertTrue(KernelFeatures.permitted(List.of("Name:\tjava", "CapEff:\t000001ffffffffff")));
    assertTrue(KernelFeatures.permitted(List.of("CapEff:\t0000000000200000")));
    assertTrue(KernelFeatures.permitted(List.of("CapEff:\t0000008000001000")));
    assertFalse(KernelFeatures.permitted(List.of("CapEff:\t0000008000000000")));
    assertFalse(KernelFeatures.permitted(List.of("CapEff:\t0000000000000000")));
    assertFalse(KernelFeatures.permitted(List.of("CapPrm:\t000001ffffffffff")));
    assertFalse(KernelFeatures.permitted(List.of()));
  }

  @Test
  void aKernelThatWasNeverTriedIsRefusedInOneSentence() {
    assertEquals(
        Optional.of(
            "the running kernel is 5.15.0-91-generic, and Drawbridge is not tried on any before"
                + " 6.1: nothing was attached"),
        KernelFeatures.tooOld("5.15.0-91-generic"));
    assertEquals(Optional.empty(), KernelFeatures.tooOld("6.1.0-56-cloud-amd64"));
    assertEquals(Optional.empty(), KernelFeatures.tooOld("10.0"));
  }

  @Test
  void kernelReleasesAreComparedByNumber() {
    assertTrue(KernelFeatures.atLeast("5.12.0", 5, 12));
    assertTrue(KernelFeatures.atLeast("6.1.0-13-amd64", 5, 12));
    assertTrue(KernelFeatures.atLeast("10.0", 5, 12));
    assertFalse(KernelFeatures.atLeast("5.4.0-150-generic", 5, 12));
    assertFalse(KernelFeatures.atLeast("", 5, 12));
    assertFalse(KernelFeatures.atLeast("linux", 5, 12));
  }
}
