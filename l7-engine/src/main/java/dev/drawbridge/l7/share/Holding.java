package dev.drawbridge.l7.share;

/** What one connection makes the engine hold, as it was last measured. For one event loop. */
public final class Holding {
  /** Measured in units, so that a quiet connection's figure does not move. */
  private static final long UNIT = 1024;

  private final Ledger ledger;
  private final Share share;
  private long bytes;

  public Holding(Ledger ledger, Share share) {
    this.ledger = ledger;
    this.share = share;
  }

  /** Takes a new measure; whether it has grown beyond what all together may hold. */
  public boolean is(long now) {
    long rounded = (now + UNIT - 1) & -UNIT;
    long change = rounded - bytes;
    if (change == 0) {
      return false;
    }
    bytes = rounded;
    ledger.hold(share, change);
    return change > 0 && ledger.beyond();
  }

  public long bytes() {
    return bytes;
  }
}
