package dev.drawbridge.bpf.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.KernelLab;
import dev.drawbridge.bpf.failure.BpfException;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernel")
class KernelNamespaceTest {
  private static final Path CURRENT = Path.of("/proc/thread-self/ns/net");

  private final KernelLab lab = new KernelLab();

  @AfterEach
  void leavesNothingBehind() {
    lab.close();
  }

  private NetworkNamespace other() {
    return NetworkNamespace.ofPid(Math.toIntExact(lab.startInNamespace().pid()));
  }

  private static String current() throws IOException {
    return Files.readSymbolicLink(CURRENT).toString();
  }

  @Test
  void theTaskRunsInsideAndTheCallerStaysOutside() throws Exception {
    String outside = current();
    try (NetworkNamespace namespace = other()) {
      String inside = namespace.call(KernelNamespaceTest::current);
      assertEquals("net:[" + namespace.inode() + "]", inside);
      assertEquals(namespace.toString(), inside);
      assertNotEquals(outside, inside);
      assertEquals(outside, current());
    }
  }

  @Test
  void everyTaskRunsOnTheSamePlatformThreadEvenFromInside() throws Exception {
    try (NetworkNamespace namespace = other()) {
      Thread first = namespace.call(Thread::currentThread);
      Thread nested = namespace.call(() -> namespace.call(Thread::currentThread));
      assertSame(first, nested);
      assertFalse(first.isVirtual());
      assertEquals("drawbridge-netns-" + namespace.inode(), first.getName());
    }
  }

  @Test
  void manyCallersFromVirtualThreadsAreServedInside() throws Exception {
    String outside = current();
    try (NetworkNamespace namespace = other();
        var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<String>> answers = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        answers.add(callers.submit(() -> namespace.call(KernelNamespaceTest::current)));
        answers.add(callers.submit(KernelNamespaceTest::current));
      }
      for (int i = 0; i < answers.size(); i += 2) {
        assertEquals(namespace.toString(), answers.get(i).get());
        assertEquals(outside, answers.get(i + 1).get());
      }
    }
  }

  @Test
  void twoNamespacesMayListenOnOnePort() throws Exception {
    try (NetworkNamespace one = other();
        NetworkNamespace two = other()) {
      assertNotEquals(one.inode(), two.inode());
      try (ServerSocket first = one.call(() -> new ServerSocket(18080));
          ServerSocket second = two.call(() -> new ServerSocket(18080))) {
        assertEquals(first.getLocalPort(), second.getLocalPort());
      }
    }
  }

  @Test
  void whatTheTaskThrowsComesOutAndTheNamespaceGoesOn() throws Exception {
    try (NetworkNamespace namespace = other()) {
      IOException thrown = new IOException("meant to fail");
      assertSame(
          thrown,
          assertThrows(
              IOException.class,
              () ->
                  namespace.call(() -> {
                    throw thrown;
                  })));
      assertThrows(
          AssertionError.class,
          () ->
              namespace.call(() -> {
                throw new AssertionError("meant to fail");
              }));
      assertNull(namespace.call(() -> null));
      assertEquals(namespace.toString(), namespace.call(KernelNamespaceTest::current));
    }
  }

  @Test
  void aNamespaceIsHeldOpenWhenItsProcessIsGone() throws Exception {
    Process process = lab.startInNamespace();
    try (NetworkNamespace namespace = NetworkNamespace.ofPid(Math.toIntExact(process.pid()))) {
      process.destroyForcibly();
      int _ = KernelLab.exitCode(process);
      assertEquals(namespace.toString(), namespace.call(KernelNamespaceTest::current));
    }
  }

  @Test
  void closingEndsTheThreadAndRefusesCalls() throws Exception {
    NetworkNamespace namespace = other();
    Thread worker = namespace.call(Thread::currentThread);
    namespace.close();
    namespace.close();
    KernelLab.await(() -> !worker.isAlive(), "the thread to end");
    assertThrows(IllegalStateException.class, () -> namespace.call(() -> 1));
    assertThrows(IllegalStateException.class, namespace::fd);
  }

  @Test
  void whatIsNoNetworkNamespaceIsRefused() throws Exception {
    BpfException gone =
        assertThrows(BpfException.class, () -> NetworkNamespace.ofPid(Integer.MAX_VALUE).close());
    assertEquals(Optional.of("ENOENT"), gone.errno());
    try (NetworkNamespace wrong = NetworkNamespace.ofPath(Path.of("/proc/self/ns/mnt"))) {
      boolean[] ran = {false};
      BpfException refused =
          assertThrows(
              BpfException.class,
              () ->
                  wrong.call(() -> {
                    ran[0] = true;
                    return 1;
                  }));
      assertEquals(Optional.of("EINVAL"), refused.errno());
      assertFalse(ran[0]);
    }
    assertTrue(Files.exists(CURRENT));
  }
}
