package dev.drawbridge.hook;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The C programs as the build made them, and how tests run them. */
final class Programs {
  /** Another directory holds the same programs built with sanitizers, for instance. */
  private static final Path BIN =
      Path.of(System.getProperty("drawbridge.programs", "target/bin")).toAbsolutePath();

  static final Path HOOK = BIN.resolve("drawbridge-hook");
  static final Path SHIM = BIN.resolve("drawbridge-runc");
  static final Path PROBE = BIN.resolve("drawbridge-probe");

  private Programs() {}

  /** What a program did. */
  record Outcome(int exit, String out, String err, Duration took) {
    List<String> errLines() {
      return err.lines().toList();
    }
  }

  static Outcome run(List<String> command, Path directory, String stdin) throws Exception {
    return run(command, directory, stdin, Map.of());
  }

  static Outcome run(List<String> command, Path directory, String stdin, Map<String, String> env)
      throws Exception {
    long begin = System.nanoTime();
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    Path in = Files.createTempFile("stdin", "");
    Path out = Files.createTempFile("stdout", "");
    Path err = Files.createTempFile("stderr", "");
    try {
      Files.writeString(in, stdin);
      builder.environment().putAll(env);
      Process process =
          builder
              .redirectInput(in.toFile())
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError(command + " ran for more than 30 s");
      }
      return new Outcome(
          process.exitValue(),
          Files.readString(out),
          Files.readString(err),
          Duration.ofNanos(System.nanoTime() - begin));
    } finally {
      for (Path file : List.of(in, out, err)) {
        Files.delete(file);
      }
    }
  }

  /** Whoever runs the tests: the unit lane needs no root. */
  static UserPrincipal self(Path ownFile) throws IOException {
    return Files.getOwner(ownFile);
  }

  static void script(Path file, String text) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** A shim with a shim.conf of its own beside it, and a runtime that only tells how it was run. */
  static final class Shim {
    final Path directory;
    final Path binary;
    final Path bundle;
    final Path socket;
    final Path exempt;
    final Path calls;

    Shim(Path directory, String... settings) throws IOException {
      this.directory = directory;
      this.socket = directory.resolve("run/hook.sock");
      this.exempt = Files.createDirectories(directory.resolve("exempt"));
      this.bundle = Files.createDirectories(directory.resolve("bundle"));
      this.calls = directory.resolve("calls");
      Path bin = Files.createDirectories(directory.resolve("bin"));
      this.binary =
          Files.copy(SHIM, bin.resolve("drawbridge-runc"), StandardCopyOption.COPY_ATTRIBUTES);
      Path runtime = directory.resolve("real-runc");
      script(runtime, "for a in \"$0\" \"$@\"; do printf '%s\\n' \"$a\" >> " + calls + "; done\n");
      configure(
          "socket=" + socket,
          "runtime=" + runtime,
          "exempt_dir=" + exempt,
          "connect_timeout_ms=500",
          "total_timeout_ms=700",
          "agent_wait_ms=0");
      Files.write(
          configFile(),
          Arrays.asList(settings),
          StandardCharsets.UTF_8,
          java.nio.file.StandardOpenOption.APPEND);
    }

    Path configFile() {
      return binary.resolveSibling("shim.conf");
    }

    void configure(String... lines) throws IOException {
      Files.write(configFile(), Arrays.asList(lines));
    }

    Outcome run(String... arguments) throws Exception {
      return run(Map.of(), arguments);
    }

    Outcome run(Map<String, String> env, String... arguments) throws Exception {
      List<String> command = new java.util.ArrayList<>(List.of(binary.toString()));
      command.addAll(List.of(arguments));
      return Programs.run(command, bundle, "", env);
    }

    /** The arguments that reached the real runtime, its own name left out; empty if none did. */
    List<String> reached() throws IOException {
      if (!Files.exists(calls)) {
        return List.of();
      }
      List<String> lines = Files.readAllLines(calls);
      return lines.subList(1, lines.size());
    }
  }
}
