package dev.drawbridge.tools.compose;

import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.tools.yaml.YamlValue;
import java.util.ArrayList;
import java.util.List;

/** Collects what is wrong. */
final class Complaints {
  private final List<Complaint> all = new ArrayList<>();

  List<Complaint> all() {
    return List.copyOf(all);
  }

  void shape(Place place, String where, String message, String expected) {
    error(ProblemCode.BAD_SHAPE, place, where, message, expected);
  }

  void shape(String file, YamlValue at, String where, String message, String expected) {
    shape(Place.at(file, at.line(), at.column()), where, message, expected);
  }

  void error(ProblemCode code, Place place, String where, String message, String expected) {
    all.add(new Complaint(place, true, code, where, message, expected));
  }

  void warning(ProblemCode code, Place place, String where, String message, String expected) {
    all.add(new Complaint(place, false, code, where, message, expected));
  }
}
