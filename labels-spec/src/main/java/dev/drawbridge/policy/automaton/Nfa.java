package dev.drawbridge.policy.automaton;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Thompson's construction over many patterns at once; each accepts with its own number. */
final class Nfa {
  private static final int SPLIT = -1;
  private static final int ACCEPT = -2;

  /** Index of the character set, SPLIT or ACCEPT. */
  private int[] kind = new int[64];

  private int[] next = new int[64];
  private int[] other = new int[64];
  private int size;
  private final Map<CharSet, Integer> setIndex = new HashMap<>();
  private CharSet[] sets = new CharSet[16];
  private int start = -1;

  private short[] ascii = new short[0];
  private int[] bounds = new int[0];
  private int classes;
  private long[][] members = new long[0][];

  private int add(int k, int n, int o) {
    if (size == kind.length) {
      kind = Arrays.copyOf(kind, 2 * size);
      next = Arrays.copyOf(next, 2 * size);
      other = Arrays.copyOf(other, 2 * size);
    }
    kind[size] = k;
    next[size] = n;
    other[size] = o;
    return size++;
  }

  /** One more pattern. */
  void add(Node node, int number) {
    int entry = build(node, add(ACCEPT, number, -1));
    start = start < 0 ? entry : add(SPLIT, entry, start);
  }

  private int build(Node node, int to) {
    return switch (node) {
      case Node.Chars(var set) -> add(index(set), to, -1);
      case Node.Sequence(var parts) -> {
        int entry = to;
        for (Node part : parts.reversed()) {
          entry = build(part, entry);
        }
        yield entry;
      }
      case Node.Choice(var options) -> choice(options, to);
      case Node.Repeat(var inner, int min, int max) -> repeat(inner, min, max, to);
    };
  }

  private int choice(List<Node> options, int to) {
    int entry = -1;
    for (Node option : options) {
      int one = build(option, to);
      entry = entry < 0 ? one : add(SPLIT, one, entry);
    }
    // Nothing to choose from: a character set that holds nothing.
    return entry < 0 ? add(index(CharSet.ALL.not()), to, -1) : entry;
  }

  private int repeat(Node inner, int min, int max, int to) {
    int entry = to;
    if (max < 0) {
      int loop = add(SPLIT, -1, to);
      next[loop] = build(inner, loop);
      entry = loop;
    } else {
      for (int i = min; i < max; i++) {
        entry = add(SPLIT, build(inner, entry), to);
      }
    }
    for (int i = 0; i < min; i++) {
      entry = build(inner, entry);
    }
    return entry;
  }

  private int index(CharSet set) {
    Integer known = setIndex.get(set);
    if (known != null) {
      return known;
    }
    int index = setIndex.size();
    if (index == sets.length) {
      sets = Arrays.copyOf(sets, 2 * index);
    }
    sets[index] = set;
    setIndex.put(set, index);
    return index;
  }

  /** Characters that no pattern tells apart share a class. Call once, after the last pattern. */
  void seal() {
    var cuts = new TreeSet<Integer>();
    cuts.add(0);
    for (int i = 0; i < setIndex.size(); i++) {
      for (int r = 0; r < sets[i].rangeCount(); r++) {
        cuts.add(sets[i].low(r));
        cuts.add(sets[i].high(r) + 1);
      }
    }
    cuts.remove(0x10000);
    bounds = cuts.stream().mapToInt(Integer::intValue).toArray();
    classes = bounds.length;
    ascii = new short[128];
    for (int c = 0; c < 128; c++) {
      ascii[c] = (short) search(c);
    }
    members = new long[setIndex.size()][];
    for (int i = 0; i < members.length; i++) {
      long[] bits = new long[(classes + 63) / 64];
      for (int k = 0; k < classes; k++) {
        if (sets[i].contains(bounds[k])) {
          bits[k >> 6] |= 1L << k;
        }
      }
      members[i] = bits;
    }
  }

  private int search(int c) {
    int found = Arrays.binarySearch(bounds, c);
    return found >= 0 ? found : -found - 2;
  }

  int classOf(char c) {
    return c < 128 ? ascii[c] : search(c);
  }

  void addClassStarts(Set<Integer> into) {
    for (int bound : bounds) {
      into.add(bound);
    }
  }

  int classes() {
    return classes;
  }

  int size() {
    return size;
  }

  int[] startSet(Scratch scratch) {
    scratch.begin(size);
    if (start >= 0) {
      close(start, scratch);
    }
    return scratch.end();
  }

  int[] step(int[] from, int charClass, Scratch scratch) {
    scratch.begin(size);
    for (int state : from) {
      int k = kind[state];
      if (k >= 0 && (members[k][charClass >> 6] >>> charClass & 1) != 0) {
        close(next[state], scratch);
      }
    }
    return scratch.end();
  }

  /** Numbers of the patterns that accept in this set, ascending. */
  int[] accepts(int[] set) {
    int[] out = new int[4];
    int n = 0;
    for (int state : set) {
      if (kind[state] == ACCEPT) {
        if (n == out.length) {
          out = Arrays.copyOf(out, 2 * n);
        }
        out[n++] = next[state];
      }
    }
    out = Arrays.copyOf(out, n);
    Arrays.sort(out);
    return out;
  }

  private void close(int state, Scratch scratch) {
    scratch.push(state);
    while (scratch.hasMore()) {
      int s = scratch.pop();
      if (kind[s] == SPLIT) {
        scratch.push(next[s]);
        scratch.push(other[s]);
      } else {
        scratch.keep(s);
      }
    }
  }

  /** Work space of one thread. */
  static final class Scratch {
    private int[] seen = new int[0];
    private int round;
    private int[] stack = new int[64];
    private int depth;
    private int[] kept = new int[64];
    private int count;

    private void begin(int states) {
      if (seen.length < states) {
        seen = new int[states];
        round = 0;
      }
      round++;
      depth = 0;
      count = 0;
    }

    private void push(int state) {
      if (seen[state] == round) {
        return;
      }
      seen[state] = round;
      if (depth == stack.length) {
        stack = Arrays.copyOf(stack, 2 * depth);
      }
      stack[depth++] = state;
    }

    private boolean hasMore() {
      return depth > 0;
    }

    private int pop() {
      return stack[--depth];
    }

    private void keep(int state) {
      if (count == kept.length) {
        kept = Arrays.copyOf(kept, 2 * count);
      }
      kept[count++] = state;
    }

    private int[] end() {
      int[] out = Arrays.copyOf(kept, count);
      Arrays.sort(out);
      return out;
    }
  }
}
