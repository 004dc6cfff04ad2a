package dev.drawbridge.daemon.config;

import dev.drawbridge.api.report.KernelReport;
import dev.drawbridge.api.report.KernelReport.Presence;
import dev.drawbridge.bpf.KernelFeatures;
import dev.drawbridge.bpf.KernelFeatures.Feature;
import dev.drawbridge.bpf.OtherPrograms;
import dev.drawbridge.bpf.Probe;
import dev.drawbridge.bpf.failure.BpfException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The kernel's features as {@code drawbridge doctor} shows them. */
public final class KernelTable {

  private KernelTable() {}

  /** Asks the kernel; loads and attaches nothing that stays. */
  public static KernelReport probe() {
    return new KernelReport(
        System.getProperty("os.version", ""),
        KernelFeatures.MINIMUM_KERNEL,
        KernelFeatures.libbpfVersion(),
        Arrays.stream(Feature.values()).map(KernelTable::row).toList(),
        others());
  }

  private static List<KernelReport.Other> others() {
    try {
      return OtherPrograms.loaded().entrySet().stream()
          .map(one ->
              new KernelReport.Other(one.getKey().kind(), one.getKey().name(), one.getValue()))
          .toList();
    } catch (BpfException e) {
      // Whoever may not ask learns it by the features, which are unknown then.
      return List.of();
    }
  }

  private static KernelReport.Feature row(Feature feature) {
    Probe probe = KernelFeatures.probe(feature);
    return new KernelReport.Feature(
        feature.name().toLowerCase(Locale.ROOT).replace('_', '-'),
        feature.meaning(),
        feature.neededFor(),
        feature.since(),
        switch (probe) {
          case Probe.Supported _ -> Presence.YES;
          case Probe.Unsupported _ -> Presence.NO;
          case Probe.Unknown _ -> Presence.UNKNOWN;
        },
        switch (probe) {
          case Probe.Supported _ -> "";
          case Probe.Unsupported(String reason, String _) -> reason;
          case Probe.Unknown(String reason) -> reason;
        },
        feature.without(),
        feature.required());
  }
}
