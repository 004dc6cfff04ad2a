package dev.drawbridge.bpf;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Finds, in what kernel and libbpf wrote, the one line that matters and what to do about it. */
final class VerifierLog {
  private static final Pattern STATISTICS =
      Pattern.compile(
          "processed \\d+ insns.*|verification time.*|stack depth.*|mark_precise.*|-- (BEGIN|END).*");
  private static final Pattern FAILED_PROGRAM =
      Pattern.compile("(?:libbpf: )?prog '([^']+)': BPF program load failed: .*");
  private static final Pattern TRACE = Pattern.compile("\\d+: .*|; .*|from \\d+ to \\d+.*|R\\d.*");

  private VerifierLog() {}

  /** A class of refusals, by what their line contains. */
  enum Cause {
    TOO_COMPLEX("BPF program is too large", "the program is too complex for this kernel"),
    LOOP("infinite loop detected", "a loop has no bound the verifier can see"),
    BACK_EDGE("back-edge", "this kernel is older than 5.3 and knows no loops"),
    STACK("combined stack size", "a function uses more than the 512 bytes of stack"),
    UNKNOWN_HELPER("unknown func", "this kernel is too old for a helper the program calls"),
    HELPER_FORBIDDEN("program of this type cannot use helper", "the helper is not for this hook"),
    CONTEXT("invalid bpf_context access", "this kernel does not show that field to this hook"),
    MEMORY("invalid mem access", "a pointer is used without having been checked"),
    PACKET("invalid access to packet", "a packet is read beyond what was checked"),
    UNINITIALIZED("!read_ok", "a value is used that was never set"),
    GPL("cannot call GPL-restricted function", "the object's license must be GPL compatible"),
    BTF("BTF", "the object's BTF does not fit this kernel");

    private final String sign;
    private final String hint;

    Cause(String sign, String hint) {
      this.sign = sign;
      this.hint = hint;
    }

    String hint() {
      return hint;
    }

    static Optional<Cause> of(String line) {
      for (Cause cause : values()) {
        if (line.contains(cause.sign)) {
          return Optional.of(cause);
        }
      }
      return Optional.empty();
    }
  }

  /** The program libbpf says was refused. */
  static Optional<String> refusedProgram(List<String> messages) {
    return messages.stream()
        .flatMap(String::lines)
        .map(FAILED_PROGRAM::matcher)
        .filter(java.util.regex.Matcher::matches)
        .map(found -> found.group(1))
        .findFirst();
  }

  /** The verdict: the last line that is neither statistics nor a step of the walk. */
  static String verdict(String log, List<String> messages) {
    List<String> lines =
        log.lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty() && !STATISTICS.matcher(line).matches())
            .toList();
    for (String line : lines.reversed()) {
      if (!TRACE.matcher(line).matches() || Cause.of(line).isPresent()) {
        return line;
      }
    }
    return messages.stream()
        .flatMap(String::lines)
        .map(line -> line.replaceFirst("^libbpf: ", "").strip())
        .filter(line -> !line.isEmpty())
        .findFirst()
        .orElse("");
  }

  /** The verdict and what it means, in one line. */
  static String explain(String log, List<String> messages) {
    String verdict = verdict(log, messages);
    return Cause.of(verdict).map(cause -> verdict + " (" + cause.hint() + ")").orElse(verdict);
  }
}
