package dev.drawbridge.tools.lint;

import dev.drawbridge.policy.HostPolicy;
import dev.drawbridge.policy.LabelParser;
import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.PolicyInput;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.Workload;
import dev.drawbridge.tools.yaml.YamlReader;
import dev.drawbridge.tools.yaml.YamlValue;
import dev.drawbridge.tools.yaml.YamlValue.YamlList;
import dev.drawbridge.tools.yaml.YamlValue.YamlMap;
import dev.drawbridge.tools.yaml.YamlValue.YamlScalar;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A compose file as a policy sees it: each service is a container with its labels. */
public final class ComposeFile {
  static final String PROJECT = "com.docker.compose.project";
  static final String SERVICE = "com.docker.compose.service";

  private final String file;
  private final Findings findings;
  private final List<ComposeService> services = new ArrayList<>();
  private final String project;

  private ComposeFile(String file, String text, String defaultProject) {
    this.file = file;
    this.findings = new Findings(file, text);
    YamlReader.Documents yaml = YamlReader.read(text);
    for (YamlReader.Mistake mistake : yaml.mistakes()) {
      findings.error(
          ProblemCode.BAD_YAML, mistake.line(), mistake.column(), "", mistake.message(), "YAML");
    }
    YamlMap root = root(yaml);
    this.project =
        root.find("name")
            .flatMap(ComposeFile::text)
            .filter(n -> !n.isEmpty())
            .orElse(defaultProject);
    services(root);
  }

  /**
   * Reads a compose file.
   *
   * @param file as findings shall name it
   * @param defaultProject the project's name unless the file names one: compose takes the
   *     directory's name
   */
  public static ComposeFile read(String file, String text, String defaultProject) {
    return new ComposeFile(file, text, defaultProject);
  }

  /** The containers that compose would start, one for each service. */
  public List<Member> members() {
    var members = new ArrayList<Member>();
    for (ComposeService service : services) {
      members.add(
          new Member(
              Peers.FIRST_ENDPOINT + members.size(),
              service.workload(),
              service.declared().value()));
    }
    return members;
  }

  /** The policy that would hold if the file's services ran alone on a host. */
  public Policy policy(HostPolicy host, boolean defaultDeny) {
    return Policy.compile(new PolicyInput(1, members(), host, defaultDeny));
  }

  /** What is wrong with the file as it stands, without what {@link Linter} adds. */
  public LintReport report() {
    return findings.report();
  }

  List<ComposeService> services() {
    return services;
  }

  Findings findings() {
    return findings;
  }

  String project() {
    return project;
  }

  private YamlMap root(YamlReader.Documents yaml) {
    var empty = new YamlMap(1, 1, List.of());
    if (yaml.documents().size() > 1) {
      YamlValue second = yaml.documents().get(1);
      findings.error(
          ProblemCode.BAD_SHAPE,
          second.line(),
          second.column(),
          "",
          "a compose file is one document",
          "no --- in the middle");
    }
    if (yaml.documents().isEmpty()) {
      if (yaml.mistakes().isEmpty()) {
        shape(1, 1, "", "the file is empty", "services");
      }
      return empty;
    }
    if (yaml.documents().getFirst() instanceof YamlMap map) {
      return map;
    }
    YamlValue value = yaml.documents().getFirst();
    shape(value.line(), value.column(), "", "the file is " + value.describe(), "a mapping");
    return empty;
  }

  private void shape(int line, int column, String where, String message, String expected) {
    findings.error(ProblemCode.BAD_SHAPE, line, column, where, message, expected);
  }

  private static Optional<String> text(YamlValue value) {
    return value instanceof YamlScalar scalar ? Optional.of(scalar.text()) : Optional.empty();
  }

  private void services(YamlMap root) {
    Optional<YamlValue> found = root.find("services");
    if (found.isEmpty()) {
      if (!root.entries().isEmpty()) {
        String near =
            root.entries().stream()
                .map(YamlValue.Entry::key)
                .filter(k -> k.equalsIgnoreCase("services") || k.equals("service"))
                .findFirst()
                .orElse("");
        shape(
            root.line(),
            root.column(),
            "",
            near.isEmpty() ? "there are no services" : "'" + near + "' is not known to compose",
            "services:");
      }
      return;
    }
    if (!(found.get() instanceof YamlMap map)) {
      YamlValue value = found.get();
      shape(value.line(), value.column(), "services", "it is " + value.describe(), "a mapping");
      return;
    }
    for (YamlValue.Entry entry : map.entries()) {
      if (entry.value() instanceof YamlMap body) {
        service(entry.key(), body);
      } else {
        shape(
            entry.line(),
            entry.column(),
            entry.key(),
            "the service is " + entry.value().describe(),
            "a mapping");
      }
    }
  }

  private void service(String name, YamlMap body) {
    var labels = new TreeMap<String, String>();
    var places = new TreeMap<String, ComposeService.Place>();
    body.find("labels").ifPresent(value -> labels(name, value, labels, places));
    misplaced(name, body, "deploy", "swarm gives them to the service, not to its containers");
    misplaced(name, body, "build", "they go into the image, where they may not count");
    String container =
        body.find("container_name")
            .flatMap(ComposeFile::text)
            .filter(n -> !n.isEmpty())
            .orElse(project + "-" + name + "-1");
    labels.put(PROJECT, project);
    labels.put(SERVICE, name);
    var parsed = LabelParser.parse(container, labels);
    services.add(new ComposeService(name, Workload.of(container, labels), labels, places, parsed));
    parsed.problems().forEach(problem -> findings.label(name, places, problem));
  }

  private void misplaced(String service, YamlMap body, String section, String why) {
    Optional<YamlValue> labels =
        body.find(section)
            .filter(YamlMap.class::isInstance)
            .flatMap(value -> ((YamlMap) value).find("labels"));
    if (labels.isEmpty()) {
      return;
    }
    for (LabelEntry entry : entries(labels.get())) {
      if (entry.key().startsWith("drawbridge")) {
        findings.error(
            ProblemCode.WRONG_PLACE,
            entry.line(),
            entry.column(),
            service + " " + entry.key(),
            "labels under " + section + " do not reach the container: " + why,
            "labels directly under the service");
      }
    }
  }

  private record LabelEntry(String key, int line, int column) {}

  private static List<LabelEntry> entries(YamlValue labels) {
    var out = new ArrayList<LabelEntry>();
    switch (labels) {
      case YamlMap map ->
          map.entries().forEach(e -> out.add(new LabelEntry(e.key(), e.line(), e.column())));
      case YamlList list -> {
        for (YamlValue item : list.items()) {
          text(item).ifPresent(t -> out.add(new LabelEntry(key(t), item.line(), item.column())));
        }
      }
      case YamlScalar scalar -> {}
    }
    return out;
  }

  private static String key(String item) {
    int equal = item.indexOf('=');
    return equal < 0 ? item : item.substring(0, equal);
  }

  private void labels(
      String service,
      YamlValue value,
      Map<String, String> labels,
      Map<String, ComposeService.Place> places) {
    switch (value) {
      case YamlMap map -> {
        for (YamlValue.Entry entry : map.entries()) {
          mapLabel(service, entry, labels, places);
        }
      }
      case YamlList list -> {
        for (YamlValue item : list.items()) {
          listLabel(service, item, labels, places);
        }
      }
      case YamlScalar scalar -> {
        if (!scalar.isNull()) {
          shape(
              scalar.line(),
              scalar.column(),
              service + " labels",
              "labels are " + scalar.describe(),
              "a mapping, or a list of key=value");
        }
      }
    }
  }

  private void mapLabel(
      String service,
      YamlValue.Entry entry,
      Map<String, String> labels,
      Map<String, ComposeService.Place> places) {
    String where = service + " " + entry.key();
    if (!(entry.value() instanceof YamlScalar scalar)) {
      shape(
          entry.value().line(),
          entry.value().column(),
          where,
          "the label's value is " + entry.value().describe(),
          "text; several sentences stand on lines of their own under |");
      return;
    }
    if (entry.key().equals("drawbridge.mode")
        && scalar.style() == YamlValue.Style.PLAIN
        && scalar.text().equals("off")) {
      findings.warning(
          ProblemCode.BAD_YAML,
          scalar.line(),
          scalar.column(),
          where,
          "older readers of YAML make false of a bare off",
          "\"off\" in quotes");
    }
    boolean inside = scalar.style() == YamlValue.Style.QUOTED;
    places.put(
        entry.key(),
        new ComposeService.Place(
            scalar.isNull() ? entry.line() : scalar.line(),
            scalar.isNull() ? entry.column() : scalar.column() + (inside ? 1 : 0),
            0,
            scalar.style() == YamlValue.Style.BLOCK));
    interpolated(service, entry.key(), scalar.isNull() ? "" : scalar.text(), labels, places);
  }

  private void listLabel(
      String service,
      YamlValue item,
      Map<String, String> labels,
      Map<String, ComposeService.Place> places) {
    if (!(item instanceof YamlScalar scalar) || scalar.isNull()) {
      shape(
          item.line(),
          item.column(),
          service + " labels",
          "an item of the list is " + item.describe(),
          "key=value");
      return;
    }
    String key = key(scalar.text());
    if (labels.containsKey(key)) {
      findings.error(
          ProblemCode.REPEATED,
          item.line(),
          item.column(),
          service + " " + key,
          "the label stands here twice; compose keeps one and says nothing",
          "labels of different names");
    }
    boolean inside = scalar.style() == YamlValue.Style.QUOTED;
    places.put(
        key,
        new ComposeService.Place(
            item.line(),
            item.column() + (inside ? 1 : 0),
            key.length() + 1,
            scalar.style() == YamlValue.Style.BLOCK));
    String value =
        key.length() < scalar.text().length() ? scalar.text().substring(key.length() + 1) : "";
    interpolated(service, key, value, labels, places);
  }

  /** Puts the label in, unless its value depends on variables that cannot be known here. */
  private void interpolated(
      String service,
      String key,
      String value,
      Map<String, String> labels,
      Map<String, ComposeService.Place> places) {
    Optional<String> known = Interpolation.apply(value);
    if (known.isEmpty() && key.startsWith("drawbridge")) {
      ComposeService.Place place = places.get(key);
      findings.warning(
          ProblemCode.INTERPOLATED,
          place == null ? 1 : place.line(),
          place == null ? 1 : place.column(),
          service + " " + key,
          "compose will put a variable's value here, so the sentence cannot be checked",
          "a sentence without $, or $$ for the character itself");
      return;
    }
    labels.put(key, known.orElse(value));
  }

  @Override
  public String toString() {
    return file + ": " + services.size() + " services";
  }
}
