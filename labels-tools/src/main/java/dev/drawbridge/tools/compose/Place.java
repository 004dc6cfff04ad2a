package dev.drawbridge.tools.compose;

/**
 * Where something stands.
 *
 * @param offset of a label's value within its scalar: not 0 in the list form {@code - key=value}
 * @param block whether the value begins on the line below
 */
public record Place(String file, int line, int column, int offset, boolean block) {
  /** Something that is no label's value. */
  static Place at(String file, int line, int column) {
    return new Place(file, line, column, 0, false);
  }
}
