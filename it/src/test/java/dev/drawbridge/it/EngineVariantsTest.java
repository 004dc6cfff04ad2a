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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
      Trio.start(docker);
      String pid = docker.inspect("db", "{{.State.Pid}}");
      assertEquals(Trio.AS_THE_RULES_SAY, Trio.answers(docker));

      lab.restart();

      assertEquals(pid, docker.inspect("db", "{{.State.Pid}}"), "live-restore did not hold");
      assertEquals(Trio.AS_THE_RULES_SAY, Trio.answers(docker));
      Trio.run(docker, "late", "exec sleep 100000", List.of(), "app=other");
      assertEquals(
          Trio.AS_THE_RULES_SAY, Trio.answers(docker, Trio.address(docker, "db"), "api", "late"));
    }
  }

  /**
   * Docker then keeps everything in a directory of its data root that is named after the users, and
   * a container in another's network has that one's files mounted.
   */
  @Test
  void containersWhoseRootIsAnotherUserAreGuarded() throws IOException {
    JsonObject settings = new JsonObject();
    settings.addProperty("userns-remap", "nobody:nogroup");
    String users =
        """
        printf '%s:200000:65536\\n' nobody nogroup >"$1/subid"
        mount --bind "$1/subid" /etc/subuid
        mount --bind "$1/subid" /etc/subgid
        """;
    try (EngineLab lab = EngineLab.start(settings, users)) {
      LabImage.importInto(lab);
      LabAgent agent = LabAgent.start(lab, Distribution.locate());
      Docker docker = lab.docker();
      Trio.start(docker);
      Trio.run(
          docker, "side", "exec sleep 100000", List.of("--network", "container:api"), "app=side");
      assertEquals(
          List.of("0", "200000", "65536"),
          List.of(docker.must("exec", "db", "cat", "/proc/self/uid_map").strip().split("\\s+")));
      assertEquals(Trio.AS_THE_RULES_SAY, Trio.answers(docker));
      String db = Trio.address(docker, "db");
      assertEquals("000", Trio.status(docker, "side", db + "/users"), "by its own labels");

      // Without an engine to ask, an agent that comes back has the files and the pins.
      configure(lab, agent, "dockerSocket", "");

      assertTrue(agent.api("/v1/endpoints").toString().contains("\"api\""), agent.log());
      assertEquals(Trio.AS_THE_RULES_SAY, Trio.answers(docker));
    }
  }

  @Test
  void containersOfADataRootThatTheAgentWasNotToldAreGuardedOrNotStarted() throws IOException {
    try (EngineLab lab = EngineLab.start()) {
      LabImage.importInto(lab);
      LabAgent agent = LabAgent.start(lab, Distribution.locate());
      configure(lab, agent, "dataRoot", lab.directory().resolve("elsewhere").toString());
      Docker docker = lab.docker();
      Trio.start(docker);
      assertEquals(Trio.AS_THE_RULES_SAY, Trio.answers(docker));

      Output side = docker.run("run", "--network", "container:api", LabImage.NAME, "/bin/true");

      assertFalse(side.ok());
      assertTrue(side.text().contains("set Docker's data root"), side.text());
    }
  }

  /** As on a machine that has no version 1: one hierarchy, at the usual place. */
  @Test
  void containersOfAMachineWithVersionTwoAloneAreGuarded() {
    String unified =
        """
        umount -R /sys/fs/cgroup
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        """;
    try (EngineLab lab = EngineLab.start(new JsonObject(), unified)) {
      LabImage.importInto(lab);
      LabAgent.start(lab, Distribution.locate());
      Docker docker = lab.docker();
      assertEquals("2", docker.must("info", "--format", "{{.CgroupVersion}}"));
      Trio.start(docker);
      assertEquals(Trio.AS_THE_RULES_SAY, Trio.answers(docker));
      lab.restart();
      docker.must("start", "db", "api", "other");
      assertEquals(Trio.AS_THE_RULES_SAY, Trio.answers(docker));
    }
  }

  private static void configure(EngineLab lab, LabAgent agent, String key, String value)
      throws IOException {
    agent.stop();
    Path file = lab.directory().resolve("agent/agent.json");
    JsonObject config = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    config.addProperty(key, value);
    Files.writeString(file, config.toString());
    agent.start();
  }
}
