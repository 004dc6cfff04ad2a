package dev.drawbridge.policy;

import dev.drawbridge.policy.compile.IntTable;
import dev.drawbridge.policy.language.Rule;
import dev.drawbridge.policy.read.RuleCode;
import java.util.List;

/** Lists the rules of a generation by number. */
final class RuleInfos {
  private RuleInfos() {}

  static IntTable<RuleInfo> of(Policy policy) {
    var infos = new IntTable<RuleInfo>(policy.host.size() + 64);
    for (PolicyCompiler.HostCode code : policy.host) {
      put(infos, code.code(), code.rule(), "");
    }
    for (Member member : policy.input.members()) {
      PolicyCompiler.Unit unit = policy.units.find(member.endpoint());
      List<RuleCode> own = unit == null ? List.of() : unit.own();
      for (int i = 0; i < own.size(); i++) {
        put(infos, own.get(i), member.declared().rules().get(i), member.workload().name());
      }
    }
    return infos;
  }

  private static void put(IntTable<RuleInfo> infos, RuleCode code, Rule rule, String owner) {
    infos.put(code.number, new RuleInfo(code.number, rule.origin(), owner, rule.text()));
  }
}
