package dev.drawbridge.tools.compose;

import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.tools.yaml.YamlReader;
import dev.drawbridge.tools.yaml.YamlValue;
import dev.drawbridge.tools.yaml.YamlValue.YamlMap;
import dev.drawbridge.tools.yaml.YamlValue.YamlScalar;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Reads the files of a project in the order in which compose lays them over each other: each file
 * with what its services extend, the next file on top, then what the files include.
 */
public final class ProjectReader {
  private final ComposeRequest request;
  private final Complaints complaints = new Complaints();
  private final Map<String, String> texts = new LinkedHashMap<>();
  private boolean onlyV2;

  private ProjectReader(ComposeRequest request) {
    this.request = request;
  }

  /** Reads a project. Never throws: what is wrong is a complaint. */
  public static ComposeProject read(ComposeRequest request) {
    return new ProjectReader(request).project();
  }

  private ComposeProject project() {
    var roots = new LinkedHashMap<String, YamlMap>();
    for (ComposeRequest.Source file : request.files()) {
      roots.put(file.name(), document(file.name(), file.text()));
    }
    onlyV2 = roots.values().stream().anyMatch(ProjectReader::isBeyondV1);
    String directory = Sources.directory(request.files().getFirst().name());
    Environment environment = environment(directory);
    Known name = name(roots, environment);
    var files = new FileReader(request.sources(), environment, onlyV2, complaints, texts);
    Map<String, Draft> services = new LinkedHashMap<>();
    boolean any = false;
    for (var root : roots.entrySet()) {
      any |= root.getValue().find("services").isPresent();
      files.lay(root.getKey(), root.getValue(), services);
    }
    var includes = new Includes(request.sources(), environment, complaints, texts);
    for (var root : roots.entrySet()) {
      any |= includes.lay(root.getKey(), root.getValue(), services, request.files());
    }
    if (!any) {
      noServices(roots);
    }
    boolean partial =
        services.values().stream().anyMatch(d -> !d.traits().complete() && !d.traits().extended());
    return new ComposeProject(
        name, onlyV2, partial, finished(services), complaints.all(), Map.copyOf(texts));
  }

  private List<ComposeService> finished(Map<String, Draft> drafts) {
    var services = new ArrayList<ComposeService>();
    Networks.judged(drafts)
        .forEach((name, draft) -> {
          var labels = new TreeMap<>(draft.fromFiles());
          labels.putAll(draft.labels());
          var unknown = new ArrayList<>(draft.unknown());
          Optional<String> container = Optional.empty();
          Known given = draft.containerName().orElse(null);
          if (given instanceof Known.Text(var text)) {
            container = Optional.of(text);
          } else if (given != null) {
            unknown.add("its container_name has a variable in it");
          }
          services.add(
              new ComposeService(
                  name,
                  draft.place(),
                  labels,
                  container,
                  draft.traits().published(),
                  draft.traits().rewrites(),
                  draft.traits().several(),
                  List.copyOf(unknown)));
        });
    return services;
  }

  private YamlMap document(String file, String text) {
    return Documents.read(file, text, complaints, texts);
  }

  /** Whether docker-compose 1.29 refuses the file. */
  private static boolean isBeyondV1(YamlMap root) {
    if (root.find("name").isPresent() || root.find("include").isPresent()) {
      return true;
    }
    return root.find("services").orElse(null) instanceof YamlMap services
        && services.entries().stream()
            .anyMatch(e -> e.value() instanceof YamlMap body && isV2(body));
  }

  private static boolean isV2(YamlMap body) {
    return body.entries().stream()
        .anyMatch(e -> e.key().equals("label_file") || e.tag().startsWith("!"));
  }

  /** The process' variables, then .env beside the first file. */
  private Environment environment(String directory) {
    var environment = new Environment(List.of(Environment.process(request.environment())));
    Environment.Layer beside = EnvironmentFiles.layer(request.sources(), directory);
    if (directory.isEmpty()) {
      return environment.and(beside);
    }
    // docker-compose 1 takes the current directory's, docker compose 2 that of the project.
    Environment.Layer here = EnvironmentFiles.layer(request.sources(), "");
    return environment.and(EnvironmentFiles.agreed(beside, here));
  }

  private Known name(Map<String, YamlMap> roots, Environment environment) {
    if (request.projectName().isPresent()) {
      return new Known.Text(normalized(request.projectName().get()));
    }
    switch (environment.variable("COMPOSE_PROJECT_NAME")) {
      case Environment.Variable.Set(var text) when !text.isEmpty() -> {
        return new Known.Text(normalized(text));
      }
      case Environment.Variable.Unknown(var why) -> {
        return new Known.Unknown(why);
      }
      default -> {}
    }
    Known written = null;
    for (var root : roots.entrySet()) {
      if (root.getValue().find("name").orElse(null) instanceof YamlScalar scalar) {
        Known read = new Interpolation(environment, true).apply(scalar.text());
        if (!(read instanceof Known.Text(var text) && text.isEmpty())) {
          written = checked(read, Place.at(root.getKey(), scalar.line(), scalar.column()));
        }
      }
    }
    return written != null ? written : byDirectory();
  }

  private Known checked(Known name, Place place) {
    switch (name) {
      case Known.Text(var text) -> {
        if (!text.matches("[a-z0-9][a-z0-9_-]*")) {
          complaints.shape(
              place,
              "name",
              "'" + text + "' cannot be a project's name",
              "lower case letters, digits, - and _");
        }
      }
      case Known.Wrong(var why, var expected) ->
          complaints.error(ProblemCode.INTERPOLATED, place, "name", why, expected);
      case Known.Unknown(var why) ->
          complaints.warning(
              ProblemCode.INTERPOLATED,
              place,
              "name",
              "the project's name cannot be known: " + why,
              "a name that is written out, or set in .env");
    }
    return name;
  }

  private Known byDirectory() {
    String name = normalized(request.directoryName());
    if (!onlyV2 && name.matches("[_-].*")) {
      return new Known.Unknown(
          "docker-compose 1 and docker compose 2 make different names of the directory's name");
    }
    return new Known.Text(name.replaceFirst("^[_-]+", ""));
  }

  private static String normalized(String name) {
    return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_-]", "");
  }

  private void noServices(Map<String, YamlMap> roots) {
    for (var root : roots.entrySet()) {
      if (root.getValue().entries().isEmpty()) {
        return; // said already
      }
    }
    var first = roots.entrySet().iterator().next();
    String near =
        first.getValue().entries().stream()
            .map(YamlValue.Entry::key)
            .filter(k -> k.equalsIgnoreCase("services") || k.equals("service"))
            .findFirst()
            .orElse("");
    complaints.shape(
        first.getKey(),
        first.getValue(),
        "",
        near.isEmpty() ? "there are no services" : "'" + near + "' is not known to compose",
        "services:");
  }

  /** One file as a mapping. */
  static final class Documents {
    private Documents() {}

    static YamlMap read(
        String file, String text, Complaints complaints, Map<String, String> texts) {
      texts.put(file, text);
      YamlReader.Documents yaml = YamlReader.read(text);
      for (YamlReader.Mistake mistake : yaml.mistakes()) {
        complaints.error(
            ProblemCode.BAD_YAML,
            Place.at(file, mistake.line(), mistake.column()),
            "",
            mistake.message(),
            "YAML");
      }
      var empty = new YamlMap(1, 1, List.of());
      if (yaml.documents().size() > 1) {
        complaints.shape(
            file,
            yaml.documents().get(1),
            "",
            "a compose file is one document",
            "no --- in the middle");
      }
      if (yaml.documents().isEmpty()) {
        if (yaml.mistakes().isEmpty()) {
          complaints.shape(Place.at(file, 1, 1), "", "the file is empty", "services");
        }
        return empty;
      }
      YamlValue value = yaml.documents().getFirst();
      if (value instanceof YamlMap map) {
        return map;
      }
      complaints.shape(file, value, "", "the file is " + value.describe(), "a mapping");
      return empty;
    }
  }
}
