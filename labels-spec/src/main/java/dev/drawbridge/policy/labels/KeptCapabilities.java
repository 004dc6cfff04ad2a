package dev.drawbridge.policy.labels;

import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.Severity;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The label {@code drawbridge.capabilities}: which capabilities a container keeps that Drawbridge
 * takes from the others. The only one is {@code net-raw}, with which a process writes frames that
 * no cgroup program sees.
 */
public final class KeptCapabilities {
  private static final String NET_RAW = "net-raw";

  private KeptCapabilities() {}

  /** Whether these labels keep CAP_NET_RAW. A value that cannot be read keeps nothing. */
  public static boolean netRaw(Map<String, String> allLabels) {
    return NET_RAW.equals(allLabels.get(LabelKeys.CAPABILITIES));
  }

  public static Optional<Problem> problem(String value) {
    if (value.equals(NET_RAW)) {
      return Optional.empty();
    }
    return Optional.of(
        new Problem(
            ProblemCode.BAD_CAPABILITY.code(),
            Severity.ERROR,
            new Origin.Label(LabelKeys.CAPABILITIES),
            1,
            value.length(),
            "'" + value + "' is no capability that a container can keep",
            NET_RAW,
            Nearest.of(value.strip(), List.of(NET_RAW, "NET_RAW", "CAP_NET_RAW", "netraw"))
                .map(near -> NET_RAW),
            Optional.of(value)));
  }
}
