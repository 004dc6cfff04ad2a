package dev.drawbridge.cli;

import dev.drawbridge.cli.terminal.Surroundings;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** A command line as it was typed, and what came of it. */
public record Typed(int exit, String out, String err) {

  public static Typed run(Map<String, String> environment, String... arguments) {
    return run(environment, "", arguments);
  }

  /** With something on standard input. */
  public static Typed run(Map<String, String> environment, String input, String[] arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int exit =
        Drawbridge.run(
            new Surroundings(
                new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                new PrintWriter(out, true),
                new PrintWriter(err, true),
                environment),
            arguments);
    return new Typed(exit, out.toString(), err.toString());
  }

  public static Typed run(String... arguments) {
    return run(Map.of(), arguments);
  }

  static List<String> commandNames() {
    PrintWriter nowhere = new PrintWriter(Writer.nullWriter());
    return Drawbridge.commandNames(
        new Surroundings(InputStream.nullInputStream(), nowhere, nowhere, Map.of()));
  }
}
