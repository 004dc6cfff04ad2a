package dev.drawbridge.it.kafka;

import com.google.gson.JsonElement;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.JdkPlaces;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.RootFilesystem;
import dev.drawbridge.testkit.Shell;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * A cluster of three brokers and clients of several years and languages, each in a container with
 * labels and nothing else; nothing is configured at any of them.
 */
final class KafkaLab implements AutoCloseable {
  static final int BROKERS = 3;
  private static final String IMAGE = "drawbridge-kafka";
  private static final String NETWORK = "kafka";
  private static final Duration START = Duration.ofSeconds(90);
  static final Duration SOON = Duration.ofSeconds(60);
  private static final Path JAVA = Path.of(System.getProperty("java.home"));
  private static final Path CHECKOUT =
      Path.of(String.valueOf(System.getProperty("drawbridge.checkout")));

  /** Where Debian's kcat is unpacked, by the name that rows have for it. */
  private static final List<String> KCATS = List.of("debian-12", "debian-13");

  private static final String OUTSIDE = "k1:9092,k2:9092,k3:9092";
  private static final String INSIDE = "k1:9094,k2:9094,k3:9094";

  final EngineLab lab;
  final LabAgent agent;
  private final Map<String, ClientProcess> residents = new HashMap<>();

  private KafkaLab(EngineLab lab, LabAgent agent) {
    this.lab = lab;
    this.agent = agent;
  }

  static KafkaLab start(String... rules) throws IOException {
    KCATS.forEach(KafkaLab::unpack);
    EngineLab lab = EngineLab.start();
    try {
      makeImage(lab);
      lab.docker().must("network", "create", NETWORK);
      KafkaLab kafka = new KafkaLab(lab, LabAgent.start(lab, Distribution.locate()));
      kafka.startBrokers(rules);
      return kafka;
    } catch (RuntimeException | IOException e) {
      lab.close();
      throw e;
    }
  }

  private static Path cache() {
    return CHECKOUT.resolve("target/kcat");
  }

  private static void unpack(String debian) {
    Output output =
        Shell.run(
            Duration.ofMinutes(5),
            Map.of(),
            List.of(
                CHECKOUT.resolve("it/src/test/vm/fetch").toString(),
                cache().toString(),
                "kcat-" + debian));
    if (!output.ok()) {
      throw new IllegalStateException("kcat of " + debian + ": " + output.text());
    }
  }

  private static void makeImage(EngineLab lab) throws IOException {
    Path work = Files.createDirectories(lab.directory().resolve("kafka-image"));
    RootFilesystem.withBusybox(work.resolve("root"))
        .directory(JAVA + "/bin")
        .directory(JAVA + "/lib/server")
        .program(JAVA.resolve("bin/java"), "/opt/libraries/java")
        .program(JAVA.resolve("lib/server/libjvm.so"), "/opt/libraries/libjvm.so")
        .program(JAVA.resolve("lib/libnio.so"), "/opt/libraries/libnio.so")
        .importAs(lab.docker(), IMAGE, "[\"/bin/sleep\", \"100000\"]");
  }

  private void startBrokers(String... rules) {
    List<String> labels = new ArrayList<>(List.of("app=kafka"));
    labels.add("drawbridge.policy.between=app=kafka may connect 9093,9094");
    for (int i = 0; i < rules.length; i++) {
      labels.add("drawbridge.policy.r" + i + "=" + rules[i]);
    }
    for (int broker = 1; broker <= BROKERS; broker++) {
      run(
          "k" + broker,
          String.join(" ", java(256, "4.4.0", "BrokerMain", broker + "", BROKERS + "")),
          labels.toArray(String[]::new));
    }
    awaitBrokers();
  }

  /** Until every broker is one of the cluster. */
  void awaitBrokers() {
    Await.until(
        "the brokers answer: " + lab.docker().run("logs", "--tail", "20", "k1").text(),
        START,
        () -> direct("nodes", "-", 0).equals("OK " + BROKERS));
  }

  /** The class path of this machine, whose places the containers see too. */
  private static List<String> jars() {
    String all =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return Arrays.stream(all.split(File.pathSeparator, -1))
        .filter(place -> place.endsWith(".jar") && !place.contains("/target/"))
        .toList();
  }

  /** The directory that has all of them. */
  private static Path repository() {
    Path all = Path.of(jars().getFirst());
    for (String jar : jars()) {
      while (!jar.startsWith(all + "/")) {
        all = Objects.requireNonNull(all.getParent());
      }
    }
    return all;
  }

  private static Path classes() {
    return Path.of(KafkaLab.class.getProtectionDomain().getCodeSource().getLocation().getPath());
  }

  /** Where the clients of other years are. */
  private static Path old() {
    return classes().resolveSibling("kafka-clients");
  }

  /** A client's container, {@code app=NAME}. */
  void client(String name) {
    run("client-" + name, "sleep 100000", "app=" + name);
  }

  private void run(String name, String command, String... labels) {
    List<String> line = new ArrayList<>(List.of("run", "-d", "--network", NETWORK, "--name", name));
    for (String label : labels) {
      line.addAll(List.of("--label", label));
    }
    Set<String> places = new TreeSet<>(JdkPlaces.all());
    for (Path place : List.of(repository(), classes(), old(), cache())) {
      places.add(place.toString());
    }
    for (String place : places) {
      line.addAll(List.of("-v", place + ":" + place + ":ro"));
    }
    line.addAll(List.of(IMAGE, "/bin/sh", "-c", "exec " + command));
    lab.docker().must(line.toArray(String[]::new));
  }

  /** Of 4.4, or of another year. */
  private static String classPath(String clients) {
    if (clients.equals("4.4.0")) {
      return String.join(":", jars()) + ":" + classes();
    }
    String logging =
        jars().stream().filter(jar -> jar.contains("/slf4j-api/")).collect(Collectors.joining(":"));
    return old().resolve("kafka-clients-" + clients + ".jar") + ":" + logging + ":" + classes();
  }

  private static List<String> java(int megabytes, String clients, String main, String... more) {
    List<String> line =
        new ArrayList<>(
            List.of(
                JAVA.resolve("bin/java").toString(),
                "-Xmx" + megabytes + "m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xshare:auto",
                "-cp",
                classPath(clients),
                "dev.drawbridge.it.kafka." + main));
    line.addAll(List.of(more));
    return line;
  }

  private static String command(String servers, String operation, String topic, int count) {
    return String.join(" ", operation, servers, topic, Integer.toString(count));
  }

  static String result(String out) {
    return out.lines()
        .filter(line -> line.startsWith("RESULT "))
        .map(line -> line.substring("RESULT ".length()))
        .findFirst()
        .orElse(out);
  }

  /** What comes of one operation in that container. */
  String ask(
      String container, String clients, String operation, String topic, int count, String... more) {
    return resident("client-" + container, clients)
        .ask(command(OUTSIDE, operation, topic, count), more);
  }

  /** Asks the cluster from within, past every rule. */
  String direct(String operation, String topic, int count, String... more) {
    return resident("k1", "4.4.0").ask(command(INSIDE, operation, topic, count), more);
  }

  private ClientProcess resident(String container, String clients) {
    return residents.computeIfAbsent(
        container + " " + clients,
        _ -> {
          List<String> line = new ArrayList<>(List.of("docker", "exec", "-i", container));
          line.addAll(java(128, clients, "ClientMain"));
          return ClientProcess.start(lab.docker(), line);
        });
  }

  /** One operation in the background; {@link #outcome} waits for it. */
  void begin(String container, String operation, String topic, int count, String... more) {
    lab.docker()
        .must(
            "exec",
            "-d",
            "client-" + container,
            "/bin/sh",
            "-c",
            "rm -f /tmp/stop /tmp/half /tmp/go; "
                + String.join(" ", java(128, "4.4.0", "ClientMain"))
                + " "
                + command(OUTSIDE, operation, topic, count)
                + " "
                + String.join(" ", more)
                + " > /tmp/out 2>&1");
  }

  /** Tells what runs there that something has happened. */
  void tell(String container, String file) {
    lab.docker().must("exec", "client-" + container, "/bin/sh", "-c", ": > /tmp/" + file);
  }

  /** What has come of it, when it has. */
  String outcome(String container) {
    Await.until(container + " ends", SOON, () -> read(container, "out").contains("RESULT "));
    return result(read(container, "out"));
  }

  String read(String container, String file) {
    return lab.docker().run("exec", "client-" + container, "cat", "/tmp/" + file).out();
  }

  /** Debian's kcat in that container, by its own libraries. */
  Output kcat(String container, String debian, String arguments) {
    String root = cache().resolve("kcat-" + debian).resolve("root").toString();
    return lab.docker()
        .run(
            SOON,
            "exec",
            "client-" + container,
            "/bin/sh",
            "-c",
            "timeout 30 %1$s/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 --library-path %1$s/usr/lib/x86_64-linux-gnu %1$s/usr/bin/kcat -b k1:9092 %2$s"
                .formatted(root, arguments));
  }

  /** What the agent says of what it refused last, for whoever looks for the reason of a failure. */
  String why() {
    StringBuilder all = new StringBuilder();
    for (JsonElement flow : agent.api("/v1/flows?last=60").getAsJsonArray()) {
      all.append(flow).append('\n');
    }
    return all.append(agent.log()).toString();
  }

  @Override
  public void close() {
    residents.values().forEach(ClientProcess::close);
    lab.close();
  }
}
