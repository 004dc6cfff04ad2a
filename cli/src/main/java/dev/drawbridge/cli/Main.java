package dev.drawbridge.cli;

import dev.drawbridge.cli.terminal.Surroundings;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/** The program {@code drawbridge}. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    System.exit(Drawbridge.run(new Surroundings(System.in, out, err, System.getenv()), arguments));
  }
}
