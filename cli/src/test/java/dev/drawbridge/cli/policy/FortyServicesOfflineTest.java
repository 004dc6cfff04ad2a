package dev.drawbridge.cli.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.api.question.VerdictQuestion;
import dev.drawbridge.api.report.Outcome;
import dev.drawbridge.api.report.VerdictReport;
import dev.drawbridge.cli.Typed;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.parse.HostPolicyParser;
import dev.drawbridge.tools.compose.ComposeRequest;
import dev.drawbridge.tools.compose.Sources;
import dev.drawbridge.tools.lint.ComposeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * What {@code verdict --compose} says of every row of {@code install/examples/forty/expected.txt},
 * without a container. The it lane's {@code FortyServicesTest} asks the same of real ones.
 */
class FortyServicesOfflineTest {
  private static final Path EXAMPLE = Path.of("../install/examples/forty");

  /** What the world reaches, by compose.yaml. */
  private static final Set<String> PUBLISHED = Set.of("proxy 80", "proxy 443", "git 22", "dns 53");

  /** A line of the file: who gets an answer to what. */
  private record Line(
      String callee, String port, String kind, String method, String target, Set<String> who) {
    static Line of(String text, Set<String> services) {
      int colon = text.indexOf(" :");
      String[] part = text.substring(0, colon).split(" ", -1);
      boolean http = part[2].equals("http");
      Set<String> who = new TreeSet<>();
      for (String word : text.substring(colon + 2).strip().split(" ", -1)) {
        if (word.equals("everyone")) {
          who.addAll(services);
        } else if (word.startsWith("-")) {
          who.remove(word.substring(1));
        } else {
          who.add(word);
        }
      }
      who.add(part[0]);
      return new Line(part[0], part[1], part[2], http ? part[3] : "", http ? part[4] : "", who);
    }

    String expected(String caller, List<Line> all) {
      if (who.contains(caller)) {
        return "yes";
      }
      boolean other =
          kind.equals("http")
              && all.stream()
                  .anyMatch(line ->
                      line.callee.equals(callee)
                          && line.port.equals(port)
                          && line.who.contains(caller));
      return other ? "403" : "no";
    }

    List<String> question(String caller) {
      List<String> question =
          new ArrayList<>(
              List.of(
                  "from",
                  who(caller),
                  "to",
                  callee.startsWith("@") ? callee.substring(callee.indexOf('=') + 1) : who(callee),
                  "port",
                  port));
      question.addAll(
          kind.equals("http")
              ? List.of("method", method, "path", target)
              : List.of("protocol", kind));
      return question;
    }

    private static String who(String name) {
      return name.equals("host") || name.equals("world") ? name : "service:" + name;
    }
  }

  @Test
  void composeFilesSayOfEveryRowWhatIsExpected() throws Exception {
    ComposeFile compose = ComposeFile.read(request());
    Set<String> services = new TreeSet<>();
    compose
        .members()
        .forEach(member -> services.add(member.workload().composeService().orElseThrow()));
    assertEquals(40, services.size());
    HostPolicy host =
        HostPolicyParser.parse("home.policy", Files.readString(EXAMPLE.resolve("home.policy")))
            .value();
    ComposeVerdict verdicts = new ComposeVerdict(compose, host, false);
    List<Line> lines =
        Files.readAllLines(EXAMPLE.resolve("expected.txt")).stream()
            .filter(line -> !line.isBlank() && !line.startsWith("#"))
            .map(line -> Line.of(line, services))
            .toList();
    Set<String> callers = new TreeSet<>(services);
    callers.addAll(List.of("host", "world"));
    List<String> differ = new ArrayList<>();
    int rows = 0;
    for (Line line : lines) {
      for (String caller : callers) {
        if (line.callee().startsWith("@") && !services.contains(caller)) {
          continue;
        }
        if (caller.equals("world") && !PUBLISHED.contains(line.callee() + " " + line.port())) {
          // Asked by nobody there: no packet comes so far.
          continue;
        }
        List<String> question = line.question(caller);
        VerdictReport report = verdicts.answer(VerdictQuestion.of(question));
        String said =
            report.verdict() == Outcome.ALLOW
                ? "yes"
                : report.judgedBy().equals("engine") ? "403" : "no";
        rows++;
        if (!said.equals(line.expected(caller, lines))) {
          differ.add(
              String.join(" ", question)
                  + ": "
                  + said
                  + " "
                  + report.reason()
                  + ", expected "
                  + line.expected(caller, lines));
        }
      }
    }
    assertEquals(List.of(), differ);
    assertTrue(rows > 4000, rows + " rows");
  }

  @Test
  void thereIsNothingToComplainAboutInTheFiles() {
    Typed typed =
        Typed.run(
            "lint",
            "--strict",
            "-p",
            "home",
            EXAMPLE.resolve("compose.yaml").toString(),
            EXAMPLE.resolve("home.policy").toString());
    assertEquals(0, typed.exit(), typed.out() + typed.err());
  }

  private static ComposeRequest request() throws IOException {
    String name = EXAMPLE.resolve("compose.yaml").toString();
    return new ComposeRequest(
        List.of(new ComposeRequest.Source(name, Files.readString(Path.of(name)))),
        _ -> new Sources.Read.Missing(),
        Map.of(),
        Optional.of("home"),
        "forty");
  }
}
