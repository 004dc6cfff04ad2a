package dev.drawbridge.daemon.container;

import dev.drawbridge.control.EngineKind;
import java.lang.System.Logger.Level;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Which engines have told of all their containers. What the kernel holds for others is taken away
 * when all have; one of which there is nothing to be seen on this host, and that has never
 * answered, is not waited for. Owned by the control loop's thread.
 */
public final class Listings {

  private static final System.Logger log = System.getLogger(Listings.class.getName());

  private final Set<EngineKind> followed;
  private final Predicate<EngineKind> traces;
  private final Set<EngineKind> answered = EnumSet.noneOf(EngineKind.class);
  private final Set<EngineKind> listed = EnumSet.noneOf(EngineKind.class);
  private final Set<EngineKind> absent = EnumSet.noneOf(EngineKind.class);

  /**
   * @param traces whether an engine that has never answered may have containers
   */
  public Listings(Set<EngineKind> followed, Predicate<EngineKind> traces) {
    this.followed = Set.copyOf(followed);
    this.traces = traces;
  }

  public void answers(EngineKind engine) {
    answered.add(engine);
  }

  public void listed(EngineKind engine) {
    answered.add(engine);
    listed.add(engine);
  }

  /** Whether whoever is not known does not run. */
  public boolean complete() {
    boolean complete = true;
    for (EngineKind engine : followed) {
      if (listed.contains(engine)) {
        continue;
      }
      if (answered.contains(engine) || traces.test(engine)) {
        complete = false;
      } else if (absent.add(engine)) {
        log.log(
            Level.INFO,
            "there is no " + engine.display() + " here, and no container of it: not waited for");
      }
    }
    return complete;
  }
}
