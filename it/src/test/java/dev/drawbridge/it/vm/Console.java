package dev.drawbridge.it.vm;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a guest wrote on its console.
 *
 * @param kernel its release; empty if it never came so far
 * @param runners each runner that began, in order
 * @param done whether the guest did all it was asked to do
 */
record Console(String kernel, Map<String, Runner> runners, boolean done) {
  private static final Pattern KERNEL = Pattern.compile("MACHINE kernel (\\S+) \\S+");
  private static final Pattern BEGIN = Pattern.compile("BEGIN (\\S+)");
  private static final Pattern END = Pattern.compile("END (\\S+) (\\d+)");
  private static final Pattern CLAIM = Pattern.compile("(not )?ok \\d+ - (.*?)(?: # SKIP (.*))?");
  private static final Pattern SUMS =
      Pattern.compile("(\\d+) passed, (\\d+) failed, (\\d+) skipped");
  private static final Pattern PROGRAM = Pattern.compile("PROGRAM (\\S+) (\\d+) (attached|loaded)");
  private static final Pattern ROWS = Pattern.compile("(\\d+) of (\\d+) as expected");

  /** One claim of a C runner; {@code failure} is empty if it holds. */
  record Claim(String name, String failure) {}

  /** What the verifier went through, and whether the kernel had a place for it. */
  record Program(long instructions, boolean attached) {}

  /**
   * One runner's output.
   *
   * @param status its exit status, -1 if it never ended
   * @param lacking what it did not try, and why
   * @param summed how many claims it says it made, -1 if it does not say
   * @param rows of the scenario: how many agreed, and how many there were
   */
  record Runner(
      int status,
      List<String> lines,
      List<Claim> claims,
      List<String> lacking,
      int summed,
      Map<String, Program> programs,
      Map.Entry<Integer, Integer> rows) {}

  static Console of(List<String> text) {
    Map<String, Runner> runners = new LinkedHashMap<>();
    String kernel = "";
    String name = "";
    List<String> lines = new ArrayList<>();
    boolean done = false;
    for (String raw : text) {
      String line = raw.stripTrailing();
      Matcher named = KERNEL.matcher(line);
      Matcher begin = BEGIN.matcher(line);
      Matcher end = END.matcher(line);
      if (named.matches()) {
        kernel = named.group(1);
      } else if (begin.matches()) {
        name = begin.group(1);
        lines = new ArrayList<>();
      } else if (end.matches()) {
        runners.put(end.group(1), runner(Integer.parseInt(end.group(2)), lines));
        name = "";
      } else if (line.equals("DONE")) {
        done = true;
      } else {
        lines.add(line);
      }
    }
    if (!name.isEmpty()) {
      runners.put(name, runner(-1, lines));
    }
    return new Console(kernel, runners, done);
  }

  private static Runner runner(int status, List<String> lines) {
    List<Claim> claims = new ArrayList<>();
    List<String> lacking = new ArrayList<>();
    Map<String, Program> programs = new TreeMap<>();
    Map.Entry<Integer, Integer> rows = Map.entry(0, 0);
    int summed = -1;
    for (int at = 0; at < lines.size(); at++) {
      String line = lines.get(at);
      Matcher claim = CLAIM.matcher(line);
      Matcher sums = SUMS.matcher(line);
      Matcher program = PROGRAM.matcher(line);
      Matcher agreed = ROWS.matcher(line);
      if (claim.matches()) {
        if (claim.group(3) != null) {
          lacking.add(claim.group(2) + ": " + claim.group(3));
        } else {
          String detail = at + 1 < lines.size() ? lines.get(at + 1) : "";
          claims.add(new Claim(claim.group(2), claim.group(1) == null ? "" : "failed: " + detail));
        }
      } else if (sums.matches()) {
        summed = Integer.parseInt(sums.group(1)) + Integer.parseInt(sums.group(2));
      } else if (program.matches()) {
        programs.put(
            program.group(1),
            new Program(Long.parseLong(program.group(2)), program.group(3).equals("attached")));
      } else if (agreed.matches()) {
        rows = Map.entry(Integer.parseInt(agreed.group(1)), Integer.parseInt(agreed.group(2)));
      }
    }
    return new Runner(status, List.copyOf(lines), claims, lacking, summed, programs, rows);
  }

  /** Every claim of every runner. */
  long claims() {
    return runners.values().stream().mapToLong(runner -> runner.claims().size()).sum();
  }

  long failed() {
    return runners.values().stream()
        .flatMap(runner -> runner.claims().stream())
        .filter(claim -> !claim.failure().isEmpty())
        .count();
  }

  List<String> lacking() {
    return runners.values().stream().flatMap(runner -> runner.lacking().stream()).toList();
  }

  Map<String, Program> programs() {
    Runner load = runners.get("load");
    return load == null ? Map.of() : load.programs();
  }
}
