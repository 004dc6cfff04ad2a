package dev.drawbridge.policy.read;

import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.kernel.L4Verdict;

/** A side's verdict, reason and rule in one {@code long}, so that judging allocates nothing. */
public final class Saying {
  private static final Reason[] BY_CODE = byCode();

  private Saying() {}

  private static Reason[] byCode() {
    var table = new Reason[256];
    for (Reason reason : Reason.values()) {
      table[reason.code()] = reason;
    }
    return table;
  }

  /**
   * It is allowed.
   *
   * @param rule number of the deciding rule, 0 for none
   */
  public static long allow(Reason reason, int rule) {
    return of(L4Verdict.ALLOW, reason, rule);
  }

  /**
   * It is denied.
   *
   * @param rule number of the deciding rule, 0 for none
   */
  public static long deny(Reason reason, int rule) {
    return of(L4Verdict.DENY, reason, rule);
  }

  public static long of(L4Verdict verdict, Reason reason, int rule) {
    return (long) verdict.code() << 48 | (long) reason.code() << 32 | (rule & 0xffff_ffffL);
  }

  /** Whether that is what it says. */
  public static boolean allows(long saying) {
    return is(L4Verdict.ALLOW, saying);
  }

  public static boolean is(L4Verdict verdict, long saying) {
    return saying >>> 48 == verdict.code();
  }

  public static Reason reason(long saying) {
    return BY_CODE[(int) (saying >>> 32) & 0xff];
  }

  public static int rule(long saying) {
    return (int) saying;
  }
}
