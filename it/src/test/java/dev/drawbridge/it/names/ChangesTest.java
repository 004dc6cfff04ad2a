package dev.drawbridge.it.names;

import static dev.drawbridge.it.names.SecondMachine.FORGOTTEN;
import static dev.drawbridge.it.names.SecondMachine.PORT;
import static dev.drawbridge.it.names.SecondMachine.SQL;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonObject;
import dev.drawbridge.it.names.SecondMachine.Resolver;
import dev.drawbridge.it.names.SecondMachine.Way;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Output;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Names whose addresses change all the time, and whoever asks for them by whatever means. */
@Tag("it")
final class ChangesTest {
  private static final int CONTAINERS = 4;
  private static final int CHANGES = 250;

  /**
   * Each round: where the name will lead next is closed, where the neighbour's leads is too; then
   * the name is asked for, and where it leads is open at once. Meanwhile two more of its threads
   * ask for another name and connect. Last, how often it was wrongly denied or let through.
   */
  private static final String CLIENT =
      """
      import os, socket, sys, threading
      me, rounds = int(sys.argv[1]), int(sys.argv[2])
      denied = through = loads = 0
      last = "10.99.%d.0" % me
      def reaches(address):
          try:
              with socket.create_connection((address, 3306), 10) as s:
                  return s.recv(1) != b""
          except PermissionError:
              return False
      def ask(name):
          return socket.getaddrinfo(name, 3306, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]
      def load():
          global denied, loads
          while not over.is_set():
              if not reaches(ask("load.shop.test")):
                  denied += 1
              loads += 1
      over = threading.Event()
      threads = [threading.Thread(target=load) for _ in range(2)]
      [t.start() for t in threads]
      for i in range(rounds):
          at = int(last.split(".")[3])
          for closed in ("10.99.%d.%d" % (me, at + 1), "10.99.%d.%d" % (me % 4 + 1, at)):
              if reaches(closed):
                  through += 1
          last = ask("m%d.shop.test" % me)
          if not reaches(last):
              denied += 1
      over.set()
      [t.join() for t in threads]
      print("denied", denied, "through", through, "changes", last.split(".")[3], "load", loads > 0)
      """;

  /** What timeout(1) exits with when it had to end what it ran. */
  private static final int TIMED_OUT = 124;

  /** POSIX sh's for what cannot be run, is not there, or was ended by a signal. */
  private static final int NOT_RUN = 126;

  private static SecondMachine machine;
  private static Clients clients;

  @BeforeAll
  static void startAll() throws Exception {
    machine = SecondMachine.start();
    clients = Clients.madeIn(machine.lab.directory());
  }

  @AfterAll
  static void stopAll() throws Exception {
    if (machine != null) {
      machine.close();
    }
  }

  @Test
  void aThousandChangesUnderLoadDenyNobodyAndLetNobodyThrough() throws Exception {
    machine.authority.says("load.shop.test", 0, SecondMachine.ADDRESS);
    for (int i = 1; i <= CONTAINERS; i++) {
      int which = i;
      AtomicInteger change = new AtomicInteger();
      machine.authority.turns(
          "m" + which + ".shop.test",
          0,
          () -> List.of("10.99." + which + "." + change.incrementAndGet()));
      machine.run("m" + i, Way.DOCKER, Resolver.UNBOUND, List.of(), "app=m" + i, SQL);
    }
    List<Future<String>> all = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(CONTAINERS)) {
      for (int i = 1; i <= CONTAINERS; i++) {
        String me = Integer.toString(i);
        Callable<String> client =
            () ->
                machine
                    .in("m" + me, "/usr/bin/python3", "-c", CLIENT, me, Integer.toString(CHANGES))
                    .text();
        all.add(pool.submit(client));
      }
    }
    for (Future<String> one : all) {
      assertEquals(
          "denied 0 through 0 changes " + CHANGES + " load True",
          one.get().strip(),
          machine.agent.log());
    }
    // And none of them stays open.
    for (int i = 1; i <= CONTAINERS; i++) {
      String first = "10.99." + i + ".";
      String me = "m" + i;
      Await.until(
          "the old addresses close",
          FORGOTTEN,
          () ->
              machine
                  .sh(
                      me,
                      "for i in 1 2 100 200 "
                          + CHANGES
                          + "; do nc -w 2 "
                          + first
                          + "$i "
                          + PORT
                          + " < /dev/null; done | wc -c")
                  .out()
                  .strip()
                  .equals("0"));
    }
  }

  /** A container for clients of every kind. */
  private static String asker(String prefix, Way way, List<String> options, String... labels) {
    String asker = prefix + "-" + way.name().toLowerCase(Locale.ROOT);
    List<String> all = new ArrayList<>(options);
    clients.places().forEach(place -> all.addAll(List.of("-v", place)));
    machine.run(asker, way, way == Way.DOCKER ? Resolver.DNSMASQ : Resolver.UNBOUND, all, labels);
    return asker;
  }

  @Test
  void clientsOfEveryKindReachWhatTheyAreTold() {
    List<String> wrong = new ArrayList<>();
    int number = 0;
    for (Way way : Way.values()) {
      String asker = asker("asker", way, List.of(), "app=asker", SQL);
      for (Map.Entry<String, String> client : clients.all().entrySet()) {
        String name = "c" + ++number + ".shop.test";
        machine.authority.says(name, 300, "10.99.200." + number);
        Output said = machine.in(asker, "/bin/sh", "-c", client.getValue(), name);
        if (!said.out().strip().equals("reached")) {
          wrong.add(way + ", " + client.getKey() + ": " + said.text());
        }
      }
    }
    assertEquals(List.of(), wrong);
  }

  /** The resolver in musl takes REFUSED for no answer, and waits on. */
  @Test
  void clientsOfEveryKindAreToldAtOnceThatANameIsRefused() {
    Map<String, String> most = clients.all();
    most.remove(Clients.MUSL);
    assertEquals(List.of(), notRefused("refused", most));
    JsonObject names = new JsonObject();
    names.addProperty("refusal", "NXDOMAIN");
    machine.agent.kill();
    machine.agent.configure("names", names);
    machine.agent.start();
    try {
      assertEquals(List.of(), notRefused("nxdomain", clients.all()));
    } finally {
      machine.agent.kill();
      machine.agent.configure("names", new JsonObject());
      machine.agent.start();
    }
  }

  /** Who waits for an answer that does not come waits for 30 s, and is ended before. */
  private static List<String> notRefused(String prefix, Map<String, String> all) {
    List<String> wrong = new ArrayList<>();
    for (Way way : Way.values()) {
      String asker =
          asker(
              prefix,
              way,
              List.of("--dns-opt=timeout:30", "--dns-opt=attempts:1"),
              "app=" + prefix,
              "drawbridge.policy.names=may resolve *.shop.test",
              SQL);
      int number = 0;
      for (Map.Entry<String, String> client : all.entrySet()) {
        String name = "c" + ++number + "." + prefix + ".test";
        machine.authority.says(name, 300, "10.99.201." + number);
        Output said =
            machine.in(asker, "/usr/bin/timeout", "20", "/bin/sh", "-c", client.getValue(), name);
        if (said.status() == TIMED_OUT
            || said.status() >= NOT_RUN
            || said.out().contains("reached")
            || machine.authority.asked.contains(name)) {
          wrong.add(way + ", " + client.getKey() + ": " + said.status() + " " + said.text());
        }
      }
    }
    return wrong;
  }
}
