package dev.drawbridge.tools.compose;

import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.tools.yaml.YamlValue;
import dev.drawbridge.tools.yaml.YamlValue.YamlList;
import dev.drawbridge.tools.yaml.YamlValue.YamlMap;
import dev.drawbridge.tools.yaml.YamlValue.YamlScalar;
import java.util.Map;

/** Drawbridge's labels where no container gets them. */
final class Misplaced {
  private static final Map<String, String> WHY =
      Map.of(
          "deploy", "swarm gives them to the service, not to its containers",
          "build", "they go into the image, where they may not count",
          "environment", "these are variables of the process",
          "annotations", "they go to the runtime alone");

  private final String file;
  private final Complaints complaints;

  Misplaced(String file, Complaints complaints) {
    this.file = file;
    this.complaints = complaints;
  }

  /** Looks through a service, its labels left out. */
  void service(String name, YamlMap body) {
    for (YamlValue.Entry entry : body.entries()) {
      if (isOurs(entry.key())) {
        report(name, entry, "stands directly under the service");
      } else if (!entry.key().equals("labels") && !entry.key().startsWith("x-")) {
        String why = WHY.get(entry.key());
        look(
            name,
            entry.value(),
            "labels under "
                + entry.key()
                + " do not reach the container"
                + (why == null ? "" : ": " + why));
      }
    }
  }

  /** Looks through all that is not a service. */
  void root(YamlMap root) {
    for (YamlValue.Entry entry : root.entries()) {
      if (isOurs(entry.key())) {
        report("", entry, "stands at the top of the file");
      } else if (!entry.key().equals("services") && !entry.key().startsWith("x-")) {
        look("", entry.value(), "labels under " + entry.key() + " do not reach a container");
      }
    }
  }

  private static boolean isOurs(String key) {
    return key.equals("drawbridge.policy")
        || key.startsWith("drawbridge.policy.")
        || key.equals("drawbridge.mode")
        || key.equals("drawbridge.capabilities");
  }

  private void look(String service, YamlValue value, String message) {
    switch (value) {
      case YamlMap map -> {
        for (YamlValue.Entry entry : map.entries()) {
          if (isOurs(entry.key())) {
            report(service, entry, message);
          } else {
            look(service, entry.value(), message);
          }
        }
      }
      case YamlList list -> {
        for (YamlValue item : list.items()) {
          if (item instanceof YamlScalar scalar && isOurs(key(scalar.text()))) {
            report(service, item.line(), item.column(), key(scalar.text()), message);
          } else {
            look(service, item, message);
          }
        }
      }
      case YamlScalar _ -> {}
    }
  }

  private static String key(String item) {
    int equal = item.indexOf('=');
    return equal < 0 ? item : item.substring(0, equal);
  }

  private void report(String service, YamlValue.Entry entry, String message) {
    report(service, entry.line(), entry.column(), entry.key(), message);
  }

  private void report(String service, int line, int column, String key, String message) {
    complaints.error(
        ProblemCode.WRONG_PLACE,
        Place.at(file, line, column),
        (service + " " + key).strip(),
        message,
        "labels directly under the service");
  }
}
