package dev.drawbridge.policy.http;

import dev.drawbridge.policy.http.HttpRequest.Variants;
import dev.drawbridge.policy.path.PathForms;
import dev.drawbridge.policy.path.PathReadings;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Fields and a parameter by which a request asks to be taken for another one. Frameworks that heed
 * them are named in SPEC.md.
 */
public final class Overrides {
  /** Instead of the method. */
  private static final List<String> METHOD_FIELDS =
      List.of("x-http-method-override", "x-http-method", "x-method-override");

  /** Instead of the path. */
  private static final List<String> PATH_FIELDS = List.of("x-original-url", "x-rewrite-url");

  /** Instead of the method, in the query. */
  private static final String PARAMETER = "_method";

  /** Of both kinds, in one request; beyond, it is refused as one with too many readings. */
  public static final int MAX_OVERRIDES = 8;

  private Overrides() {}

  /** What the fields and the query add to what the path may be taken for. */
  static Variants of(Variants path, String query, Headers headers) {
    Set<String> methods = new LinkedHashSet<>(path.methods());
    for (String field : METHOD_FIELDS) {
      for (String value : named(field, headers)) {
        addMethods(value, methods);
      }
    }
    for (String value : parameters(query)) {
      addMethods(value, methods);
    }
    Set<String> urls = new LinkedHashSet<>();
    for (String field : PATH_FIELDS) {
      urls.addAll(named(field, headers));
    }
    if (methods.size() == path.methods().size() && urls.isEmpty()) {
      return path;
    }
    boolean tooMany = path.tooMany() || methods.size() + urls.size() > MAX_OVERRIDES;
    Set<String> forbidden = new LinkedHashSet<>(path.forbidden());
    for (String url : tooMany ? Set.<String>of() : urls) {
      PathReadings readings = PathReadings.of(pathOf(url));
      forbidden.addAll(readings.paths());
      forbidden.addAll(readings.forbidden());
      tooMany |= readings.tooMany();
    }
    return tooMany
        ? new Variants(List.of(), List.of(), true)
        : new Variants(List.copyOf(methods), List.copyOf(forbidden), false);
  }

  /** Whether a field's name is one of these; with underscores or hyphens, in any case. */
  public static boolean isField(String name) {
    String plain = name.toLowerCase(Locale.ROOT).replace('_', '-');
    return METHOD_FIELDS.contains(plain) || PATH_FIELDS.contains(plain);
  }

  /** The values of a field, however its hyphens are written. */
  private static List<String> named(String field, Headers headers) {
    List<String> found = new ArrayList<>(0);
    int hyphens = (int) field.chars().filter(c -> c == '-').count();
    for (int written = 0; written < 1 << hyphens; written++) {
      char[] name = field.toCharArray();
      int hyphen = 0;
      for (int i = 0; i < name.length; i++) {
        if (name[i] == '-' && (written >> hyphen++ & 1) != 0) {
          name[i] = '_';
        }
      }
      found.addAll(headers.all(new String(name)));
    }
    return found;
  }

  /** A list's members too: some servers take the first of them, some the last. */
  private static void addMethods(String value, Set<String> methods) {
    for (String member : value.split(",", -1)) {
      String method = member.strip().toUpperCase(Locale.ROOT);
      if (!method.isEmpty() && method.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
        methods.add(method);
      }
    }
  }

  private static String pathOf(String url) {
    int scheme = url.indexOf("://");
    int slash = scheme < 0 ? url.indexOf('/') : url.indexOf('/', scheme + 3);
    String path = slash < 0 ? "/" : url.substring(scheme < 0 ? 0 : slash);
    int query = path.indexOf('?');
    path = query < 0 ? path : path.substring(0, query);
    return path.startsWith("/") ? path : "/" + path;
  }

  private static List<String> parameters(String query) {
    if (query.isEmpty()) {
      return List.of();
    }
    List<String> found = new ArrayList<>(0);
    for (String pair : query.split("[&;]", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0 && isParameter(PathForms.decode(pair.substring(0, equals)))) {
        found.add(PathForms.decode(pair.substring(equals + 1).replace('+', ' ')));
      }
    }
    return found;
  }

  private static boolean isParameter(String name) {
    return name.strip().equalsIgnoreCase(PARAMETER);
  }
}
