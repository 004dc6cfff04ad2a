package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.Docker;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What a {@code RUN} of an image's build reaches: a service with rules, and one without. The
 * classic builder makes a container of each; BuildKit calls the runtime itself, past the engine's
 * own.
 */
@Tag("it")
final class BuildStepsTest {
  private static EngineLab lab;
  private static LabAgent agent;
  private static Path context;
  private static int builds;

  @BeforeAll
  static void startEngineAndAgent() throws IOException {
    lab = EngineLab.start();
    LabImage.importInto(lab);
    agent = LabAgent.start(lab, Distribution.locate());
    Docker docker = lab.docker();
    Trio.start(docker);
    Trio.run(docker, "open", "exec /bin/db", List.of(), "app=open");
    assertEquals(Trio.AS_THE_RULES_SAY, Trio.answers(docker));
    assertEquals("200", Trio.status(docker, "api", Trio.address(docker, "open") + "/users"));
    context = Files.createDirectories(lab.directory().resolve("context"));
  }

  @AfterAll
  static void stopEngineAndAgent() {
    if (lab != null) {
      lab.close();
    }
  }

  private static String step(String container, String file) {
    return "RUN curl -s -m 5 -o /dev/null -w '%{http_code}' http://"
        + Trio.address(lab.docker(), container)
        + "/users >/"
        + file
        + "; true\n";
  }

  private static Output build(boolean buildKit, String image) throws IOException {
    Files.writeString(
        context.resolve("Dockerfile"),
        "FROM " + LabImage.NAME + "\n" + step("db", "closed") + step("open", "open"));
    Map<String, String> environment = new HashMap<>(lab.docker().environment());
    environment.put("DOCKER_BUILDKIT", buildKit ? "1" : "0");
    environment.put("DOCKER_CONFIG", lab.directory().resolve("client").toString());
    return Shell.run(
        Duration.ofMinutes(2),
        environment,
        List.of(
            buildKit ? buildKit() : "docker",
            "build",
            "--no-cache",
            "-t",
            image,
            context.toString()));
  }

  /**
   * A client before 23 has BuildKit in itself, a later one as a plug-in, which is a program too.
   */
  private static String buildKit() {
    return Shell.must(
        "sh",
        "-c",
        """
        command -v docker-buildx && exit
        for docker in $(which -a docker); do
          if DOCKER_BUILDKIT=1 "$docker" build --help >/dev/null 2>&1; then echo "$docker"; exit; fi
        done
        echo 'no client here has BuildKit' >&2
        exit 1
        """);
  }

  /** What the two steps got: of the service with rules, and of the one without. */
  private static List<String> reached(boolean buildKit) throws IOException {
    String image = "built" + ++builds;
    Output output = build(buildKit, image);
    assertTrue(output.ok(), output.text());
    String container = lab.docker().must("create", image);
    Path copy = lab.directory().resolve("copy");
    List<String> answers = new ArrayList<>();
    for (String file : List.of("closed", "open")) {
      lab.docker().must("cp", container + ":/" + file, copy.toString());
      answers.add(Files.readString(copy));
    }
    lab.docker().must("rm", container);
    return answers;
  }

  private static void unhooked(String value) throws IOException {
    agent.stop();
    Path file = lab.directory().resolve("agent/agent.json");
    JsonObject config = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    config.addProperty("unhooked", value);
    Files.writeString(file, config.toString());
    agent.start();
  }

  @Test
  void aStepOfTheClassicBuilderIsAContainer() throws IOException {
    assertEquals(List.of("000", "200"), reached(false));
    agent.kill();
    try {
      Output output = build(false, "never");
      assertFalse(output.ok());
      assertTrue(output.text().contains("container not started"), output.text());
    } finally {
      agent.start();
    }
  }

  /** It is nobody: no rule lets it in, and nothing but a callee's rules keeps it out. */
  @Test
  void aStepOfBuildKitIsSomeoneWithoutLabels() throws IOException {
    assertEquals(List.of("000", "200"), reached(true));
    agent.kill();
    try {
      assertEquals(List.of("000", "200"), reached(true));
    } finally {
      agent.start();
    }
  }

  @Test
  void aStepOfBuildKitReachesNothingWhereTheUnhookedAreDenied() throws IOException {
    unhooked("deny");
    try {
      assertEquals(List.of("000", "000"), reached(true));
      assertEquals(List.of("000", "200"), reached(false));
    } finally {
      unhooked("allow");
    }
  }
}
