package dev.drawbridge.daemon;

import dev.drawbridge.api.report.ProblemReport;
import dev.drawbridge.daemon.config.Config;
import dev.drawbridge.daemon.config.Config.ConfigException;
import dev.drawbridge.daemon.node.Problems;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The configuration file is read again, because the operator says so. What can change in a running
 * agent takes effect; what cannot is told by name. A file that is wrong, or gone, changes nothing:
 * the last good one stays in force until the file is mended and read again.
 */
final class Reload {

  private static final System.Logger log = System.getLogger(Reload.class.getName());

  private final Supplier<Optional<Path>> file;
  private final Function<Config, CompletableFuture<Void>> inForce;
  private final Duration patience;
  private Config running;
  private boolean hadFile;
  private volatile List<ProblemReport> problems = List.of();

  /**
   * @param file what is to be read by now
   * @param running what the agent was started with
   * @param inForce brings a configuration in force; completes when it is
   * @param patience how long that is waited for; beyond, it goes on unwatched
   */
  Reload(
      Supplier<Optional<Path>> file,
      Config running,
      Function<Config, CompletableFuture<Void>> inForce,
      Duration patience) {
    this.file = file;
    this.running = running;
    this.hadFile = file.get().isPresent();
    this.inForce = inForce;
    this.patience = patience;
  }

  /** What the operator should know of the last time; empty if all that he wrote is in force. */
  List<ProblemReport> problems() {
    return problems;
  }

  /** Reads the file, and returns when what it says is in force, or is known not to be. */
  synchronized void now() {
    Config fresh;
    try {
      Optional<Path> from = file.get();
      if (from.isEmpty() && hadFile) {
        throw new ConfigException(
            "the configuration file is gone; if the defaults are to hold, restart the agent");
      }
      Optional<Config> said = from.isPresent() ? Config.said(from.get()) : Optional.empty();
      if (from.isPresent() && said.isEmpty() && !running.equals(Config.defaults())) {
        // So does a file that is just being written, or was written to a full disk.
        throw new ConfigException(
            "configuration "
                + from.get()
                + " says nothing; if the defaults are to hold, restart the agent");
      }
      fresh = said.isPresent() ? said.get() : Config.defaults();
      hadFile |= from.isPresent();
    } catch (ConfigException | RuntimeException e) {
      refused(String.valueOf(e.getMessage()));
      return;
    }
    Config wanted = running.reloaded(fresh);
    CompletableFuture<Void> done = inForce.apply(wanted);
    try {
      done.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      log.log(Level.WARNING, "the configuration takes effect in the background");
    } catch (ExecutionException e) {
      failed(e.getCause() == null ? e : e.getCause());
      return;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    running = wanted;
    List<String> waiting = running.waiting(fresh);
    problems =
        waiting.isEmpty()
            ? List.of()
            : List.of(Problems.waitsForRestart(String.join(", ", waiting)));
    log.log(
        Level.INFO,
        "the configuration was read again"
            + (waiting.isEmpty() ? "" : "; for a restart wait: " + String.join(", ", waiting)));
    // Of one that was waited for in vain; whatever it comes to, it comes after the above.
    var _ =
        done.whenComplete((_, failure) -> {
          if (failure != null) {
            failed(failure);
          }
        });
  }

  private void refused(String why) {
    told(why + "; what was in force stays");
  }

  private void failed(Throwable failure) {
    told(
        "the configuration cannot be brought in force: "
            + failure
            + "; have it read again when that is mended");
  }

  private void told(String why) {
    problems = List.of(Problems.configuration(why));
    log.log(Level.ERROR, why);
  }
}
