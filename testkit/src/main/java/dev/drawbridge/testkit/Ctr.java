package dev.drawbridge.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A lab's containerd as {@code ctr} talks to it: containers on the lab's root file system, each in
 * a network namespace that was made before it, on the lab's bridge. Docker is not asked.
 */
public final class Ctr implements AutoCloseable {
  private static final String BRIDGE = "lab0";

  private final EngineLab lab;
  private final Path root;
  private final Path runtime;
  private final List<String> networks = new ArrayList<>();
  private final List<List<String>> containers = new ArrayList<>();
  private int execs;

  public Ctr(EngineLab lab) {
    this.lab = lab;
    this.root = lab.directory().resolve("rootfs");
    this.runtime = lab.directory().resolve("agent/drawbridge-runc");
    Path tar = lab.directory().resolve("rootfs.tar");
    try {
      Files.createDirectories(root);
      String id = lab.docker().must("create", LabImage.NAME, "true").strip();
      lab.docker().must("export", "-o", tar.toString(), id);
      lab.docker().must("rm", id);
      Shell.must("tar", "-C", root.toString(), "-xf", tar.toString());
      Files.createDirectories(root.resolve("lab"));
      Files.delete(tar);
    } catch (IOException e) {
      throw new LabException("no root file system for containerd: " + e.getMessage(), e);
    }
  }

  public Path socket() {
    return lab.directory().resolve("containerd.sock");
  }

  /** A command of {@code ctr} in that namespace, as an operator of this host would type it. */
  public Output ctr(String namespace, String... arguments) {
    return ctr(namespace, List.of(arguments));
  }

  private Output ctr(String namespace, List<String> arguments) {
    List<String> command =
        new ArrayList<>(List.of("ctr", "-a", socket().toString(), "-n", namespace));
    command.addAll(arguments);
    return Shell.run(lab.onHost(command.toArray(String[]::new)).toArray(String[]::new));
  }

  /**
   * A network namespace with one address on the lab's bridge. Its name is a mount, which the lab's
   * containerd must see, and nothing that is mounted outside a mount namespace comes into it later:
   * runc would open the empty file below.
   */
  public void network(String name, String address) {
    String host = lab.id() + "-host";
    String inside = lab.id() + "-" + name;
    String end = "c" + networks.size() + "-" + name;
    networks.add(inside);
    ip("netns", "add", inside);
    ip("-n", host, "link", "add", end, "type", "veth", "peer", "name", "eth0", "netns", inside);
    ip("-n", host, "link", "set", end, "master", BRIDGE, "up");
    ip("-n", inside, "addr", "add", address + "/24", "dev", "eth0");
    ip("-n", inside, "link", "set", "lo", "up");
    ip("-n", inside, "link", "set", "eth0", "up");
  }

  private void ip(String... arguments) {
    Shell.must(ipCommand(arguments));
  }

  private String[] ipCommand(String... arguments) {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(arguments));
    return lab.withMounts(command).toArray(String[]::new);
  }

  /** Starts a container by the shim, in the network of that name. */
  public Output run(String namespace, String id, String network, String script, String... options) {
    List<String> more = new ArrayList<>(List.of("--runc-binary", runtime.toString()));
    more.addAll(List.of(options));
    return start(namespace, id, network, script, more);
  }

  /** As {@link #run}, past the shim. */
  public Output runUnhooked(
      String namespace, String id, String network, String script, String... options) {
    return start(namespace, id, network, script, List.of(options));
  }

  private Output start(
      String namespace, String id, String network, String script, List<String> options) {
    List<String> command =
        new ArrayList<>(List.of("run", "-d", "--rootfs", "--env", "PATH=/bin:/usr/bin:/usr/sbin"));
    if (!network.isEmpty()) {
      command.addAll(List.of("--with-ns", "network:/run/netns/" + lab.id() + "-" + network));
    }
    command.addAll(options);
    command.addAll(List.of(root.toString(), id, "/bin/sh", "-c", script));
    containers.add(List.of(namespace, id));
    return ctr(namespace, command);
  }

  /** The first process of a container, as this machine counts. */
  public String pid(String namespace, String id) {
    String all = ctr(namespace, List.of("tasks", "list")).out();
    return all.lines()
        .map(line -> line.strip().split("\\s+"))
        .filter(words -> words[0].equals(id))
        .map(words -> words[1])
        .findFirst()
        .orElseThrow(() -> new LabException("no task " + id + ": " + all));
  }

  /** Gives a container one more label, which is an event. */
  public Output label(String namespace, String id, String label) {
    return ctr(namespace, List.of("containers", "label", id, label));
  }

  /** What a program in a running container says. */
  public Output exec(String namespace, String id, String... command) {
    List<String> line = new ArrayList<>(List.of("task", "exec", "--exec-id", "e" + ++execs, id));
    line.addAll(List.of(command));
    return ctr(namespace, line);
  }

  /**
   * The HTTP status of a request, 000 where none came; one who is refused asks again. curl always
   * says something, but {@code ctr} sometimes lets go of the pipes before it has read them.
   */
  public String status(String namespace, String id, String url) {
    Output asked = exec(namespace, id, LabImage.curl(url));
    for (int again = 0; again < 2 && asked.text().isEmpty(); again++) {
      asked = exec(namespace, id, LabImage.curl(url));
    }
    return asked.out().isEmpty() ? asked.text() : asked.out();
  }

  /** Ends a container and removes it. */
  public void remove(String namespace, String id) {
    ctr(namespace, List.of("task", "kill", "-s", "KILL", id));
    ctr(namespace, List.of("task", "delete", "-f", id));
    ctr(namespace, List.of("containers", "delete", id));
    containers.remove(List.of(namespace, id));
  }

  @Override
  public void close() {
    List.copyOf(containers).forEach(one -> remove(one.getFirst(), one.getLast()));
    networks.forEach(name -> Shell.run(ipCommand("netns", "del", name)));
  }
}
