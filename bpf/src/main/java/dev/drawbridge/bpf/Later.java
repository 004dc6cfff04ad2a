package dev.drawbridge.bpf;

/** Stands in while the native layer is being written. */
final class Later {
  private Later() {}

  @SuppressWarnings({"DoNotCallSuggester", "TypeParameterUnusedInFormals"})
  static <T> T come() {
    throw new UnsupportedOperationException();
  }
}
