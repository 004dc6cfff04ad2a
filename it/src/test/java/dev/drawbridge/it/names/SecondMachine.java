package dev.drawbridge.it.names;

import dev.drawbridge.bpf.linux.NetworkNamespace;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.JdkPlaces;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.LabNetwork;
import dev.drawbridge.testkit.NameServer;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A lab with an agent, and behind its cable a second machine: a MariaDB at several addresses, the
 * resolvers unbound and dnsmasq, and the authority for {@code test.} that both of them ask. Makes
 * containers that have this machine's programs.
 */
final class SecondMachine implements AutoCloseable {
  static final Duration SOON = Duration.ofSeconds(20);

  /** Past the least time of a name and its grace. */
  static final Duration FORGOTTEN = Duration.ofSeconds(40);

  /** Where MariaDB is. */
  static final String ADDRESS = "198.51.100.7";

  /** And where it is too. */
  static final String MOVED = "198.51.100.8";

  /** All of these are the second machine's. */
  static final String MANY = "10.99.0.0/16";

  static final int PORT = 3306;
  static final String SQL = "drawbridge.policy.sql=may connect " + PORT + " on *.shop.test";

  private static final String UNBOUND = LabNetwork.WORLD_ADDRESS;
  private static final String DNSMASQ = "198.51.100.4";
  private static final String AUTHORITY = "198.51.100.5";
  private static final String SUBNET = "10.214.53.0/24";
  private static final String NETWORK = "names";

  /** The resolvers that a container can be given. */
  enum Resolver {
    UNBOUND(SecondMachine.UNBOUND),
    DNSMASQ(SecondMachine.DNSMASQ);

    final String address;

    Resolver(String address) {
      this.address = address;
    }
  }

  /** How a container asks the resolver that it was given. */
  enum Way {
    /** Docker's own resolver, on a network that somebody made. */
    DOCKER(NETWORK),
    /** Its {@code resolv.conf} names it, as on the default bridge. */
    DIRECT("bridge");

    private final String network;

    Way(String network) {
      this.network = network;
    }
  }

  final EngineLab lab;
  final LabAgent agent;
  final NameServer authority;
  private final List<Closeable> parts = new ArrayList<>();

  private SecondMachine(EngineLab lab) throws Exception {
    this.lab = lab;
    LabImage.importInto(lab);
    for (String address : List.of(ADDRESS, MOVED, DNSMASQ, AUTHORITY)) {
      world("ip", "addr", "add", address + "/24", "dev", "up0");
    }
    world("ip", "route", "add", "local", MANY, "dev", "lo");
    Shell.must(
        lab.network()
            .onHost("ip", "route", "add", MANY, "via", LabNetwork.WORLD_ADDRESS)
            .toArray(String[]::new));
    // Once it serves it is in its namespace.
    NetworkNamespace inside = NetworkNamespace.ofPid((int) mariadb().pid());
    parts.add(inside::close);
    authority = new NameServer(inside, InetAddress.getByName(AUTHORITY));
    parts.add(authority::close);
    unbound();
    dnsmasq();
    agent = LabAgent.start(lab, Distribution.locate());
    lab.docker().must("network", "create", "--subnet", SUBNET, NETWORK);
  }

  static SecondMachine start() throws Exception {
    EngineLab lab = EngineLab.start();
    try {
      return new SecondMachine(lab);
    } catch (Exception | Error e) {
      lab.close();
      throw e;
    }
  }

  private void world(String... command) {
    Shell.must(lab.network().inWorld(command).toArray(String[]::new));
  }

  private Process program(String name, String... command) throws IOException {
    Process process =
        new ProcessBuilder(lab.network().inWorld(command))
            .redirectErrorStream(true)
            .redirectOutput(lab.directory().resolve(name + ".log").toFile())
            .start();
    parts.add(() -> {
      process.destroyForcibly();
      process.onExit().join();
    });
    return process;
  }

  private void unbound() throws IOException {
    Path file = lab.directory().resolve("unbound.conf");
    Files.writeString(
        file,
        """
        server:
          interface: %s
          access-control: 0.0.0.0/0 allow
          do-daemonize: no
          username: ""
          chroot: ""
          pidfile: ""
          directory: "%s"
          use-syslog: no
          module-config: "iterator"
          qname-minimisation: no
          local-zone: "test." nodefault
        stub-zone:
          name: "test."
          stub-addr: %s
        """
            .formatted(UNBOUND, lab.directory(), AUTHORITY));
    Process _ = program("unbound", "/usr/sbin/unbound", "-d", "-c", file.toString());
  }

  private void dnsmasq() throws IOException {
    Process _ =
        program(
            "dnsmasq",
            "/usr/sbin/dnsmasq",
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--no-resolv",
            "--no-hosts",
            "--user=root",
            "--pid-file=",
            "--bind-interfaces",
            "--except-interface=lo",
            "--listen-address=" + DNSMASQ,
            "--server=" + AUTHORITY);
  }

  private Process mariadb() throws IOException {
    Path data = Files.createDirectories(lab.directory().resolve("mariadb"));
    Process process =
        program(
            "mariadb",
            "/usr/sbin/mariadbd",
            "--no-defaults",
            "--user=root",
            "--datadir=" + data,
            "--socket=" + data.resolve("socket"),
            "--pid-file=" + data.resolve("pid"),
            "--skip-grant-tables",
            "--skip-networking=OFF",
            "--skip-name-resolve",
            "--skip-innodb",
            "--default-storage-engine=MyISAM",
            "--default-tmp-storage-engine=MyISAM",
            "--max-connect-errors=1000000",
            "--bind-address=0.0.0.0",
            "--port=" + PORT);
    Path log = lab.directory().resolve("mariadb.log");
    Await.until(
        "MariaDB is ready",
        SOON,
        () -> {
          try {
            return Files.readString(log).contains("ready for connections");
          } catch (IOException _) {
            return false;
          }
        });
    return process;
  }

  /** Starts a container that has this machine's programs, and what it may. */
  void run(String name, Way way, Resolver resolver, List<String> options, String... labels) {
    List<String> line =
        new ArrayList<>(
            List.of(
                "run", "-d", "--name", name, "--network", way.network, "--dns", resolver.address));
    line.addAll(options);
    Set<String> places = new TreeSet<>(JdkPlaces.all());
    places.addAll(List.of("/usr", "/lib", "/lib64"));
    for (String place : places) {
      if (place.startsWith("/usr/") || !Files.exists(Path.of(place))) {
        continue;
      }
      line.addAll(List.of("-v", place + ":" + place + ":ro"));
    }
    for (String label : labels) {
      line.addAll(List.of("--label", label));
    }
    if (way == Way.DIRECT) {
      line.addAll(
          List.of(
              "--label", "drawbridge.policy.dns=may connect 53/tcp,53/udp on " + resolver.address));
    }
    line.addAll(List.of(LabImage.NAME, "/bin/sleep", "100000"));
    lab.docker().must(line.toArray(String[]::new));
  }

  Output in(String container, String... command) {
    List<String> line = new ArrayList<>(List.of("exec", container));
    line.addAll(List.of(command));
    return lab.docker().run(line.toArray(String[]::new));
  }

  /** A script of the shell. */
  Output sh(String container, String script) {
    return in(container, "/bin/sh", "-c", script);
  }

  /** MariaDB's client, without its own idea of who is asked. */
  static String client(String where) {
    return "/usr/bin/mariadb --no-defaults --skip-ssl --connect-timeout=5 -u root -N -h " + where;
  }

  /** Whether the database answers a question that is asked of it there. */
  boolean asks(String container, String where) {
    return sh(container, client(where) + " -e 'select 6*7'").out().strip().equals("42");
  }

  /** Begins a session that asks something every now and then, until the container ends. */
  void session(String container, String where) {
    lab.docker()
        .must(
            "exec",
            "-d",
            container,
            "/bin/sh",
            "-c",
            "(while true; do echo 'select 1;'; sleep 0.1; done) | "
                + client(where)
                + " --unbuffered > /heard");
  }

  private int heard(String container) {
    String size = sh(container, "wc -c < /heard").out().strip();
    return size.isEmpty() ? 0 : Integer.parseInt(size);
  }

  /** Whether that session is answered still. */
  boolean goesOn(String container) {
    int before = heard(container);
    return Await.within(Duration.ofSeconds(5), () -> heard(container) > before);
  }

  @Override
  public void close() throws IOException {
    try {
      for (Closeable part : parts.reversed()) {
        part.close();
      }
    } finally {
      lab.close();
    }
  }
}
