package dev.drawbridge.cli.doctor;

import dev.drawbridge.api.report.KernelReport;
import dev.drawbridge.cli.doctor.Findings.Grade;
import dev.drawbridge.cli.host.Distribution;
import dev.drawbridge.cli.terminal.CommandException;
import dev.drawbridge.cli.terminal.Text;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The kernel, by the agent's own program. */
final class KernelChecks {
  private static final String SYSTEMD = "systemd";

  private static final Pattern VERSION = Pattern.compile("^(\\d{1,6})\\.(\\d{1,6})");

  /** By what the names of their programs begin with. */
  private static final Map<String, String> OWNERS =
      Map.of(
          "cil_",
          "Cilium",
          "cali",
          "Calico",
          "obi_",
          "OBI (Beyla)",
          "beyla_",
          "OBI (Beyla)",
          "sd_",
          SYSTEMD);

  private static final Set<String> SOCKMAPS = Set.of("sk_msg", "sk_skb");

  /** Names of others' programs that are shown. */
  private static final int OTHERS_SHOWN = 20;

  private final Findings findings;

  KernelChecks(Findings findings) {
    this.findings = findings;
  }

  /**
   * What is absent is bad where nothing works without it, else a warning that says what is lost.
   */
  Optional<KernelReport> kernel() throws CommandException {
    KernelReport kernel;
    try {
      kernel = KernelProbe.ask(Distribution.programs().resolve("drawbridge-agent"));
    } catch (CommandException e) {
      findings.add(
          Check.KERNEL,
          Grade.WARN,
          "the kernel cannot be looked at",
          String.valueOf(e.getMessage()));
      return Optional.empty();
    }
    judge(kernel);
    others(kernel.others());
    return Optional.of(kernel);
  }

  private void judge(KernelReport kernel) {
    boolean old = older(kernel.release(), kernel.minimum());
    findings.add(
        Check.KERNEL,
        old ? Grade.BAD : Grade.OK,
        "kernel " + kernel.release() + ", libbpf " + kernel.libbpf(),
        old ? "Drawbridge is made for " + kernel.minimum() + " and later" : "");
    for (KernelReport.Feature feature : kernel.features()) {
      switch (feature.present()) {
        case YES -> {}
        case NO ->
            findings.add(
                Check.KERNEL_FEATURE,
                feature.required() ? Grade.BAD : Grade.WARN,
                "the kernel lacks " + feature.feature() + " (since " + feature.since() + ")",
                feature.without() + "; " + feature.detail());
        case UNKNOWN ->
            findings.add(
                Check.KERNEL_FEATURE,
                Grade.WARN,
                "kernel feature " + feature.feature() + " is not known",
                feature.detail());
      }
    }
  }

  /** Of others: nothing is wrong with them as such, but a packet may be gone for one of them. */
  void others(List<KernelReport.Other> others) {
    others.stream().limit(OTHERS_SHOWN).forEach(this::other);
    if (others.size() > OTHERS_SHOWN) {
      findings.add(
          Check.OTHERS,
          Grade.WARN,
          (others.size() - OTHERS_SHOWN) + " more names of programs of others are loaded",
          "bpftool prog list shows them");
    }
  }

  private void other(KernelReport.Other other) {
    String owner =
        OWNERS.entrySet().stream()
            .filter(known -> other.name().startsWith(known.getKey()))
            .map(Map.Entry::getValue)
            .findFirst()
            .orElse("somebody");
    boolean harmless = owner.equals(SYSTEMD);
    findings.add(
        Check.OTHERS,
        harmless ? Grade.OK : Grade.WARN,
        owner
            + " has loaded "
            + other.kind()
            + " "
            + (other.name().isEmpty() ? "without a name" : other.name())
            + (other.count() > 1 ? " (" + other.count() + " of them)" : ""),
        harmless ? "" : advice(other.kind()));
  }

  private static String advice(String kind) {
    return SOCKMAPS.contains(kind)
        ? "what a sockmap carries from socket to socket passes no program of packets: leave guarded"
            + " containers out there"
        : "what it sends elsewhere after it was judged is refused as rewritten: leave guarded"
            + " containers out there, if it does that";
  }

  /** By the first two numbers; what is no number counts as recent. */
  static boolean older(String release, String minimum) {
    int[] found = numbers(release);
    int[] least = numbers(minimum);
    return found[0] < least[0] || (found[0] == least[0] && found[1] < least[1]);
  }

  private static int[] numbers(String release) {
    var matcher = VERSION.matcher(release);
    return matcher.find()
        ? new int[] {Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2))}
        : new int[] {Integer.MAX_VALUE, 0};
  }

  static List<String> table(KernelReport kernel) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("FEATURE", "SINCE", "PRESENT", "NEEDED FOR", "LOST WITHOUT"));
    for (KernelReport.Feature feature : kernel.features()) {
      rows.add(
          List.of(
              feature.feature(),
              feature.since(),
              feature.present().name().toLowerCase(Locale.ROOT),
              feature.neededFor(),
              feature.without()));
    }
    return Text.table(rows);
  }
}
