package dev.drawbridge.it;

import dev.drawbridge.testkit.Docker;
import dev.drawbridge.testkit.LabImage;
import java.util.ArrayList;
import java.util.List;

/**
 * A database that {@code app=api} may ask for {@code /users}, such an api, and a stranger: what
 * every setting of an engine is asked.
 */
final class Trio {
  static final String RULE = "drawbridge.policy.read=app=api may GET /users";

  /** What api may have, what it may not, and what a stranger gets who may ask nothing. */
  static final List<String> AS_THE_RULES_SAY = List.of("200", "403", "000");

  private Trio() {}

  /** Starts {@code db}, {@code api} and {@code other}, each with more options. */
  static void start(Docker docker, String... options) {
    run(docker, "db", "exec /bin/db", List.of(options), "app=db", RULE);
    run(docker, "api", "exec sleep 100000", List.of(options), "app=api");
    run(docker, "other", "exec sleep 100000", List.of(options), "app=other");
  }

  static void run(
      Docker docker, String name, String script, List<String> options, String... labels) {
    List<String> run = new ArrayList<>(List.of("run", "-d", "--name", name));
    run.addAll(options);
    for (String label : labels) {
      run.addAll(List.of("--label", label));
    }
    run.addAll(List.of(LabImage.NAME, "/bin/sh", "-c", "mkdir -p /lab; " + script));
    docker.must(run.toArray(String[]::new));
  }

  static String address(Docker docker, String container) {
    return docker.inspect(container, "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}");
  }

  /** The question, with {@code db}'s address. */
  static List<String> answers(Docker docker) {
    return answers(docker, address(docker, "db"), "api", "other");
  }

  static List<String> answers(Docker docker, String host, String api, String stranger) {
    return List.of(
        status(docker, api, host + "/users"),
        status(docker, api, host + "/admin"),
        status(docker, stranger, host + "/users"));
  }

  /** The server may not listen yet: curl asks again when it is refused. */
  static String status(Docker docker, String caller, String where) {
    List<String> line = new ArrayList<>(List.of("exec", caller));
    line.addAll(List.of(LabImage.curl(where)));
    return docker.run(line.toArray(String[]::new)).out();
  }
}
