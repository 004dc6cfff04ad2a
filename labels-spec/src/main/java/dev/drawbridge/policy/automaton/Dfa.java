package dev.drawbridge.policy.automaton;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Many patterns as one automaton: one table look-up a character, however many patterns there are.
 *
 * <p>States are made when they are first reached and kept up to {@link #MAX_STATES}; from there on
 * the walk goes on over unkept states. Safe for any thread: a state is immutable but for its table
 * of successors, whose entries go from null to the one right state.
 *
 * @param <T> what the caller knows of a set of accepting patterns
 */
public final class Dfa<T> {
  /** States that are kept. */
  public static final int MAX_STATES = 1 << 16;

  /** NFA positions that the kept states hold together: 16 MiB. */
  private static final int MAX_POSITIONS = 1 << 22;

  private final Nfa nfa = new Nfa();
  private final Function<int[], T> verdict;
  private final Map<Key, State<T>> states = new HashMap<>();
  private final Nfa.Scratch scratch = new Nfa.Scratch();
  private final State<T> start;
  private long positions;

  /**
   * Builds the automaton.
   *
   * @param patterns numbered by their place in the list
   * @param verdict what the patterns with these numbers (ascending) mean together
   */
  public Dfa(List<Node> patterns, Function<int[], T> verdict) {
    this.verdict = verdict;
    // In reverse, so that the first pattern is the last split: the order does not matter otherwise.
    for (int i = patterns.size() - 1; i >= 0; i--) {
      nfa.add(patterns.get(i), i);
    }
    nfa.seal();
    synchronized (states) {
      this.start = intern(nfa.startSet(scratch));
    }
  }

  /** A point of the walk. */
  public static final class State<T> {
    private final int[] positions;
    private final @Nullable State<T>[] next;
    private final T verdict;

    @SuppressWarnings({"unchecked", "rawtypes"})
    private State(int[] positions, int classes, T verdict) {
      this.positions = positions;
      this.next = (@Nullable State<T>[]) new @Nullable State[classes];
      this.verdict = verdict;
    }

    /** What the patterns mean that match what was read so far. */
    public T verdict() {
      return verdict;
    }

    /** Whether nothing that follows can match. */
    public boolean isDead() {
      return positions.length == 0;
    }
  }

  public State<T> start() {
    return start;
  }

  /** Reads one character. */
  public State<T> step(State<T> from, char c) {
    int charClass = nfa.classOf(c);
    State<T> to = from.next[charClass];
    return to != null ? to : make(from, charClass);
  }

  /** Reads a text. */
  public State<T> run(State<T> from, CharSequence text) {
    State<T> state = from;
    for (int i = 0; i < text.length(); i++) {
      state = step(state, text.charAt(i));
    }
    return state;
  }

  /** One character for each class that this automaton or the other tells apart. */
  char[] representatives(Dfa<?> other) {
    var letters = new TreeSet<Integer>();
    nfa.addClassStarts(letters);
    other.nfa.addClassStarts(letters);
    char[] out = new char[letters.size()];
    int i = 0;
    for (int letter : letters) {
      out[i++] = (char) letter;
    }
    return out;
  }

  /** How many states are kept by now. */
  public int keptStates() {
    synchronized (states) {
      return states.size();
    }
  }

  private State<T> make(State<T> from, int charClass) {
    synchronized (states) {
      State<T> to = intern(nfa.step(from.positions, charClass, scratch));
      if (states.size() < MAX_STATES && positions < MAX_POSITIONS) {
        from.next[charClass] = to;
      }
      return to;
    }
  }

  private State<T> intern(int[] set) {
    var key = new Key(set);
    State<T> known = states.get(key);
    if (known != null) {
      return known;
    }
    var state = new State<T>(set, nfa.classes(), verdict.apply(nfa.accepts(set)));
    if (states.size() < MAX_STATES && positions < MAX_POSITIONS) {
      states.put(key, state);
      positions += set.length;
    }
    return state;
  }

  private static final class Key {
    private final int[] set;
    private final int hash;

    Key(int[] set) {
      this.set = set;
      this.hash = Arrays.hashCode(set);
    }

    @Override
    public boolean equals(Object o) {
      return o instanceof Key other && hash == other.hash && Arrays.equals(set, other.set);
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }
}
