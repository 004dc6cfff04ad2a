package dev.drawbridge.tools.compose;

import dev.drawbridge.tools.yaml.YamlValue;
import dev.drawbridge.tools.yaml.YamlValue.YamlMap;
import dev.drawbridge.tools.yaml.YamlValue.YamlScalar;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The services of files, with what they extend. */
final class FileReader {
  private static final int MAX_CHAIN = 32;

  private final Sources sources;
  private final Interpolation interpolation;
  private final boolean onlyV2;
  private final Complaints complaints;
  private final Map<String, String> texts;
  private final Map<String, YamlMap> read = new LinkedHashMap<>();

  FileReader(
      Sources sources,
      Environment environment,
      boolean onlyV2,
      Complaints complaints,
      Map<String, String> texts) {
    this.sources = sources;
    this.interpolation = new Interpolation(environment, onlyV2);
    this.onlyV2 = onlyV2;
    this.complaints = complaints;
    this.texts = texts;
  }

  /** A service of a file, for {@code extends}. */
  private record Signature(String file, String service) {}

  /** Lays a file's services over those of the files before it. */
  void lay(String file, YamlMap root, Map<String, Draft> services) {
    read.put(file, root);
    new Misplaced(file, complaints).root(root);
    Optional<YamlValue.Entry> found = ServiceReader.find(root, "services");
    if (found.isEmpty()) {
      return;
    }
    if (!(found.get().value() instanceof YamlMap map) || !found.get().tag().isEmpty()) {
      YamlValue value = found.get().value();
      String what = found.get().tag().isEmpty() ? value.describe() : found.get().tag();
      complaints.shape(file, value, "services", "it is " + what, "a mapping");
      return;
    }
    for (YamlValue.Entry entry : map.entries()) {
      if (entry.tag().equals("!reset")) {
        services.remove(entry.key());
        continue;
      }
      if (!(entry.value() instanceof YamlMap body)) {
        complaints.shape(
            Place.at(file, entry.line(), entry.column()),
            entry.key(),
            "the service is " + entry.value().describe(),
            "a mapping");
        continue;
      }
      service(file, root, entry, body, services);
    }
  }

  private void service(
      String file, YamlMap root, YamlValue.Entry entry, YamlMap body, Map<String, Draft> services) {
    ServiceReader.Part part = part(file, entry, body);
    Draft own = extended(file, root, entry, body, part, new ArrayList<>());
    Draft before = services.get(entry.key());
    if (before == null || entry.tag().equals("!override")) {
      services.put(entry.key(), own);
      return;
    }
    if (!entry.tag().isEmpty()) {
      own = own.because("the tag " + entry.tag() + " is not known");
    }
    if (part.draft().traits().extended() && before.traits().extended()) {
      own = own.because("two files extend it, which composes take differently");
    }
    if (part.draft().traits().labelFiles() && before.traits().labelFiles()) {
      own = own.because("two files give it a label_file, which composes take differently");
    }
    services.put(entry.key(), own.over(before, part.cuts()));
  }

  private ServiceReader.Part part(String file, YamlValue.Entry entry, YamlMap body) {
    return new ServiceReader(file, sources, interpolation, onlyV2, complaints).read(entry, body);
  }

  /** The service on top of what it extends. */
  private Draft extended(
      String file,
      YamlMap root,
      YamlValue.Entry entry,
      YamlMap body,
      ServiceReader.Part part,
      List<Signature> chain) {
    Optional<YamlValue.Entry> extend =
        ServiceReader.find(body, "extends").filter(e -> !e.tag().equals("!reset"));
    if (extend.isEmpty()) {
      return part.draft();
    }
    Place place = Place.at(file, extend.get().line(), extend.get().column());
    chain.add(new Signature(file, entry.key()));
    Optional<Target> target = target(extend.get().value());
    if (target.isEmpty()) {
      complaints.shape(
          place, entry.key() + " extends", "it names no service", "service: NAME, or file too");
      return part.draft().because("what it extends is not named");
    }
    Known from = target.get().file().map(interpolation::apply).orElse(new Known.Text(""));
    Known name = interpolation.apply(target.get().service());
    if (!(from instanceof Known.Text(var path)) || !(name instanceof Known.Text(var service))) {
      return part.draft().because("what it extends has a variable in its name");
    }
    Draft base = base(file, root, path, service, place, entry.key(), chain);
    if (part.cuts().any()) {
      base = base.because("!reset and !override beside extends: composes take them differently");
    }
    return part.draft().over(base, part.cuts());
  }

  private record Target(Optional<String> file, String service) {}

  private static Optional<Target> target(YamlValue value) {
    return switch (value) {
      case YamlScalar scalar when !scalar.text().isEmpty() ->
          Optional.of(new Target(Optional.empty(), scalar.text()));
      case YamlMap map when map.find("service").orElse(null) instanceof YamlScalar service ->
          Optional.of(
              new Target(
                  map.find("file")
                      .filter(YamlScalar.class::isInstance)
                      .map(f -> ((YamlScalar) f).text()),
                  service.text()));
      default -> Optional.empty();
    };
  }

  private Draft base(
      String file,
      YamlMap root,
      String path,
      String service,
      Place place,
      String extending,
      List<Signature> chain) {
    String where = extending + " extends";
    String from = path.isEmpty() ? file : Sources.resolve(Sources.directory(file), path);
    if (chain.contains(new Signature(from, service)) || chain.size() > MAX_CHAIN) {
      complaints.shape(place, where, "it goes round in a circle", "another service");
      return nothing(place, "what it extends goes round in a circle");
    }
    YamlMap other = root;
    if (!from.equals(file)) {
      if (from.contains("://") || from.startsWith("git@")) {
        return nothing(place, "what it extends is not on this host: " + from);
      }
      switch (open(from)) {
        case Sources.Read.Text _ -> other = read.getOrDefault(from, root);
        case Sources.Read.Missing() -> {
          complaints.shape(place, where, "there is no file " + from, "a compose file");
          return nothing(place, "the file that it extends is missing");
        }
        case Sources.Read.Unknown(var why) -> {
          return nothing(place, "what it extends in " + from + " cannot be known: " + why);
        }
      }
    }
    YamlValue.Entry entry =
        other.find("services").orElse(null) instanceof YamlMap services
            ? ServiceReader.find(services, service).orElse(null)
            : null;
    if (entry == null || !(entry.value() instanceof YamlMap body)) {
      complaints.shape(
          place, where, "the file " + from + " has no service '" + service + "'", "one it has");
      return nothing(place, "what it extends is missing");
    }
    return extended(from, other, entry, body, part(from, entry, body), chain);
  }

  private Sources.Read open(String path) {
    if (read.containsKey(path)) {
      return new Sources.Read.Text("");
    }
    Sources.Read found = sources.read(path);
    if (found instanceof Sources.Read.Text(var text)) {
      read.put(path, ProjectReader.Documents.read(path, text, complaints, texts));
    }
    return found;
  }

  private static Draft nothing(Place place, String why) {
    return new Draft(
        place,
        Map.of(),
        Map.of(),
        Optional.empty(),
        Optional.empty(),
        new Draft.Traits(true, true, false, Map.of(), false, true),
        new LinkedHashSet<>(List.of(why)));
  }
}
