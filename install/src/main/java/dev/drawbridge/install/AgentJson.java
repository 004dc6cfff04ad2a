package dev.drawbridge.install;

import com.google.gson.FormattingStyle;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The agent's configuration file as {@code up} keeps it: what is written there is the operator's,
 * and only keys that are missing are added. A file that lacks none is not written at all.
 */
public final class AgentJson {
  private static final Gson JSON =
      new GsonBuilder()
          .disableHtmlEscaping()
          .setFormattingStyle(FormattingStyle.PRETTY.withIndent("  "))
          .create();

  private AgentJson() {}

  /**
   * What a merge comes to.
   *
   * @param text the file as it should be; the very text that was there if nothing is missing
   * @param notes keys that say something else than was asked for, and stay
   */
  public record Merged(String text, List<String> notes) {}

  /**
   * Adds what is missing.
   *
   * @param text the file, empty if there is none
   * @param wanted values of {@code up}'s own keys
   * @throws InstallException if the text is no JSON object: it is left alone then
   */
  public static Merged merge(String text, Map<String, String> wanted) throws InstallException {
    JsonObject tree = text.isBlank() ? new JsonObject() : JsonText.object(text);
    List<String> notes = new ArrayList<>();
    boolean missing = false;
    for (Map.Entry<String, String> entry : wanted.entrySet()) {
      JsonElement present = tree.get(entry.getKey());
      if (present == null) {
        tree.addProperty(entry.getKey(), entry.getValue());
        missing = true;
      } else if (!present.equals(new JsonPrimitive(entry.getValue()))) {
        notes.add(
            "\""
                + entry.getKey()
                + "\" stays "
                + present
                + ", where up would have written \""
                + entry.getValue()
                + "\"");
      }
    }
    return new Merged(missing ? JSON.toJson(tree) + "\n" : text, notes);
  }

  /** Merges into the file, by a rename; its mode is kept. Returns the notes. */
  public static List<String> update(Path file, Map<String, String> wanted) throws InstallException {
    try {
      String before = read(file);
      Merged merged = merge(before, wanted);
      if (!merged.text().equals(before)) {
        Path target = Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
        Path fresh =
            Files.createTempFile(
                target.getParent(),
                ".agent",
                ".json",
                PosixFilePermissions.asFileAttribute(
                    Files.exists(target)
                        ? Files.getPosixFilePermissions(target)
                        : PosixFilePermissions.fromString("rw-r--r--")));
        Files.writeString(fresh, merged.text());
        Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
      }
      return merged.notes();
    } catch (InstallException e) {
      throw new InstallException(file + " is left alone: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new InstallException(file + " cannot be written: " + e.getMessage(), e);
    }
  }

  private static String read(Path file) throws IOException {
    try {
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      return "";
    }
  }
}
