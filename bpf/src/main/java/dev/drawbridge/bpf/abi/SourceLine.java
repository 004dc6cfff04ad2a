package dev.drawbridge.bpf.abi;

/**
 * Where in the programs' sources something was decided.
 *
 * @param file a number of {@code enum db_file}; 0: it was not said
 * @param line in that file, as it was when the programs were built
 */
public record SourceLine(int file, int line) {
  /** Nobody said where. */
  public static final SourceLine NONE = new SourceLine(0, 0);

  /**
   * A place.
   *
   * @throws IllegalArgumentException if the numbers do not fit eight and sixteen bits
   */
  public SourceLine {
    NativeOrder.checkU8(file, "file");
    NativeOrder.checkRange(line, 0xffff, "line");
  }

  /** Such as {@code skb_egress.bpf.c:286}; empty for {@link #NONE}. */
  @Override
  public String toString() {
    return file == 0
        ? ""
        : KernelFile.of(file).map(KernelFile::fileName).orElse("file-" + file) + ":" + line;
  }
}
