package dev.drawbridge.cli.selftest;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** A tar archive (POSIX ustar) with one program in it: all that an image needs to be imported. */
final class OneFileImage {
  private static final int BLOCK = 512;
  private static final int CHECKSUM = 148;

  private OneFileImage() {}

  /** Writes the archive, in which the program has its own name, in the root directory. */
  static void write(Path program, Path archive) throws IOException {
    long size = Files.size(program);
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(archive))) {
      out.write(header(String.valueOf(program.getFileName()), size));
      if (Files.copy(program, out) != size) {
        throw new IOException(program + " has changed while it was read");
      }
      out.write(new byte[(int) ((BLOCK - size % BLOCK) % BLOCK)]);
      // Two empty blocks are the end.
      out.write(new byte[2 * BLOCK]);
    }
  }

  private static byte[] header(String name, long size) {
    byte[] header = new byte[BLOCK];
    put(header, 0, name);
    put(header, 100, "0000755\0");
    put(header, 108, "0000000\0");
    put(header, 116, "0000000\0");
    put(header, 124, String.format("%011o\0", size));
    put(header, 136, "00000000000\0");
    Arrays.fill(header, CHECKSUM, CHECKSUM + 8, (byte) ' ');
    header[156] = '0';
    put(header, 257, "ustar\00000");
    int sum = 0;
    for (byte octet : header) {
      sum += octet & 0xff;
    }
    put(header, CHECKSUM, String.format("%06o\0 ", sum));
    return header;
  }

  private static void put(byte[] header, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, header, at, bytes.length);
  }
}
