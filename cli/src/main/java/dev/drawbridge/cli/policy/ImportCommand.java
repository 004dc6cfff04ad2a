package dev.drawbridge.cli.policy;

import dev.drawbridge.api.report.Json;
import dev.drawbridge.cli.terminal.AbstractCommand;
import dev.drawbridge.cli.terminal.CommandException;
import dev.drawbridge.cli.terminal.Exit;
import dev.drawbridge.cli.terminal.OutputFormat;
import dev.drawbridge.cli.terminal.Surroundings;
import dev.drawbridge.cli.terminal.Text;
import dev.drawbridge.tools.importer.Imported;
import dev.drawbridge.tools.importer.Importer;
import dev.drawbridge.tools.lint.Finding;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "import",
    description = {
      "Translate Kubernetes NetworkPolicy and CiliumNetworkPolicy files into a host policy.",
      "",
      "Sentences go to standard output. What no sentence can express, and what is wrong in the file, is named line by line on standard error, and so is what is imported but not enforced yet.",
      "",
      "The sentences never allow more than the original. What is not expressed stays denied; a denial that is not expressed closes more.",
      "",
      "  drawbridge import policy.yaml > /etc/drawbridge/policy.d/50-imported.policy",
      "  kubectl get networkpolicy -o yaml | drawbridge import -"
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:everything was expressed (what is not enforced yet is a warning)",
      "1:something was not; the sentences allow less than the original",
      "2:a file cannot be read"
    })
public final class ImportCommand extends AbstractCommand {
  @Mixin private OutputFormat format = new OutputFormat();

  @Parameters(
      paramLabel = "FILE",
      arity = "1..*",
      description = "A file of policies in YAML or JSON, or - for standard input.")
  private List<String> files = List.of();

  public ImportCommand(Surroundings surroundings) {
    super(surroundings);
  }

  private record Result(List<String> sentences, List<Finding> findings) {}

  @Override
  public Integer call() throws CommandException {
    List<PolicyText> texts = new ArrayList<>();
    for (String file : files) {
      texts.add(PolicyText.read(file, surroundings.in()));
    }
    Result all = new Result(new ArrayList<>(), new ArrayList<>());
    boolean whole = true;
    for (PolicyText text : texts) {
      Imported imported = Importer.read(text.name(), text.text());
      all.sentences().addAll(imported.sentences());
      all.findings().addAll(imported.findings());
      whole &= imported.exitCode() == 0;
      if (!format.json()) {
        out().print(Text.printable(imported.text()));
        imported.findings().forEach(f -> err().println(Text.printable(f.oneLine())));
      }
    }
    if (format.json()) {
      out().println(Json.write(all));
    }
    return whole ? Exit.YES : Exit.NO;
  }
}
