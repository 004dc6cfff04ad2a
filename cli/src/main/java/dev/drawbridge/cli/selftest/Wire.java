package dev.drawbridge.cli.selftest;

import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.FlowFilter;
import dev.drawbridge.api.client.LocalClient;
import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.api.report.Outcome;
import dev.drawbridge.api.report.RuleReference;
import dev.drawbridge.api.report.VerdictReport;
import dev.drawbridge.cli.terminal.CommandException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * Asks on the real path, from within one container, and compares what came of it with the agent's
 * verdict, with what the agent recorded, and with what the callee itself has counted.
 */
final class Wire {
  static final int COUNTS = 8081;
  static final int HTTP = 8080;
  static final int OTHER = 5432;
  static final String SERVED = "200, own address seen";
  static final String FORBIDDEN = "403, nothing arrived";
  static final String REFUSED = Reply.REFUSED + ", nothing arrived";
  static final String FAILS_CLOSED = "fails closed, nothing arrived";

  private static final String FAILS = "fails closed";
  private static final int SERVED_STATUS = 200;

  private static final long RECORDED_SECONDS = 5;
  private static final long SERVING_SECONDS = 20;
  private static final long PAUSE_MILLIS = 50;

  /** Of records that came meanwhile so many are looked at: a host has traffic of its own. */
  private static final int RECORDS = 1000;

  private final Throwaways throwaways;
  private final LocalClient agent;

  Wire(Throwaways throwaways, LocalClient agent) {
    this.throwaways = throwaways;
    this.agent = agent;
  }

  /** A request from one container to another. */
  record Request(String from, String to, int port, String method, String path) {}

  /** What the callee has counted of connections and requests. */
  private record Counts(long accepted, long requests) {}

  /** Returns as soon as the callee answers to itself. */
  void awaitServing(String callee) throws CommandException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SERVING_SECONDS);
    while (!own(callee).answered()) {
      if (System.nanoTime() - end > 0) {
        throw new CommandException(
            throwaways.name(callee) + " does not answer to itself: " + own(callee).words());
      }
      pause();
    }
  }

  private Reply own(String callee) throws CommandException {
    return Reply.of(
        throwaways.probe(callee, "ask", "127.0.0.1", String.valueOf(COUNTS), "GET", "/"));
  }

  private Counts counts(String callee) throws CommandException {
    Reply reply = own(callee);
    if (!reply.body().matches("\\d{1,18} \\d{1,18}")) {
      throw new CommandException(throwaways.name(callee) + " counts nothing: " + reply.words());
    }
    int blank = reply.body().indexOf(' ');
    return new Counts(
        Long.parseLong(reply.body(), 0, blank, 10),
        Long.parseLong(reply.body(), blank + 1, reply.body().length(), 10));
  }

  /** Asks, and has the agent's verdict and records agree with it. */
  Row ask(Row.Question question, Request request) throws ApiException, CommandException {
    long before =
        agent.flows(FlowFilter.ALL, 1).stream().mapToLong(FlowReport::sequence).max().orElse(0);
    Came came = put(request);
    VerdictReport verdict = agent.verdict(parameters(request));
    List<String> wrong = new ArrayList<>();
    if ((verdict.verdict() == Outcome.ALLOW) != (came.reply().status() == SERVED_STATUS)) {
      wrong.add("verdict says " + verdict.verdict() + " (" + verdict.reason() + ")");
    }
    came.reply()
        .reason()
        .filter(reason -> !reason.equals(verdict.reason()))
        .ifPresent(reason ->
            wrong.add("the answer says " + reason + ", verdict says " + verdict.reason()));
    recorded(request, before, verdict).ifPresent(wrong::add);
    return question.answered(
        wrong.isEmpty() ? came.words() : came.words() + ", BUT " + String.join(", ", wrong),
        verdict.reason()
            + ": "
            + verdict.sentence()
            + verdict.rule().map(RuleReference::text).map(text -> ": " + text).orElse(""));
  }

  /** Asks while no agent can be asked. */
  Row askAlone(Row.Question question, Request request) throws CommandException {
    return question.answered(put(request).words(), "by what the agent has left in the kernel");
  }

  /** Asks what only the agent could carry: however it fails, it must have arrived nowhere. */
  Row askInVain(Row.Question question, Request request) throws CommandException {
    Came came = put(request);
    return question.answered(
        came.reply().answered() ? came.words() : FAILS + came.traces(), came.reply().words());
  }

  /**
   * What came of a request.
   *
   * @param traces what the callee saw of it, in the words of the matrix
   */
  private record Came(Reply reply, String traces) {
    String words() {
      return reply.words() + traces;
    }
  }

  private Came put(Request request) throws CommandException {
    String own = throwaways.address(request.from());
    String there = throwaways.address(request.to());
    String port = String.valueOf(request.port());
    Counts before = counts(request.to());
    Reply reply =
        Reply.of(
            throwaways.probe(request.from(), "ask", there, port, request.method(), request.path()));
    Counts after = counts(request.to());
    if (reply.status() == SERVED_STATUS) {
      String seen = request.method() + " " + request.path() + " from " + own;
      return new Came(
          reply,
          reply.body().equals(seen) ? ", own address seen" : ", BUT SEEN AS: " + reply.body());
    }
    // The engine may have dialled the callee and sent nothing: then no request has arrived.
    long arrived =
        reply.failure().equals(Reply.REFUSED)
            ? after.accepted() - before.accepted()
            : after.requests() - before.requests();
    return new Came(reply, arrived == 0 ? ", nothing arrived" : ", BUT " + arrived + " ARRIVED");
  }

  private List<String> parameters(Request request) {
    List<String> parameters =
        new ArrayList<>(
            List.of(
                "from",
                throwaways.name(request.from()),
                "to",
                throwaways.name(request.to()),
                "port",
                String.valueOf(request.port())));
    if (request.port() == HTTP) {
      parameters.addAll(List.of("method", request.method(), "path", request.path()));
    }
    return parameters;
  }

  /** What the agent recorded otherwise; empty if it recorded the verdict. */
  private Optional<String> recorded(Request request, long before, VerdictReport verdict)
      throws ApiException, CommandException {
    FlowFilter filter =
        new FlowFilter(
            Optional.empty(),
            Optional.empty(),
            Optional.of(throwaways.name(request.from())),
            Optional.of(throwaways.name(request.to())),
            Optional.of(request.port()),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(RECORDED_SECONDS);
    while (true) {
      List<FlowReport> flows =
          agent.flows(filter, RECORDS).stream().filter(f -> f.sequence() > before).toList();
      if (flows.stream()
          .anyMatch(f -> f.verdict() == verdict.verdict() && f.reason().equals(verdict.reason()))) {
        return Optional.empty();
      }
      if (System.nanoTime() - end > 0) {
        TreeSet<String> reasons = new TreeSet<>();
        flows.forEach(f -> reasons.add(f.verdict() + " " + f.reason()));
        return Optional.of(
            flows.isEmpty()
                ? "nothing is recorded"
                : "recorded is " + reasons + ", verdict says " + verdict.reason());
      }
      pause();
    }
  }

  static void pause() throws CommandException {
    try {
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandException("interrupted", e);
    }
  }
}
