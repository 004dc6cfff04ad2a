package dev.drawbridge.tools.importer;

import dev.drawbridge.tools.lint.Finding;
import dev.drawbridge.tools.lint.LintReport;
import java.util.List;

/**
 * What became of a file.
 *
 * @param sentences in the order of the documents, each a valid line of a host policy
 * @param text the same with comments, fit to be saved as {@code *.policy}
 * @param findings what could not be expressed or was wrong, line by line
 */
public record Imported(List<String> sentences, String text, List<Finding> findings) {
  public Imported {
    sentences = List.copyOf(sentences);
    findings = new LintReport(findings).findings();
  }

  /** 0 if everything was expressed, 1 if anything was not. */
  public int exitCode() {
    return new LintReport(findings).exitCode();
  }
}
