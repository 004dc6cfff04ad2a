package dev.drawbridge.it.vm;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.reflect.TypeToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the lane saw, by machine: {@code docs/compatibility.json}, from which the tables of {@code
 * docs/compatibility.md} are made.
 */
record Results(Map<String, Seen> machines) {
  private static final Gson JSON =
      new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

  /**
   * One machine.
   *
   * @param engine versions of Debian's docker.io, containerd, runc, libbpf1; empty on a machine
   *     that only loads
   * @param instructions that the verifier went through, by program
   * @param loadedOnly programs that this kernel has no place to attach to
   * @param lacking claims that were not tried, and why
   * @param scenario "18 of 18", or empty
   * @param features that {@code drawbridge doctor} missed; null in files of earlier lanes
   */
  record Seen(
      String kernel,
      String architecture,
      Map<String, String> engine,
      Map<String, Long> instructions,
      List<String> loadedOnly,
      long claims,
      long failed,
      List<String> lacking,
      String scenario,
      List<String> features) {
    /** What an earlier lane wrote knows no features. */
    List<String> absent() {
      return features == null ? List.of() : features;
    }
  }

  static Results read(Path file) throws IOException {
    if (!Files.exists(file)) {
      return new Results(new TreeMap<>());
    }
    Map<String, Seen> machines =
        JSON.fromJson(Files.readString(file), new TypeToken<TreeMap<String, Seen>>() {}.getType());
    return new Results(machines);
  }

  void write(Path file) throws IOException {
    Files.writeString(file, JSON.toJson(machines) + "\n");
  }

  /**
   * Into the checkout's documents if {@code DRAWBRIDGE_RECORD} says so, else beside the machines.
   */
  static void record(Path cache, Map<String, Seen> seen) throws IOException {
    Path docs = Qemu.CHECKOUT.resolve("docs");
    boolean asked = System.getenv().getOrDefault("DRAWBRIDGE_RECORD", "").equals("docs");
    Path json = (asked ? docs : cache).resolve("compatibility.json");
    Results results = read(json);
    results.machines().putAll(seen);
    results.write(json);
    if (asked) {
      Path document = docs.resolve("compatibility.md");
      Files.writeString(document, Tables.into(Files.readString(document), results));
    }
  }

  static Seen seen(Machine machine, Console console, Map<String, String> facts) {
    Map<String, Long> instructions = new TreeMap<>();
    console.programs().forEach((name, program) -> instructions.put(name, program.instructions()));
    List<String> loadedOnly =
        console.programs().entrySet().stream()
            .filter(program -> !program.getValue().attached())
            .map(Map.Entry::getKey)
            .toList();
    String scenario =
        console.runners().entrySet().stream()
            .filter(runner -> List.of("scenario", "demo").contains(runner.getKey()))
            .filter(runner -> runner.getValue().rows().getValue() > 0)
            .map(runner ->
                runner.getValue().rows().getKey() + " of " + runner.getValue().rows().getValue())
            .findFirst()
            .orElse("");
    return new Seen(
        console.kernel(),
        machine.architecture(),
        facts,
        instructions,
        loadedOnly,
        console.claims(),
        console.failed(),
        console.lacking(),
        scenario,
        Doctor.lacks(console));
  }
}
