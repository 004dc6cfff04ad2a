package dev.drawbridge.cli;

import dev.drawbridge.install.Layout;
import java.io.PrintWriter;
import java.util.concurrent.Callable;

/** What every command has: somewhere to write. */
abstract class AbstractCommand implements Callable<Integer> {
  final Surroundings surroundings;

  AbstractCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  /**
   * Where the agent of this host keeps what, if not in the usual places: as the front door says.
   */
  final Layout layout() {
    return RunDirectory.layout(surroundings.environment());
  }

  final PrintWriter out() {
    return surroundings.out();
  }

  final PrintWriter err() {
    return surroundings.err();
  }
}
