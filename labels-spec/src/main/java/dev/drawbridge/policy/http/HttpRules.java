package dev.drawbridge.policy.http;

import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.automaton.Dfa;
import dev.drawbridge.policy.automaton.Node;
import dev.drawbridge.policy.language.Condition;
import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.read.Protocol;
import dev.drawbridge.policy.read.ProtocolRules;
import dev.drawbridge.policy.read.RuleCode;
import dev.drawbridge.policy.read.Saying;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The HTTP rules that govern a port of a pair, as one automaton. */
final class HttpRules implements ProtocolRules {
  /** Outcome of one reading of a path; the rule's number stands in the low half. */
  private static final long NONE = 0L;

  private static final long ALLOW = 1L << 32;
  private static final long DENY = 2L << 32;
  private static final long AMBIGUOUS = 3L << 32;

  /** Of a header's name: beyond, only the first are tried in every mixture. */
  private static final int MOST_HYPHENS = 5;

  private final List<RuleCode> rules;

  /** Number of the connect rule that allows what no rule denies; -1: there is none. */
  private final int otherwise;

  private volatile @Nullable Dfa<Hit> dfa;

  /**
   * What the rules mean that match a request line.
   *
   * @param deny number of the first unconditional may-not rule, 0 for none
   * @param allow the same for may
   */
  private record Hit(int deny, int allow, List<RuleCode> maybeDeny, List<RuleCode> maybeAllow) {}

  /**
   * The rules of a port.
   *
   * @param otherwise a connect rule's number (0: open by default) if there are may-not rules only
   *     and the connection is allowed at layer 4; else -1
   */
  HttpRules(List<RuleCode> rules, int otherwise) {
    this.rules = List.copyOf(rules);
    this.otherwise = otherwise;
  }

  @Override
  public Protocol protocol() {
    return HttpProtocol.HTTP;
  }

  @Override
  public List<RuleCode> rules() {
    return rules;
  }

  @Override
  public long judge(Ask ask) {
    HttpRequest request = (HttpRequest) ask;
    if (!request.upgrades()) {
      return saying(outcome(request));
    }
    long plain = outcome(request.upgrading(false));
    long outcome = kind(plain) == ALLOW ? outcome(request) : plain;
    return kind(plain) == ALLOW && kind(outcome) != ALLOW
        ? Saying.deny(Reason.HTTP_UPGRADE, rule(plain))
        : saying(outcome);
  }

  private static long saying(long outcome) {
    int rule = rule(outcome);
    long kind = kind(outcome);
    if (kind == ALLOW) {
      return Saying.allow(rule == 0 ? Reason.OPEN : Reason.RULE_ALLOWS, rule);
    }
    if (kind == DENY) {
      return Saying.deny(Reason.RULE_DENIES, rule);
    }
    return Saying.deny(kind == AMBIGUOUS ? Reason.HTTP_PATH_AMBIGUOUS : Reason.NO_RULE, rule);
  }

  private static long kind(long outcome) {
    return outcome & 0xffff_ffff_0000_0000L;
  }

  private static int rule(long outcome) {
    return (int) outcome;
  }

  /**
   * Judges every reading of method and path: one denied denies all, one not allowed allows none.
   */
  private long outcome(HttpRequest request) {
    HttpRequest.Variants variants = request.variants();
    if (variants.tooMany()) {
      return AMBIGUOUS;
    }
    Dfa<Hit> automaton = dfa;
    if (automaton == null) {
      automaton = build();
    }
    Dfa.State<Hit> afterMethod = afterMethod(automaton, request.method());
    List<String> paths = request.paths();
    long first = one(automaton.run(afterMethod, paths.get(0)).verdict(), request);
    long worst = worst(first, automaton, afterMethod, 1, request);
    for (int i = 0; i < variants.methods().size(); i++) {
      worst =
          worst(worst, automaton, afterMethod(automaton, variants.methods().get(i)), 0, request);
    }
    return kind(first) == ALLOW && kind(worst) != ALLOW ? AMBIGUOUS | rule(worst) : worst;
  }

  private static Dfa.State<Hit> afterMethod(Dfa<Hit> automaton, String method) {
    return automaton.step(automaton.run(automaton.start(), method), ' ');
  }

  /** The worst of what is known and of what one method makes of the paths from that one on. */
  private long worst(
      long known, Dfa<Hit> automaton, Dfa.State<Hit> afterMethod, int from, HttpRequest request) {
    long worst = known;
    List<String> paths = request.paths();
    for (int i = from; i < paths.size(); i++) {
      long next = one(automaton.run(afterMethod, paths.get(i)).verdict(), request);
      if (severity(next) > severity(worst)) {
        worst = next;
      }
    }
    List<String> forbidden = request.variants().forbidden();
    for (int i = 0; i < forbidden.size(); i++) {
      long next = one(automaton.run(afterMethod, forbidden.get(i)).verdict(), request);
      if (kind(next) == DENY && severity(next) > severity(worst)) {
        worst = next;
      }
    }
    return worst;
  }

  private static int severity(long outcome) {
    return kind(outcome) == ALLOW ? 0 : kind(outcome) == NONE ? 1 : 2;
  }

  private long one(Hit hit, HttpRequest request) {
    if (hit.deny != 0) {
      return DENY | hit.deny;
    }
    for (int i = 0; i < hit.maybeDeny.size(); i++) {
      RuleCode rule = hit.maybeDeny.get(i);
      if (conditionsHold(rule, request)) {
        return DENY | rule.number;
      }
    }
    boolean upgrades = request.upgrades();
    if (hit.allow != 0 && !upgrades) {
      return ALLOW | hit.allow;
    }
    for (int i = 0; i < hit.maybeAllow.size(); i++) {
      RuleCode rule = hit.maybeAllow.get(i);
      if ((!upgrades || namesUpgrade(rule)) && conditionsHold(rule, request)) {
        return ALLOW | rule.number;
      }
    }
    return otherwise >= 0 && !upgrades ? ALLOW | otherwise : NONE;
  }

  /** Whether its author says what is spoken afterwards, which nobody will judge. */
  static boolean namesUpgrade(RuleCode rule) {
    List<Condition> conditions = rule.sentence.conditions();
    for (int i = 0; i < conditions.size(); i++) {
      if (conditions.get(i) instanceof Condition.Header header
          && header.lowerCaseName().equals(Upgrades.FIELD)
          && !header.values().isEmpty()) {
        return true;
      }
    }
    return false;
  }

  /** Indexed loops: this runs for every request and must not make iterators. */
  static boolean conditionsHold(RuleCode rule, HttpRequest request) {
    if (rule.wantsGrpc && GrpcContentType.of(request.headers()) == GrpcContentType.NONE) {
      return false;
    }
    List<Condition> conditions = rule.sentence.conditions();
    for (int i = 0; i < conditions.size(); i++) {
      boolean holds =
          switch (conditions.get(i)) {
            case Condition.Header header -> headerHolds(header, request, rule.allows);
            case Condition.Host(var name) -> name.matches(hostName(request.host()));
            case Condition.Group _, Condition.Transaction _ ->
                throw new IllegalStateException("a request has neither");
          };
      if (!holds) {
        return false;
      }
    }
    return true;
  }

  /**
   * Of a repeated header, a may rule wants every value right. A may-not rule finds one enough: a
   * line's value, a member of a list in it, or all lines joined as some servers see them.
   */
  private static boolean headerHolds(Condition.Header header, HttpRequest request, boolean allows) {
    String name = header.lowerCaseName();
    if (hasAlias(name, request.headers())) {
      // Servers that make X_Team of X-Team see a value that others do not: neither may count on it.
      return !allows;
    }
    List<String> given = request.headers().all(name);
    if (given.isEmpty()) {
      return false;
    }
    if (header.values().isEmpty()) {
      return true;
    }
    for (int i = 0; i < given.size(); i++) {
      boolean listed = header.values().contains(given.get(i).strip());
      if (listed != allows) {
        return listed;
      }
    }
    return allows || listedOrJoined(header.values(), given);
  }

  /** Whether a field is there whose name differs in hyphens and underscores only. */
  private static boolean hasAlias(String name, Headers headers) {
    int places = 0;
    for (int i = 0; i < name.length() && places < MOST_HYPHENS; i++) {
      places += isHyphen(name.charAt(i)) ? 1 : 0;
    }
    for (int other = 1; other < 1 << places; other++) {
      char[] alias = name.toCharArray();
      int place = 0;
      for (int i = 0; i < alias.length && place < places; i++) {
        if (isHyphen(alias[i]) && (other >> place++ & 1) != 0) {
          alias[i] = alias[i] == '-' ? '_' : '-';
        }
      }
      if (!headers.all(new String(alias)).isEmpty()) {
        return true;
      }
    }
    return places == MOST_HYPHENS && !headers.all(name.replace('-', '_')).isEmpty();
  }

  private static boolean isHyphen(char c) {
    return c == '-' || c == '_';
  }

  private static boolean listedOrJoined(List<String> wanted, List<String> given) {
    for (String value : given) {
      if (value.indexOf(',') < 0) {
        continue;
      }
      for (String member : value.split(",", -1)) {
        if (wanted.contains(member.strip())) {
          return true;
        }
      }
    }
    return given.size() > 1
        && (wanted.contains(String.join(",", given)) || wanted.contains(String.join(", ", given)));
  }

  /** Without port. */
  static String hostName(String host) {
    int bracket = host.indexOf(']');
    int colon = host.indexOf(':', Math.max(0, bracket));
    return colon < 0 ? host : host.substring(0, colon);
  }

  private synchronized Dfa<Hit> build() {
    Dfa<Hit> built = dfa;
    if (built == null) {
      var patterns = new ArrayList<Node>(rules.size());
      for (RuleCode rule : rules) {
        patterns.add(rule.requestLine());
      }
      built = new Dfa<>(patterns, this::hit);
      dfa = built;
    }
    return built;
  }

  private Hit hit(int[] accepts) {
    int deny = 0;
    int allow = 0;
    var maybeDeny = new ArrayList<RuleCode>(0);
    var maybeAllow = new ArrayList<RuleCode>(0);
    for (int index : accepts) {
      RuleCode rule = rules.get(index);
      if (rule.wantsGrpc || !rule.sentence.conditions().isEmpty()) {
        (rule.allows ? maybeAllow : maybeDeny).add(rule);
      } else if (rule.allows) {
        allow = allow == 0 ? rule.number : allow;
      } else {
        deny = deny == 0 ? rule.number : deny;
      }
    }
    return new Hit(deny, allow, List.copyOf(maybeDeny), List.copyOf(maybeAllow));
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%d HTTP rules", rules.size());
  }
}
