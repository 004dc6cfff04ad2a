package dev.drawbridge.it.vm;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.drawbridge.bpf.KernelFeatures;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What {@code drawbridge doctor --json} said in a guest. */
final class Doctor {
  private Doctor() {}

  /** The features that it missed; none if it was not asked. */
  static List<String> lacks(Console console) {
    Console.Runner runner = console.runners().get("doctor");
    if (runner == null) {
      return List.of();
    }
    String said = String.join("\n", runner.lines());
    JsonObject report = JsonParser.parseString(said.substring(said.indexOf('{'))).getAsJsonObject();
    if (!report.has("kernel") || report.get("kernel").isJsonNull()) {
      return List.of("doctor could not look at the kernel: " + report.get("findings"));
    }
    List<String> lacks = new ArrayList<>();
    for (JsonElement element : report.getAsJsonObject("kernel").getAsJsonArray("features")) {
      JsonObject feature = element.getAsJsonObject();
      if (!feature.get("present").getAsString().equalsIgnoreCase("yes")) {
        lacks.add(feature.get("feature").getAsString());
      }
    }
    return lacks;
  }

  /** The features that came after this kernel. */
  static List<String> younger(String kernel) {
    return Arrays.stream(KernelFeatures.Feature.values())
        .filter(feature -> {
          String[] since = feature.since().split("\\.", -1);
          return !KernelFeatures.atLeast(
              kernel, Integer.parseInt(since[0]), Integer.parseInt(since[1]));
        })
        .map(Doctor::name)
        .toList();
  }

  static List<String> since(List<String> features) {
    return Arrays.stream(KernelFeatures.Feature.values())
        .filter(feature -> features.contains(name(feature)))
        .map(KernelFeatures.Feature::since)
        .toList();
  }

  private static String name(KernelFeatures.Feature feature) {
    return feature.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
