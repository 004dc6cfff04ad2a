package dev.drawbridge.it.vm;

import java.util.List;
import java.util.stream.Stream;

/**
 * A machine of the lane.
 *
 * @param name as {@code it/src/test/vm/fetch} knows it
 * @param architecture as QEMU names it
 * @param required whether a mirror without it is a failure
 * @param runners what the guest runs, in this order
 */
record Machine(String name, String architecture, boolean required, List<String> runners) {
  /**
   * What {@code behaviour_test} and {@code unit_test} call their groups, as the kernel lane does.
   */
  private static final List<String> CLAIMS =
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
          "churn");

  static final List<Machine> ALL =
      List.of(
          x86("debian-12", true),
          x86("debian-13", true),
          x86("newest", false),
          new Machine("arm64-debian-12", "aarch64", false, List.of("load")),
          new Machine("arm64-debian-13", "aarch64", false, List.of("load")));

  private static Machine x86(String name, boolean required) {
    // The whole story where it has time for it: drawbridge.vm.scenario=demo.
    String scenario = System.getProperty("drawbridge.vm.scenario", "scenario");
    return new Machine(
        name,
        "x86_64",
        required,
        Stream.of(List.of("load"), CLAIMS, List.of(scenario)).flatMap(List::stream).toList());
  }

  boolean foreign() {
    return architecture.equals("aarch64");
  }
}
