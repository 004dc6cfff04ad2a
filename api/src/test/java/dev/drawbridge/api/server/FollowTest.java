package dev.drawbridge.api.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.api.ApiConfig;
import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.ApiLimits;
import dev.drawbridge.api.FakeAgentView;
import dev.drawbridge.api.FlowFilter;
import dev.drawbridge.api.client.HttpAnswer;
import dev.drawbridge.api.client.LocalClient;
import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.api.report.Json;
import dev.drawbridge.api.report.Outcome;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class FollowTest {
  @TempDir Path directory;
  private final FakeAgentView view = new FakeAgentView();
  private ApiServer server = new ApiServer(ApiConfig.defaults(), view);

  @BeforeEach
  void start() throws ApiException {
    server =
        new ApiServer(
            new ApiConfig(
                directory.resolve("api.sock"),
                Optional.of(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0)),
                Optional.empty()),
            view,
            Duration.ofMillis(400));
    server.start();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private LocalClient client() {
    return new LocalClient(server.socket(), Duration.ofSeconds(20));
  }

  private BlockingQueue<LocalClient.FollowedLine> follow(FlowFilter filter, int last) {
    BlockingQueue<LocalClient.FollowedLine> lines = new ArrayBlockingQueue<>(10_000);
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try {
            client().follow(filter, last, lines::add);
          } catch (ApiException closed) {
            assertTrue(
                String.valueOf(closed.getMessage()).contains("broke off"), closed.getMessage());
          }
        });
    return lines;
  }

  private static Object path(LocalClient.FollowedLine line) {
    return assertInstanceOf(LocalClient.FollowedLine.Flow.class, line)
        .flow()
        .asked()
        .orElseThrow()
        .fields()
        .getOrDefault("path", "");
  }

  private static LocalClient.FollowedLine next(BlockingQueue<LocalClient.FollowedLine> lines)
      throws InterruptedException {
    LocalClient.FollowedLine line = lines.poll(20, TimeUnit.SECONDS);
    if (line == null) {
      throw new AssertionError("no line within 20 s");
    }
    return line;
  }

  private static void until(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, "condition not met within 20 s");
      TimeUnit.MILLISECONDS.sleep(2);
    }
  }

  @Test
  void lastRecordsComeOldestFirstAndFiltered() throws ApiException {
    for (int i = 0; i < 10; i++) {
      view.log.append((i % 2 == 0 ? "allow /" : "deny /") + i);
    }
    assertEquals(
        List.of("/5", "/7", "/9"),
        client().flows(new FlowFilter(Optional.of(Outcome.DENY), Optional.empty()), 3).stream()
            .map(f -> f.asked().orElseThrow().fields().getOrDefault("path", ""))
            .toList());
    assertEquals(2, client().flows(FlowFilter.ALL, 2).size());
    assertEquals(
        List.of(), client().flows(new FlowFilter(Optional.empty(), Optional.of("nobody")), 5));
    assertEquals(
        5,
        client()
            .flows(
                new FlowFilter(Optional.empty(), Optional.of(FakeAgentView.DB_ID.substring(0, 12))),
                5)
            .size());
  }

  @Test
  void followerSeesOldRecordsThenNewOnesWithoutGapOrRepetition() throws InterruptedException {
    view.log.append("allow /old");
    BlockingQueue<LocalClient.FollowedLine> lines = follow(FlowFilter.ALL, 5);
    assertEquals("/old", path(next(lines)));
    for (int i = 0; i < 500; i++) {
      view.log.append("allow /" + i);
    }
    for (int i = 0; i < 500; i++) {
      assertEquals("/" + i, path(next(lines)));
    }
  }

  @Test
  void nothingFallsBetweenTheListAndTheSubscription() throws InterruptedException {
    Thread writer =
        Thread.ofPlatform()
            .start(() -> {
              for (int i = 1; i <= 900; i++) {
                view.log.append("allow /" + i);
                Thread.onSpinWait();
              }
            });
    until(() -> view.log.appended() > 20);
    BlockingQueue<LocalClient.FollowedLine> lines = follow(FlowFilter.ALL, 900);
    writer.join();
    for (int i = 1; i <= 900; i++) {
      assertEquals("/" + i, path(next(lines)));
    }
  }

  @Test
  void filterHoldsWhileFollowing() throws InterruptedException {
    BlockingQueue<LocalClient.FollowedLine> lines =
        follow(new FlowFilter(Optional.of(Outcome.DENY), Optional.of("db")), 0);
    until(view.log::followed);
    view.log.append("allow /a");
    view.log.append("deny /b");
    assertEquals("/b", path(next(lines)));
  }

  @Test
  void slowFollowerIsToldExactlyHowMuchItLostAndWhere() throws IOException, InterruptedException {
    try (SocketChannel slow = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      slow.connect(UnixDomainSocketAddress.of(server.socket()));
      slow.write(
          StandardCharsets.US_ASCII.encode(
              "GET /v1/flows?follow=1 HTTP/1.1\r\nHost: drawbridge\r\n\r\n"));
      until(view.log::followed);
      int written = 20_000;
      for (int i = 1; i <= written; i++) {
        view.log.append("allow /" + i);
      }
      HttpAnswer answer = HttpAnswer.read(Channels.newInputStream(slow), 1 << 20);
      long expected = 1;
      long lost = 0;
      while (expected <= written) {
        String line = answer.line().orElseThrow();
        if (line.startsWith("{\"lost\":")) {
          long count = Long.parseLong(line.substring(8, line.length() - 1));
          lost += count;
          expected += count;
        } else {
          assertEquals(expected, Json.read(line, FlowReport.class).sequence());
          expected++;
        }
      }
      assertTrue(lost > 1000, "lost only " + lost);
    }
  }

  @Test
  void followersAreLimitedAndLeaveTheirPlace() throws IOException, InterruptedException {
    List<SocketChannel> open = new ArrayList<>();
    for (int i = 0; i < ApiLimits.FOLLOWERS; i++) {
      SocketChannel follower = SocketChannel.open(StandardProtocolFamily.UNIX);
      follower.connect(UnixDomainSocketAddress.of(server.socket()));
      follower.write(
          StandardCharsets.US_ASCII.encode(
              "GET /v1/flows?follow=1 HTTP/1.1\r\nHost: drawbridge\r\n\r\n"));
      assertEquals(200, HttpAnswer.read(Channels.newInputStream(follower), 1024).status());
      open.add(follower);
    }
    LocalClient.Refused refused =
        assertThrows(LocalClient.Refused.class, () -> client().follow(FlowFilter.ALL, 0, l -> {}));
    assertEquals(503, refused.status());
    assertEquals(7, client().status().generation());
    for (SocketChannel follower : open) {
      follower.close();
    }
    until(() -> !view.log.followed());
    BlockingQueue<LocalClient.FollowedLine> lines = follow(FlowFilter.ALL, 0);
    until(view.log::followed);
    view.log.append("allow /again");
    assertEquals("/again", path(next(lines)));
  }

  @Test
  void headThatDripsInIsCutOffOnTime() throws IOException {
    long began = System.nanoTime();
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), server.tcpPort().orElseThrow())) {
      socket.setSoTimeout(10);
      int dripped = 0;
      while (dripped >= 0) {
        assertTrue(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(20), "never cut off");
        try {
          socket.getOutputStream().write('G');
          if (socket.getInputStream().read() < 0) {
            break;
          }
        } catch (java.net.SocketTimeoutException waiting) {
          dripped++;
        } catch (java.net.SocketException cut) {
          dripped = -1;
        }
      }
    }
    assertTrue(System.nanoTime() - began >= TimeUnit.MILLISECONDS.toNanos(350));
  }

  @Test
  void idleConnectionIsCutOff() throws IOException {
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), server.tcpPort().orElseThrow())) {
      socket.setSoTimeout(20_000);
      assertEquals(-1, socket.getInputStream().read());
    }
  }

  @Test
  void followerOutlivesTheTimeForAHead() throws InterruptedException {
    BlockingQueue<LocalClient.FollowedLine> lines = follow(FlowFilter.ALL, 0);
    until(view.log::followed);
    long began = System.nanoTime();
    until(() -> System.nanoTime() - began > TimeUnit.MILLISECONDS.toNanos(900));
    view.log.append("allow /late");
    assertEquals("/late", path(next(lines)));
  }
}
