package dev.drawbridge.testkit.scenario;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonObject;
import dev.drawbridge.bpf.linux.NetworkNamespace;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.LabNetwork;
import dev.drawbridge.testkit.NameServer;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The chapter about names: a machine outside has the name server and a server at port 3306, and a
 * rule says by name who may connect there. Containers ask through Docker's own resolver.
 */
final class NamesChapter {
  private static final int PORT = 3306;
  private static final String NAME = "db.shop.test";
  private static final String FORBIDDEN = "www.evil.test";
  private static final String ADDRESS = "198.51.100.7";
  private static final String MOVED = "198.51.100.8";
  private static final String GREETING = "welcome";
  private static final String WELCOMED = "welcomed";
  private static final String REFUSED = "refused at connect";
  private static final Duration CLOSES = Duration.ofSeconds(40);

  private static final String RULE = "drawbridge.policy.sql=may connect " + PORT + " on " + NAME;

  private final NameServer names;

  private NamesChapter(NameServer names) {
    this.names = names;
  }

  static List<Row> rows() {
    NamesChapter[] begun = new NamesChapter[1];
    return List.of(
        new Row(
            "16a",
            "shopper",
            NAME + ":" + PORT,
            "connect, a rule has the name",
            WELCOMED,
            stage -> {
              begun[0] = begin(stage);
              return reach(stage, "shopper", NAME);
            }),
        new Row(
            "16b",
            "shopper",
            MOVED + ":" + PORT,
            "connect, no name led it there",
            REFUSED,
            stage -> reach(stage, "shopper", MOVED)),
        new Row(
            "16c",
            "other",
            ADDRESS + ":" + PORT,
            "connect, by what another has learned",
            REFUSED,
            stage -> reach(stage, "other", ADDRESS)),
        new Row(
            "16d",
            "picky",
            FORBIDDEN,
            "resolve, no rule allows it",
            "REFUSED, the name server was not asked",
            stage -> begun[0].resolve(stage)),
        new Row(
            "16e",
            "shopper",
            NAME + ":" + PORT,
            "connect, the name leads elsewhere now",
            WELCOMED + " at " + MOVED,
            stage -> begun[0].move(stage)),
        new Row(
            "16f",
            "shopper",
            MOVED + ":" + PORT,
            "connect, agent killed",
            WELCOMED,
            stage -> {
              stage.theAgent().kill();
              return reach(stage, "shopper", MOVED);
            }),
        new Row(
            "16g",
            "other",
            NAME + ":" + PORT,
            "connect by name, agent killed",
            REFUSED,
            stage -> reach(stage, "other", NAME)),
        new Row(
            "16h",
            "other",
            NAME + ":" + PORT,
            "connect by name, agent back",
            WELCOMED,
            stage -> {
              stage.theAgent().start();
              return reach(stage, "other", NAME);
            }),
        new Row(
            "16i",
            "shopper",
            ADDRESS + ":" + PORT,
            "connect, the answer's time is over",
            REFUSED,
            NamesChapter::oldCloses));
  }

  /** The machine outside, and three containers that know no other resolver. */
  private static NamesChapter begin(Stage stage) {
    try {
      LabNetwork network = stage.lab().network();
      for (String address : List.of(ADDRESS, MOVED)) {
        Shell.must(
            network
                .inWorld("ip", "addr", "add", address + "/24", "dev", "up0")
                .toArray(String[]::new));
      }
      Process holder = new ProcessBuilder(network.inWorld("sleep", "100000")).start();
      stage.lab().addTenant(holder::destroyForcibly);
      NetworkNamespace machine = NetworkNamespace.ofPid((int) holder.pid());
      stage.lab().addTenant(machine);
      ServerSocket server = machine.call(() -> new ServerSocket(PORT));
      stage.lab().addTenant(server);
      Thread.ofVirtual().start(() -> greet(server));
      NameServer names = new NameServer(machine, InetAddress.getByName(LabNetwork.WORLD_ADDRESS));
      stage.lab().addTenant(names);
      names.says(NAME, 1, ADDRESS);
      names.says(FORBIDDEN, 1, ADDRESS);
      run(stage, "shopper", RULE);
      run(stage, "other", RULE);
      run(stage, "picky", "drawbridge.policy.names=may resolve *.shop.test");
      return new NamesChapter(names);
    } catch (LabException e) {
      throw e;
    } catch (Exception e) {
      throw new LabException("the machine outside cannot be made: " + e.getMessage(), e);
    }
  }

  private static void run(Stage stage, String name, String rule) {
    stage
        .docker()
        .must(
            "run",
            "-d",
            "--name",
            name,
            "--network",
            Stage.NETWORK,
            "--dns",
            LabNetwork.WORLD_ADDRESS,
            "--label",
            "app=" + name,
            "--label",
            rule,
            LabImage.NAME,
            "/bin/sleep",
            "100000");
  }

  private static void greet(ServerSocket server) {
    while (!server.isClosed()) {
      try (Socket client = server.accept()) {
        client.getOutputStream().write((GREETING + "\n").getBytes(UTF_8));
      } catch (IOException _) {
        // Closed, or the client is gone.
      }
    }
  }

  private static Observation reach(Stage stage, String from, String where) {
    return new Observation(tries(stage, from, where), explain(stage, from, where));
  }

  private static String tries(Stage stage, String from, String where) {
    Output output =
        stage
            .docker()
            .run("exec", from, "/bin/sh", "-c", "sleep 1 | nc -w 3 " + where + " " + PORT);
    String text = output.out() + output.err();
    if (text.contains(GREETING)) {
      return WELCOMED;
    }
    return text.contains("not permitted") ? REFUSED : text.strip();
  }

  private Observation resolve(Stage stage) {
    Output output = stage.docker().run("exec", "picky", "/bin/busybox", "nslookup", FORBIDDEN);
    String text = output.out() + output.err();
    String words = text.contains("REFUSED") ? "REFUSED" : text.strip();
    words +=
        names.asked.contains(FORBIDDEN)
            ? ", BUT THE NAME SERVER WAS ASKED"
            : ", the name server was not asked";
    return new Observation(words, "no rule of picky's allows that name to be resolved");
  }

  /** Asked again it is known at once; whoever has connected before is not asked to go. */
  private Observation move(Stage stage) {
    names.says(NAME, 1, MOVED);
    String words = tries(stage, "shopper", NAME);
    boolean open = tries(stage, "shopper", MOVED).equals(WELCOMED);
    return new Observation(
        words + (open ? " at " + MOVED : ", BUT NOT AT " + MOVED), explain(stage, "shopper", NAME));
  }

  private static Observation oldCloses(Stage stage) {
    boolean _ = Await.within(CLOSES, () -> tries(stage, "shopper", ADDRESS).equals(REFUSED));
    return reach(stage, "shopper", ADDRESS);
  }

  private static String explain(Stage stage, String from, String to) {
    if (stage.agent().isEmpty()) {
      return "";
    }
    try {
      JsonObject verdict =
          stage
              .theAgent()
              .api("/v1/verdict?from=" + from + "&to=" + LabAgent.parameter(to) + "&port=" + PORT)
              .getAsJsonObject();
      List<String> said = new ArrayList<>();
      said.add(
          verdict.has("sentence") ? verdict.get("sentence").getAsString() : verdict.toString());
      if (verdict.has("rule") && verdict.get("rule").isJsonObject()) {
        said.add(verdict.getAsJsonObject("rule").get("text").getAsString());
      }
      return String.join(": ", said);
    } catch (LabException e) {
      return "the agent does not answer; what it attached goes on";
    }
  }
}
