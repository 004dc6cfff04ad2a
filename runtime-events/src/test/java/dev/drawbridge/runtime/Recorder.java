package dev.drawbridge.runtime;

import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.control.RuntimeEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/** What a feed told, and the picture that a listener would have made of it. */
final class Recorder implements Consumer<RuntimeEvent> {
  private final List<RuntimeEvent> events = new ArrayList<>();
  private final Map<String, ObservedContainer> picture = new TreeMap<>();

  @Override
  public synchronized void accept(RuntimeEvent event) {
    events.add(event);
    switch (event) {
      case RuntimeEvent.Listed listed -> {
        picture.clear();
        listed.all().forEach(c -> picture.put(c.id(), c));
      }
      case RuntimeEvent.Changed changed ->
          picture.put(changed.container().id(), changed.container());
      case RuntimeEvent.Gone gone -> picture.remove(gone.id());
      case RuntimeEvent.Lost lost -> {}
      case RuntimeEvent.Connected connected -> {}
    }
  }

  synchronized List<RuntimeEvent> events() {
    return List.copyOf(events);
  }

  synchronized Map<String, ObservedContainer> picture() {
    return new TreeMap<>(picture);
  }

  Optional<ObservedContainer> named(String name) {
    return picture().values().stream().filter(c -> c.name().equals(name)).findFirst();
  }

  long count(Class<? extends RuntimeEvent> type) {
    return events().stream().filter(type::isInstance).count();
  }
}
