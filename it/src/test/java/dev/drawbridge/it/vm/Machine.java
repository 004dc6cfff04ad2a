package dev.drawbridge.it.vm;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * A machine of the lane.
 *
 * @param name where its console is
 * @param image kernel and root, as {@code it/src/test/vm/fetch} knows them
 * @param architecture as QEMU names it
 * @param required whether a mirror without it is a failure
 * @param systemd whether systemd is its first process, and it may boot more than once
 * @param runners what the guest runs, in this order
 */
record Machine(
    String name,
    String image,
    String architecture,
    boolean required,
    boolean systemd,
    List<String> runners) {
  /**
   * What {@code behaviour_test} and {@code unit_test} call their groups, as the kernel lane does.
   */
  static final List<String> CLAIMS =
      List.of(
          "single",
          "tcp",
          "engine",
          "udp",
          "bypass",
          "packets",
          "guard",
          "veth",
          "identity",
          "kinds",
          "churn",
          "rewrite",
          "flood",
          "refuse",
          "shared",
          "settle",
          "names");

  private static final Duration DEMO = Duration.ofHours(2);

  private static final Duration BOOTS = Duration.ofMinutes(30);

  /** The longest first: two run at a time. */
  static final List<Machine> ALL =
      List.of(
          booted(),
          x86("debian-12", true),
          x86("debian-13", true),
          x86("newest", false),
          arm64("arm64-debian-12"),
          arm64("arm64-debian-13"));

  /**
   * Debian 12 as it is installed: its systemd, its engine's units, the image of {@code debian-12}.
   */
  private static Machine booted() {
    return new Machine(
        "systemd-debian-12",
        "debian-12",
        "x86_64",
        true,
        true,
        List.of("systemd-install", "systemd-ordered", "systemd-late"));
  }

  private static Machine arm64(String name) {
    return new Machine(name, name, "aarch64", false, false, List.of("load"));
  }

  private static Machine x86(String name, boolean required) {
    return new Machine(
        name,
        name,
        "x86_64",
        required,
        false,
        Stream.of(List.of("load", "doctor"), CLAIMS, scenario(name))
            .flatMap(List::stream)
            .toList());
  }

  /**
   * By default only the oldest kernel and engine tell the story, so that the lane ends in time.
   * {@code drawbridge.vm.scenarios} names others, {@code drawbridge.vm.scenario} is {@code demo}
   * for the whole of it.
   */
  private static List<String> scenario(String name) {
    String tellers = System.getProperty("drawbridge.vm.scenarios", "debian-12");
    return List.of(tellers.split(",", -1)).contains(name)
        ? List.of(System.getProperty("drawbridge.vm.scenario", "scenario"))
        : List.of();
  }

  /** Whether {@code drawbridge.vm.only} lets it boot. */
  boolean asked() {
    String only = System.getProperty("drawbridge.vm.only", "");
    return only.isEmpty() || List.of(only.split(",", -1)).contains(name);
  }

  /** Many times what it takes on a machine that does nothing else. */
  Duration mostTime() {
    return runners.contains("demo") ? DEMO : systemd ? BOOTS : Duration.ofMinutes(25);
  }

  /**
   * Longer than a guest's own deadlines, a minute times its patience: it says more of itself. The
   * demo's 200 starts are one row.
   */
  Duration mostSilence() {
    return runners.contains("demo") ? Duration.ofMinutes(90) : Duration.ofMinutes(9);
  }

  boolean foreign() {
    return architecture.equals("aarch64");
  }
}
