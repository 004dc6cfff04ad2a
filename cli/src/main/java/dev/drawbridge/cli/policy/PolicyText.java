package dev.drawbridge.cli.policy;

import dev.drawbridge.cli.terminal.CommandException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A file that was named on the command line.
 *
 * @param name as it was named, for messages
 */
record PolicyText(String name, String text) {

  /** Bytes of a compose file, a host policy, or a policy to be imported. */
  static final int LONGEST = 4 << 20;

  /** Means standard input. */
  static final String STDIN = "-";

  static PolicyText read(String name, InputStream standardInput) throws CommandException {
    try {
      byte[] bytes;
      if (name.equals(STDIN)) {
        bytes = standardInput.readNBytes(LONGEST + 1);
      } else {
        try (var in = Files.newInputStream(Path.of(name))) {
          bytes = in.readNBytes(LONGEST + 1);
        }
      }
      if (bytes.length > LONGEST) {
        throw new CommandException(name + ": longer than " + LONGEST + " bytes");
      }
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return new PolicyText(name.equals(STDIN) ? "stdin" : name, text);
    } catch (NoSuchFileException e) {
      throw new CommandException(name + ": there is no such file", e);
    } catch (CharacterCodingException e) {
      throw new CommandException(name + ": not UTF-8 text", e);
    } catch (IOException e) {
      throw new CommandException(name + ": cannot be read: " + e.getMessage(), e);
    }
  }
}
