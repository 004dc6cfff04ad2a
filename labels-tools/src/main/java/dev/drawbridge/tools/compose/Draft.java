package dev.drawbridge.tools.compose;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A service on its way: one file's part of it, or several parts together.
 *
 * @param fromFiles labels of {@code label_file}, which yield to those written under the service
 * @param containerName nothing if compose makes one up
 * @param unknown why things about the service cannot be known
 */
record Draft(
    Place place,
    Map<String, Label> fromFiles,
    Map<String, Label> labels,
    Optional<Known> containerName,
    Optional<Known> networkMode,
    Traits traits,
    Set<String> unknown) {

  /**
   * What is added up when parts are merged.
   *
   * @param complete whether a part says what to run
   * @param rewrites whether a part gives a capability with which packets are changed on their way
   * @param several whether a part says that there may be more than one container of it
   */
  record Traits(
      boolean complete,
      boolean extended,
      boolean labelFiles,
      Map<Integer, Integer> published,
      boolean rewrites,
      boolean several) {
    Traits over(Traits base) {
      var ports = new LinkedHashMap<>(base.published);
      ports.putAll(published);
      return new Traits(
          complete || base.complete,
          extended || base.extended,
          labelFiles || base.labelFiles,
          ports,
          rewrites || base.rewrites,
          several || base.several);
    }
  }

  /** What a part says against what it stands upon. */
  record Cuts(boolean labels, Set<String> keys, boolean containerName, boolean networkMode) {
    static final Cuts NONE = new Cuts(false, Set.of(), false, false);

    boolean any() {
      return labels || !keys.isEmpty() || containerName || networkMode;
    }
  }

  /** This part on top of another. */
  Draft over(Draft base, Cuts cuts) {
    var files = new LinkedHashMap<>(base.fromFiles);
    files.putAll(fromFiles);
    var all = new LinkedHashMap<String, Label>(cuts.labels() ? Map.of() : base.labels);
    cuts.keys().forEach(all::remove);
    all.putAll(labels);
    var why = new LinkedHashSet<>(base.unknown);
    why.addAll(unknown);
    return new Draft(
        place,
        files,
        all,
        containerName.isPresent() || cuts.containerName() ? containerName : base.containerName,
        networkMode.isPresent() || cuts.networkMode() ? networkMode : base.networkMode,
        traits.over(base.traits),
        why);
  }

  /** With a further reason why something cannot be known. */
  Draft because(String why) {
    var all = new LinkedHashSet<>(unknown);
    all.add(why);
    return new Draft(place, fromFiles, labels, containerName, networkMode, traits, all);
  }
}
