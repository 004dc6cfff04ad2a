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
    return new Machine(
        name,
        "x86_64",
        required,
        Stream.of(List.of("load"), CLAIMS, scenario(name)).flatMap(List::stream).toList());
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

  boolean foreign() {
    return architecture.equals("aarch64");
  }
}
