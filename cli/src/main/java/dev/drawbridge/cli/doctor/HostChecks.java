package dev.drawbridge.cli.doctor;

import dev.drawbridge.cli.doctor.Findings.Grade;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What the host has mounted, and what asks for names there. */
final class HostChecks {
  /** More than this of a file is not read, in bytes. */
  private static final int LARGEST = 65_536;

  /** Where systemd-resolved(8) listens, and the file that names the resolvers behind it. */
  private static final String SYSTEMD_STUB = "127.0.0.53";

  private static final Path BEHIND_STUB = Path.of("/run/systemd/resolve/resolv.conf");

  private final Findings findings;

  HostChecks(Findings findings) {
    this.findings = findings;
  }

  void host() {
    boolean btf = Files.exists(Path.of("/sys/kernel/btf/vmlinux"));
    findings.add(
        Check.BTF,
        btf ? Grade.OK : Grade.BAD,
        btf ? "kernel has BTF" : "kernel without BTF",
        btf ? "" : "use a kernel built with CONFIG_DEBUG_INFO_BTF");
    boolean cgroup2 = mounted("cgroup2");
    findings.add(
        Check.CGROUP2,
        cgroup2 ? Grade.OK : Grade.BAD,
        cgroup2 ? "cgroup2 is mounted" : "cgroup2 is not mounted",
        cgroup2 ? "" : "mount -t cgroup2 none /sys/fs/cgroup/unified");
    if (cgroup2) {
      findings.add(
          Check.CGROUP_LAYOUT,
          Grade.OK,
          Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers"))
              ? "cgroups are version 2 alone"
              : "cgroups are of both versions: runc works, crun takes no such host",
          "");
    }
    boolean bpffs = mounted("bpf");
    findings.add(
        Check.BPFFS,
        bpffs ? Grade.OK : Grade.WARN,
        bpffs ? "bpffs is mounted" : "bpffs is not mounted",
        bpffs ? "" : "the agent mounts it at /sys/fs/bpf");
  }

  /**
   * Whom Docker has containers ask. A container of the default bridge cannot reach the host's
   * loopback, so resolvers there are left out; if none is left, Docker takes its own.
   *
   * @param file resolv.conf(5)
   */
  void resolvers(Path file) {
    List<String> servers;
    try (InputStream in = Files.newInputStream(file)) {
      servers =
          new String(in.readNBytes(LARGEST), StandardCharsets.UTF_8)
              .lines()
              .map(line -> line.strip().split("\\s+", -1))
              .filter(words -> words.length > 1 && words[0].equals("nameserver"))
              .map(words -> words[1])
              .toList();
    } catch (IOException e) {
      findings.add(
          Check.RESOLVER, Grade.WARN, file + " cannot be read", String.valueOf(e.getMessage()));
      return;
    }
    boolean behindStub = servers.contains(SYSTEMD_STUB) && Files.exists(BEHIND_STUB);
    boolean apart = servers.stream().allMatch(HostChecks::loopback) && !behindStub;
    findings.add(
        Check.RESOLVER,
        apart ? Grade.WARN : Grade.OK,
        servers.isEmpty()
            ? file + " names no resolver"
            : "the host asks "
                + String.join(", ", servers)
                + (behindStub ? ", and containers ask those of " + BEHIND_STUB : ""),
        apart
            ? "containers of the default bridge ask Docker's own choice, 8.8.8.8 and 8.8.4.4: name"
                + " one that they reach as \"dns\" in daemon.json"
            : "");
  }

  private static boolean loopback(String server) {
    return server.startsWith("127.") || server.equals("::1");
  }

  private static boolean mounted(String type) {
    try {
      return Files.readAllLines(Path.of("/proc/mounts")).stream()
          .anyMatch(line -> line.contains(" " + type + " "));
    } catch (IOException e) {
      return false;
    }
  }
}
