package dev.drawbridge.api.server;

import dev.drawbridge.api.AgentView;
import dev.drawbridge.api.ApiLimits;
import dev.drawbridge.api.FlowFilter;
import dev.drawbridge.api.FlowReader;
import dev.drawbridge.api.VerdictResult;
import dev.drawbridge.api.question.FlowQuestion;
import dev.drawbridge.api.question.Query;
import dev.drawbridge.api.question.Refusal;
import dev.drawbridge.api.question.VerdictQuestion;
import dev.drawbridge.api.report.EndpointReport;
import dev.drawbridge.policy.ask.Asked;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Every path that is answered, in one table. {@code openapi.json} is held against it by a test.
 * Paths are compared byte for byte: nothing is decoded or normalised, so there is one spelling of
 * each.
 */
final class Routes {

  @FunctionalInterface
  private interface Handler {
    Answer answer(Query query, boolean loopback) throws Refusal;
  }

  /**
   * Parameters are the complete list; {@code prefix} admits a family of them, or is empty. {@code
   * loopback}: also answered there, without what {@link Loopback} leaves out.
   */
  record Route(
      String path, List<String> parameters, String prefix, boolean loopback, String summary) {}

  private final AgentView view;
  private final Map<Route, Handler> handlers = new LinkedHashMap<>();
  private final PrometheusTextFormatWriter metricsWriter = PrometheusTextFormatWriter.create();

  Routes(AgentView view) {
    this.view = view;
    add("/", List.of(), "", true, "this index", (q, loopback) -> index(loopback));
    add(
        "/v1/status",
        List.of(),
        "",
        true,
        "the agent's health",
        (q, loopback) -> Answer.json(loopback ? Loopback.of(view.status()) : view.status()));
    add(
        "/v1/endpoints",
        List.of(),
        "",
        false,
        "every container known",
        (q, loopback) -> new Answer.Stream(StreamedArray.Rows.of(view.endpoints())));
    add(
        "/v1/names",
        List.of("container"),
        "",
        false,
        "addresses that containers have learned by names",
        (q, loopback) ->
            new Answer.Stream(StreamedArray.Rows.of(view.names(q.one("container").orElse("")))));
    add(
        "/v1/verdict",
        VerdictQuestion.PARAMETERS,
        VerdictQuestion.HEADER_PREFIX,
        true,
        "what would happen to a connection or request",
        this::verdict);
    add(
        "/v1/flows",
        FlowQuestion.PARAMETERS,
        "",
        false,
        "verdicts given on the wire",
        (q, loopback) -> flows(q));
    add(
        "/v1/problems",
        List.of(),
        "",
        false,
        "what the operator should know",
        (q, loopback) -> new Answer.Stream(StreamedArray.Rows.of(view.problems())));
    add(
        "/metrics",
        List.of(),
        "",
        true,
        "metrics in Prometheus' text format",
        (q, loopback) -> metrics());
    add("/openapi.json", List.of(), "", true, "this API described", (q, loopback) -> openApi());
  }

  private void add(
      String path,
      List<String> parameters,
      String prefix,
      boolean loopback,
      String summary,
      Handler handler) {
    handlers.put(new Route(path, parameters, prefix, loopback, summary), handler);
  }

  List<Route> all() {
    return List.copyOf(handlers.keySet());
  }

  /** {@code target} is the request target in origin form; {@code loopback}: asked over TCP. */
  Answer answer(String target, boolean loopback) throws Refusal {
    int question = target.indexOf('?');
    String path = question < 0 ? target : target.substring(0, question);
    for (Map.Entry<Route, Handler> entry : handlers.entrySet()) {
      Route route = entry.getKey();
      if (route.path().equals(path)) {
        if (loopback && !route.loopback()) {
          throw Loopback.needsTheSocket(path);
        }
        Query query = Query.parse(question < 0 ? "" : target.substring(question + 1));
        query.allowOnly(route.parameters(), route.prefix());
        return entry.getValue().answer(query, loopback);
      }
    }
    List<String> paths = handlers.keySet().stream().map(Route::path).toList();
    throw new Refusal(
        404, "not-found", "there is nothing at this path", "one of " + String.join(" ", paths));
  }

  private record Index(String name, List<IndexEntry> paths) {}

  private record IndexEntry(String path, List<String> parameters, String summary) {}

  private Answer index(boolean loopback) {
    List<IndexEntry> entries =
        handlers.keySet().stream()
            .filter(r -> r.loopback() || !loopback)
            .map(r -> new IndexEntry(r.path(), r.parameters(), r.summary()))
            .toList();
    return Answer.json(new Index("drawbridge", entries));
  }

  private Answer verdict(Query query, boolean loopback) throws Refusal {
    Asked question = VerdictQuestion.read(query);
    if (loopback && question.explain()) {
      throw Loopback.needsTheSocket("an explanation");
    }
    return switch (view.verdict(question)) {
      case VerdictResult.Answered answered ->
          Answer.json(loopback ? Loopback.of(answered.report()) : answered.report());
      case VerdictResult.Unknown unknown ->
          throw new Refusal(404, unknown.code(), unknown.message(), unknown.expected());
    };
  }

  private Answer flows(Query query) throws Refusal {
    boolean follow = query.flag("follow");
    int last =
        query.number("last", 0, ApiLimits.FLOWS).orElse(follow ? 0 : ApiLimits.FLOWS_DEFAULT);
    FlowFilter filter = FlowQuestion.read(query, this::containerName);
    if (follow) {
      return new Answer.Follow(filter, last);
    }
    FlowReader flows = view.reader(filter, last);
    return new Answer.Stream(flows::next);
  }

  /**
   * An id, or its first twelve digits or more, becomes the name; anything else is taken for a name,
   * of a container that may be gone.
   */
  private String containerName(String nameOrId) {
    if (nameOrId.length() < 12) {
      return nameOrId;
    }
    return view.endpoints().stream()
        .filter(e -> e.id().startsWith(nameOrId))
        .map(EndpointReport::name)
        .findFirst()
        .orElse(nameOrId);
  }

  private Answer metrics() throws Refusal {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try {
      metricsWriter.write(text, view.metrics());
    } catch (IOException e) {
      throw new Refusal(
          500, "internal-error", "the metrics could not be written: " + e.getMessage(), "");
    }
    return new Answer.Body(
        200, metricsWriter.getContentType(), text.toString(StandardCharsets.UTF_8));
  }

  private static Answer openApi() throws Refusal {
    try (InputStream in = Routes.class.getResourceAsStream("openapi.json")) {
      if (in == null) {
        throw new Refusal(
            500, "internal-error", "the description is missing from the agent's own files", "");
      }
      return new Answer.Body(
          200, Answer.JSON, new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new Refusal(
          500, "internal-error", "the description could not be read: " + e.getMessage(), "");
    }
  }
}
