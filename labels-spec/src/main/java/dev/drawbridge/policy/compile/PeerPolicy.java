package dev.drawbridge.policy.compile;

import dev.drawbridge.policy.Ports;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.kernel.L4Verdict;
import dev.drawbridge.policy.kernel.PortTable;
import dev.drawbridge.policy.read.Protocol;
import dev.drawbridge.policy.read.ProtocolRules;
import dev.drawbridge.policy.read.ReadRule;
import dev.drawbridge.policy.read.RuleCode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What one side thinks of a peer: its rules that match that peer, port by port. */
public final class PeerPolicy {
  static final int[] PROTOCOLS = {Ports.ICMP, Ports.TCP, Ports.UDP, Ports.ICMPV6, Ports.SCTP};

  /** In the order of the rules' numbers. */
  private final List<RuleCode> rules;

  /** Whether what no rule speaks of is allowed. */
  private final boolean open;

  /** Whether an engine reads what no rule speaks of and nothing opens. */
  private final boolean reads;

  /** What the rules say. */
  private final JudgedSpan[] spans;

  /** What the kernel's table holds of it: where it is full, both judge by what is in it. */
  private final JudgedSpan[] applied;

  private final PortTable table;
  private final boolean truncated;
  private final Map<Given, JudgedSpan> given = Collections.synchronizedMap(new HashMap<>());

  /** What is asked of whom the container was given. */
  private record Given(Protocol protocol, int transport, int port, boolean closed) {}

  /** In audit mode, what the host's rules alone make of the peer. */
  private final @Nullable PeerPolicy host;

  PeerPolicy(List<RuleCode> rules, boolean open, boolean reads) {
    this.rules = rules;
    this.open = open;
    this.reads = reads;
    var all = new ArrayList<JudgedSpan>();
    var interned = new Interned(new HashMap<>());
    for (int protocol : PROTOCOLS) {
      sweep(protocol, all, interned);
    }
    this.spans = all.toArray(JudgedSpan[]::new);
    var ranges = KernelRanges.of(all);
    this.table = new PortTable(ranges.ranges());
    this.truncated = ranges.truncated();
    this.host = null;
    this.applied = ranges.shortened() ? ranges.applied(all).toArray(JudgedSpan[]::new) : spans;
  }

  private PeerPolicy(PeerPolicy whole, PeerPolicy host, KernelRanges ranges, boolean closed) {
    this.rules = whole.rules;
    this.open = whole.open;
    this.reads = whole.reads;
    this.spans = whole.spans;
    this.table = new PortTable(ranges.ranges(), closed || ranges.truncated());
    this.truncated = ranges.truncated();
    this.applied =
        ranges.shortened()
            ? ranges.applied(List.of(whole.spans)).toArray(JudgedSpan[]::new)
            : whole.applied;
    // Where the table has no room for what is only audited, its denials are as firm as the host's.
    this.host = ranges.truncated() ? this : host;
  }

  /**
   * The same in audit mode: denials are let pass, but for those that the host's rules make by
   * themselves.
   *
   * @param closed whether the host alone closes the side
   */
  PeerPolicy over(PeerPolicy hostAlone, boolean closed) {
    return new PeerPolicy(this, hostAlone, AuditRanges.of(this, hostAlone, closed), closed);
  }

  /** Only in audit mode. */
  public @Nullable PeerPolicy host() {
    return host;
  }

  public List<RuleCode> rules() {
    return rules;
  }

  /** What it says, protocol by protocol and port by port. */
  public List<JudgedSpan> spans() {
    return List.of(spans);
  }

  public PortTable table() {
    return table;
  }

  /** Whether the kernel's table holds less than was written. */
  public boolean truncated() {
    return truncated;
  }

  public JudgedSpan find(int protocol, int port) {
    boolean known = false;
    for (JudgedSpan span : applied) {
      if (span.protocol() == protocol && span.low() <= port && port <= span.high()) {
        return span;
      }
    }
    for (int p : PROTOCOLS) {
      known |= p == protocol;
    }
    return known ? JudgedSpan.NO_RULE : JudgedSpan.PROTOCOL;
  }

  /**
   * The same towards somebody whom the container was given to ask in that protocol: allowed but for
   * the protocol's own rules, and for what is forbidden at layer 4.
   *
   * @param closed whether rules of the protocol allow something, here or elsewhere: then they alone
   */
  public JudgedSpan given(Protocol protocol, int transport, int port, boolean closed) {
    return given.computeIfAbsent(
        new Given(protocol, transport, port, closed && !open), this::judgeGiven);
  }

  private JudgedSpan judgeGiven(Given asked) {
    int port = asked.port;
    var own = new ArrayList<ReadRule>();
    RuleCode connect = null;
    for (RuleCode rule : rules) {
      boolean governs =
          rule.ports.isEmpty() ? rule.connects : rule.ports.covers(asked.transport, port);
      if (governs && asked.protocol.equals(rule.protocol)) {
        own.add(rule);
      } else if (governs && rule.connects && !rule.allows) {
        return span(asked.transport, port, port, L4Verdict.DENY, Reason.RULE_DENIES, rule.number);
      } else if (governs && rule.connects && connect == null) {
        connect = rule;
      }
    }
    int otherwise = asked.closed ? -1 : connect == null ? 0 : connect.number;
    if (!own.isEmpty()) {
      return new JudgedSpan(
          asked.transport,
          port,
          port,
          L4Verdict.ENGINE,
          Reason.RULE_ALLOWS,
          own.getFirst().number(),
          List.of(asked.protocol.compile(own, otherwise, List.of())));
    }
    if (asked.closed) {
      return JudgedSpan.NO_RULE;
    }
    return span(
        asked.transport,
        port,
        port,
        L4Verdict.ALLOW,
        connect == null ? Reason.OPEN : Reason.RULE_ALLOWS,
        Math.max(0, otherwise));
  }

  private static boolean isIcmp(int protocol) {
    return protocol == Ports.ICMP || protocol == Ports.ICMPV6;
  }

  private void sweep(int protocol, List<JudgedSpan> out, Interned interned) {
    int named = isIcmp(protocol) ? Ports.ICMP : protocol;
    int top = isIcmp(protocol) ? 0 : Ports.MAX_PORT;
    var cuts = new TreeSet<Integer>();
    cuts.add(0);
    var relevant = new ArrayList<RuleCode>();
    for (RuleCode rule : rules) {
      boolean counts = rule.ports.isEmpty() && (rule.connects || protocol == Ports.TCP);
      for (Ports.Span span : rule.ports.spans()) {
        if (span.protocol() == named) {
          cuts.add(span.low());
          cuts.add(span.high() + 1);
          counts = true;
        }
      }
      if (counts) {
        relevant.add(rule);
      }
    }
    Integer[] starts = cuts.headSet(top, true).toArray(Integer[]::new);
    for (int i = 0; i < starts.length; i++) {
      int high = i + 1 < starts.length ? starts[i + 1] - 1 : top;
      JudgedSpan span = judge(protocol, named, starts[i], high, relevant, interned);
      if (span == null) {
        continue;
      }
      JudgedSpan last = out.isEmpty() ? null : out.getLast();
      if (last != null && last.high() + 1 == span.low() && last.isSameBut(span)) {
        out.set(out.size() - 1, last.upTo(high));
      } else {
        out.add(span);
      }
    }
  }

  /**
   * One run of ports. In this order: a may-not rule of layer 4; a may-not rule whose protocol no
   * engine reads; rules that one reads; connect rules; what is open; may rules whose protocol no
   * engine reads.
   */
  private @Nullable JudgedSpan judge(
      int protocol, int named, int low, int high, List<RuleCode> relevant, Interned interned) {
    boolean nameds = false;
    for (RuleCode rule : relevant) {
      nameds |= protocol == Ports.TCP && rule.namesTcpPort(low);
    }
    RuleCode deny = null;
    RuleCode blindDeny = null;
    RuleCode connect = null;
    RuleCode blindAllow = null;
    boolean readAllows = false;
    boolean readDenies = false;
    boolean onlyAdd = true;
    var read = new ArrayList<RuleCode>();
    for (RuleCode rule : relevant) {
      boolean governs =
          rule.ports.isEmpty() ? rule.connects || !nameds : rule.ports.covers(named, low);
      if (!governs) {
        continue;
      }
      if (rule.protocol != null) {
        read.add(rule);
        readAllows |= rule.allows;
        readDenies |= !rule.allows;
        onlyAdd &= !rule.allows || rule.sentence.adds();
      } else if (rule.connects && rule.allows) {
        connect = connect == null ? rule : connect;
      } else if (rule.connects) {
        deny = deny == null ? rule : deny;
      } else if (rule.allows) {
        blindAllow = blindAllow == null ? rule : blindAllow;
      } else {
        blindDeny = blindDeny == null ? rule : blindDeny;
      }
    }
    if (deny != null) {
      return span(protocol, low, high, L4Verdict.DENY, Reason.RULE_DENIES, deny.number);
    }
    if (blindDeny != null) {
      return span(
          protocol, low, high, L4Verdict.DENY, Reason.UNSUPPORTED_PROTOCOL, blindDeny.number);
    }
    // Once a may rule has the bytes read, what it does not allow is not allowed by connect. It
    // closes nothing that is open: there it says no more than that. Nor does one that only adds
    // take anything from what connect allows.
    boolean narrows = readAllows && !(connect != null && onlyAdd);
    if (open ? readDenies : narrows || (connect != null && readDenies)) {
      int passes = connect != null ? connect.number : open ? 0 : -1;
      int otherwise = narrows && !open ? -1 : passes;
      List<ProtocolRules> rules = interned.rules(read, otherwise);
      return new JudgedSpan(
          protocol,
          low,
          high,
          L4Verdict.ENGINE,
          Reason.RULE_ALLOWS,
          rules.getFirst().rules().getFirst().number(),
          rules);
    }
    if (connect != null) {
      return span(protocol, low, high, L4Verdict.ALLOW, Reason.RULE_ALLOWS, connect.number);
    }
    if (open) {
      return span(protocol, low, high, L4Verdict.ALLOW, Reason.OPEN, 0);
    }
    if (blindAllow == null && reads && protocol == Ports.TCP) {
      return new JudgedSpan(
          protocol, low, high, L4Verdict.ENGINE, Reason.NO_RULE, 0, interned.none());
    }
    return blindAllow == null
        ? null
        : span(protocol, low, high, L4Verdict.DENY, Reason.UNSUPPORTED_PROTOCOL, blindAllow.number);
  }

  private static JudgedSpan span(
      int protocol, int low, int high, L4Verdict verdict, Reason reason, int rule) {
    return new JudgedSpan(protocol, low, high, verdict, reason, rule, List.of());
  }

  /** Spans with the same rules share them, and merge if they are neighbours. */
  private record Interned(Map<List<Object>, ProtocolRules> known) {
    /** No rule of any protocol, each of which denies then. */
    List<ProtocolRules> none() {
      var all = new ArrayList<ProtocolRules>();
      for (Protocol protocol : Protocols.ALL) {
        all.add(
            known.computeIfAbsent(
                List.of(protocol, -1, List.of(), List.of()),
                _ -> protocol.compile(List.of(), -1, List.of())));
      }
      return all;
    }

    /** The rules of each protocol that has some, in the order of the registry. */
    List<ProtocolRules> rules(List<RuleCode> read, int otherwise) {
      var all = new ArrayList<ProtocolRules>();
      for (Protocol protocol : Protocols.ALL) {
        var own = new ArrayList<ReadRule>();
        var forbidding = new ArrayList<ReadRule>(0);
        for (RuleCode rule : read) {
          if (protocol.equals(rule.protocol)) {
            own.add(rule);
          } else if (!rule.allows) {
            forbidding.add(rule);
          }
        }
        if (!own.isEmpty()) {
          all.add(
              known.computeIfAbsent(
                  List.of(protocol, otherwise, numbers(own), numbers(forbidding)),
                  _ -> protocol.compile(own, otherwise, forbidding)));
        }
      }
      return all;
    }

    private static List<Integer> numbers(List<ReadRule> rules) {
      return rules.stream().map(ReadRule::number).toList();
    }
  }
}
