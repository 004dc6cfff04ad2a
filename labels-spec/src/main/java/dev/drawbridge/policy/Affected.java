package dev.drawbridge.policy;

import dev.drawbridge.policy.compile.EndpointSet;
import dev.drawbridge.policy.compile.IntTable;
import dev.drawbridge.policy.compile.Networks;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.read.Match;
import dev.drawbridge.policy.read.RuleCode;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Whose sides a generation may change: of everybody else, both sides are taken over without being
 * put together again. It may name too many containers, never too few.
 *
 * <p>A side is made of the container's own rules and mode, the host's rules that select it, the
 * containers that its rules select, the ranges that rules name, and the host's default. Whoever
 * adds to that list adds it here.
 */
final class Affected {
  private static final List<Direction> DIRECTIONS = List.of(Direction.values());

  private final Policy before;
  private final EndpointSet[] sets;
  private final IntTable<Boolean> some = new IntTable<>(64);
  private final boolean setsChanged;
  private final boolean networksChanged;
  private final Networks networks;
  private boolean everybody;

  /** What the next generation is made of, beside the generation before. */
  @SuppressWarnings("ReferenceEquality") // the compiler hands unchanged parts on as they are
  Affected(
      Policy before,
      PolicyInput input,
      List<Member> appeared,
      List<PolicyCompiler.HostCode> host,
      List<PolicyCompiler.Audit> audited,
      EndpointSet[] sets,
      Networks networks) {
    this.before = before;
    this.sets = sets;
    this.networksChanged = before.networks != networks;
    this.networks = networks;
    this.setsChanged = anyChanged();
    this.everybody = !sameForAll(before.input, input);
    appeared.forEach(member -> some.put(member.endpoint(), true));
    if (!everybody && before.host != host) {
      replaced(before.host, host);
    }
    if (!everybody && setsChanged) {
      host.forEach(this::selectsOthers);
    }
    if (!everybody && (before.audited != audited || setsChanged)) {
      audits(audited);
    }
  }

  /** Whom an audit takes in, or lets go. */
  private void audits(List<PolicyCompiler.Audit> audited) {
    Set<PolicyCompiler.Audit> either = new HashSet<>(audited);
    either.addAll(before.audited);
    for (PolicyCompiler.Audit audit : either) {
      if (audited.contains(audit) != before.audited.contains(audit) || isChanged(audit.who())) {
        mark(audit.who());
      }
    }
  }

  /** Deconstructed, so that a new part of the input is not overlooked here. */
  private static boolean sameForAll(PolicyInput before, PolicyInput now) {
    return before instanceof PolicyInput(long _, List<Member> _, HostPolicy _, boolean deny)
        && deny == now.defaultDeny();
  }

  @SuppressWarnings("ReferenceEquality") // a set that did not change is the same object
  private boolean anyChanged() {
    for (int i = 0; i < before.sets.length; i++) {
      if (before.sets[i] != sets[i]) {
        return true;
      }
    }
    return false;
  }

  /** Whoever a rule selects that came or went. */
  private void replaced(List<PolicyCompiler.HostCode> old, List<PolicyCompiler.HostCode> now) {
    Set<RuleCode> gone = codes(old);
    Set<RuleCode> come = codes(now);
    Set<RuleCode> kept = codes(now);
    kept.retainAll(gone);
    gone.removeAll(kept);
    come.removeAll(kept);
    gone.forEach(this::selected);
    come.forEach(this::selected);
  }

  private static Set<RuleCode> codes(List<PolicyCompiler.HostCode> host) {
    Set<RuleCode> codes = Collections.newSetFromMap(new IdentityHashMap<>());
    host.forEach(code -> codes.add(code.code()));
    return codes;
  }

  private void selected(RuleCode code) {
    for (Direction direction : DIRECTIONS) {
      Match self = code.self(direction);
      if (self == null) {
        continue;
      }
      if (self.isSelector()) {
        mark(self);
      } else {
        everybody |= self.isAnyone();
      }
    }
  }

  /** Who joined or left the containers that a rule of the host is about. */
  private void selectsOthers(PolicyCompiler.HostCode host) {
    for (Direction direction : DIRECTIONS) {
      Match self = host.code().self(direction);
      if (self != null && self.isSelector() && isChanged(self)) {
        mark(self);
      }
    }
  }

  private boolean isChanged(Match match) {
    return isChanged(match.selector()) || isChanged(match.sure());
  }

  @SuppressWarnings("ReferenceEquality") // a set that did not change is the same object
  private boolean isChanged(int selector) {
    return selector >= before.sets.length || before.sets[selector] != sets[selector];
  }

  /** Whoever is sure to be meant is among those who may be. */
  private void mark(Match match) {
    mark(match.selector());
  }

  private void mark(int selector) {
    if (selector < before.sets.length) {
      mark(before.sets[selector]);
    }
    mark(sets[selector]);
  }

  private void mark(EndpointSet set) {
    for (int endpoint : set.raw()) {
      some.put(endpoint, true);
    }
  }

  /** Whether a container whose unit is known has to be put together again. */
  boolean contains(PolicyCompiler.@Nullable Unit unit) {
    return unit == null
        || everybody
        || some.find(unit.member().endpoint()) != null
        || (setsChanged && !(unit.egress().selects(sets) && unit.ingress().selects(sets)))
        || (networksChanged
            && (unit.egress().caresFor(networks) || unit.ingress().caresFor(networks)));
  }
}
