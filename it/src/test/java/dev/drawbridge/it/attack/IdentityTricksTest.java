package dev.drawbridge.it.attack;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonPrimitive;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * Who a container is and what it has, against images, names and messages that say otherwise: the
 * matrix of host rule, mode and where each label comes from; words of capabilities in every place
 * that is not the capabilities; exemptions; a hook's message about a container that runs.
 */
@Tag("it")
final class IdentityTricksTest {
  private static final String NOTHING = "nothing";
  private static final String ARRIVED = "arrived";

  private final Tricks tricks = new Tricks();

  @TestFactory
  Stream<DynamicTest> everyTrickEndsAsItsRowSays() throws IOException {
    try (Ground ground = Ground.open()) {
      JsonArray exempt = new JsonArray();
      exempt.add("bare*");
      exempt.add("role=infra");
      ground.configure("exempt", exempt);
      ground.idle("target", raw("app=target"));
      CapabilityTricks capabilities = new CapabilityTricks(ground, tricks);
      capabilities.words();
      capabilities.healthChecks();
      capabilities.hiders();
      modes(ground);
      exemptions(ground);
      messages(ground);
      capabilities.firstInstruction();
      restart(ground);
    }
    return tricks.tests("identity");
  }

  static String[] raw(String... labels) {
    List<String> all = new ArrayList<>(List.of(labels));
    all.add("drawbridge.capabilities=net-raw");
    return Ground.labelled(all.toArray(String[]::new));
  }

  /** An image of the lab's with more labels. */
  private static void image(Ground ground, String name, String... labels) {
    ground.docker().must("create", "--name", "made-" + name, LabImage.NAME, "/bin/true");
    List<String> commit = new ArrayList<>(List.of("commit"));
    for (String label : labels) {
      commit.addAll(List.of("--change", "LABEL " + label));
    }
    commit.addAll(List.of("made-" + name, name));
    ground.docker().must(commit.toArray(String[]::new));
    ground.docker().must("rm", "made-" + name);
  }

  private void modes(Ground ground) {
    ground.policy("app=forbidden may not connect any on anyone");
    for (String mode : List.of("off", "audit")) {
      String label = "drawbridge.mode=" + mode;
      image(ground, "img-" + mode, label);
      for (String from : List.of("user", "image", "both")) {
        boolean ofUser = !from.equals("image");
        String image = from.equals("user") ? LabImage.NAME : "img-" + mode;
        String forbidden = "forbidden-" + mode + "-" + from;
        String own = "own-" + mode + "-" + from;
        run(
            ground,
            forbidden,
            image,
            ofUser ? List.of("app=forbidden", label) : List.of("app=forbidden"));
        tricks.row(
            "the host's may not, mode " + mode + " of " + from,
            NOTHING,
            () -> ground.reach(forbidden, "target", "tcp"));
        List<String> closed =
            new ArrayList<>(List.of("app=own", "drawbridge.policy.o=may connect 9 on app=x"));
        if (ofUser) {
          closed.add(label);
        }
        run(ground, own, image, closed);
        tricks.row(
            "its own rules, mode " + mode + " of " + from,
            from.equals("user") ? ARRIVED : NOTHING,
            () -> ground.reach(own, "target", "tcp"));
        ground.remove(forbidden);
        ground.remove(own);
      }
    }
    ground.policy("# nothing");
    image(ground, "img-raw", "drawbridge.capabilities=net-raw");
    run(ground, "image-raw", "img-raw", List.of("app=x"));
    tricks.row(
        "an image asks for NET_RAW",
        "no NET_RAW",
        () ->
            CapabilityTricks.netRaw(
                ground.docker().run("exec", "image-raw", "cat", "/proc/self/status")));
    image(
        ground, "img-compose", "com.docker.compose.project=shop", "com.docker.compose.service=web");
    run(ground, "image-compose", "img-compose", List.of("app=x"));
    tricks.row(
        "an image claims to be a service",
        "{\"app\":\"x\"}",
        () -> ground.endpoint("image-compose").get("labels").toString());
    String large = "=" + "y".repeat(100_000);
    tricks.row(
        "300 KB of labels",
        "refused in one sentence",
        () -> {
          List<String> run = new ArrayList<>(List.of("run", "--name", "large"));
          run.addAll(Ground.labels("a" + large, "b" + large, "c" + large));
          run.addAll(List.of(LabImage.NAME, "/bin/true"));
          Output output = ground.docker().run(run.toArray(String[]::new));
          return !output.ok() && output.text().contains("more than 256 KiB of labels")
              ? "refused in one sentence"
              : output.text();
        });
    ground.docker().must("rm", "-f", "large");
  }

  static void run(Ground ground, String name, String image, List<String> labels) {
    List<String> run = new ArrayList<>(List.of("run", "-d", "--name", name, "--network", "ground"));
    run.addAll(ground.common(name));
    run.addAll(Ground.labels(labels.toArray(String[]::new)));
    run.addAll(List.of(image, "/bin/sleep", "100000"));
    ground.docker().must(run.toArray(String[]::new));
  }

  private static String exempt(Ground ground, String name) {
    for (JsonElement one :
        ground.agent().api("/v1/status").getAsJsonObject().get("exempt").getAsJsonArray()) {
      if (one.getAsJsonObject().get("name").getAsString().equals(name)) {
        return "listed as " + one.getAsJsonObject().get("entry").getAsString();
      }
    }
    return "not listed";
  }

  private void exemptions(Ground ground) {
    image(ground, "img-infra", "role=infra");
    run(ground, "image-infra", "img-infra", List.of("app=x"));
    tricks.row(
        "an image that the host's list would exempt",
        "guarded, not listed",
        () ->
            (ground.endpoint("image-infra").size() > 0 ? "guarded" : "unguarded")
                + ", "
                + exempt(ground, "image-infra"));
    run(ground, "infra", LabImage.NAME, List.of("role=infra", "drawbridge.capabilities=net-raw"));
    Await.until("infra is listed", Ground.SOON, () -> exempt(ground, "infra").startsWith("listed"));
    tricks.row(
        "a container that whoever started it made exempt",
        "listed as role=infra",
        () -> exempt(ground, "infra"));
    ground.idle(
        "to-world", Ground.labelled("app=w", "drawbridge.policy.o=may connect any on world"));
    ground.idle(
        "to-anyone", Ground.labelled("app=a", "drawbridge.policy.o=may connect any on anyone"));
    tricks.row(
        "an exempt container is not the world",
        NOTHING,
        () -> ground.reach("to-world", "infra", "tcp"));
    tricks.row("it is anyone", ARRIVED, () -> ground.reach("to-anyone", "infra", "tcp"));
    ground.idle("for-world", raw("app=f", "drawbridge.policy.i=world may connect any"));
    tricks.row(
        // Its frames come unguarded as far as the callee's link; no socket there takes them.
        "nor does it come in as the world",
        "on the link",
        () -> ground.reach("infra", "for-world", "tcp"));
  }

  private static Output hook(Ground ground, String id, String pid) throws IOException {
    Path state = Files.createTempFile("state", ".json");
    try {
      Files.writeString(
          state,
          "{\"ociVersion\":\"1.0.2\",\"id\":\"%s\",\"status\":\"created\",\"pid\":%s,\"bundle\":\"/\"}"
              .formatted(id, pid));
      return Shell.run(
          "sh",
          "-c",
          ground.agent().distribution().hook()
              + " createRuntime --socket "
              + ground.agent().hookSocket()
              + " <"
              + state);
    } finally {
      Files.delete(state);
    }
  }

  private void messages(Ground ground) throws IOException {
    ground.idle("shut", Ground.labelled("app=s", "drawbridge.policy.o=may connect 9 on app=x"));
    String id = ground.docker().inspect("shut", "{{.Id}}");
    for (String pid : List.of(ground.pid("target"), ground.pid("shut"), "1")) {
      Output said = hook(ground, id, pid);
      tricks.row(
          "createRuntime of a container that runs, with process "
              + (pid.equals("1") ? "1" : pid.equals(ground.pid("shut")) ? "its own" : "another's"),
          "refused, guarded, nothing",
          () ->
              (said.ok() ? "taken" : "refused")
                  + (ground.endpoint("shut").get("attachment").getAsString().equals("hook")
                      ? ", guarded, "
                      : ", unguarded, ")
                  + ground.reach("shut", "target", "tcp"));
    }
    Path hook = ground.agent().distribution().hook();
    ground.idle(
        "mounted", "-v", ground.agent().hookSocket() + ":/hook.sock", "-v", hook + ":/bin/hook");
    tricks.row(
        "the hook's socket, mounted into a guarded container",
        "refused",
        () -> {
          Output output =
              ground
                  .docker()
                  .run(
                      "exec",
                      "mounted",
                      "sh",
                      "-c",
                      "echo '{\"id\":\"x\",\"pid\":1,\"bundle\":\"/\"}' |"
                          + " /bin/hook createRuntime --socket /hook.sock");
          return output.text().contains("no guarded container may use") ? "refused" : output.text();
        });
  }

  private void restart(Ground ground) {
    ground.idle("liar", "--cap-add", "NET_ADMIN");
    ground.idle("mighty", "--cap-add", "SYS_ADMIN");
    ground.docker().must("exec", "liar", "ip", "addr", "add", "198.51.100.77/32", "dev", "eth0");
    // Without an engine to ask, an agent that comes back has the files and the pins.
    ground.configure("dockerSocket", new JsonPrimitive(""));
    tricks.row(
        "a restart, and an address that the container added",
        "not its own",
        () -> {
          String addresses = ground.endpoint("liar").get("addresses").toString();
          return addresses.contains(ground.address4("liar")) && !addresses.contains("198.51")
              ? "not its own"
              : addresses;
        });
    for (String name : List.of("liar", "mighty")) {
      tricks.row(
          "a restart, and what " + name + " was granted",
          "said",
          () -> ground.hasProblem(name, "DB0507") ? "said" : "not said");
    }
  }
}
