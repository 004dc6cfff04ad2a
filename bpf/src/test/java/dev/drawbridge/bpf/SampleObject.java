package dev.drawbridge.bpf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Compiles the C of {@code src/test/bpf-java}; the compiler is part of what a build needs. */
final class SampleObject {
  private static final Path SOURCES = Path.of("src/test/bpf-java");

  private SampleObject() {}

  static byte[] sample(String... definitions) {
    return compile("sample.bpf.c", definitions);
  }

  static byte[] refused() {
    return compile("refused.bpf.c");
  }

  private static byte[] compile(String source, String... definitions) {
    try {
      Path out = Files.createTempFile("sample", ".o");
      try {
        List<String> command = new ArrayList<>(List.of("clang", "-O2", "-g", "-target", "bpf"));
        command.add("-idirafter");
        command.add(
            "/usr/include/"
                + System.getProperty("os.arch").replace("amd64", "x86_64")
                + "-linux-gnu");
        for (String definition : definitions) {
          command.add("-D" + definition);
        }
        command.addAll(List.of("-c", SOURCES.resolve(source).toString(), "-o", out.toString()));
        run(command);
        return Files.readAllBytes(out);
      } finally {
        Files.delete(out);
      }
    } catch (IOException e) {
      throw new AssertionError("cannot compile " + source, e);
    }
  }

  /** Runs a command to its end and answers what it printed. */
  static String run(List<String> command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(process.waitFor(60, TimeUnit.SECONDS), "still running: " + command);
      assertEquals(0, process.exitValue(), () -> command + ":\n" + output);
      return output;
    } catch (IOException e) {
      throw new AssertionError("cannot run " + command, e);
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted while running " + command, e);
    }
  }
}
