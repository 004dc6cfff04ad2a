package dev.drawbridge.hook;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The socket: framing, limits, deadlines, who may ask, and whose path it is. */
@Timeout(30)
// An agent that only has to be there is referenced by nobody.
@SuppressWarnings("try")
final class HookServerTest {
  private static final byte[] STATE =
      "{\"id\":\"box\",\"pid\":7,\"bundle\":\"/b\"}".getBytes(StandardCharsets.UTF_8);
  private static final HookServer.Limits LIMITS =
      new HookServer.Limits(4, 1000, Duration.ofSeconds(5));

  @TempDir Path directory;
  private final List<HookServer> servers = new java.util.ArrayList<>();

  @AfterEach
  void stop() {
    servers.forEach(HookServer::close);
  }

  @Test
  void answersWhetherTheRequestArrivesWholeOrByteByByte() throws Exception {
    Path socket = serve(new Answer(HookReply.refuse("no")));
    byte[] request = request(2, STATE);
    assertArrayEquals(RawAgent.frame(1, "no"), ask(socket, request));
    try (SocketChannel channel = connect(socket)) {
      for (byte b : request) {
        channel.write(ByteBuffer.wrap(new byte[] {b}));
      }
      assertArrayEquals(RawAgent.frame(1, "no"), readAll(channel));
    }
  }

  @Test
  void requestCutAtEveryPlaceReachesNoHandler() throws Exception {
    Answer answer = new Answer(HookReply.go());
    Path socket = serve(answer);
    byte[] request = request(2, STATE);
    for (int cut = 0; cut < request.length; cut++) {
      byte[] reply = ask(socket, Arrays.copyOf(request, cut));
      assertTrue(cut == 0 ? reply.length == 0 : reply[4] == 1, "cut at " + cut);
    }
    assertEquals(0, answer.calls.get());
    assertArrayEquals(RawAgent.frame(0, ""), ask(socket, request));
  }

  @Test
  void refusesFramesThatAreNoneAndGoesOnServing() throws Exception {
    Answer answer = new Answer(HookReply.go());
    Path socket = serve(answer);
    byte[] magic = request(2, STATE);
    magic[3] = '2';
    byte[] reserved = request(2, STATE);
    reserved[5] = 1;
    byte[] negative = request(2, STATE);
    ByteBuffer.wrap(negative).putInt(8, -1);
    for (byte[] bad :
        List.of(
            magic,
            reserved,
            negative,
            request(0, STATE),
            request(5, STATE),
            request(255, STATE),
            request(2, new byte[1001]),
            "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII))) {
      byte[] reply = ask(socket, bad);
      assertEquals(1, reply[4], new String(reply, StandardCharsets.UTF_8));
    }
    assertEquals(0, answer.calls.get());
    assertArrayEquals(RawAgent.frame(0, ""), ask(socket, request(2, STATE)));
  }

  @Test
  void refusesPayloadsThatDoNotSayWhichContainer() throws Exception {
    Answer answer = new Answer(HookReply.go());
    Path socket = serve(answer);
    for (String payload :
        List.of(
            "",
            "{}",
            "[]",
            "{\"id\":\"box\"}",
            "{\"bundle\":\"/b\"}",
            "{\"id\":\"a/b\",\"bundle\":\"/b\"}",
            "{\"id\":\"..\",\"bundle\":\"/b\"}",
            "{\"id\":5,\"bundle\":\"/b\"}",
            "{\"id\":\"box\",\"bundle\":\"b\"}",
            "{\"id\":\"box\",\"bundle\":\"/b\\u0000c\"}",
            "{\"id\":\"box\",\"bundle\":\"/b\"} x",
            "{'id':'box','bundle':'/b'}")) {
      for (int operation : new int[] {1, 2, 3}) {
        byte[] reply = ask(socket, request(operation, payload.getBytes(StandardCharsets.UTF_8)));
        assertEquals(1, reply[4], operation + " " + payload);
      }
    }
    assertEquals(0, answer.calls.get());
  }

  @Test
  void everyReplyHasItsStatus() throws Exception {
    byte[] patch = "{\"id\":\"box\",\"bundle\":\"/b/../c\"}".getBytes(StandardCharsets.UTF_8);
    Answer answer = new Answer(HookReply.goUnguarded());
    Path socket = serve(answer);
    assertArrayEquals(RawAgent.frame(2, ""), ask(socket, request(1, patch)));
    assertEquals("patch box /c", answer.last);
    assertArrayEquals(RawAgent.frame(2, ""), ask(socket, request(2, STATE)));
    assertArrayEquals(RawAgent.frame(0, ""), ask(socket, request(3, STATE)));
    assertEquals(3, answer.calls.get());
  }

  @Test
  void sentenceIsOneLineAndCutBetweenCharacters() throws Exception {
    Path socket = serve(new Answer(HookReply.refuse("a\r\nb\u2028c\0" + "é".repeat(5000))));
    byte[] reply = ask(socket, request(2, STATE));
    String sentence = new String(reply, 12, reply.length - 12, StandardCharsets.UTF_8);
    assertTrue(sentence.startsWith("a  b c éé"), sentence.substring(0, 10));
    assertTrue(sentence.endsWith("é"));
    assertTrue(reply.length - 12 <= HookServer.MAX_SENTENCE_BYTES);
  }

  @Test
  void handlerThatThrowsIsARefusalAndNotTheEnd() throws Exception {
    Path socket =
        serve(
            new Answer(HookReply.go()) {
              @Override
              public HookReply createRuntime(OciState state) {
                throw new IllegalStateException("a bug");
              }
            });
    for (int i = 0; i < 10; i++) {
      byte[] reply = ask(socket, request(2, STATE));
      assertEquals(1, reply[4]);
      assertTrue(new String(reply, StandardCharsets.UTF_8).contains("IllegalStateException"));
    }
    assertEquals(0, ask(socket, request(3, STATE))[4]);
  }

  @Test
  void usersOtherThanTheAllowedOneAreRefused() throws Exception {
    Answer answer = new Answer(HookReply.go());
    Path socket = directory.resolve("run/hook.sock");
    UserPrincipal nobody =
        directory.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("65534");
    start(new HookServer(socket, answer, LIMITS, nobody));
    byte[] reply = ask(socket, request(2, STATE));
    assertEquals(1, reply[4]);
    assertTrue(new String(reply, StandardCharsets.UTF_8).contains("only root"));
    assertEquals(0, answer.calls.get());
  }

  @Test
  void clientThatSaysNothingIsCutOffAndTakesNoPermitForEver() throws Exception {
    Path socket = directory.resolve("run/hook.sock");
    var limits = new HookServer.Limits(2, 1000, Duration.ofMillis(200));
    start(new HookServer(socket, new Answer(HookReply.go()), limits, self()));
    try (SocketChannel one = connect(socket);
        SocketChannel two = connect(socket)) {
      assertEquals(0, ask(socket, request(2, STATE))[4]);
      assertEquals(-1, one.read(ByteBuffer.allocate(1)));
      assertEquals(-1, two.read(ByteBuffer.allocate(1)));
    }
  }

  @Test
  void runsOnlySoManyHandlersAtATimeAndTheRestWaits() throws Exception {
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    CountDownLatch full = new CountDownLatch(LIMITS.concurrent());
    CountDownLatch open = new CountDownLatch(1);
    Path socket =
        serve(
            new Answer(HookReply.go()) {
              @Override
              public HookReply createRuntime(OciState state) {
                most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                full.countDown();
                try {
                  open.await(5, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
                inside.decrementAndGet();
                return HookReply.go();
              }
            });
    try (var clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<byte[]>> replies = new java.util.ArrayList<>();
      for (int i = 0; i < 40; i++) {
        replies.add(clients.submit(() -> ask(socket, request(2, STATE))));
      }
      assertTrue(full.await(5, TimeUnit.SECONDS));
      open.countDown();
      for (Future<byte[]> reply : replies) {
        assertArrayEquals(RawAgent.frame(0, ""), reply.get(10, TimeUnit.SECONDS));
      }
    }
    assertEquals(LIMITS.concurrent(), most.get());
  }

  @Test
  void makesItsDirectoryForRootOnlyAndRemovesItsSocketAtTheEnd() throws Exception {
    Path socket = serve(new Answer(HookReply.go()));
    assertEquals("rwxr-x---", mode(directory.resolve("run")));
    assertEquals("rw-rw----", mode(socket));
    servers.getFirst().close();
    servers.getFirst().close();
    assertFalse(Files.exists(socket));
  }

  @Test
  void replacesASocketThatNobodyServes() throws Exception {
    Path socket = directory.resolve("run/hook.sock");
    new RawAgent(socket, channel -> {}).close();
    assertTrue(Files.exists(socket));
    start(new HookServer(socket, new Answer(HookReply.go()), LIMITS, self()));
    assertEquals(0, ask(socket, request(2, STATE))[4]);
  }

  @Test
  void leavesASocketAloneThatSomebodyServes() throws Exception {
    Path socket = directory.resolve("run/hook.sock");
    try (var other = new RawAgent(socket, RawAgent.answering(new byte[] {42}))) {
      HookServer late = new HookServer(socket, new Answer(HookReply.go()), LIMITS, self());
      HookException e = assertThrows(HookException.class, late::start);
      assertTrue(String.valueOf(e.getMessage()).contains("another agent"), e.getMessage());
      late.close();
      assertArrayEquals(new byte[] {42}, ask(socket, request(2, STATE)));
    }
  }

  @Test
  void leavesAFileAloneThatIsNoSocket() throws Exception {
    Path socket = directory.resolve("file");
    Files.writeString(socket, "precious");
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
    assertThrows(
        HookException.class,
        () -> new HookServer(socket, new Answer(HookReply.go()), LIMITS, self()).start());
    assertEquals("precious", Files.readString(socket));
  }

  @Test
  void refusesADirectoryThatEverybodyMayWriteTo() throws Exception {
    Path open = Files.createDirectory(directory.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
    HookServer server =
        new HookServer(open.resolve("hook.sock"), new Answer(HookReply.go()), LIMITS, self());
    assertThrows(HookException.class, server::start);
  }

  @Test
  void pathTooLongForASocketIsAHookException() {
    Path longOne = directory.resolve("x".repeat(120));
    HookServer server = new HookServer(longOne, new Answer(HookReply.go()), LIMITS, selfOrThrow());
    assertThrows(HookException.class, server::start);
  }

  private static class Answer implements HookHandler {
    final AtomicInteger calls = new AtomicInteger();
    volatile String last = "";
    private final HookReply reply;

    Answer(HookReply reply) {
      this.reply = reply;
    }

    @Override
    public HookReply patch(String id, Path bundle, boolean startIsAsked) {
      calls.incrementAndGet();
      last = "patch " + id + " " + bundle;
      return reply;
    }

    @Override
    public HookReply createRuntime(OciState state) {
      calls.incrementAndGet();
      return reply;
    }

    @Override
    public HookReply start(String id) {
      calls.incrementAndGet();
      last = "start " + id;
      return reply;
    }

    @Override
    public void poststop(OciState state) {
      calls.incrementAndGet();
    }
  }

  private Path serve(HookHandler handler) throws Exception {
    Path socket = directory.resolve("run/hook.sock");
    start(new HookServer(socket, handler, LIMITS, self()));
    return socket;
  }

  private void start(HookServer server) throws HookException {
    servers.add(server);
    server.start();
  }

  private UserPrincipal self() throws IOException {
    return Programs.self(directory);
  }

  private UserPrincipal selfOrThrow() {
    try {
      return self();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static String mode(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }

  private static byte[] request(int operation, byte[] payload) {
    return ByteBuffer.allocate(12 + payload.length)
        .put("DBH1".getBytes(StandardCharsets.US_ASCII))
        .putInt(operation << 24)
        .putInt(payload.length)
        .put(payload)
        .array();
  }

  private static SocketChannel connect(Path socket) throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    channel.connect(UnixDomainSocketAddress.of(socket));
    return channel;
  }

  private static byte[] ask(Path socket, byte[] request) throws IOException {
    try (SocketChannel channel = connect(socket)) {
      channel.write(ByteBuffer.wrap(request));
      channel.shutdownOutput();
      return readAll(channel);
    }
  }

  private static byte[] readAll(SocketChannel channel) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    ByteBuffer part = ByteBuffer.allocate(8192);
    try {
      while (channel.read(part) >= 0) {
        all.write(part.array(), 0, part.position());
        part.clear();
      }
    } catch (SocketException e) {
      // A server that answers without having read everything resets what comes after the answer.
      return all.toByteArray();
    }
    return all.toByteArray();
  }
}
