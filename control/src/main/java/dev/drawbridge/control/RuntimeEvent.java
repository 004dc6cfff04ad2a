package dev.drawbridge.control;

import java.util.List;

/**
 * What a runtime listener tells the agent. After every (re)connection a {@link Connected} and a
 * {@link Listed} come first; what happened in between is in the list.
 */
public sealed interface RuntimeEvent {

  /** The runtime answers; {@code engine} names it and its version for people. */
  record Connected(String engine) implements RuntimeEvent {}

  /** Every container that exists now, running or not. Those not in it are gone. */
  record Listed(List<ObservedContainer> all) implements RuntimeEvent {
    public Listed {
      all = List.copyOf(all);
    }
  }

  /** One container as it is now: created, started, stopped, renamed, or its networks changed. */
  record Changed(ObservedContainer container) implements RuntimeEvent {}

  /** The container was removed. */
  record Gone(String id) implements RuntimeEvent {}

  /** The runtime stopped answering; what it would have told is unknown until the next list. */
  record Lost(String why) implements RuntimeEvent {}
}
