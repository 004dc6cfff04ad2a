package dev.drawbridge.policy.dns;

import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.read.Protocol;
import dev.drawbridge.policy.read.ProtocolRules;
import dev.drawbridge.policy.read.ReadRule;
import java.util.List;
import java.util.Set;

/** DNS in the clear, over UDP and TCP, by the name of the question. */
public final class DnsProtocol implements Protocol {
  public static final DnsProtocol DNS = new DnsProtocol();

  private DnsProtocol() {}

  @Override
  public String name() {
    return "dns";
  }

  @Override
  public String about() {
    return "DNS";
  }

  @Override
  public boolean speaks(Action action) {
    return action instanceof Action.Resolve;
  }

  @Override
  public ProtocolRules compile(List<ReadRule> rules, int otherwise, List<ReadRule> forbidding) {
    return new DnsRules(rules, otherwise);
  }

  @Override
  public Reason foreign() {
    return Reason.NOT_DNS;
  }

  @Override
  public Set<Reason> unreadable() {
    return Set.of(Reason.DNS_MALFORMED);
  }

  @Override
  public List<String> misses(ReadRule rule, Ask ask) {
    DnsAsk asked = (DnsAsk) ask;
    return rule.sentence().action() instanceof Action.Resolve(var name)
            && !DnsRules.fits(rule, asked.name())
        ? List.of("it is about " + name.print() + ", not " + asked.name().print())
        : List.of();
  }
}
