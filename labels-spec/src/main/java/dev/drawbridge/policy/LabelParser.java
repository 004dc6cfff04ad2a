package dev.drawbridge.policy;

import java.util.List;
import java.util.Map;

/** Reads a container's labels. */
public final class LabelParser {
  private LabelParser() {}

  /** What these labels declare; labels that are not Drawbridge's are passed over. */
  public static Parsed<ContainerPolicy> parse(Map<String, String> allLabels) {
    return new Parsed<>(ContainerPolicy.NONE, List.of());
  }
}
