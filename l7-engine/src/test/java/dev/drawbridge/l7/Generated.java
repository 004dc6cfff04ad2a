package dev.drawbridge.l7;

import com.google.gson.JsonObject;
import dev.drawbridge.l7.CaseFiles.Case;
import dev.drawbridge.l7.streams.Bodies;
import dev.drawbridge.l7.streams.FramingLines;
import dev.drawbridge.l7.streams.Heads;
import dev.drawbridge.l7.streams.Paths;
import dev.drawbridge.l7.streams.Stream;
import dev.drawbridge.l7.streams.Sweep;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The streams of HTTP/1 that are sent over a network: a part of those that are generated, as many
 * as take seconds, and all that lie beside the checkout. All that are generated are read without a
 * network, by {@code http1.StreamsTest} and {@link PathsTest}.
 */
final class Generated {
  /** Most of one kind. */
  private static final int MOST = 900;

  private static final String[] FILES = {
    "h1-llhttp.jsonl", "h1-guardian.jsonl", "h1-chunks.jsonl", "h1-misc.jsonl", "h1-mutations.jsonl"
  };

  private Generated() {}

  /** What {@link #streams} has. */
  static List<String> sets() {
    List<String> sets =
        new ArrayList<>(List.of("framing lines", "bodies", "heads", "one octet", "several octets"));
    sets.addAll(CaseFiles.extra(FILES));
    return sets;
  }

  /** The streams of one set. */
  static List<Case> streams(String set) throws IOException {
    return switch (set) {
      case "framing lines" -> some(FramingLines.all());
      case "bodies" -> some(Bodies.all());
      case "heads" -> some(Heads.all());
      case "one octet" -> {
        List<Stream> all = new ArrayList<>();
        Sweep.each(stream -> {
          if (stream.id().hashCode() % 97 == 0 && sendable(stream)) {
            all.add(stream);
          }
        });
        yield some(all);
      }
      case "several octets" -> {
        List<Stream> all = new ArrayList<>();
        Sweep.random(
            2_000,
            stream -> {
              if (sendable(stream)) {
                all.add(stream);
              }
            });
        yield some(all);
      }
      case "h1-mutations.jsonl" -> CaseFiles.mutations();
      default -> CaseFiles.streams(set).stream().map(Generated::asDecided).toList();
    };
  }

  /** An upgrade that nobody knows may be taken off; here it is refused by name. */
  private static Case asDecided(Case one) {
    return one.id().equals("own-misc/upgrade-unknown")
        ? new Case(one.id(), one.bytes(), "reject", "reject", List.of())
        : one;
  }

  static List<Case> all() throws IOException {
    List<Case> all = new ArrayList<>();
    for (String set : sets()) {
      all.addAll(streams(set));
    }
    return all;
  }

  /** Neither the first octet of TLS, nor of what policy's answer cannot be told. */
  private static boolean sendable(Stream stream) {
    return !stream.octets().startsWith("\u0016") && Sweep.plain(stream);
  }

  private static List<Case> some(List<Stream> all) {
    List<Case> some = new ArrayList<>();
    int step = Math.max(1, (all.size() + MOST - 1) / MOST);
    for (int i = 0; i < all.size(); i += step) {
      some.add(Case.of(all.get(i)));
    }
    return some;
  }

  /**
   * A path and the rules that it meets.
   *
   * @param passes whether it must arrive; if it need not, {@code either}
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record PathCase(String id, String[] rules, String path, boolean passes, boolean either) {}

  /** Paths, each with what must come of it: those that pass, and a seventh of the others. */
  static List<PathCase> paths() throws IOException {
    List<PathCase> cases = new ArrayList<>();
    for (Paths.Path path : Paths.all()) {
      if (path.passes() || path.id().hashCode() % 7 == 0) {
        cases.add(
            new PathCase(
                path.id(), path.rules().toArray(String[]::new), path.path(), path.passes(), false));
      }
    }
    for (JsonObject row : CaseFiles.rows("paths.jsonl")) {
      String policy = CaseFiles.text(row, "policy");
      String verdict = CaseFiles.text(row, "verdict");
      if (policy.isEmpty() || verdict.isEmpty()) {
        continue;
      }
      String path = CaseFiles.text(row, "raw_path");
      boolean secret = policy.startsWith("deny exactly") && wouldServeSecret(path);
      boolean known = List.of("accept", "deny", "reject", "deny-or-reject").contains(verdict);
      boolean other = CaseFiles.text(row, "note").startsWith("prefix rule must stop");
      cases.add(
          new PathCase(
              CaseFiles.text(row, "id"),
              rules(policy),
              path,
              verdict.equals("accept") && !secret,
              other || (!known && !secret)));
    }
    return cases;
  }

  private static String[] rules(String policy) {
    if (policy.startsWith("deny prefix /denied")) {
      return CasesTest.DENY_DENIED;
    }
    if (policy.startsWith("allow only paths with prefix /public")) {
      return new String[] {"app=api may ANY /public*", "app=api may ANY /public*/**"};
    }
    if (policy.startsWith("deny exactly /private/secret.html")) {
      return new String[] {"anyone may not ANY /private/secret.html", "app=api may ANY /**"};
    }
    return new String[] {"app=api may ANY /allowed/*", "anyone may not ANY /allowed/admin"};
  }

  /** As a server that decodes once, takes backslashes for slashes, and resolves dots. */
  private static boolean wouldServeSecret(String path) {
    String decoded = path.replaceAll("(?i)%2e", ".").replaceAll("(?i)%2f", "/");
    decoded = decoded.replaceAll("(?i)%5c", "/").replace('\\', '/');
    int end = decoded.indexOf('?');
    decoded = end < 0 ? decoded : decoded.substring(0, end);
    ArrayList<String> kept = new ArrayList<>();
    for (String segment : decoded.split("/+", -1)) {
      if (segment.equals("..")) {
        if (!kept.isEmpty()) {
          kept.removeLast();
        }
      } else if (!segment.isEmpty() && !segment.equals(".")) {
        kept.add(segment);
      }
    }
    return String.join("/", kept).equals("private/secret.html");
  }
}
