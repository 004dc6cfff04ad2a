package dev.drawbridge.daemon.view;

import dev.drawbridge.daemon.kernel.LearnedAddresses;
import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.ask.Known;
import dev.drawbridge.policy.language.DnsName;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntFunction;

/** What containers know by name, as a verdict asks for it. */
record LearnedOfAll(IntFunction<List<LearnedAddresses.Known>> learned) implements Known.Learned {
  @Override
  public OptionalInt number(int owner, Cidr single) {
    return learned.apply(owner).stream()
        .filter(one -> one.opens() && Cidr.single(one.address()).equals(single))
        .mapToInt(LearnedAddresses.Known::number)
        .findFirst();
  }

  @Override
  public List<Cidr> addresses(int owner, DnsName name) {
    long now = System.nanoTime();
    return learned.apply(owner).stream()
        .filter(one ->
            one.untilNanos().entrySet().stream()
                .anyMatch(
                    known -> known.getValue() - now > 0 && DnsName.of(known.getKey()).equals(name)))
        .map(one -> Cidr.single(one.address()))
        .toList();
  }

  @Override
  public boolean isKnown() {
    return true;
  }
}
