package dev.drawbridge.daemon.loop;

import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.daemon.attach.Attachments;
import dev.drawbridge.daemon.container.Exemptions;
import dev.drawbridge.daemon.network.Spaces;
import dev.drawbridge.daemon.node.Guard;
import java.lang.System.Logger.Level;

/**
 * Pins that no container known here accounts for: of one that has ended while no agent ran, or of
 * one that some engine has yet to tell of. Used by the control loop's thread alone.
 */
final class StalePins {

  private static final System.Logger log = System.getLogger(StalePins.class.getName());

  private final Attachments attachments;
  private final Exemptions exemptions;
  private final Spaces spaces;
  private final KnownContainers known;

  StalePins(Attachments attachments, Exemptions exemptions, Spaces spaces, KnownContainers known) {
    this.attachments = attachments;
    this.exemptions = exemptions;
    this.spaces = spaces;
    this.known = known;
  }

  /** An engine has told of all that it has: what hangs on nothing any more goes. */
  void tidy() {
    for (String id : attachments.pinned()) {
      if (isUnknown(id)) {
        drop(id);
      }
    }
    try {
      for (int number : attachments.pinnedNamespaces()) {
        if (!spaces.has(number)) {
          attachments.detachNamespace(number);
        }
      }
      spaces.tidyInterfaces();
    } catch (BpfException e) {
      log.log(Level.WARNING, "namespace pins cannot be tidied", e);
    }
  }

  private boolean isUnknown(String id) {
    Guard guard = known.of(id);
    return guard == null || guard.attachment().isEmpty();
  }

  /** Pins of a container that this engine does not know may be another engine's, and enforcing. */
  private void drop(String id) {
    try {
      if (attachments.target(id) == 0 || exemptions.noted(id)) {
        attachments.detach(id);
      }
    } catch (BpfException e) {
      log.log(Level.WARNING, "pins of container " + id + " stay", e);
    }
  }

  /** Whether a pinned container that runs is not known here: some engine has yet to tell of it. */
  boolean remain() {
    for (String id : attachments.pinned()) {
      try {
        if (isUnknown(id) && attachments.target(id) != 0) {
          return true;
        }
      } catch (BpfException e) {
        log.log(Level.DEBUG, "pins of container " + id, e);
        return true;
      }
    }
    return false;
  }
}
