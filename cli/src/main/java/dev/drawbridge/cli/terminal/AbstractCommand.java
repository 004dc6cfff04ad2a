package dev.drawbridge.cli.terminal;

import dev.drawbridge.install.Layout;
import java.io.PrintWriter;
import java.util.concurrent.Callable;

/** What every command has: somewhere to write. */
public abstract class AbstractCommand implements Callable<Integer> {
  protected final Surroundings surroundings;

  protected AbstractCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  /**
   * Where the agent of this host keeps what, if not in the usual places: as the front door says.
   */
  protected final Layout layout() {
    return RunDirectory.layout(surroundings.environment());
  }

  protected final PrintWriter out() {
    return surroundings.out();
  }

  protected final PrintWriter err() {
    return surroundings.err();
  }
}
