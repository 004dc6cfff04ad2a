package dev.drawbridge.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;

/** What every command has: somewhere to write. */
abstract class AbstractCommand implements Callable<Integer> {
  final Surroundings surroundings;

  AbstractCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  final PrintWriter out() {
    return surroundings.out();
  }

  final PrintWriter err() {
    return surroundings.err();
  }
}
