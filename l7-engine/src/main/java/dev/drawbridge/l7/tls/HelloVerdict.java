package dev.drawbridge.l7.tls;

import dev.drawbridge.l7.relay.Exchange;
import dev.drawbridge.l7.relay.Judging;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.l7.relay.Recorded;
import dev.drawbridge.l7.relay.Records;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import dev.drawbridge.policy.tls.TlsAsk;
import io.netty.buffer.ByteBuf;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One hello of a TLS client: reads it, judges it by the server's name, says why it is refused. */
final class HelloVerdict {
  /** RFC 8446 section 6.2. */
  private static final int ACCESS_DENIED = 49;

  /** RFC 6066 section 3. */
  private static final int UNRECOGNIZED_NAME = 112;

  /** RFC 8446 section 6.2. */
  private static final int ILLEGAL_PARAMETER = 47;

  private static final int DECODE_ERROR = 50;

  private static final int ALERT_RECORD_BYTES = 7;

  private final Opened opened;
  private final HelloReader reader = new HelloReader();
  private final Exchange exchange = Exchange.begun(AskedTls.UNREAD);
  private @Nullable ClientHello hello;
  private int alert = ACCESS_DENIED;
  private long seen;

  HelloVerdict(Opened opened) {
    this.opened = opened;
  }

  /** Reads on; a verdict once the hello is there or cannot come any more. */
  @Nullable Verdict judge(ByteBuf all) {
    HelloReader.Progress progress = reader.take(all);
    seen = all.readableBytes();
    Policy policy = opened.policy();
    return switch (progress) {
      case MORE -> null;
      case DONE -> {
        ClientHello read = reader.hello();
        hello = read;
        exchange.is(asked());
        yield judge(policy, read);
      }
      case FAULT -> unreadable(policy, Reason.NOT_TLS, DECODE_ERROR);
      case TOO_LONG -> unreadable(policy, Reason.LIMIT, DECODE_ERROR);
    };
  }

  private Verdict judge(Policy policy, ClientHello read) {
    return switch (read.naming()) {
      case NAMED -> opened.judge(policy, new TlsAsk(read.serverName()));
      case UNNAMED -> unreadable(policy, Reason.TLS_NO_NAME, UNRECOGNIZED_NAME);
      case HIDDEN -> unreadable(policy, Reason.TLS_NAME_HIDDEN, UNRECOGNIZED_NAME);
    };
  }

  /** Counts the hello, if it was one, as a request. */
  void count(Verdict verdict) {
    if (hello != null) {
      opened.asked(verdict.decision() == Decision.ALLOW);
    }
  }

  /** The verdict on a hello that cannot be judged. */
  Verdict unreadable(Reason reason) {
    return unreadable(
        opened.policy(), reason, reason == Reason.CLIENT_SILENT ? ACCESS_DENIED : DECODE_ERROR);
  }

  /** The verdict on a later hello that names another server than the first one did. */
  Verdict changed() {
    return unreadable(opened.policy(), Reason.NOT_TLS, ILLEGAL_PARAMETER);
  }

  private Verdict unreadable(Policy policy, Reason reason, int description) {
    alert = description;
    return opened.judgeUnreadable(policy, reason);
  }

  /** The name to judge again by; nothing for what passed without one. */
  Optional<String> serverName() {
    ClientHello read = hello;
    return read == null || read.naming() != ClientHello.Naming.NAMED
        ? Optional.empty()
        : Optional.of(read.serverName());
  }

  /** Whether the hello names that server, and would be judged by that name. */
  boolean names(String server) {
    return serverName().equals(Optional.of(server));
  }

  /** Length of the hello, with the headers of its records, in bytes; 0 while it is not whole. */
  int size() {
    return hello == null ? 0 : reader.size();
  }

  /** What the client wants, as records say it: the name, and the protocols it offers within. */
  private AskedTls asked() {
    ClientHello read = hello;
    return read == null
        ? AskedTls.UNREAD
        : new AskedTls(read.serverName(), Recorded.list(read.protocols()));
  }

  /** What is carried after it, by that verdict: its record is the connection's. */
  Exchange carried(Verdict verdict) {
    exchange.judged(verdict);
    return exchange;
  }

  /** The name by which the connection is judged again; without one only audit lets it pass. */
  Judging judging() {
    return serverName()
        .map(TlsAsk::new)
        .<Judging>map(ask -> policy -> opened.judge(policy, ask))
        .orElse(policy -> opened.judgeUnreadable(policy, Reason.TLS_NO_NAME));
  }

  /** Bytes kept of the hello. */
  int holds() {
    return reader.holds();
  }

  /** The one record of a hello that gets no other. */
  void record(Verdict verdict) {
    exchange.carried(seen, verdict.decision() == Decision.ALLOW ? 0 : ALERT_RECORD_BYTES);
    exchange.judged(verdict);
    new Records(opened, exchange)
        .exchange(verdict.reason() == Reason.CLIENT_SILENT ? Ending.TIMED_OUT : Ending.COMPLETED);
  }

  /** A fatal alert in a record of its own: RFC 8446 sections 5.1 and 6. */
  ByteBuf alert() {
    ByteBuf out = opened.allocator().directBuffer(ALERT_RECORD_BYTES);
    out.writeByte(21).writeByte(3).writeByte(3).writeShort(2);
    return out.writeByte(2).writeByte(alert);
  }
}
