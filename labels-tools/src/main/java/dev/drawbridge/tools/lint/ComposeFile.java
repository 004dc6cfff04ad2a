package dev.drawbridge.tools.lint;

import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.PolicyInput;
import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.language.Party;
import dev.drawbridge.policy.language.Rule;
import dev.drawbridge.policy.language.Term;
import dev.drawbridge.policy.parse.LabelParser;
import dev.drawbridge.tools.compose.ComposeProject;
import dev.drawbridge.tools.compose.ComposeRequest;
import dev.drawbridge.tools.compose.ComposeService;
import dev.drawbridge.tools.compose.Known;
import dev.drawbridge.tools.compose.Label;
import dev.drawbridge.tools.compose.ProjectReader;
import dev.drawbridge.tools.compose.Sources;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** A compose project as a policy sees it: each service is a container with its labels. */
public final class ComposeFile {
  static final String PROJECT = "com.docker.compose.project";
  static final String SERVICE = "com.docker.compose.service";

  private final ComposeProject read;
  private final Findings findings;
  private final List<ServiceLabels> services = new ArrayList<>();
  private final String project;

  private ComposeFile(ComposeRequest request) {
    this.read = ProjectReader.read(request);
    this.findings = new Findings(read.texts());
    this.project = read.name() instanceof Known.Text(var text) ? text : request.directoryName();
    read.complaints().forEach(findings::complaint);
    for (ComposeService service : read.services()) {
      ServiceLabels labels = labels(service, "-");
      services.add(labels);
      labels.declared().problems().forEach(problem -> findings.label(service, problem));
    }
  }

  /**
   * Reads the text of one compose file, without anything beside it.
   *
   * @param file as findings shall name it
   * @param defaultProject the project's name unless the file names one: compose takes the
   *     directory's name
   */
  public static ComposeFile read(String file, String text, String defaultProject) {
    return read(
        new ComposeRequest(
            List.of(new ComposeRequest.Source(file, text)),
            Sources.NONE,
            Map.of(),
            Optional.empty(),
            defaultProject));
  }

  /** Reads a project: one file or several, and what they name. */
  public static ComposeFile read(ComposeRequest request) {
    return new ComposeFile(request);
  }

  /** The containers that docker compose 2 would start, one for each service. */
  public List<Member> members() {
    return members(services);
  }

  /**
   * The same containers under the names that docker-compose 1 gives them: {@code shop_db_1}, not
   * {@code shop-db-1}. What depends on it cannot be known.
   */
  public List<Member> membersOfV1() {
    return read.onlyV2()
        ? members()
        : members(read.services().stream().map(s -> labels(s, "_")).toList());
  }

  private static List<Member> members(List<ServiceLabels> services) {
    var members = new ArrayList<Member>();
    for (ServiceLabels service : services) {
      members.add(
          new Member(
              Peers.FIRST_ENDPOINT + members.size(),
              service.workload(),
              service.declared().value()));
    }
    return members;
  }

  /** Whether a container of {@link #members()} could change packets on their way. */
  public boolean rewrites(int endpoint) {
    return services.get(endpoint - Peers.FIRST_ENDPOINT).service().rewrites();
  }

  /** Whether there may be more than one container like that of {@link #members()}. */
  public boolean several(int endpoint) {
    return services.get(endpoint - Peers.FIRST_ENDPOINT).service().several();
  }

  /** The policy that would hold if the file's services ran alone on a host. */
  public Policy policy(HostPolicy host, boolean defaultDeny) {
    return Policy.compile(new PolicyInput(1, members(), host, defaultDeny));
  }

  /** What is wrong with the file as it stands, without what {@link Linter} adds. */
  public LintReport report() {
    return findings.report();
  }

  /**
   * Why nothing can be said about a container of {@link #members()}; empty if something can.
   *
   * @param host whose selectors may ask for a label that is not known
   * @param asked further label keys that matter, for instance those of a question
   */
  public List<String> cannotKnow(int endpoint, HostPolicy host, Set<String> asked) {
    int index = endpoint - Peers.FIRST_ENDPOINT;
    if (index < 0 || index >= services.size()) {
      return List.of();
    }
    ServiceLabels service = services.get(index);
    var why = new ArrayList<String>();
    why.addAll(notOfItsPolicy(endpoint, host, asked));
    why.addAll(
        unknownLabels(
            endpoint,
            service.service().labels().keySet().stream()
                .filter(key -> key.startsWith("drawbridge"))
                .collect(Collectors.toSet())));
    return why;
  }

  /** The same without the drawbridge labels themselves, about which there are findings. */
  List<String> notOfItsPolicy(int endpoint, HostPolicy host, Set<String> asked) {
    ServiceLabels service = services.get(endpoint - Peers.FIRST_ENDPOINT);
    var why = new ArrayList<String>();
    if (read.name() instanceof Known.Unknown(var because)) {
      why.add("the project's name: " + because);
    }
    why.addAll(service.service().unknown());
    Set<String> keys = new HashSet<>(asked);
    keys.addAll(selectedKeys(host.rules()));
    host.audited().forEach(line -> keys.addAll(keys(line.who())));
    for (ServiceLabels other : services) {
      keys.addAll(selectedKeys(other.declared().value().rules()));
    }
    why.addAll(unknownLabels(endpoint, keys));
    return why;
  }

  /** Which of these labels a container of {@link #members()} may have, its value not known. */
  public List<String> unknownLabels(int endpoint, Set<String> keys) {
    var why = new ArrayList<String>();
    for (Label label : services.get(endpoint - Peers.FIRST_ENDPOINT).service().labels().values()) {
      int variable = label.key().indexOf('$');
      boolean asked =
          variable < 0
              ? keys.contains(label.key())
              : keys.stream().anyMatch(k -> k.startsWith(label.key().substring(0, variable)));
      if (asked && label.value() instanceof Known.Unknown(var because)) {
        why.add("the label " + label.key() + ": " + because);
      }
    }
    return why;
  }

  /** Label keys that selectors of these rules look at. */
  static Set<String> selectedKeys(List<Rule> rules) {
    var keys = new HashSet<String>();
    for (Rule rule : rules) {
      for (Optional<Party> party : List.of(rule.sentence().subject(), rule.sentence().object())) {
        if (party.orElse(null) instanceof Party.Selector selector) {
          keys.addAll(keys(selector));
        }
      }
    }
    return keys;
  }

  private static Set<String> keys(Party.Selector selector) {
    var keys = new HashSet<String>();
    for (Term term : selector.terms()) {
      key(term).ifPresent(keys::add);
      if (term instanceof Term.Group(_, var members)) {
        members.forEach(member -> keys.addAll(keys(member)));
      }
    }
    return keys;
  }

  private static Optional<String> key(Term term) {
    return switch (term) {
      case Term.Equal(var key, _) -> Optional.of(key);
      case Term.NotEqual(var key, _) -> Optional.of(key);
      case Term.In(var key, _) -> Optional.of(key);
      case Term.Has(var key) -> Optional.of(key);
      case Term.Lacks(var key) -> Optional.of(key);
      case Term.Service _, Term.Container _, Term.Project _, Term.Any _, Term.Group _ ->
          Optional.empty();
    };
  }

  /** The project's name; the directory's if the files leave it open. */
  public String project() {
    return project;
  }

  /** Whether other files of the project may have more services. */
  boolean isPartial() {
    return read.partial();
  }

  List<ServiceLabels> services() {
    return services;
  }

  Findings findings() {
    return findings;
  }

  private ServiceLabels labels(ComposeService service, String separator) {
    var labels = new TreeMap<String, String>();
    service
        .labels()
        .forEach((key, label) -> {
          if (label.value() instanceof Known.Text(var text)) {
            labels.put(key, text);
          }
        });
    labels.put(PROJECT, project);
    labels.put(SERVICE, service.name());
    String container =
        service.containerName().orElse(project + separator + service.name() + separator + "1");
    return new ServiceLabels(
        service, Workload.of(container, labels), labels, LabelParser.parse(container, labels));
  }

  @Override
  public String toString() {
    return project + ": " + services.size() + " services";
  }
}
