package dev.drawbridge.it.kafka;

import dev.drawbridge.testkit.Docker;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A {@link ClientMain} that stays: a matrix of many rows does not wait for as many starts of a JVM.
 * What it has between two operations is classes and nothing else.
 */
final class ClientProcess implements AutoCloseable {
  private static final String RESULT = "RESULT ";

  private final Process process;
  private final BlockingQueue<String> results = new LinkedBlockingQueue<>();

  private ClientProcess(Process process) {
    this.process = process;
  }

  static ClientProcess start(Docker docker, List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(docker.environment());
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    try {
      ClientProcess client = new ClientProcess(builder.start());
      Thread.ofPlatform().daemon().start(client::read);
      return client;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void read() {
    try (BufferedReader lines = process.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith(RESULT)) {
          results.add(line.substring(RESULT.length()));
        }
      }
    } catch (IOException e) {
      results.add("gone: " + e.getMessage());
    }
    results.add("gone");
  }

  String ask(String command, String... more) {
    try {
      process.outputWriter().write(command);
      for (String one : more) {
        process.outputWriter().write(" " + one);
      }
      process.outputWriter().write("\n");
      process.outputWriter().flush();
      String result = results.poll(KafkaLab.SOON.toSeconds(), TimeUnit.SECONDS);
      return result == null ? "no answer in " + KafkaLab.SOON : result;
    } catch (IOException e) {
      return "gone: " + e.getMessage();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "interrupted";
    }
  }

  @Override
  public void close() {
    process.destroy();
  }
}
