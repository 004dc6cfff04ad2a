package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonObject;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.Docker;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Settings of an engine that change how containers live, each with the same question. */
@Tag("it")
final class EngineVariantsTest {

  @Test
  void containersThatOutliveTheirEngineStayGuarded() {
    JsonObject settings = new JsonObject();
    settings.addProperty("live-restore", true);
    try (EngineLab lab = EngineLab.start(settings)) {
      LabImage.importInto(lab);
      LabAgent.start(lab, Distribution.locate());
      Docker docker = lab.docker();
      run(docker, "db", "/bin/db", "app=db", "drawbridge.policy.read=app=api may GET /users");
      run(docker, "api", "sleep 100000", "app=api");
      run(docker, "other", "sleep 100000", "app=other");
      String address = docker.inspect("db", "{{.NetworkSettings.IPAddress}}");
      String pid = docker.inspect("db", "{{.State.Pid}}");
      assertEquals(List.of("200", "403", "000"), answers(docker, address, "other"));

      lab.restart();

      assertEquals(pid, docker.inspect("db", "{{.State.Pid}}"), "live-restore did not hold");
      assertEquals(List.of("200", "403", "000"), answers(docker, address, "other"));
      run(docker, "late", "sleep 100000", "app=other");
      assertEquals(List.of("200", "403", "000"), answers(docker, address, "late"));
    }
  }

  private static void run(Docker docker, String name, String command, String... labels) {
    List<String> run = new ArrayList<>(List.of("run", "-d", "--name", name));
    for (String label : labels) {
      run.addAll(List.of("--label", label));
    }
    run.addAll(List.of(LabImage.NAME, "/bin/sh", "-c", "mkdir -p /lab; exec " + command));
    docker.must(run.toArray(String[]::new));
  }

  /** What may be asked, what may not, and what one gets who may ask nothing. */
  private static List<String> answers(Docker docker, String address, String stranger) {
    return List.of(
        get(docker, "api", address + "/users"),
        get(docker, "api", address + "/admin"),
        get(docker, stranger, address + "/users"));
  }

  /** The server may not listen yet: curl asks again when it is refused. */
  private static String get(Docker docker, String caller, String where) {
    Output output =
        docker.run(
            "exec",
            caller,
            "curl",
            "-sS",
            "-m",
            "20",
            "--retry",
            "3",
            "--retry-connrefused",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "http://" + where);
    return output.out();
  }
}
