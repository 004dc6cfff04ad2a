package dev.drawbridge.bench;

import dev.drawbridge.bpf.BpfObject;
import dev.drawbridge.bpf.KernelFeatures;
import dev.drawbridge.testkit.VerifierBaseline;
import java.io.PrintStream;
import java.util.TreeSet;

/**
 * {@code bench verifier}: how many instructions this kernel's verifier goes through for each
 * program, beside the most that may be. Below it are the lines for {@code verifier.txt}.
 */
final class VerifierBench {
  private VerifierBench() {}

  /** Says how many programs have grown by more than a fifth. */
  static int run(PrintStream out) {
    String release = KernelFeatures.kernelRelease();
    StringBuilder lines = new StringBuilder();
    int grown = 0;
    try (BpfObject object = BpfObject.load(BpfObject.drawbridge())) {
      out.printf("Linux %s%n%-16s %12s %12s%n", release, "program", "instructions", "at most");
      for (String name : new TreeSet<>(object.programs())) {
        long instructions = object.program(name).verifiedInstructions();
        long most = VerifierBaseline.most(release, name);
        boolean more = instructions > most;
        grown += more ? 1 : 0;
        out.printf("%-16s %12d %12d%s%n", name, instructions, most, more ? "  MORE" : "");
        lines.append(VerifierBaseline.line(release, name, instructions)).append('\n');
      }
    }
    out.println("\n" + lines);
    return grown;
  }
}
