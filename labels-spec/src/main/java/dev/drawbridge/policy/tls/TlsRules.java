package dev.drawbridge.policy.tls;

import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.read.Protocol;
import dev.drawbridge.policy.read.ReadRule;
import dev.drawbridge.policy.read.RulesInOrder;
import dev.drawbridge.policy.read.Saying;
import java.util.List;

/** The TLS rules that govern a port of a pair: asked once a connection, by the server name. */
final class TlsRules extends RulesInOrder<TlsAsk> {
  /** A may-not rule of another protocol that encryption would get around; 0: none. */
  private final int blinded;

  TlsRules(List<ReadRule> rules, int otherwise, int blinded) {
    super(rules, otherwise);
    this.blinded = blinded;
  }

  @Override
  public Protocol protocol() {
    return TlsProtocol.TLS;
  }

  @Override
  public long judge(Ask ask) {
    long says = ask((TlsAsk) ask);
    return blinded != 0 && Saying.allows(says)
        ? Saying.deny(Reason.TLS_UNDER_HTTP_RULE, blinded)
        : says;
  }

  @Override
  protected boolean decides(ReadRule rule, TlsAsk asked) {
    return fits(rule, asked.serverName());
  }

  static boolean fits(ReadRule rule, String serverName) {
    return rule.sentence().action() instanceof Action.OpenTls(var name) && name.matches(serverName);
  }
}
