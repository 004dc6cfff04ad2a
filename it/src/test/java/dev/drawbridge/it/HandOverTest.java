package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** An agent takes over from another under load: what is under way, what is new, what is denied. */
@Tag("it")
final class HandOverTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final int DRAIN_SECONDS = 9;

  /** Answers one request a connection, slowly where it is asked to. */
  private static final String SERVE =
      """
      #!/bin/sh
      read -r method path rest
      length=0
      while read -r name value; do
        [ "${name%?}" != "" ] || break
        case $name in Content-Length:) length=${value%?} ;; esac
      done
      ticks() { # how many tenths of a second
        printf 'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n'
        i=0
        while [ $i -lt $1 ]; do printf '5\\r\\ntick\\n\\r\\n' || exit; busybox usleep 100000; i=$((i + 1)); done
        printf '0\\r\\n\\r\\n'
      }
      case $path in
      /slow) ticks 50 ;;
      /long) ticks 600 ;;
      /up) got=$(busybox head -c $length | busybox wc -c); printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\n\\r\\n%03d' $got ;;
      /socket)
        printf 'HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Accept: x\\r\\n\\r\\n'
        while printf '\\201\\004tick'; do busybox usleep 100000; done
        ;;
      esac
      """;

  private static EngineLab lab;
  private static LabAgent agent;
  private static String server;

  @BeforeAll
  static void startEngineAndAgent() {
    lab = EngineLab.start();
    LabImage.importInto(lab);
    agent = LabAgent.start(lab, Distribution.locate());
    agent.hooksWait(Duration.ofSeconds(6));
    agent.restartWith(json -> json.add("drainSeconds", new JsonPrimitive(DRAIN_SECONDS)));
    run(
        "server",
        "mkdir -p /lab; exec /bin/db",
        "app=db",
        "drawbridge.policy.read=app=api may GET /users port 80",
        "drawbridge.policy.slow=app=api may GET,POST /** port 8080",
        "drawbridge.policy.raw=app=api may connect 5000");
    write("server", "serve.sh", SERVE);
    inBackground("server", "nc -ll -p 8080 -e /bin/sh /lab/serve.sh");
    inBackground("server", "sleep 1000 | nc -l -p 5000 >/lab/flow");
    run("api", "mkdir -p /lab; exec sleep 1000", "app=api");
    run("other", "mkdir -p /lab; exec sleep 1000", "app=other");
    server = lab.docker().inspect("server", "{{.NetworkSettings.IPAddress}}");
    Await.until("the client is answered", SOON, () -> code("api", "/users").equals("200"));
  }

  @AfterAll
  static void stopEngineAndAgent() {
    if (lab != null) {
      agent.keepLogs(Path.of("target", "hand-over.log"));
      lab.close();
    }
  }

  private static void run(String name, String command, String... labels) {
    List<String> arguments = new ArrayList<>(List.of("run", "-d", "--name", name));
    for (String label : labels) {
      arguments.addAll(List.of("--label", label));
    }
    arguments.addAll(List.of(LabImage.NAME, "/bin/sh", "-c", command));
    lab.docker().must(arguments.toArray(String[]::new));
  }

  private static String sh(String container, String script) {
    Output output = lab.docker().run("exec", container, "/bin/sh", "-c", script);
    return output.out().stripTrailing();
  }

  private static void write(String container, String file, String text) {
    lab.docker()
        .must("exec", container, "/bin/sh", "-c", "printf %s \"$1\" >/lab/" + file, "sh", text);
  }

  private static void inBackground(String container, String script) {
    lab.docker().must("exec", "-d", container, "/bin/sh", "-c", script);
  }

  private static String code(String container, String path) {
    return sh(container, "curl -s -m 3 -o /dev/null -w '%{http_code}' http://" + server + path);
  }

  private static long ticks(String file) {
    return Long.parseLong(sh("api", "grep -ao tick /lab/" + file + " | busybox wc -l").strip());
  }

  private static List<JsonObject> flows(String ending) {
    List<JsonObject> found = new ArrayList<>();
    for (JsonElement element : agent.api("/v1/flows?last=1000").getAsJsonArray()) {
      if (element.getAsJsonObject().get("ending").getAsString().equals(ending)) {
        found.add(element.getAsJsonObject());
      }
    }
    return found;
  }

  private static Set<String> words(String container, String file) {
    return new TreeSet<>(sh(container, "cat /lab/" + file).lines().map(String::strip).toList());
  }

  @Test
  void whatIsAllowedGoesOnWhatIsDeniedStaysAndWhatIsKeptIsJudgedByTheNewPolicy()
      throws IOException {
    String slow = "http://" + server + ":8080";
    String until = "until [ -e /lab/stop ]; do ";
    // Under way, each longer than the agent that has begun it.
    inBackground("api", "curl -sSN " + slow + "/slow >/lab/slow 2>&1; echo $? >/lab/slow.end");
    inBackground("api", "curl -sSN " + slow + "/long >/lab/long 2>&1; echo $? >/lab/long.end");
    inBackground(
        "api",
        "(printf 'POST /up HTTP/1.1\\r\\nHost: db\\r\\nContent-Length: 50\\r\\n\\r\\n'; i=0;"
            + " while [ $i -lt 50 ]; do printf x; busybox usleep 100000; i=$((i + 1)); done; sleep 2) | nc "
            + server
            + " 8080 >/lab/up");
    inBackground(
        "api",
        "curl -sS -N -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Key: x' -H"
            + " 'Sec-WebSocket-Version: 13' --http1.1 "
            + slow
            + "/socket >/lab/socket 2>/dev/null; echo $? >/lab/socket.end");
    inBackground(
        "api",
        "(i=0; "
            + until
            + "echo $i; i=$((i + 1)); busybox usleep 50000; done) | nc "
            + server
            + " 5000; echo $? >/lab/flow.end");
    // New ones all the time, one connection that asks again and again, and what is denied.
    String status = "curl -s -m 5 -o /dev/null -w '%{http_code}\\n' http://" + server;
    String told = status.replace("%{http_code}", "%{http_code} %{errormsg}");
    inBackground("api", until + told + "/users; sleep 0.1; done >/lab/new; echo >/lab/new.end");
    inBackground("api", until + status + "/admin; sleep 0.1; done >/lab/admin");
    inBackground("api", status + "'/users?[1-150]' --rate 15/s >/lab/again; echo >/lab/again.end");
    inBackground("other", until + status + "/users; sleep 0.1; done >/lab/new");
    inBackground("other", until + status + ":8080/slow; sleep 0.2; done >/lab/slow");
    for (String file : List.of("slow", "long", "socket")) {
      Await.until(file + " is under way", SOON, () -> ticks(file) > 3);
    }

    long began = System.nanoTime();
    CompletableFuture<Void> meanwhile =
        CompletableFuture.runAsync(
            () -> run("late", "mkdir -p /lab; exec sleep 1000", "app=other"));
    ProcessHandle former = agent.handOver();
    System.out.println(
        "handed over after " + Duration.ofNanos(System.nanoTime() - began).toMillis() + " ms");
    assertNotEquals(former.pid(), agent.pid());
    assertTrue(former.isAlive(), "what it carries goes on");
    meanwhile.join();
    assertEquals("000", code("late", "/users"), "who started meanwhile is guarded");
    assertEquals("200", code("api", "/users"));
    long before = ticks("socket");
    Await.until("the tunnel goes on", SOON, () -> ticks("socket") > before + 3);

    Files.writeString(
        agent.policyDirectory().resolve("late.policy"), "app=api may not GET /socket on app=db\n");
    Await.until(
        "what is kept is judged by the new policy",
        Duration.ofSeconds(3),
        () -> !sh("api", "cat /lab/socket.end 2>/dev/null").isEmpty());
    assertTrue(ticks("long") > 0 && sh("api", "ls /lab").indexOf("long.end") < 0, "and no other");
    Await.until("that is recorded", SOON, HandOverTest::lateDenied);

    Await.until("the former ends", SOON, () -> !former.isAlive());
    long lived = Duration.ofNanos(System.nanoTime() - began).toSeconds();
    assertTrue(lived >= DRAIN_SECONDS - 1 && lived <= DRAIN_SECONDS + 8, "after " + lived + " s");
    assertEquals("50", Long.toString(ticks("slow")));
    assertEquals("0", sh("api", "cat /lab/slow.end"), "what ended within the limit is whole");
    assertTrue(sh("api", "cat /lab/up").endsWith("050"), sh("api", "cat /lab/up"));
    assertNotEquals("0", sh("api", "cat /lab/long.end"), "what did not was cut off");
    assertEquals(
        List.of("GET /long 200"),
        flows("drained").stream()
            .map(flow -> flow.getAsJsonObject("asked").get("text").getAsString())
            .toList());

    Await.until(
        "the last is asked",
        SOON,
        () ->
            !sh("api", "cat /lab/again.end 2>/dev/null; echo").isEmpty()
                || sh("api", "busybox wc -l </lab/again").strip().equals("150"));
    for (String container : List.of("api", "other")) {
      write(container, "stop", "");
    }
    Await.until("the loops end", SOON, () -> sh("api", "ls /lab").contains("new.end"));
    assertEquals(Set.of("200"), words("api", "new"), "no new connection was refused");
    assertEquals(Set.of("200"), words("api", "again"), "nor a request of a kept one");
    assertEquals(Set.of("403"), words("api", "admin"), "nor did a denied one pass");
    assertEquals(Set.of("000"), words("other", "new"));
    assertEquals(Set.of("000"), words("other", "slow"));
    assertFalse(sh("server", "cat /lab/access.log").contains("/admin"), "a denied one arrived");
    Await.until("the flow ends", SOON, () -> sh("api", "ls /lab").contains("flow.end"));
    assertEquals("0", sh("api", "cat /lab/flow.end"));
    assertEquals(
        "whole",
        sh(
            "server",
            "i=0; while read -r n; do [ $n = $i ] || { echo $n is not $i; exit; }; i=$((i + 1));"
                + " done </lab/flow; [ $i -gt 50 ] && echo whole || echo $i"));
  }

  private static boolean lateDenied() {
    return flows("reset").stream()
        .anyMatch(flow ->
            flow.get("reason").getAsString().equals("late-deny")
                && flow.getAsJsonObject("asked").get("text").getAsString().contains("/socket"));
  }
}
