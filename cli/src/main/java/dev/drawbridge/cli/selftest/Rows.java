package dev.drawbridge.cli.selftest;

import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.client.LocalClient;
import dev.drawbridge.api.report.EndpointReport;
import dev.drawbridge.cli.selftest.Row.Question;
import dev.drawbridge.cli.selftest.Wire.Request;
import dev.drawbridge.cli.terminal.CommandException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The matrix, in order. {@code callee} lets {@code caller} connect to one port and GET one path of
 * another; {@code stranger} may go there by its own rules, and is in none of the callee's.
 */
final class Rows {
  private static final String CALLEE = "callee";
  private static final String CALLER = "caller";
  private static final String STRANGER = "stranger";
  private static final String ALLOWED = "/allowed";
  private static final String BY_HOOK = "guarded before their first process";

  private final Throwaways throwaways;
  private final LocalClient agent;
  private final Wire wire;
  private final Consumer<Row> told;

  /**
   * @param told is given each row as soon as it was asked
   */
  Rows(Throwaways throwaways, LocalClient agent, Consumer<Row> told) {
    this.throwaways = throwaways;
    this.agent = agent;
    this.wire = new Wire(throwaways, agent);
    this.told = told;
  }

  /**
   * Asks all of it.
   *
   * @param process who can end the agent and start it again, if that was asked for
   * @param unasked why nobody can, for the row that is not asked then
   */
  void ask(Optional<AgentProcess> process, String unasked) throws ApiException, CommandException {
    start();
    connections("2", "");
    requests("3", "");
    elsewhere();
    if (process.isPresent()) {
      withoutAgent(process.get());
    } else {
      told.accept(
          new Question("5", CALLER, CALLEE, "the agent is away", "what is enforced goes on")
              .notAsked(unasked));
    }
  }

  private void start() throws ApiException, CommandException {
    String caller = throwaways.selector(CALLER);
    throwaways.start(
        CALLEE,
        List.of(
            caller + " may connect " + Wire.OTHER,
            caller + " may GET " + ALLOWED + " port " + Wire.HTTP),
        "serve",
        String.valueOf(Wire.COUNTS),
        String.valueOf(Wire.HTTP),
        String.valueOf(Wire.OTHER));
    // Their own side says it too, for hosts whose default is to deny.
    List<String> out =
        List.of(
            "may connect " + Wire.HTTP + "," + Wire.OTHER + " on " + throwaways.selector(CALLEE));
    throwaways.start(CALLER, out, "rest");
    throwaways.start(STRANGER, out, "rest");
    told.accept(
        new Question("1", "engine", "-", "start callee, caller, stranger", BY_HOOK)
            .answered(attached(), ""));
    wire.awaitServing(CALLEE);
  }

  private String attached() throws ApiException, CommandException {
    List<EndpointReport> endpoints = agent.endpoints();
    List<String> other = new ArrayList<>();
    for (String part : List.of(CALLEE, CALLER, STRANGER)) {
      EndpointReport.Attachment attachment =
          endpoints.stream()
              .filter(endpoint -> endpoint.name().equals(throwaways.name(part)))
              .map(EndpointReport::attachment)
              .findFirst()
              .orElseThrow(() ->
                  new CommandException(
                      "the agent does not know "
                          + throwaways.name(part)
                          + ", which the engine has started: do both run on this host?"));
      if (attachment != EndpointReport.Attachment.HOOK) {
        other.add(part + ": " + attachment.name().toLowerCase(Locale.ROOT));
      }
    }
    return other.isEmpty() ? BY_HOOK : String.join(", ", other);
  }

  private static Request connection(String from) {
    return new Request(from, CALLEE, Wire.OTHER, "GET", "/");
  }

  private static Request request(String from, String path) {
    return new Request(from, CALLEE, Wire.HTTP, "GET", path);
  }

  private static Question connecting(String number, String from, String when, String expected) {
    return new Question(number, from, CALLEE + ":" + Wire.OTHER, "connect" + when, expected);
  }

  private static Question requesting(
      String number, String from, String path, String when, String expected) {
    return new Question(number, from, CALLEE + ":" + Wire.HTTP, "GET " + path + when, expected);
  }

  private void connections(String number, String when) throws ApiException, CommandException {
    told.accept(wire.ask(connecting(number + "a", CALLER, when, Wire.SERVED), connection(CALLER)));
    told.accept(
        wire.ask(connecting(number + "b", STRANGER, when, Wire.REFUSED), connection(STRANGER)));
  }

  private void requests(String number, String when) throws ApiException, CommandException {
    told.accept(
        wire.ask(
            requesting(number + "a", CALLER, ALLOWED, when, Wire.SERVED),
            request(CALLER, ALLOWED)));
    told.accept(
        wire.ask(
            requesting(number + "b", CALLER, "/denied", when, Wire.FORBIDDEN),
            request(CALLER, "/denied")));
    told.accept(
        wire.ask(
            requesting(number + "c", STRANGER, ALLOWED, when, Wire.REFUSED),
            request(STRANGER, ALLOWED)));
  }

  private void elsewhere() throws ApiException, CommandException {
    String callee = throwaways.address(CALLEE);
    String caller = throwaways.address(CALLER);
    throwaways.startAgain(CALLEE, CALLER);
    wire.awaitServing(CALLEE);
    if (throwaways.address(CALLEE).equals(callee) && throwaways.address(CALLER).equals(caller)) {
      told.accept(
          new Question("4", CALLER, CALLEE, "at new addresses", Wire.SERVED)
              .notAsked("the engine gave both the addresses that they had"));
      return;
    }
    requests("4", ", at new addresses");
  }

  private void withoutAgent(AgentProcess process) throws ApiException, CommandException {
    String away = ", the agent away";
    try (process) {
      process.end();
      told.accept(wire.askAlone(connecting("5a", CALLER, away, Wire.SERVED), connection(CALLER)));
      told.accept(
          wire.askAlone(connecting("5b", STRANGER, away, Wire.REFUSED), connection(STRANGER)));
      told.accept(
          wire.askInVain(
              requesting("5c", CALLER, ALLOWED, away, Wire.FAILS_CLOSED),
              request(CALLER, ALLOWED)));
    }
    requests("6", ", the agent back");
  }
}
