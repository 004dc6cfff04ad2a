package dev.drawbridge.it.vm;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * QEMU out of Debian's packages, interpreting: no KVM, so that every machine that builds can run
 * it.
 *
 * <p>{@code cache} is what {@code it/src/test/vm/fetch} fills.
 */
record Qemu(Path scripts, Path cache) {
  static final Path CHECKOUT =
      Path.of(System.getProperty("drawbridge.checkout", "..")).toAbsolutePath().normalize();

  private static final Duration FETCHED = Duration.ofMinutes(10);

  private static final int LAST = 20;

  /**
   * Nobody logs in; a panic is no reason to boot again and again; the engine's AppArmor profile
   * would take minutes to compile.
   */
  private static final String SYSTEMD =
      "drawbridge.systemd panic=0 apparmor=0 systemd.show_status=0"
          + " systemd.mask=serial-getty@ttyS0.service";

  /** This checkout's, with what it fetched before. */
  static Qemu here() {
    return new Qemu(
        CHECKOUT.resolve("it/src/test/vm"),
        Path.of(
            System.getenv()
                .getOrDefault("DRAWBRIDGE_VM", CHECKOUT.resolve("target/vm").toString())));
  }

  /** What the mirror does not have: a sentence. */
  static final class Unavailable extends Exception {
    private static final long serialVersionUID = 1;

    private final String sentence;

    Unavailable(String sentence) {
      super(sentence);
      this.sentence = sentence;
    }

    String sentence() {
      return sentence;
    }
  }

  /**
   * Fetches what is new of a machine, or of the tools. A mirror may be in the middle of an update,
   * or a connection lost: what failed is tried once more.
   */
  void fetch(String name) throws Unavailable {
    List<String> command = List.of(scripts.resolve("fetch").toString(), cache.toString(), name);
    Output output = Shell.run(FETCHED, Map.of(), command);
    if (!output.ok()) {
      output = Shell.run(FETCHED, Map.of(), command);
    }
    if (output.status() == 3) {
      throw new Unavailable(output.out().strip());
    }
    check("fetch " + name, output);
  }

  /** Makes what the machines carry of this build. */
  void build(Path checkout) {
    check(
        "build",
        Shell.run(
            FETCHED,
            Map.of(),
            List.of(
                scripts.resolve("build").toString(),
                checkout.toString(),
                cache.toString(),
                System.getProperty("java.home"))));
  }

  private static void check(String what, Output output) {
    if (!output.ok()) {
      throw new LabException(what + ": exit " + output.status() + ": " + output.text());
    }
  }

  /**
   * Boots, and waits for its end; whatever happened is on the console.
   *
   * @throws LabException with the console's last lines, if the guest hangs
   */
  Console boot(Machine machine) {
    Path home = cache.resolve(machine.name());
    Path console = home.resolve("console");
    Path log = home.resolve("qemu.log");
    try {
      Files.createDirectories(home);
      Files.deleteIfExists(console);
      ProcessBuilder builder = new ProcessBuilder(command(machine, console));
      builder.environment().putAll(environment());
      builder.redirectInput(Path.of("/dev/null").toFile());
      builder.redirectErrorStream(true).redirectOutput(log.toFile());
      Process process = builder.start();
      String hung = watch(process, console, machine.mostTime(), machine.mostSilence());
      if (!Files.exists(console)) {
        throw new LabException("QEMU wrote nothing: " + Files.readString(log));
      }
      List<String> lines = Files.readString(console, ISO_8859_1).lines().toList();
      if (!hung.isEmpty()) {
        List<String> last = lines.subList(Math.max(0, lines.size() - LAST), lines.size());
        throw new LabException(
            machine.name() + " " + hung + "; its last lines:\n" + String.join("\n", last));
      }
      return Console.of(lines);
    } catch (IOException e) {
      throw new LabException("cannot boot " + machine.name() + ": " + e.getMessage(), e);
    }
  }

  /** Why the process had to be killed, empty if it ended of itself. */
  static String watch(Process process, Path console, Duration most, Duration mostSilent) {
    long[] grown = {System.nanoTime(), 0};
    boolean[] silent = {false};
    try {
      boolean ended =
          Await.within(
              most,
              () -> {
                long size = console.toFile().length();
                if (size != grown[1]) {
                  grown[0] = System.nanoTime();
                  grown[1] = size;
                }
                silent[0] = System.nanoTime() - grown[0] > mostSilent.toNanos();
                return silent[0] || !process.isAlive();
              });
      if (!ended) {
        return "did not end within " + most.toSeconds() + " s";
      }
      return silent[0] && process.isAlive()
          ? "said nothing for " + mostSilent.toSeconds() + " s"
          : "";
    } finally {
      process.destroyForcibly();
      process.onExit().join();
    }
  }

  private Path tools() {
    return cache.resolve("tools/root");
  }

  private Map<String, String> environment() {
    // The interpreter itself is one of its modules.
    return Map.of("QEMU_MODULE_DIR", tools().resolve("usr/lib/x86_64-linux-gnu/qemu").toString());
  }

  /** A program of the tools, by their own dynamic linker: this machine's libraries may differ. */
  private List<String> tool(String program) {
    String libraries = tools().resolve("usr/lib/x86_64-linux-gnu").toString();
    return new ArrayList<>(
        List.of(
            tools().resolve("lib64/ld-linux-x86-64.so.2").toString(),
            "--library-path",
            libraries + ":" + libraries + "/pulseaudio",
            tools().resolve(program).toString()));
  }

  private List<String> command(Machine machine, Path console) throws IOException {
    Path home = cache.resolve(machine.image());
    List<String> command = tool("usr/bin/qemu-system-" + machine.architecture());
    for (String firmware : List.of("qemu", "seabios")) {
      command.addAll(List.of("-L", tools().resolve("usr/share").resolve(firmware).toString()));
    }
    command.addAll(
        List.of(
            "-L", tools().resolve("usr/lib/ipxe/qemu").toString(), "-accel", "tcg", "-smp", "2"));
    command.addAll(List.of("-nodefaults", "-display", "none"));
    if (!machine.systemd()) {
      command.add("-no-reboot");
    }
    command.addAll(List.of("-serial", "file:" + console, "-kernel", home.resolve("vmlinuz") + ""));
    command.addAll(machine.foreign() ? foreign() : disks(machine, home));
    return command;
  }

  private List<String> foreign() {
    return List.of(
        "-machine",
        "virt",
        // Emulating what pointer authentication computes would take most of the time.
        "-cpu",
        "max,pauth-impdef=on",
        "-m",
        "1024",
        "-initrd",
        cache.resolve("build/arm64/initrd.cpio").toString(),
        "-append",
        "console=ttyAMA0 panic=-1 quiet loglevel=4");
  }

  private List<String> disks(Machine machine, Path home) throws IOException {
    // The machines share what they carry and differ in what they are asked.
    Path disk = cache.resolve("build/disk.ext4");
    Path asked = cache.resolve(machine.name()).resolve("asked");
    Files.writeString(asked, String.join("\n", machine.runners()) + "\n");
    List<String> options =
        new ArrayList<>(
            List.of("-cpu", "max", "-m", "3072", "-initrd", home.resolve("initrd").toString()));
    for (Path image : List.of(home.resolve("root.ext4"), disk)) {
      options.addAll(List.of("-drive", "file=" + image + ",if=virtio,format=raw,snapshot=on"));
    }
    options.addAll(
        List.of(
            "-drive",
            "file=" + asked + ",if=virtio,format=raw,snapshot=on",
            "-device",
            "virtio-rng-pci",
            "-append",
            // The check of the timer takes a busy host for a broken chip.
            "console=ttyS0 quiet loglevel=4 mitigations=off no_timer_check "
                + (machine.systemd() ? SYSTEMD : "panic=-1")));
    return options;
  }
}
