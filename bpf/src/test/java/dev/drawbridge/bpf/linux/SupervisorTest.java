package dev.drawbridge.bpf.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.ffi.LibC;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a service manager hears, at a real socket of its kind. */
final class SupervisorTest {
  private static final int SOL_SOCKET = 1;
  private static final int SO_RCVTIMEO = 20;
  private static final int EAGAIN = 11;

  @TempDir Path directory;

  /** Where a service manager listens. */
  private static final class Listener implements AutoCloseable {
    private final int socket =
        LibC.system().socket(LibC.AF_UNIX, LibC.SOCK_DGRAM | LibC.SOCK_CLOEXEC, 0);

    @SuppressWarnings("restricted") // bind(2) is no business of the agent's
    Listener(String path) throws Throwable {
      assertTrue(socket >= 0);
      byte[] name = path.replace('@', '\0').getBytes(StandardCharsets.UTF_8);
      byte[] address =
          ByteBuffer.allocate(2 + name.length)
              .order(ByteOrder.nativeOrder())
              .putShort((short) LibC.AF_UNIX)
              .put(name)
              .array();
      Linker linker = Linker.nativeLinker();
      try (Arena arena = Arena.ofConfined()) {
        int bound =
            (int)
                linker
                    .downcallHandle(
                        linker.defaultLookup().find("bind").orElseThrow(),
                        FunctionDescriptor.of(
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.ADDRESS,
                            ValueLayout.JAVA_INT))
                    .invokeExact(
                        socket, arena.allocateFrom(ValueLayout.JAVA_BYTE, address), address.length);
        assertEquals(0, bound, path);
      }
      // A deadline for what never comes: struct timeval.
      ByteBuffer timeout =
          ByteBuffer.allocate(16).order(ByteOrder.nativeOrder()).putLong(10).putLong(0);
      assertEquals(
          0, LibC.system().setSocketOption(socket, SOL_SOCKET, SO_RCVTIMEO, timeout.array()));
    }

    String heard() {
      byte[] buffer = new byte[512];
      int length = LibC.system().receive(socket, buffer);
      assertTrue(length >= 0, "nothing came: errno " + -length);
      return new String(Arrays.copyOf(buffer, length), StandardCharsets.UTF_8);
    }

    /** Whether anything waits that was said before. */
    boolean silent() {
      ByteBuffer none =
          ByteBuffer.allocate(16).order(ByteOrder.nativeOrder()).putLong(0).putLong(1);
      assertEquals(0, LibC.system().setSocketOption(socket, SOL_SOCKET, SO_RCVTIMEO, none.array()));
      return LibC.system().receive(socket, new byte[512]) == -EAGAIN;
    }

    @Override
    public void close() {
      assertEquals(0, LibC.system().close(socket));
    }
  }

  private static void tellsAll(String socket) throws Throwable {
    try (Listener listener = new Listener(socket)) {
      Supervisor manager = Supervisor.of(Map.of("NOTIFY_SOCKET", socket));
      manager.ready();
      assertEquals("READY=1", listener.heard());

      long before = LibC.system().monotonic() / 1_000;
      manager.reloading();
      String[] lines = listener.heard().split("\n", -1);
      long after = LibC.system().monotonic() / 1_000;
      assertEquals("RELOADING=1", lines[0]);
      long at = Long.parseLong(lines[1].replaceFirst("^MONOTONIC_USEC=", ""));
      assertTrue(before <= at && at <= after, before + " " + at + " " + after);
      assertEquals(2, lines.length);

      manager.stopping();
      assertEquals("STOPPING=1", listener.heard());
      manager.alive();
      assertTrue(listener.silent(), "nobody asked for signs of life");
    }
  }

  @Test
  void namesItsSuccessorAndDoesNotSayThatTheServiceStopsWhenItEnds() throws Throwable {
    String socket = directory.resolve("notify").toString();
    try (Listener listener = new Listener(socket)) {
      Supervisor manager = Supervisor.of(Map.of("NOTIFY_SOCKET", socket));
      manager.succeededBy(4711);
      assertEquals("MAINPID=4711", listener.heard());
      manager.stopping();
      assertTrue(listener.silent(), "it is another one's service");
    }
  }

  @Test
  void tellsBySocketInAFileSystem() throws Throwable {
    tellsAll(directory.resolve("notify").toString());
  }

  @Test
  void tellsByAnAbstractSocket() throws Throwable {
    tellsAll("@drawbridge-test-" + ProcessHandle.current().pid());
  }

  @Test
  void passesOnFewSignsOfLifeAndOnlyWhereTheyAreWaitedFor() throws Throwable {
    String socket = directory.resolve("notify").toString();
    String self = Long.toString(ProcessHandle.current().pid());
    try (Listener listener = new Listener(socket)) {
      // An hour: the second sign is not yet due, however slow this machine is.
      Supervisor manager =
          Supervisor.of(
              Map.of("NOTIFY_SOCKET", socket, "WATCHDOG_USEC", "3600000000", "WATCHDOG_PID", self));
      manager.alive();
      manager.alive();
      assertEquals("WATCHDOG=1", listener.heard());
      manager.ready();
      assertEquals("READY=1", listener.heard(), "the second sign was not passed on");

      // A microsecond: each is due.
      Supervisor hurried = Supervisor.of(Map.of("NOTIFY_SOCKET", socket, "WATCHDOG_USEC", "1"));
      hurried.alive();
      hurried.alive();
      assertEquals("WATCHDOG=1", listener.heard());
      assertEquals("WATCHDOG=1", listener.heard());

      for (Map<String, String> others :
          List.of(
              Map.of("WATCHDOG_USEC", "1", "WATCHDOG_PID", "1"),
              Map.of("WATCHDOG_USEC", "soon"),
              Map.of("WATCHDOG_USEC", "0"),
              Map.of("WATCHDOG_USEC", "-5"),
              Map.of("WATCHDOG_USEC", "9223372036854775807"))) {
        Map<String, String> environment = new HashMap<>(others);
        environment.put("NOTIFY_SOCKET", socket);
        Supervisor.of(environment).alive();
      }
      assertTrue(listener.silent());
    }
  }

  @Test
  void aManagerThatDoesNotReadHoldsUpNoSignOfLife() throws Throwable {
    String socket = directory.resolve("notify").toString();
    try (Listener listener = new Listener(socket)) {
      Supervisor manager = Supervisor.of(Map.of("NOTIFY_SOCKET", socket, "WATCHDOG_USEC", "1"));
      // More than net.unix.max_dgram_qlen, which is 10 or 512.
      for (int i = 0; i < 10_000; i++) {
        manager.alive();
      }
      assertEquals("WATCHDOG=1", listener.heard());
    }
  }

  @Test
  void withoutASocketOrWithOneThatIsNoneNothingIsSaid() {
    for (Map<String, String> environment :
        List.<Map<String, String>>of(
            Map.of(),
            Map.of("NOTIFY_SOCKET", ""),
            Map.of("NOTIFY_SOCKET", "@"),
            Map.of("NOTIFY_SOCKET", "vsock:2:1"),
            Map.of("NOTIFY_SOCKET", "/" + "x".repeat(200)),
            Map.of("NOTIFY_SOCKET", directory.resolve("none").toString(), "WATCHDOG_USEC", "1"))) {
      Supervisor manager = Supervisor.of(environment);
      manager.ready();
      manager.reloading();
      manager.alive();
      manager.stopping();
    }
  }
}
