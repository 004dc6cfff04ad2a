package dev.drawbridge.daemon;

import dev.drawbridge.bpf.BpfMap;
import dev.drawbridge.bpf.BpfObject;
import dev.drawbridge.bpf.Pins;
import dev.drawbridge.bpf.Upgrade;
import dev.drawbridge.bpf.abi.MapLimit;
import dev.drawbridge.bpf.abi.MapSizes;
import dev.drawbridge.bpf.failure.MapFull;
import dev.drawbridge.bpf.failure.MapLayoutMismatch;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What the agent adds to the exchange of programs and maps for those of another version. */
final class KernelUpgrade {

  private static final System.Logger log = System.getLogger(KernelUpgrade.class.getName());

  private KernelUpgrade() {}

  /**
   * The generation that the pinned maps are at, 0 for none: the first four bytes of {@code struct
   * db_config}, which every version has there.
   */
  static long generation(Path maps) {
    Path pin = maps.resolve("config");
    if (!Files.exists(pin)) {
      return 0;
    }
    try (BpfMap config = BpfMap.openPinned(pin)) {
      return config
          .lookup(new byte[Integer.BYTES])
          .map(value ->
              Integer.toUnsignedLong(
                  ByteBuffer.wrap(value).order(ByteOrder.nativeOrder()).getInt()))
          .orElse(0L);
    }
  }

  /**
   * Loads the programs beside what is pinned. What cannot be carried over is left alone: what hangs
   * there enforces, and nobody is better off without it.
   */
  static Upgrade prepare(MapSizes limits, Pins pins) throws Agent.StartException {
    try {
      return Upgrade.prepare(BpfObject.drawbridge(), limits, pins);
    } catch (MapLayoutMismatch e) {
      throw new Agent.StartException(
          e.getMessage()
              + "; what the former version pinned goes on enforcing and new containers do not"
              + " start: start the former version again, or stop the guarded containers, run"
              + " \"drawbridge down\" and start this one",
          e);
    } catch (MapFull e) {
      throw new Agent.StartException(
          e.getMessage()
              + "; the limit in the configuration is lower than what is in use: raise limits."
              + e.limit().map(MapLimit::map).orElse("")
              + ", or leave it out",
          e);
    }
  }

  /** Exchanges the programs, if the maps changed, and gives the new maps the old ones' place. */
  static void finish(Upgrade upgrade) {
    if (upgrade.changes().isEmpty()) {
      upgrade.commit();
      return;
    }
    List<Path> without = upgrade.swapLinks();
    upgrade.commit();
    log.log(Level.INFO, "maps exchanged under the guarded containers: " + upgrade.changes());
    for (Path pin : without) {
      log.log(Level.WARNING, "this version has no program for " + pin + "; the former one's stays");
    }
    for (Map.Entry<String, Upgrade.Change> change : upgrade.changes().entrySet()) {
      if (change.getValue() == Upgrade.Change.KEPT) {
        log.log(
            Level.WARNING,
            "limits."
                + change.getKey()
                + " is in force from the next start after \"drawbridge down\": connections of"
                + " running containers depend on the map as it is");
      }
    }
  }
}
