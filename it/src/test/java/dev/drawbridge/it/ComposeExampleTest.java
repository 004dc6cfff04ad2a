package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
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

/** install/examples/compose.yaml does what its README says, started by Debian's docker-compose. */
@Tag("it")
final class ComposeExampleTest {
  private static final Path FILE =
      Path.of(System.getProperty("drawbridge.checkout", ".."), "install/examples/compose.yaml");

  private static EngineLab lab;

  @BeforeAll
  static void startTheExample() {
    lab = EngineLab.start();
    LabImage.importInto(lab);
    LabAgent.start(lab, Distribution.locate());
    Output up = compose("up", "-d");
    assertTrue(up.ok(), up.text());
    for (String service : List.of("db", "api", "web")) {
      Await.until(
          service + " serves",
          Duration.ofSeconds(20),
          () -> {
            Output own = get(service, "http://127.0.0.1/");
            return own.ok() || own.text().contains("404");
          });
    }
  }

  @AfterAll
  static void stopEverything() {
    lab.close();
  }

  private static Output compose(String... arguments) {
    Map<String, String> environment = new HashMap<>(lab.docker().environment());
    for (String image : List.of("DB_IMAGE", "API_IMAGE", "WEB_IMAGE")) {
      environment.put(image, LabImage.NAME);
    }
    List<String> command =
        new ArrayList<>(List.of("docker-compose", "-p", "example", "-f", FILE.toString()));
    command.addAll(List.of(arguments));
    return Shell.run(Duration.ofMinutes(2), environment, command);
  }

  private static Output exec(String service, String... command) {
    List<String> arguments = new ArrayList<>(List.of("exec", "-T", service, "busybox"));
    arguments.addAll(List.of(command));
    return compose(arguments.toArray(String[]::new));
  }

  private static Output get(String service, String url) {
    // Without -T: Debian's static busybox crashes on it.
    return exec(service, "wget", "-q", "-O", "-", url);
  }

  @Test
  void apiMayReadUsersOnDb() {
    Output output = get("api", "http://db/users");
    assertEquals("[\"ada\",\"grace\"]", output.out().strip(), output.text());
  }

  @Test
  void webGetsThemThroughApi() {
    Output output = get("web", "http://api/cgi-bin/users");
    assertEquals("[\"ada\",\"grace\"]", output.out().strip(), output.text());
  }

  @Test
  void apiMayNeitherReadAnotherPathNorWrite() {
    assertTrue(get("api", "http://db/admin/").text().contains("403"));
    Output post = exec("api", "wget", "-q", "-O", "-", "--post-data", "x", "http://db/users");
    assertTrue(post.text().contains("403"), post.text());
  }

  @Test
  void webMayNotAskDbAtAll() {
    Output output = get("web", "http://db/users");
    assertFalse(output.ok());
    assertFalse(
        output.text().contains("403"), "refused by the engine, not at connect: " + output.text());
  }
}
