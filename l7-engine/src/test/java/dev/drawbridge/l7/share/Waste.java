package dev.drawbridge.l7.share;

/** A share's time on a loop, as tests of other packages have it. All on that loop. */
public final class Waste {
  private static final long STEP_NANOS = 50_000;
  private static final int MOST = 100_000;

  private final Turns turns;
  private final Turns.Account account;

  public Waste(Share share, int loop, Turns turns) {
    this.turns = turns;
    this.account = share.time(loop, turns);
  }

  /** Spends time that comes to nothing, until that is a little more than is tolerated. */
  public void untilItWastes() {
    for (int i = 0; i < MOST && !account.wastes(); i++) {
      boolean _ = turns.spend(account, System.nanoTime(), STEP_NANOS);
    }
    if (!account.wastes()) {
      throw new AssertionError("so much is no waste");
    }
  }

  public boolean wastes() {
    return account.wastes();
  }
}
