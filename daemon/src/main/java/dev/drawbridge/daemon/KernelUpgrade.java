package dev.drawbridge.daemon;

import dev.drawbridge.bpf.BpfMap;
import dev.drawbridge.bpf.Upgrade;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.logging.Logger;

/** What the agent adds to the exchange of programs and maps for those of another version. */
final class KernelUpgrade {

  private static final Logger log = Logger.getLogger(KernelUpgrade.class.getName());

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

  /** Exchanges the programs, if the maps changed, and gives the new maps the old ones' place. */
  static void finish(Upgrade upgrade) {
    if (upgrade.changes().isEmpty()) {
      upgrade.commit();
      return;
    }
    List<Path> without = upgrade.swapLinks();
    upgrade.commit();
    log.info("maps exchanged under the guarded containers: " + upgrade.changes());
    for (Path pin : without) {
      log.warning("this version has no program for " + pin + "; the former one's stays");
    }
    for (Map.Entry<String, Upgrade.Change> change : upgrade.changes().entrySet()) {
      if (change.getValue() == Upgrade.Change.KEPT) {
        log.warning(
            "limits."
                + change.getKey()
                + " is in force from the next start after \"drawbridge down\": connections of"
                + " running containers depend on the map as it is");
      }
    }
  }
}
