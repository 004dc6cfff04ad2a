package dev.drawbridge.packages;

import dev.drawbridge.cli.Drawbridge;
import dev.drawbridge.cli.terminal.Surroundings;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.asciidoctor.Asciidoctor;
import org.asciidoctor.Attributes;
import org.asciidoctor.Options;
import org.asciidoctor.SafeMode;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.codegen.docgen.manpage.ManPageGenerator;

/** Writes the manual pages of the command line, and what completes it in bash. */
public final class Manual {
  private static final String NAME = "drawbridge";

  private Manual() {}

  /**
   * Writes them.
   *
   * @param arguments the directory to write to: {@code man/*.1} and {@code drawbridge.bash}
   */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 1) {
      throw new IllegalArgumentException("expected one argument, the directory to write to");
    }
    Path directory = Path.of(arguments[0]);
    PrintWriter nowhere = new PrintWriter(Writer.nullWriter());
    CommandLine line =
        Drawbridge.line(
            new Surroundings(InputStream.nullInputStream(), nowhere, nowhere, Map.of()));
    Files.createDirectories(directory);
    Files.writeString(
        directory.resolve(NAME + ".bash"), AutoComplete.bash(NAME, line), StandardCharsets.UTF_8);
    pages(line, directory);
  }

  private static void pages(CommandLine line, Path directory) throws IOException {
    Path source = Files.createDirectories(directory.resolve("asciidoc"));
    Path pages = Files.createDirectories(directory.resolve("man"));
    int status =
        ManPageGenerator.generateManPage(
            source.toFile(), null, new boolean[0], true, line.getCommandSpec());
    if (status != 0) {
      throw new IOException("the manual cannot be written to " + source);
    }
    List<Path> all;
    try (Stream<Path> files = Files.list(source)) {
      all = files.filter(file -> file.toString().endsWith(".adoc")).sorted().toList();
    }
    try (Asciidoctor asciidoctor = Asciidoctor.Factory.create()) {
      for (Path page : all) {
        String _ =
            asciidoctor.convertFile(
                page.toFile(),
                Options.builder()
                    .backend("manpage")
                    .safe(SafeMode.UNSAFE)
                    .toDir(pages.toFile())
                    .attributes(Attributes.builder().attribute("reproducible", "").build())
                    .build());
      }
    }
  }
}
