package dev.drawbridge.tools.compose;

import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.tools.yaml.YamlValue;
import dev.drawbridge.tools.yaml.YamlValue.YamlList;
import dev.drawbridge.tools.yaml.YamlValue.YamlMap;
import dev.drawbridge.tools.yaml.YamlValue.YamlScalar;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** The labels under one service of one file. */
final class LabelReader {
  private final String file;
  private final String service;
  private final Interpolation interpolation;
  private final boolean onlyV2;
  private final Complaints complaints;
  private final Map<String, Label> labels = new LinkedHashMap<>();
  private final Set<String> removed = new LinkedHashSet<>();
  private final Set<String> unknown = new LinkedHashSet<>();

  LabelReader(
      String file,
      String service,
      Interpolation interpolation,
      boolean onlyV2,
      Complaints complaints) {
    this.file = file;
    this.service = service;
    this.interpolation = interpolation;
    this.onlyV2 = onlyV2;
    this.complaints = complaints;
  }

  Map<String, Label> labels() {
    return labels;
  }

  /** Keys that {@code !reset} takes off. */
  Set<String> removed() {
    return removed;
  }

  Set<String> unknown() {
    return unknown;
  }

  void read(YamlValue value) {
    switch (value) {
      case YamlMap map -> map.entries().forEach(this::mapLabel);
      case YamlList list -> list.items().forEach(this::listLabel);
      case YamlScalar scalar -> {
        if (!scalar.isNull()) {
          complaints.shape(
              file,
              scalar,
              service + " labels",
              "labels are " + scalar.describe(),
              "a mapping, or a list of key=value");
        }
      }
    }
  }

  private void mapLabel(YamlValue.Entry entry) {
    String where = service + " " + entry.key();
    Place keyPlace = Place.at(file, entry.line(), entry.column());
    if (entry.tag().equals("!reset")) {
      removed.add(entry.key());
      return;
    }
    if (!entry.tag().isEmpty() && !entry.tag().equals("!override")) {
      unknown.add("the tag " + entry.tag() + " at the label " + entry.key() + " is not known");
      return;
    }
    if (!(entry.value() instanceof YamlScalar scalar)) {
      complaints.shape(
          file,
          entry.value(),
          where,
          "the label's value is " + entry.value().describe(),
          "text; several sentences stand on lines of their own under |");
      return;
    }
    // Composes leave the keys of a mapping as they are; nobody who writes a variable there means
    // it.
    if (entry.key().indexOf('$') >= 0 && mayBeOurs(entry.key())) {
      variableKey(keyPlace, entry.key());
      return;
    }
    bareOff(entry, scalar, where);
    boolean quoted = scalar.style() == YamlValue.Style.QUOTED;
    Place place =
        scalar.isNull()
            ? keyPlace
            : new Place(
                file,
                scalar.line(),
                scalar.column() + (quoted ? 1 : 0),
                0,
                scalar.style() == YamlValue.Style.BLOCK);
    Known typed = Scalars.text(scalar, onlyV2);
    put(
        entry.key(),
        typed instanceof Known.Text(var text) ? interpolation.apply(text) : typed,
        place,
        scalar.joined());
  }

  private void bareOff(YamlValue.Entry entry, YamlScalar scalar, String where) {
    if (entry.key().equals("drawbridge.mode")
        && scalar.style() == YamlValue.Style.PLAIN
        && scalar.text().equals("off")) {
      complaints.warning(
          ProblemCode.BAD_YAML,
          Place.at(file, scalar.line(), scalar.column()),
          where,
          "older readers of YAML make false of a bare off",
          "\"off\" in quotes");
    }
  }

  /** Whether a key with a variable in it can become one of drawbridge's. */
  private static boolean mayBeOurs(String key) {
    String known = key.substring(0, key.indexOf('$'));
    return known.startsWith("drawbridge") || "drawbridge.".startsWith(known);
  }

  private void variableKey(Place place, String key) {
    unknown.add("the label's key " + key + " has a variable in it");
    complaints.error(
        ProblemCode.INTERPOLATED,
        place,
        service + " " + key,
        "a variable in a label's key: composes differ about it, and the label cannot be checked",
        "a key without $");
  }

  private void listLabel(YamlValue item) {
    if (!(item instanceof YamlScalar scalar) || scalar.isNull()) {
      complaints.shape(
          file,
          item,
          service + " labels",
          "an item of the list is " + item.describe(),
          "key=value");
      return;
    }
    Place at = Place.at(file, item.line(), item.column());
    int equal = scalar.text().indexOf('=');
    String written = equal < 0 ? scalar.text() : scalar.text().substring(0, equal);
    if (written.indexOf('$') >= 0) {
      Known whole = interpolation.apply(scalar.text());
      if (!(whole instanceof Known.Text(var text))) {
        if (mayBeOurs(written)) {
          variableKey(at, written);
        } else {
          var why = new Known.Unknown("its key has a variable in it");
          labels.put(written, new Label(written, why, at, false));
        }
        return;
      }
      int cut = text.indexOf('=');
      put(
          cut < 0 ? text : text.substring(0, cut),
          new Known.Text(cut < 0 ? "" : text.substring(cut + 1)),
          at,
          scalar.joined());
      return;
    }
    if (labels.containsKey(written)) {
      complaints.error(
          ProblemCode.REPEATED,
          at,
          service + " " + written,
          "the label stands here twice; compose keeps one and says nothing",
          "labels of different names");
    }
    boolean quoted = scalar.style() == YamlValue.Style.QUOTED;
    put(
        written,
        interpolation.apply(equal < 0 ? "" : scalar.text().substring(equal + 1)),
        new Place(
            file,
            item.line(),
            item.column() + (quoted ? 1 : 0),
            written.length() + 1,
            scalar.style() == YamlValue.Style.BLOCK),
        scalar.joined());
  }

  private void put(String key, Known value, Place place, boolean joined) {
    labels.put(key, new Label(key, value, place, joined));
    hiddenByComment(key, value, place, joined);
    if (value instanceof Known.Wrong(var why, var expected)) {
      complaints.error(ProblemCode.INTERPOLATED, place, service + " " + key, why, expected);
    } else if (value instanceof Known.Unknown(var why) && key.startsWith("drawbridge")) {
      complaints.error(
          ProblemCode.INTERPOLATED,
          place,
          service + " " + key,
          "the label cannot be known: " + why,
          "a value that is written out, or set in .env");
    }
  }

  /** Lines that are joined by blanks: a comment in one of them swallows those that follow. */
  private void hiddenByComment(String key, Known value, Place place, boolean joined) {
    if (joined
        && key.startsWith("drawbridge")
        && value instanceof Known.Text(var text)
        && text.matches("(?s)(.*\\s)?#.*")) {
      complaints.error(
          ProblemCode.BAD_YAML,
          place,
          service + " " + key,
          "these lines are joined into one, so the comment hides all that follows it",
          "| instead of >, which keeps lines apart");
    }
  }
}
