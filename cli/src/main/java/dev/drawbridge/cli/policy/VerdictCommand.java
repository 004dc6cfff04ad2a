package dev.drawbridge.cli.policy;

import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.question.VerdictQuestion;
import dev.drawbridge.api.report.Json;
import dev.drawbridge.api.report.Outcome;
import dev.drawbridge.api.report.RuleReference;
import dev.drawbridge.api.report.VerdictReport;
import dev.drawbridge.cli.terminal.AgentCommand;
import dev.drawbridge.cli.terminal.CommandException;
import dev.drawbridge.cli.terminal.Exit;
import dev.drawbridge.cli.terminal.OutputFormat;
import dev.drawbridge.cli.terminal.Surroundings;
import dev.drawbridge.cli.terminal.Text;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Severity;
import dev.drawbridge.policy.ask.Asked;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.parse.HostPolicyParser;
import dev.drawbridge.tools.lint.ComposeFile;
import dev.drawbridge.tools.lint.Finding;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "verdict",
    description = {
      "Ask what would happen to a connection or a request, without making it.",
      "",
      "FROM and TO are labels (app=api,team=sre), service:NAME, service:PROJECT/NAME, a container's name or id, an address, host or world.",
      "",
      "  drawbridge verdict api db GET /users",
      "  drawbridge verdict 'api -> db GET /users'",
      "  drawbridge verdict web cart call shop.Cart/Get",
      "  drawbridge verdict app=api 10.0.5.7 3306",
      "  drawbridge verdict api api.stripe.com:443",
      "  drawbridge verdict world web 53/udp",
      "  drawbridge verdict web db 443 --sni db.internal",
      "  drawbridge verdict x kafka consume incoming",
      "  drawbridge verdict web db GET /users --compose compose.yaml --explain",
      "",
      "With --compose no agent is asked: the answer is what would hold if the file's services ran alone on a host. What depends on more than the files say, or on the version of compose, cannot be known: no answer. There, FROM and TO may be names of services too."
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:allowed",
      "1:denied",
      "2:bad question, unknown container, the agent does not answer, or a file has errors"
    })
public final class VerdictCommand extends AgentCommand {
  /** Means nothing, and may stand between FROM and TO. */
  public static final String ARROW = "->";

  private static final String ADMINISTER = "administer";

  /** The verbs of Kafka rules. */
  private static final List<String> KAFKA = List.of("produce", "consume", ADMINISTER);

  /** What makes a call of a request. */
  private static final String GRPC = "content-type=application/grpc";

  @Mixin private OutputFormat format = new OutputFormat();

  @Parameters(
      paramLabel = "WORD",
      arity = "0..*",
      description =
          "FROM TO METHOD PATH, FROM TO call SERVICE/METHOD, FROM TO produce|consume TOPIC, or FROM TO PORT[/PROTOCOL]; an arrow -> may stand between FROM and TO.")
  private List<String> words = List.of();

  @Option(names = "--from", paramLabel = "WHO", description = "Who asks.")
  private @Nullable String from;

  @Option(names = "--to", paramLabel = "WHO", description = "Who is asked.")
  private @Nullable String to;

  @Option(names = "--method", paramLabel = "METHOD", description = "HTTP method.")
  private @Nullable String method;

  @Option(names = "--path", paramLabel = "PATH", description = "Path of the request.")
  private @Nullable String path;

  @Option(names = "--port", paramLabel = "PORT", description = "Destination port.")
  private @Nullable String port;

  @Option(
      names = "--protocol",
      paramLabel = "NAME",
      description = "tcp, udp, sctp or icmp. Default: tcp.")
  private @Nullable String protocol;

  @Option(names = "--host", paramLabel = "NAME", description = "Host header of the request.")
  private @Nullable String host;

  @Option(
      names = "--sni",
      paramLabel = "NAME",
      description =
          "Server name that a TLS client gives; with a port or without, not with a request.")
  private @Nullable String serverName;

  @Option(
      names = "--group",
      paramLabel = "NAME",
      description = "With consume, in place of a topic: the Kafka group that would be joined.")
  private @Nullable String group;

  @Option(
      names = "--transaction",
      paramLabel = "ID",
      description = "With produce: the transactional id of the Kafka producer.")
  private @Nullable String transaction;

  /** What a Kafka client would do; null: it is no question about Kafka. */
  private @Nullable String kafka;

  private @Nullable String topic;

  @Option(
      names = "--header",
      paramLabel = "NAME=VALUE",
      description = "A header of the request; may be repeated.")
  private List<String> headers = List.of();

  @Option(
      names = "--explain",
      description = "Say what each side's rules say, what nearly matched, what would allow it.")
  private boolean explain;

  @Option(
      names = "--compose",
      paramLabel = "FILE",
      description =
          "Answer by this compose file, or by the one of this directory, without an agent; may be repeated, later files override.")
  private List<String> compose = List.of();

  @Mixin private ComposeOptions composeOptions = new ComposeOptions();

  @Option(
      names = "--policy",
      paramLabel = "FILE",
      description = "With --compose: a host policy file; may be repeated.")
  private List<String> policies = List.of();

  @Option(
      names = "--default-deny",
      description = "With --compose: containers that no rule selects are closed too.")
  private boolean defaultDeny;

  public VerdictCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  public Integer call() throws ApiException, CommandException {
    takeWords();
    List<String> question = question();
    VerdictReport report = compose.isEmpty() ? online(question) : offline(question);
    if (format.json()) {
      out().println(Json.write(report));
    } else {
      print(report);
    }
    return report.verdict() == Outcome.ALLOW ? Exit.YES : Exit.NO;
  }

  private VerdictReport online(List<String> question) throws ApiException, CommandException {
    if (!policies.isEmpty() || defaultDeny) {
      throw new CommandException(
          "--policy and --default-deny belong to --compose; the agent has its own");
    }
    return client().verdict(question);
  }

  private VerdictReport offline(List<String> question) throws ApiException, CommandException {
    Asked asked = VerdictQuestion.of(question);
    ComposeFile services = ComposeFile.read(composeOptions.request(compose, surroundings));
    List<String> errors = new ArrayList<>();
    services.report().findings().stream()
        .filter(Finding::isError)
        .forEach(finding -> errors.add(finding.oneLine()));
    HostPolicy host = HostPolicy.NONE;
    for (String policy : policies) {
      PolicyText read = PolicyText.read(policy, surroundings.in());
      Parsed<HostPolicy> parsed = HostPolicyParser.parse(read.name(), read.text());
      parsed.problems().stream()
          .filter(problem -> problem.severity() == Severity.ERROR)
          .forEach(problem -> errors.add(problem.oneLine()));
      host = host.and(parsed.value());
    }
    if (!errors.isEmpty()) {
      throw new CommandException(
          String.join("\n", errors) + "\nthere is no verdict by files with errors");
    }
    return new ComposeVerdict(services, host, defaultDeny).answer(asked);
  }

  /** Puts what was given by place where it would be if it had been given by option. */
  private void takeWords() throws CommandException {
    List<String> rest = new ArrayList<>();
    for (String word : words) {
      // 'api -> db GET /users' in one pair of quotes
      rest.addAll(words.size() == 1 ? List.of(word.strip().split("\\s+", -1)) : List.of(word));
    }
    rest.removeIf(word -> word.equals(ARROW));
    rest.removeIf(String::isEmpty);
    if (from == null && !rest.isEmpty()) {
      from = rest.removeFirst();
    }
    if (to == null && !rest.isEmpty()) {
      to = rest.removeFirst();
    }
    takePortOfTo(rest);
    // As in a sentence: may connect 5432/tcp
    if (rest.size() == 2 && rest.getFirst().equals("connect")) {
      rest.removeFirst();
    }
    if (rest.size() == 2 && rest.getFirst().equals("call") && method == null && path == null) {
      // As in a sentence: may call pkg.Service/Method
      String target = rest.removeLast();
      rest.removeLast();
      method = "POST";
      path = target.startsWith("/") ? target : "/" + target;
      headers = Stream.concat(headers.stream(), Stream.of(GRPC)).toList();
    }
    // As in a sentence: may consume incoming
    if (!rest.isEmpty() && KAFKA.contains(rest.getFirst()) && method == null && path == null) {
      String verb = rest.removeFirst();
      kafka = verb;
      if (!verb.equals(ADMINISTER) && !rest.isEmpty()) {
        topic = rest.removeFirst();
      }
    }
    if (rest.size() == 2 && method == null && path == null) {
      method = rest.removeFirst();
      path = rest.removeFirst();
    } else if (rest.size() == 1
        && port == null
        && protocol == null
        && !rest.getFirst().startsWith("/")) {
      takePort(rest.removeFirst());
    }
    if (!rest.isEmpty()) {
      throw new CommandException(
          "\""
              + rest.getFirst()
              + "\" has no place in this question: expected FROM TO METHOD PATH, FROM TO produce|consume TOPIC, or FROM TO PORT[/PROTOCOL]");
    }
  }

  /** As people write it: api.stripe.com:443. A label may have a colon in its value. */
  private void takePortOfTo(List<String> rest) {
    String callee = to;
    if (callee == null || port != null || !rest.isEmpty()) {
      return;
    }
    int colon = callee.indexOf(':');
    if (colon == callee.lastIndexOf(':')
        && callee.indexOf('=') < 0
        && callee.lastIndexOf('.', colon) > 0
        && callee.substring(colon + 1).matches("[0-9]{1,5}")) {
      port = callee.substring(colon + 1);
      to = callee.substring(0, colon);
    }
  }

  private void takePort(String word) {
    int slash = word.indexOf('/');
    if (slash >= 0) {
      port = word.substring(0, slash);
      protocol = word.substring(slash + 1);
    } else if (word.equals("icmp")) {
      protocol = word;
    } else {
      port = word;
    }
  }

  private List<String> question() throws CommandException {
    List<String> question = new ArrayList<>();
    add(question, "from", from);
    add(question, "to", to);
    add(question, "method", method);
    add(question, "path", path);
    add(question, "port", port);
    add(question, "protocol", protocol);
    add(question, "host", host);
    add(question, "sni", serverName);
    add(question, "kafka", kafka);
    add(question, "topic", topic);
    add(question, "group", group);
    add(question, "transaction", transaction);
    add(question, "explain", explain ? "1" : null);
    for (String header : headers) {
      int equals = header.indexOf('=');
      if (equals < 1) {
        throw new CommandException("--header " + header + ": expected NAME=VALUE");
      }
      add(question, "header." + header.substring(0, equals), header.substring(equals + 1));
    }
    return question;
  }

  private static void add(List<String> question, String name, @Nullable String value) {
    if (value != null) {
      question.addAll(List.of(name, value));
    }
  }

  private void print(VerdictReport report) {
    String what =
        method != null && path != null
            ? method + " " + path
            : ((port == null ? "" : port)
                + (protocol == null ? "" : (port == null ? "" : "/") + protocol)
                + (serverName == null ? "" : (port == null ? "" : " ") + "tls " + serverName)
                + (kafka == null ? "" : (port == null ? "" : " ") + kafkaWords()));
    String because =
        report.rule().map(VerdictCommand::rule).orElse(report.reason() + ": " + report.sentence());
    out()
        .println(
            Text.oneLine(
                (report.verdict() == Outcome.ALLOW ? "ALLOW  " : "DENY   ")
                    + report.from().display()
                    + " -> "
                    + report.to().display()
                    + "  "
                    + what
                    + "  "
                    + because));
    if (report.rule().isPresent() && report.verdict() == Outcome.DENY) {
      out().println(Text.oneLine("       " + report.reason() + ": " + report.sentence()));
    }
    if (report.audited()) {
      out()
          .println(
              Text.oneLine(
                  "       audit mode: in enforce mode this would be denied ("
                      + report.reason()
                      + ": "
                      + report.sentence()
                      + ")"));
    }
    report
        .explanation()
        .map(ExplanationText::lines)
        .ifPresent(lines -> lines.forEach(out()::println));
  }

  /** What is asked of Kafka, in the words of a sentence. */
  private String kafkaWords() {
    return kafka
        + (topic == null ? "" : " " + topic)
        + (group == null ? "" : " with group " + group)
        + (transaction == null ? "" : " with transaction " + transaction);
  }

  /** {@code drawbridge.policy.read of db: "app=api may GET /users"}. */
  public static String rule(RuleReference rule) {
    return rule.origin()
        + (rule.container().isEmpty() ? "" : " of " + rule.container())
        + ": \""
        + rule.text()
        + "\"";
  }
}
