package dev.drawbridge.cli.terminal;

import java.io.InputStream;
import java.io.PrintWriter;
import java.util.Map;

/** What a command has of the outside world. Both writers flush at every line. */
public record Surroundings(
    InputStream in, PrintWriter out, PrintWriter err, Map<String, String> environment) {}
