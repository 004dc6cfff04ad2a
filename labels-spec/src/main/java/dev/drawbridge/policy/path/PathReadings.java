package dev.drawbridge.policy.path;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * What servers may take a path for: every order of the steps of {@link PathForms}. A rule must hold
 * for all of them, because nobody knows which ones the callee takes.
 *
 * <p>Each reading is in the one spelling that rules have too.
 *
 * @param paths what has to be allowed; the first is nearest to what was sent
 * @param forbidden what only may-not rules look at: servers that read so do it for every path, and
 *     nothing is allowed by it
 * @param tooMany there are more than anybody means: the path has to be refused
 * @param work octets that were passed over to find them
 */
public record PathReadings(List<String> paths, List<String> forbidden, boolean tooMany, long work) {
  /** How often servers decode: once, and again in the application, and again in a proxy. */
  private static final int DECODINGS = 3;

  /** Octets that are passed over for each that was sent; beyond, the path is refused. */
  public static final int WORK_PER_OCTET = 32;

  /** The same for a path of any length. */
  public static final int LEAST_WORK = 8 * 1024;

  /**
   * The same for the longest: what is in between is not interrupted, so others wait for it. Twelve
   * times the longest path; those of honest clients take four to eleven.
   */
  public static final int MOST_WORK = 192 * 1024;

  /** Readings of one path; beyond, it is refused. */
  public static final int MAX_READINGS = 64;

  private static final char[] ENDS = {'?', '#', '\r', '\n', '\0'};

  public PathReadings {
    paths = List.copyOf(paths);
    forbidden = List.copyOf(forbidden);
  }

  /**
   * Every reading.
   *
   * @param path one octet a character, with valid escapes, without query
   */
  public static PathReadings of(String path) {
    return new Finder(path).find();
  }

  /** What about a path is of interest; each a bit. */
  private static final class Has {
    static final int ESCAPE = 1;
    static final int BACKSLASH = 2;
    static final int SEMICOLON = 4;
    static final int DOUBLE_SLASH = 8;
    static final int SLASH_DOT = 16;
    static final int CLIMB = 32;
    static final int STRIPPED = 64;
    static final int END = 128;
    static final int BLANK = 256;
    static final int HIGH = 512;
    static final int UNICODE = 1024;
    static final int WINDOWS = 2048;

    /** What is of no interest wherever it stands. */
    private static final boolean[] PLAIN = new boolean[0x80];

    static {
      for (char c = '!'; c < PLAIN.length; c++) {
        PLAIN[c] = "%\\;/.:?#".indexOf(c) < 0;
      }
    }

    private Has() {}

    static int of(String octets) {
      int found = 0;
      char before = 0;
      for (int i = 0; i < octets.length(); i++) {
        char c = octets.charAt(i);
        if (c < PLAIN.length && PLAIN[c]) {
          before = c;
          continue;
        }
        switch (c) {
          case '%' -> {
            if (PathSpelling.isEscape(octets, i)) {
              found |= ESCAPE;
            } else {
              found |= UNICODE;
            }
          }
          case '\\' -> found |= BACKSLASH;
          case ';' -> found |= SEMICOLON;
          case '/' -> found |= before == '/' ? DOUBLE_SLASH : before == '.' ? WINDOWS : 0;
          case '.' -> {
            found |= before == '/' ? SLASH_DOT : 0;
            found |= before == '.' ? CLIMB : 0;
            found |= i == octets.length() - 1 ? WINDOWS : 0;
          }
          case ':' -> found |= before == ':' ? WINDOWS : 0;
          case '?', '#', '\0' -> found |= END;
          case '\r', '\n' -> found |= END | STRIPPED | BLANK;
          case '\t' -> found |= STRIPPED | BLANK;
          case ' ' -> found |= BLANK | WINDOWS;
          default -> found |= c >= 0x80 ? HIGH : c < ' ' ? BLANK : 0;
        }
        before = c;
      }
      return found;
    }
  }

  /** A search of all that can be made of one path. */
  private static final class Finder {
    private final String sent;
    private final long bearable;
    private final Set<String> paths = new LinkedHashSet<>();
    private final Set<String> forbidden = new LinkedHashSet<>();
    private Set<String> seen = new HashSet<>();
    private final ArrayDeque<String> waiting = new ArrayDeque<>();
    private boolean decoded;
    private boolean onlyForbidden;
    private boolean tooMany;
    private long work;

    Finder(String sent) {
      this.sent = sent;
      this.bearable =
          Math.min(MOST_WORK, Math.max(LEAST_WORK, (long) WORK_PER_OCTET * sent.length()));
    }

    PathReadings find() {
      offer(sent, UnaryOperator.identity());
      List<String> level = close();
      // What only may-not rules look at begins anywhere, and is read in all ways too.
      List<List<String>> levels = new ArrayList<>();
      levels.add(level);
      for (int i = 0; i < DECODINGS && !tooMany; i++) {
        level = decode(level);
        levels.add(level);
      }
      tooMany |= anyEscaped(level);
      onlyForbidden = true;
      List<String> shadows = List.of();
      for (int i = 0; i < levels.size() && !tooMany; i++) {
        decoded = i > 0;
        shadows = shadows(levels.get(i), shadows);
      }
      forbidden.removeAll(paths);
      return tooMany
          ? new PathReadings(List.of(paths.iterator().next()), List.of(), true, work)
          : new PathReadings(List.copyOf(paths), List.copyOf(forbidden), false, work);
    }

    private List<String> decode(List<String> level) {
      decoded = true;
      seen = new HashSet<>();
      for (String octets : level) {
        if (isEscaped(octets)) {
          offer(octets, PathForms::decode);
        }
      }
      return close();
    }

    private List<String> shadows(List<String> level, List<String> before) {
      seen = new HashSet<>(level);
      for (String octets : before) {
        if (isEscaped(octets)) {
          offer(octets, PathForms::decode);
        }
      }
      for (String octets : level) {
        charge(octets);
        shadow(octets, Has.of(octets));
      }
      return close();
    }

    private void shadow(String octets, int has) {
      if (decoded && (has & Has.HIGH) != 0) {
        offer(octets, PathForms::bestFitLetters);
      }
      if ((has & Has.WINDOWS) != 0) {
        offer(octets, PathForms::windows);
      }
    }

    private static boolean anyEscaped(List<String> level) {
      for (String octets : level) {
        if (isEscaped(octets)) {
          return true;
        }
      }
      return false;
    }

    private static boolean isEscaped(String octets) {
      for (int i = octets.indexOf('%'); i >= 0; i = octets.indexOf('%', i + 1)) {
        if (PathSpelling.isEscape(octets, i)) {
          return true;
        }
      }
      return false;
    }

    private void charge(String octets) {
      work += octets.length();
      tooMany |= work > bearable;
    }

    private void offer(String octets, UnaryOperator<String> step) {
      if (tooMany) {
        return;
      }
      charge(octets);
      String changed = step.apply(octets);
      if (seen.add(changed)) {
        waiting.add(changed);
      }
    }

    /** Every order of every step but decoding. */
    private List<String> close() {
      List<String> found = new ArrayList<>();
      while (!waiting.isEmpty() && !tooMany) {
        String octets = waiting.remove();
        found.add(octets);
        keep(octets);
        charge(octets);
        steps(octets, Has.of(octets));
      }
      waiting.clear();
      return found;
    }

    private void keep(String octets) {
      charge(octets);
      (onlyForbidden ? forbidden : paths)
          .add(
              decoded
                  ? PathSpelling.encode(octets, false)
                  : PathSpelling.encode(PathSpelling.unreserved(octets), true));
      tooMany |= paths.size() + forbidden.size() > MAX_READINGS;
    }

    private void steps(String octets, int has) {
      if (onlyForbidden) {
        shadow(octets, has);
      }
      if (!decoded && (has & Has.ESCAPE) != 0) {
        offer(octets, PathSpelling::unreserved);
      }
      if ((has & Has.BACKSLASH) != 0) {
        offer(octets, PathForms::slashes);
      }
      if ((has & Has.SEMICOLON) != 0) {
        offer(octets, PathForms::parameters);
      }
      if ((has & Has.DOUBLE_SLASH) != 0) {
        offer(octets, PathForms::merge);
        offer(octets, PathForms::authority);
      }
      if ((has & Has.SLASH_DOT) != 0) {
        offer(octets, PathForms::resolve);
        offer(octets, PathForms::resolveBelow);
      }
      if ((has & Has.CLIMB) != 0) {
        offer(octets, PathForms::climbs);
      }
      if (!decoded) {
        return;
      }
      if ((has & Has.STRIPPED) != 0) {
        offer(octets, PathForms::strip);
      }
      if ((has & Has.BLANK) != 0) {
        offer(octets, PathForms::trim);
      }
      if ((has & Has.END) != 0) {
        for (char mark : ENDS) {
          offer(octets, whole -> PathForms.cut(whole, mark));
        }
      }
      if ((has & Has.HIGH) != 0) {
        offer(octets, PathForms::overlong);
        offer(octets, PathForms::bestFitMarks);
      }
      if ((has & Has.UNICODE) != 0) {
        offer(octets, PathForms::decodeUnicode);
      }
    }
  }
}
