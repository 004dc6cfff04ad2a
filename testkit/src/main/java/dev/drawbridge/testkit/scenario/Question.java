package dev.drawbridge.testkit.scenario;

/**
 * What a row asked, in a form that {@code drawbridge verdict} can be asked too.
 *
 * @param from a container's name, {@code host} or {@code world}
 * @param to a container's name
 * @param method empty for a bare connection
 * @param path {@code /} for a bare connection
 */
record Question(String from, String to, int port, String method, String path) {
  static Question request(String from, String to, String method, String path) {
    return new Question(from, to, 80, method, path);
  }

  /** A connection on a port that no request rule governs. */
  static Question connection(String from, String to, int port) {
    return new Question(from, to, port, "", "/");
  }

  String words() {
    return from + " to " + to + ":" + port + (method.isEmpty() ? "" : " " + method + " " + path);
  }
}
