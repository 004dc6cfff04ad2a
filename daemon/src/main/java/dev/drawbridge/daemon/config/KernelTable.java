package dev.drawbridge.daemon.config;

import dev.drawbridge.api.report.KernelReport;
import dev.drawbridge.api.report.KernelReport.Presence;
import dev.drawbridge.bpf.KernelFeatures;
import dev.drawbridge.bpf.KernelFeatures.Feature;
import dev.drawbridge.bpf.Probe;
import java.util.Arrays;
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
        Arrays.stream(Feature.values()).map(KernelTable::row).toList());
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
