package dev.drawbridge.tools.compose;

import dev.drawbridge.policy.labels.Nearest;
import dev.drawbridge.tools.yaml.YamlValue;
import dev.drawbridge.tools.yaml.YamlValue.YamlList;
import dev.drawbridge.tools.yaml.YamlValue.YamlMap;
import dev.drawbridge.tools.yaml.YamlValue.YamlScalar;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What one file says of one service, without what it extends. */
final class ServiceReader {
  private static final List<String> READ =
      List.of("labels", "label_file", "extends", "container_name", "network_mode");
  private static final List<String> NEAR_BUT_RIGHT = List.of("links", "ports", "secrets");

  /** As the agent's own list of them. */
  private static final Set<String> REWRITING = Set.of("ALL", "NET_ADMIN", "SYS_ADMIN");

  private static final Pattern TRUE = Pattern.compile("true|yes|on|y|1", Pattern.CASE_INSENSITIVE);

  private static final Pattern PORT = Pattern.compile("(?:.*:)?(\\d{1,5}):(\\d{1,5})(?:/tcp)?");

  private final String file;
  private final Sources sources;
  private final Interpolation interpolation;
  private final boolean onlyV2;
  private final Complaints complaints;

  ServiceReader(
      String file,
      Sources sources,
      Interpolation interpolation,
      boolean onlyV2,
      Complaints complaints) {
    this.file = file;
    this.sources = sources;
    this.interpolation = interpolation;
    this.onlyV2 = onlyV2;
    this.complaints = complaints;
  }

  /** The part, and what it takes off what it stands upon. */
  record Part(Draft draft, Draft.Cuts cuts) {}

  Part read(YamlValue.Entry entry, YamlMap body) {
    String name = entry.key();
    Set<String> unknown = new LinkedHashSet<>();
    keys(name, body);
    new Misplaced(file, complaints).service(name, body);
    var labels = new LabelReader(file, name, interpolation, onlyV2, complaints);
    Optional<YamlValue.Entry> written = find(body, "labels");
    boolean reset = written.map(e -> e.tag().equals("!reset")).orElse(false);
    written.filter(e -> !e.tag().equals("!reset")).ifPresent(e -> labels.read(e.value()));
    unknown.addAll(labels.unknown());
    for (String key : READ) {
      String tag = find(body, key).map(YamlValue.Entry::tag).orElse("");
      if (!List.of("", "!reset", "!override").contains(tag)) {
        unknown.add("the tag " + tag + " at " + key + " is not known");
      }
    }
    var fromFiles = new LinkedHashMap<String, Label>();
    find(body, "label_file").ifPresent(e -> labelFiles(name, e, fromFiles, unknown));
    boolean rewrites = rewrites(body, unknown);
    var draft =
        new Draft(
            Place.at(file, entry.line(), entry.column()),
            fromFiles,
            labels.labels(),
            text(body, "container_name"),
            text(body, "network_mode"),
            new Draft.Traits(
                body.find("image").isPresent() || body.find("build").isPresent(),
                body.find("extends").isPresent(),
                body.find("label_file").isPresent(),
                published(body),
                rewrites,
                several(body)),
            unknown);
    boolean cut = reset || tagged(body, "labels", "!override");
    var cuts =
        new Draft.Cuts(
            cut,
            labels.removed(),
            tagged(body, "container_name", "!reset"),
            tagged(body, "network_mode", "!reset"));
    return new Part(draft, cuts);
  }

  static Optional<YamlValue.Entry> find(YamlMap map, String key) {
    return map.entries().stream().filter(e -> e.key().equals(key)).findFirst();
  }

  private static boolean tagged(YamlMap body, String key, String tag) {
    return find(body, key).map(e -> e.tag().equals(tag)).orElse(false);
  }

  /** A key that compose does not know and that was meant to be one of those that matter here. */
  private void keys(String service, YamlMap body) {
    for (YamlValue.Entry entry : body.entries()) {
      String key = entry.key();
      if (READ.contains(key) || NEAR_BUT_RIGHT.contains(key)) {
        continue;
      }
      Nearest.of(key, READ)
          .ifPresent(near ->
              complaints.shape(
                  Place.at(file, entry.line(), entry.column()),
                  service + " " + key,
                  "'" + key + "' is not known to compose",
                  near));
    }
  }

  private Optional<Known> text(YamlMap body, String key) {
    return find(body, key)
        .filter(e -> !e.tag().equals("!reset"))
        .flatMap(e ->
            e.value() instanceof YamlScalar scalar && !scalar.text().isEmpty()
                ? Optional.of(scalar.text())
                : Optional.<String>empty())
        .map(interpolation::apply);
  }

  private void labelFiles(
      String service, YamlValue.Entry entry, Map<String, Label> into, Set<String> unknown) {
    if (entry.tag().equals("!reset")) {
      unknown.add("a label_file is reset");
      return;
    }
    var names = new ArrayList<YamlScalar>();
    switch (entry.value()) {
      case YamlScalar scalar -> names.add(scalar);
      case YamlList list -> {
        for (YamlValue item : list.items()) {
          if (item instanceof YamlScalar scalar) {
            names.add(scalar);
          } else {
            unknown.add("a label_file that is " + item.describe());
          }
        }
      }
      case YamlMap map -> unknown.add("a label_file that is " + map.describe());
    }
    for (YamlScalar name : names) {
      Known path = interpolation.apply(name.text());
      if (!(path instanceof Known.Text(var plain))) {
        unknown.add("the name of its label_file has a variable in it");
        continue;
      }
      labelFile(service, plain, Place.at(file, name.line(), name.column()), into, unknown);
    }
  }

  private void labelFile(
      String service, String name, Place at, Map<String, Label> into, Set<String> unknown) {
    String path = Sources.resolve(Sources.directory(file), name);
    switch (sources.read(path)) {
      case Sources.Read.Text(var text) ->
          EnvFile.read(text, path)
              .forEach((key, value) -> into.put(key, new Label(key, value, at, false)));
      case Sources.Read.Missing() ->
          complaints.shape(
              at, service + " label_file", "there is no file " + path, "a file of KEY=VALUE lines");
      case Sources.Read.Unknown(var why) ->
          unknown.add("its label_file " + path + " cannot be known: " + why);
    }
  }

  /**
   * By cap_add, whose names may lack CAP_ and be in lower case, or as a privileged one; by any word
   * that some compose takes for true.
   */
  private boolean rewrites(YamlMap body, Set<String> unknown) {
    if (body.find("privileged").orElse(null) instanceof YamlScalar scalar) {
      Known value = interpolation.apply(scalar.text());
      if (value instanceof Known.Text(var text)) {
        if (TRUE.matcher(text).matches()) {
          return true;
        }
      } else {
        unknown.add("whether it is privileged is in a variable that is not known");
      }
    }
    if (!(body.find("cap_add").orElse(null) instanceof YamlList list)) {
      return false;
    }
    for (YamlValue item : list.items()) {
      if (item instanceof YamlScalar scalar) {
        Known value = interpolation.apply(scalar.text());
        if (!(value instanceof Known.Text(var text))) {
          unknown.add("one of the capabilities that it adds is in a variable that is not known");
        } else if (REWRITING.contains(text.toUpperCase(Locale.ROOT).replaceFirst("^CAP_", ""))) {
          return true;
        }
      }
    }
    return false;
  }

  /** Whether it is said, by other than a plain 0 or 1, how many there are. */
  private static boolean several(YamlMap body) {
    Optional<YamlValue> replicas =
        body.find("deploy").orElse(null) instanceof YamlMap deploy
            ? deploy.find("replicas")
            : Optional.empty();
    return Stream.of(body.find("scale"), replicas)
        .flatMap(Optional::stream)
        .anyMatch(many -> !(many instanceof YamlScalar scalar && scalar.text().matches("[01]")));
  }

  /** TCP ports as far as they are written plainly: the host's, and the container's. */
  private static Map<Integer, Integer> published(YamlMap body) {
    var out = new LinkedHashMap<Integer, Integer>();
    if (body.find("ports").orElse(null) instanceof YamlList list) {
      for (YamlValue item : list.items()) {
        if (item instanceof YamlScalar scalar) {
          Matcher matcher = PORT.matcher(scalar.text());
          if (matcher.matches()) {
            out.put(Integer.valueOf(matcher.group(1)), Integer.valueOf(matcher.group(2)));
          }
        } else if (item instanceof YamlMap map) {
          Optional<Integer> host = number(map, "published");
          Optional<Integer> container = number(map, "target");
          if (host.isPresent() && container.isPresent()) {
            out.put(host.get(), container.get());
          }
        }
      }
    }
    return out;
  }

  private static Optional<Integer> number(YamlMap map, String key) {
    return map.find(key).orElse(null) instanceof YamlScalar scalar
            && scalar.text().matches("\\d{1,5}")
        ? Optional.of(Integer.valueOf(scalar.text()))
        : Optional.empty();
  }
}
