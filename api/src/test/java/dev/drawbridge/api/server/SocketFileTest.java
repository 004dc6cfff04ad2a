package dev.drawbridge.api.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.api.ApiConfig;
import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.FakeAgentView;
import dev.drawbridge.api.client.LocalClient;
import dev.drawbridge.api.report.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SocketFileTest {
  @TempDir Path directory;
  private final FakeAgentView view = new FakeAgentView();

  private ApiServer server(Path socket) {
    return new ApiServer(new ApiConfig(socket, Optional.empty(), Optional.empty()), view);
  }

  private void refused(Path socket, String because) {
    try (ApiServer server = server(socket)) {
      ApiException refusal = assertThrows(ApiException.class, server::start);
      assertTrue(String.valueOf(refusal.getMessage()).contains(because), refusal.getMessage());
    }
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  private static void leaveDeadSocket(Path path) throws IOException {
    try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      dead.bind(UnixDomainSocketAddress.of(path));
    }
    assertTrue(Files.exists(path));
  }

  @Test
  void socketIs0660InADirectoryOf0750AndNothingElseIsLeft() throws IOException {
    Path socket = directory.resolve("run/drawbridge/api.sock");
    try (ApiServer server = server(socket)) {
      server.start();
      assertEquals("rw-rw----", mode(socket));
      assertEquals("rwxr-x---", mode(directory.resolve("run/drawbridge")));
      try (Stream<Path> entries = Files.list(directory.resolve("run/drawbridge"))) {
        assertEquals(1, entries.count());
      }
    }
    assertFalse(Files.exists(socket));
  }

  @Test
  void deadSocketIsReplaced() throws IOException {
    Path socket = directory.resolve("api.sock");
    leaveDeadSocket(socket);
    try (ApiServer server = server(socket)) {
      server.start();
      assertEquals(
          "drawbridge", Json.read(new LocalClient(socket).text("/"), NameOnly.class).name());
    }
  }

  private record NameOnly(String name) {}

  @Test
  void livingSocketIsLeftAlone() throws IOException {
    Path socket = directory.resolve("api.sock");
    try (ApiServer first = server(socket)) {
      first.start();
      refused(socket, "another agent answers there");
      assertEquals(7, new LocalClient(socket).status().generation());
    }
  }

  @Test
  void closingDoesNotRemoveASuccessorsSocket() throws IOException {
    Path socket = directory.resolve("api.sock");
    ApiServer first = server(socket);
    first.start();
    Files.delete(socket);
    try (ApiServer second = server(socket)) {
      second.start();
      first.close();
      assertEquals(7, new LocalClient(socket).status().generation());
    }
  }

  @Test
  void symbolicLinkInItsPlaceIsRefused() throws IOException {
    Path target = directory.resolve("target");
    leaveDeadSocket(target);
    Path socket = Files.createSymbolicLink(directory.resolve("api.sock"), target);
    refused(socket, "no socket stands there");
    assertTrue(Files.isSymbolicLink(socket));
  }

  @Test
  void danglingSymbolicLinkIsRefused() throws IOException {
    refused(
        Files.createSymbolicLink(directory.resolve("api.sock"), directory.resolve("nowhere")),
        "no socket stands there");
  }

  @Test
  void symbolicLinkAsDirectoryIsRefused() throws IOException {
    Files.createDirectory(directory.resolve("real"));
    Files.createSymbolicLink(directory.resolve("link"), directory.resolve("real"));
    refused(directory.resolve("link/api.sock"), "symbolic link");
  }

  @Test
  void fileInItsPlaceIsRefusedAndKept() throws IOException {
    Path file = Files.writeString(directory.resolve("api.sock"), "precious");
    refused(file, "no socket stands there");
    assertEquals("precious", Files.readString(file));
  }

  @Test
  void directoryInItsPlaceIsRefused() throws IOException {
    refused(Files.createDirectory(directory.resolve("api.sock")), "no socket stands there");
  }

  @Test
  void directoryThatOthersMayWriteToIsRefused() throws IOException {
    Path open = Files.createDirectory(directory.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
    refused(open.resolve("api.sock"), "others may write");
  }

  @Test
  void pathTooLongForASocketIsRefusedInWords() {
    refused(directory.resolve("x".repeat(120)), "longer than 107 bytes");
  }

  @Test
  void unknownGroupIsRefusedAndNothingIsLeft() throws IOException {
    Path socket = directory.resolve("g/api.sock");
    try (ApiServer server =
        new ApiServer(
            new ApiConfig(socket, Optional.empty(), Optional.of("no-such-group-here")), view)) {
      assertThrows(ApiException.class, server::start);
    }
    try (Stream<Path> entries = Files.list(directory.resolve("g"))) {
      assertEquals(0, entries.count());
    }
  }

  @Test
  void takenPortIsToldAndNoSocketIsLeft() throws IOException {
    Path socket = directory.resolve("api.sock");
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"));
        ApiServer server =
            new ApiServer(
                new ApiConfig(
                    socket,
                    Optional.of(
                        new InetSocketAddress(
                            InetAddress.ofLiteral("127.0.0.1"), taken.getLocalPort())),
                    Optional.empty()),
                view)) {
      ApiException refusal = assertThrows(ApiException.class, server::start);
      assertTrue(
          String.valueOf(refusal.getMessage()).contains("" + taken.getLocalPort()),
          refusal.getMessage());
    }
    assertFalse(Files.exists(socket));
  }

  @Test
  void addressesBeyondLoopbackAreNoConfiguration() {
    for (String address : new String[] {"0.0.0.0", "::", "192.0.2.1"}) {
      InetSocketAddress far = new InetSocketAddress(InetAddress.ofLiteral(address), 9807);
      assertThrows(
          IllegalArgumentException.class,
          () -> new ApiConfig(directory.resolve("s"), Optional.of(far), Optional.empty()));
    }
  }
}
