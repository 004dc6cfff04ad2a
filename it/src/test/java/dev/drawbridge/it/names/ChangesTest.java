package dev.drawbridge.it.names;

import static dev.drawbridge.it.names.SecondMachine.FORGOTTEN;
import static dev.drawbridge.it.names.SecondMachine.PORT;
import static dev.drawbridge.it.names.SecondMachine.SQL;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.it.names.SecondMachine.Resolver;
import dev.drawbridge.it.names.SecondMachine.Way;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Output;
import java.util.ArrayList;
import java.util.LinkedHashMap;
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

  private static SecondMachine machine;

  @BeforeAll
  static void startAll() throws Exception {
    machine = SecondMachine.start();
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

  /** What asks for a name ({@code $0}) and connects to where it leads, each in its own way. */
  private static Map<String, String> clients() {
    String connect = " [ $(nc -w 5 $a 3306 < /dev/null | wc -c) -gt 0 ] && echo reached";
    String glibc =
        "/usr/bin/python3 -c 'import socket, sys; print(\"reached\" if"
            + " socket.create_connection((sys.argv[1], 3306), 5).recv(1) else \"silence\")' $0";
    Map<String, String> all = new LinkedHashMap<>();
    all.put("glibc, both families by one connected socket", glibc);
    all.put("glibc, a socket for each", "export RES_OPTIONS=single-request-reopen; " + glibc);
    all.put("glibc, by streams", "export RES_OPTIONS=use-vc; " + glibc);
    all.put(
        "busybox, by a socket that is not connected",
        "a=$(nslookup $0 | /bin/busybox awk '/^Address/ { a = $2 } END { print a }');" + connect);
    all.put("dig", "a=$(dig +short $0);" + connect);
    all.put("dig by a stream", "a=$(dig +tcp +short $0);" + connect);
    all.put(
        "Python's asyncio",
        """
        /usr/bin/python3 -c '
        import asyncio, sys
        async def main():
            r, w = await asyncio.open_connection(sys.argv[1], 3306)
            print("reached" if await r.read(1) else "silence")
        asyncio.run(main())' $0
        """);
    all.put(
        "Node, getaddrinfo",
        """
        /usr/bin/node -e '
        require("net").connect({host: process.argv[1], port: 3306})
            .on("data", () => { console.log("reached"); process.exit() })' $0
        """);
    all.put(
        "Node, c-ares",
        """
        /usr/bin/node -e '
        require("dns").resolve4(process.argv[1], (_, found) =>
            require("net").connect({host: found[0], port: 3306})
                .on("data", () => { console.log("reached"); process.exit() }))' $0
        """);
    all.put(
        "Java",
        System.getProperty("java.home")
            + "/bin/java -XX:TieredStopAtLevel=1 -cp /classes "
            + ReachMain.class.getName()
            + " $0 3306");
    return all;
  }

  @Test
  void clientsOfEveryKindReachWhatTheyAreTold() {
    String classes = ReachMain.class.getProtectionDomain().getCodeSource().getLocation().getPath();
    List<String> wrong = new ArrayList<>();
    int number = 0;
    for (Way way : Way.values()) {
      String asker = "asker-" + way.name().toLowerCase(Locale.ROOT);
      Resolver resolver = way == Way.DOCKER ? Resolver.DNSMASQ : Resolver.UNBOUND;
      machine.run(asker, way, resolver, List.of("-v", classes + ":/classes:ro"), "app=asker", SQL);
      for (Map.Entry<String, String> client : clients().entrySet()) {
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
}
