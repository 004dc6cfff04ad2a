package dev.drawbridge.cli.terminal;

import picocli.CommandLine.Option;

/** {@code -o json}, for every command that prints data. */
public final class OutputFormat {
  enum Format {
    text,
    json
  }

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "text",
      description = "text or json. Default: text.")
  private Format format = Format.text;

  @Option(names = "--json", description = "The same as --output json.")
  private boolean json;

  public boolean json() {
    return json || format == Format.json;
  }
}
