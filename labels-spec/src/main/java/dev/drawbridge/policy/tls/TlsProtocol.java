package dev.drawbridge.policy.tls;

import dev.drawbridge.policy.Ports;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.read.Protocol;
import dev.drawbridge.policy.read.ProtocolRules;
import dev.drawbridge.policy.read.ReadRule;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** TLS, by the server name that a client's hello gives in the clear. */
public final class TlsProtocol implements Protocol {
  public static final TlsProtocol TLS = new TlsProtocol();

  private static final int HTTPS = 443;

  private TlsProtocol() {}

  @Override
  public String name() {
    return "tls";
  }

  @Override
  public String about() {
    return "TLS";
  }

  @Override
  public boolean speaks(Action action) {
    return action instanceof Action.OpenTls;
  }

  @Override
  public ProtocolRules compile(List<ReadRule> rules, int otherwise, List<ReadRule> forbidding) {
    return new TlsRules(
        rules, otherwise, forbidding.isEmpty() ? 0 : forbidding.getFirst().number());
  }

  @Override
  public Reason foreign() {
    return Reason.NOT_TLS;
  }

  @Override
  public Reason ruleless() {
    return Reason.TLS_UNDER_HTTP_RULE;
  }

  @Override
  public Set<Reason> unreadable() {
    return Set.of(Reason.TLS_NO_NAME, Reason.TLS_NAME_HIDDEN);
  }

  @Override
  public List<String> misses(ReadRule rule, Ask ask) {
    String asked = ((TlsAsk) ask).serverName();
    return rule.sentence().action() instanceof Action.OpenTls(var name) && !name.matches(asked)
        ? List.of("it is about " + name.print() + ", not " + asked)
        : List.of();
  }

  @Override
  public Optional<Doubt> doubts(ReadRule other) {
    return other.ports().covers(Ports.TCP, HTTPS)
        ? Optional.of(
            new Doubt(
                ProblemCode.HTTP_ON_TLS,
                "port 443 is where TLS is spoken, which is never opened: the rule sees no request"
                    + " there",
                "'open tls to NAME port 443', or the port where HTTP is spoken in the clear"))
        : Optional.empty();
  }

  /** Rules on ports that they name, or to forbid. */
  @Override
  public Optional<Doubt> doubtsBeside(ReadRule other, String own) {
    boolean named = !other.ports().isEmpty() && !other.ports().covers(Ports.TCP, HTTPS);
    if (other.allows() && !named) {
      return Optional.empty();
    }
    return Optional.of(
        new Doubt(
            ProblemCode.HTTP_ON_TLS,
            "'"
                + own
                + (other.allows()
                    ? "' governs the same port: the rule sees no request that is encrypted"
                    : "' governs the same ports, and what is encrypted cannot be searched for"
                        + " this: TLS is denied there"),
            "a port for each of the two"));
  }
}
