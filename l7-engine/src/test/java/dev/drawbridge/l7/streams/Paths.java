package dev.drawbridge.l7.streams;

import java.util.ArrayList;
import java.util.List;

/**
 * Paths by how they are made: spelled so that some server takes them for {@code /denied}, though
 * they are written otherwise, and such as no server does. Each step undoes what a server does, so
 * that what it makes of the result is known without asking anybody.
 */
public final class Paths {
  /**
   * A path.
   *
   * @param rules of the callee
   * @param passes whether it must arrive, unchanged; else it must not arrive at all
   */
  public record Path(String id, List<String> rules, String path, boolean passes) {}

  private static final List<String> DENIED =
      List.of("anyone may not ANY /denied", "app=api may ANY /**");
  private static final List<String> PUBLIC = List.of("app=api may ANY /public/**");

  /** What leads to the root again, or is left out. */
  private static final List<String> BEFORE =
      List.of(
          "",
          "/.",
          "/",
          "//",
          "/x/..",
          "/x/y/../..",
          "/%2e",
          "/x/%2e%2e",
          "/x/.%2E",
          "/x/..;a",
          "/;a=b",
          "/x;a/..",
          "/\\",
          "/x\\..",
          "/x/..\\.",
          "/..",
          "/../..",
          "/x//../..",
          "//a.test",
          "//a.test:80",
          "/x%2f..",
          "/%2f",
          "/x/%252e%252e",
          "/%5c",
          "/x%5c..",
          "/.%2f.",
          "/x/%2e%2e%2f.",
          "/x/%25252e.");

  /** The name itself. */
  private static final List<String> NAME =
      List.of(
          "/denied",
          "/DENIED",
          "/Denied",
          "/%64enied",
          "/denie%64",
          "/d%65n%69ed",
          "/%44ENIED",
          "/%2564enied",
          "/%252564enied",
          "/%0adenied",
          "/de%09nied",
          "/den%0d%0aied",
          "/%ef%bd%84enied",
          "/%25u0064enied",
          "%2fdenied",
          "\\denied",
          "%5Cdenied");

  /** What is left off. */
  private static final List<String> AFTER =
      List.of(
          "",
          "/",
          "//",
          "/.",
          "/x/..",
          "/x/../",
          ";a",
          ";a=b",
          ";",
          "?a",
          "?",
          "%3fa",
          "%23a",
          "%0d%0aa",
          "%0a",
          "%20",
          ".",
          "..",
          "%2e",
          "::$DATA",
          "/%2e",
          "/x/%2e%2e",
          "%2f",
          "\\",
          "%09");

  private Paths() {}

  /** All of them. */
  public static List<Path> all() {
    List<Path> paths = new ArrayList<>();
    for (String before : BEFORE) {
      for (String name : NAME) {
        for (String after : AFTER) {
          if (after.equals("%0d%0aa") && (name.contains("%0a") || name.contains("%0d"))) {
            // Cut at the first of them, or all left out: neither is the name.
            continue;
          }
          add(paths, DENIED, before + name + after, false);
        }
      }
    }
    for (String other :
        List.of(
            "/",
            "/denied2",
            "/undenied",
            "/x/denied",
            "/denied/x",
            "/den/ied",
            "/den%2fied",
            "/a/b/c",
            "/a.b",
            "/a..b",
            "/.a",
            "/...",
            "/a%20b",
            "/%e4%bd%a0",
            "/a+b",
            "/a;b=c",
            "/a,b",
            "/~a",
            "/a:b",
            "/a@b",
            "/a//b",
            "/a/./b",
            "/a/../b",
            "/a?/../denied",
            "/a?b=//x/denied",
            "/%c3%89",
            "/denie",
            "/enied",
            "/a%3fb",
            "/%2561")) {
      add(paths, DENIED, other, true);
    }
    for (String inside :
        List.of(
            "/public/a",
            "/public/a/b",
            "/public/a;b",
            "/public/%61",
            "/public/a//b",
            "/public/a%20b",
            "/public/")) {
      add(paths, PUBLIC, inside, true);
    }
    for (String climb :
        List.of(
            "/..",
            "/../",
            "/../a",
            "/..%2fa",
            "/%2e%2e/a",
            "/%2e./a",
            "/x/../../a",
            "/..;/a",
            "/..;a=b/a",
            "/..\\a",
            "\\..\\a",
            "/%252e%252e/a",
            "/..%5ca",
            "/..%252fa",
            "/x%2f..%2f..%2fa",
            "/..%ef%bc%8fa",
            "/%25c0%25ae./a",
            "/.%0d./a",
            "/..%0a/a")) {
      add(paths, PUBLIC, "/public" + climb, false);
    }
    for (String outside :
        List.of(
            "/",
            "/publi",
            "/Public/a",
            "/PUBLIC/a",
            "/x/public/a",
            "//public2/a",
            "/public2",
            "/%2fx")) {
      add(paths, PUBLIC, outside, false);
    }
    return paths;
  }

  private static void add(List<Path> to, List<String> rules, String path, boolean passes) {
    String whole = path.startsWith("/") ? path : "/" + path;
    to.add(new Path("path " + to.size(), rules, whole, passes));
  }
}
