package dev.drawbridge.policy.read;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Direction;
import dev.drawbridge.policy.Ports;
import dev.drawbridge.policy.automaton.Node;
import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.language.Authority;
import dev.drawbridge.policy.language.Party;
import dev.drawbridge.policy.language.Sentence;
import dev.drawbridge.policy.parse.Regexes;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A rule, ready to be judged by. Outlives generations as long as its text does not change. */
public final class RuleCode implements ReadRule {
  public final int number;
  public final Sentence sentence;
  public final boolean allows;

  /** Whether it is a connect rule, which the kernel judges. */
  public final boolean connects;

  /** Whose engine reads what it is about; null for a connect rule, and where no engine does yet. */
  public final @Nullable Protocol protocol;

  /** What it allows must say that it is gRPC. */
  public final boolean wantsGrpc;

  /** Empty: every port (connect), or every TCP port that no connect rule names (others). */
  public final Ports ports;

  public final @Nullable Match subject;
  public final @Nullable Match object;

  /** The ranges of addresses that its parties name, those that they take out included. */
  public final List<Cidr> ranges;

  private @Nullable Node requestLine;

  /**
   * @param protocol whose engine reads what it is about
   */
  public RuleCode(
      int number,
      Sentence sentence,
      @Nullable Match subject,
      @Nullable Match object,
      @Nullable Protocol protocol) {
    this.number = number;
    this.sentence = sentence;
    this.allows = sentence.allows();
    this.subject = subject;
    this.object = object;
    this.connects = sentence.action() instanceof Action.Connect;
    this.protocol = protocol;
    this.wantsGrpc = allows && sentence.action() instanceof Action.Call;
    this.ports = sentence.action().ports(sentence.ports());
    this.ranges = ranges(subject, object);
  }

  /** One party's own list where the other names none: many rules name the same zone. */
  private static List<Cidr> ranges(@Nullable Match subject, @Nullable Match object) {
    List<Cidr> of = subject == null ? List.of() : subject.party().named();
    List<Cidr> on = object == null ? List.of() : object.party().named();
    if (of.isEmpty() || on.isEmpty()) {
      return of.isEmpty() ? on : of;
    }
    return Stream.concat(of.stream(), on.stream()).toList();
  }

  @Override
  public int number() {
    return number;
  }

  @Override
  public boolean allows() {
    return allows;
  }

  @Override
  public Sentence sentence() {
    return sentence;
  }

  @Override
  public Ports ports() {
    return ports;
  }

  /** For a protocol whose engine does not exist yet: allows nothing, denies its ports whole. */
  public boolean isUnsupported() {
    return !connects && protocol == null;
  }

  /** Whether it is about what may be resolved. */
  public boolean resolves() {
    return sentence.action() instanceof Action.Resolve;
  }

  /**
   * Whether it lets somebody in particular be asked for names there: a rule about every port of
   * somebody does not mean that he says what names mean.
   */
  public boolean choosesResolver(int transport, int port) {
    Party party = object == null ? null : object.party();
    return allows
        && (connects || resolves())
        && ports.names(transport, port)
        && (party instanceof Party.Network
            || party instanceof Party.Selector
            || party == Party.Entity.HOST);
  }

  /** The name that is its object; null for any other. */
  public Party.@Nullable Name names() {
    return object != null && object.party() instanceof Party.Name name ? name : null;
  }

  /** The party that is the peer of the side that the direction names. */
  public @Nullable Match peer(Direction direction) {
    return direction == Direction.EGRESS ? object : subject;
  }

  /** The party that is the side itself; null for the container that bears the label. */
  public @Nullable Match self(Direction direction) {
    return direction == Direction.EGRESS ? subject : object;
  }

  /** Whether a host policy's rule speaks for that side at all. */
  public boolean speaksFor(Direction direction) {
    return switch (sentence.authority()) {
      case BOTH -> true;
      case CALLER -> direction == Direction.EGRESS;
      case CALLEE -> direction == Direction.INGRESS;
    };
  }

  /**
   * Whether a host policy's rule closes the containers on that side. Without "for", it is about the
   * callee if that is a selector of containers, else about the caller if that is one. One that only
   * adds closes none.
   */
  public boolean closes(Direction direction) {
    Match subject = this.subject;
    Match object = this.object;
    if (sentence.adds()) {
      return false;
    }
    if (sentence.authority() != Authority.BOTH) {
      return speaksFor(direction);
    }
    boolean aboutCallee = object != null && object.isSelector();
    return direction == Direction.INGRESS
        ? aboutCallee
        : !aboutCallee && subject != null && subject.isSelector();
  }

  /** A connect rule that names ports, and not simply all of them. */
  public boolean namesTcpPort(int port) {
    if (!connects) {
      return false;
    }
    for (Ports.Span span : ports.spans()) {
      if (!span.isWholeProtocol() && span.covers(Ports.TCP, port)) {
        return true;
      }
    }
    return false;
  }

  /** The first TCP port that a connect rule names. */
  public Optional<Integer> firstTcpPort() {
    if (!connects) {
      return Optional.empty();
    }
    return ports.spans().stream()
        .filter(span -> span.protocol() == Ports.TCP && !span.isWholeProtocol())
        .map(Ports.Span::low)
        .findFirst();
  }

  /** The request lines of an HTTP rule. Racing threads build equal ones. */
  public Node requestLine() {
    Node node = requestLine;
    if (node == null) {
      node = Regexes.requestLine(sentence);
      requestLine = node;
    }
    return node;
  }
}
