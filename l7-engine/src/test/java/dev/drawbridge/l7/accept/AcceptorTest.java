package dev.drawbridge.l7.accept;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.EngineLimits;
import dev.drawbridge.l7.NetnsHandle;
import dev.drawbridge.l7.relay.Relay;
import dev.drawbridge.policy.Peers;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayDeque;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class AcceptorTest {
  private static final int ONE = Peers.FIRST_ENDPOINT;
  private static final int OTHER = ONE + 1;

  private final Relay relay =
      new Relay(
          EngineLimits.defaults(),
          peer -> "",
          (netns, remote, local) -> Optional.empty(),
          (fd, caller, callee, port) -> {},
          access -> {});
  private final Acceptor acceptor =
      new Acceptor(relay, new SocketStock(NetnsHandle.current(), Runnable::run));
  private final EmbeddedChannel listening = new EmbeddedChannel(acceptor);
  private final ArrayDeque<Runnable> debts = new ArrayDeque<>();

  @AfterEach
  void close() {
    listening.finishAndReleaseAll();
    relay.close();
  }

  @Test
  void nobodyIsAcceptedForAContainerThatOwes() {
    acceptor.enters(ONE);
    acceptor.owes(ONE, debts::add);
    acceptor.owes(ONE, debts::add);
    assertFalse(listening.config().isAutoRead());
    assertEquals(1, debts.size());
    debts.remove().run();
    assertTrue(listening.config().isAutoRead());
  }

  @Test
  void whoComesFromElsewhereKeepsNobodyOut() {
    acceptor.enters(Peers.WORLD);
    acceptor.owes(Peers.WORLD, debts::add);
    acceptor.owes(Peers.HOST, debts::add);
    assertTrue(listening.config().isAutoRead());
  }

  @Test
  void ofTwoThatShareANamespaceNeitherKeepsTheOtherOut() {
    acceptor.enters(ONE);
    acceptor.enters(OTHER);
    acceptor.owes(ONE, debts::add);
    assertTrue(listening.config().isAutoRead());
  }
}
