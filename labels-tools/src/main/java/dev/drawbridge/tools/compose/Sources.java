package dev.drawbridge.tools.compose;

/** Files that a compose file names. */
@FunctionalInterface
public interface Sources {
  /** Where there are no files: a text from somewhere else. */
  Sources NONE = path -> new Read.Unknown("it was not opened: only a text was given");

  /** What became of a name. */
  sealed interface Read {
    record Text(String text) implements Read {}

    record Missing() implements Read {}

    record Unknown(String why) implements Read {}
  }

  /** The file of that name; names are relative to where the first file's name is relative to. */
  Read read(String path);

  /** A name as it is meant in a file of that directory; empty for the current one. */
  static String resolve(String directory, String path) {
    String plain = path.startsWith("./") ? path.substring(2) : path;
    return directory.isEmpty() || path.startsWith("/") ? plain : directory + "/" + plain;
  }

  /** The directory that a file's name names; empty for the current one. */
  static String directory(String path) {
    int slash = path.lastIndexOf('/');
    return slash < 0 ? "" : slash == 0 ? "/" : path.substring(0, slash);
  }
}
