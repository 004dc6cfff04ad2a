package dev.drawbridge.testkit.scenario;

import com.google.gson.JsonObject;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Docker;
import dev.drawbridge.testkit.JdkPlaces;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.RootFilesystem;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * The chapter about Kafka: a real broker that lets {@code app=x} only read from a topic and {@code
 * app=y} only write into it, asked by Kafka's own clients. What arrived is the length of the
 * broker's log.
 */
final class KafkaChapter {
  private static final String IMAGE = "drawbridge-kafka";
  private static final String BROKER = "kafka";
  private static final Duration CLIENT = Duration.ofSeconds(40);
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final Path JAVA = Path.of(System.getProperty("java.home"));

  private KafkaChapter() {}

  static List<Row> rows() {
    return List.of(
        new Row(
            "15a",
            "y",
            BROKER,
            "produce incoming",
            "written, in the log",
            stage -> {
              begin(stage);
              return ask(stage, "y", "produce");
            }),
        new Row("15b", "x", BROKER, "consume incoming", "read", s -> ask(s, "x", "consume")),
        new Row(
            "15c",
            "x",
            BROKER,
            "produce incoming",
            "TopicAuthorizationException, nothing arrived",
            s -> ask(s, "x", "produce")),
        new Row(
            "15d",
            "y",
            BROKER,
            "consume incoming",
            "TopicAuthorizationException",
            s -> ask(s, "y", "consume")));
  }

  private static void begin(Stage stage) {
    RootFilesystem.withBusybox(stage.work("kafka-image"))
        .directory(JAVA + "/bin")
        .directory(JAVA + "/lib/server")
        .program(JAVA.resolve("bin/java"), "/opt/libraries/java")
        .program(JAVA.resolve("lib/server/libjvm.so"), "/opt/libraries/libjvm.so")
        .program(JAVA.resolve("lib/libnio.so"), "/opt/libraries/libnio.so")
        .importAs(stage.docker(), IMAGE, "[\"/bin/sleep\", \"100000\"]");
    run(
        stage,
        BROKER,
        java(256, "serve"),
        "app=kafka",
        "drawbridge.policy.in=app=x may consume incoming",
        "drawbridge.policy.out=app=y may produce incoming");
    for (String client : List.of("x", "y")) {
      run(stage, client(client), "/bin/sleep 100000", "app=" + client);
    }
  }

  private static String client(String name) {
    return "client-" + name;
  }

  private static void run(Stage stage, String name, String command, String... labels) {
    List<String> line =
        new ArrayList<>(List.of("run", "-d", "--network", Stage.NETWORK, "--name", name));
    for (String label : labels) {
      line.addAll(List.of("--label", label));
    }
    for (String place : places()) {
      line.addAll(List.of("-v", place + ":" + place + ":ro"));
    }
    line.add(IMAGE);
    line.addAll(List.of(command.split(" ", -1)));
    stage.docker().must(line.toArray(String[]::new));
  }

  private static List<String> classPath() {
    String all =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return Arrays.stream(all.split(File.pathSeparator, -1))
        .map(place -> Path.of(place).toAbsolutePath())
        .filter(Files::exists)
        .map(Path::toString)
        .toList();
  }

  /** The JDK and the classes are this machine's, at the same places. */
  private static Set<String> places() {
    Set<String> places = new TreeSet<>();
    for (String entry : classPath()) {
      Path at = Path.of(entry);
      places.add((Files.isDirectory(at) ? at : Objects.requireNonNull(at.getParent())).toString());
    }
    places.addAll(JdkPlaces.all());
    return places;
  }

  private static String java(int megabytes, String action) {
    return String.join(
        " ",
        JAVA.resolve("bin/java").toString(),
        "-Xmx" + megabytes + "m",
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-cp",
        String.join(":", classPath()),
        KafkaDemoMain.class.getName(),
        action,
        BROKER,
        Long.toString(Await.patient(CLIENT).toSeconds()));
  }

  private static Observation ask(Stage stage, String who, String action) {
    Docker docker = stage.docker();
    long before = logged(docker);
    List<String> line = new ArrayList<>(List.of("exec", client(who)));
    line.addAll(List.of(java(64, action).split(" ", -1)));
    Output output = docker.run(Await.patient(PATIENCE), line.toArray(String[]::new));
    String words =
        output
            .out()
            .lines()
            .filter(said -> said.startsWith(KafkaDemoMain.RESULT))
            .map(said -> said.substring(KafkaDemoMain.RESULT.length()))
            .findFirst()
            .orElseGet(output::text);
    if (action.equals("produce")) {
      boolean arrived = logged(docker) > before;
      words +=
          words.equals("written")
              ? arrived ? ", in the log" : ", BUT NOT IN THE LOG"
              : arrived ? ", BUT SOMETHING ARRIVED" : ", nothing arrived";
    }
    return new Observation(words, explain(stage, who, action));
  }

  /** Bytes of the topic in the broker's own log. */
  private static long logged(Docker docker) {
    Output output =
        docker.run(
            "exec",
            BROKER,
            "/bin/ls",
            "-ln",
            KafkaDemoMain.DATA + "/" + KafkaDemoMain.TOPIC + "-0/00000000000000000000.log");
    return output.ok() ? Long.parseLong(output.out().strip().split(" +", -1)[4]) : 0;
  }

  private static String explain(Stage stage, String who, String action) {
    if (stage.agent().isEmpty()) {
      return "";
    }
    try {
      JsonObject verdict =
          stage
              .theAgent()
              .api(
                  "/v1/verdict?from="
                      + client(who)
                      + "&to="
                      + BROKER
                      + "&port=9092&kafka="
                      + action
                      + "&topic="
                      + KafkaDemoMain.TOPIC)
              .getAsJsonObject();
      if (!verdict.has("sentence")) {
        return verdict.toString();
      }
      String sentence = verdict.get("sentence").getAsString();
      return verdict.has("rule") && verdict.get("rule").isJsonObject()
          ? sentence + ": " + verdict.getAsJsonObject("rule").get("text").getAsString()
          : sentence;
    } catch (LabException e) {
      return "the agent does not answer; what it attached goes on";
    }
  }
}
