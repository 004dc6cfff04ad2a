package dev.drawbridge.daemon;

import dev.drawbridge.policy.HostPolicy;
import dev.drawbridge.policy.HostPolicyParser;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.Rule;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The host's policy files, {@code *.policy} in one directory, in the order of their names.
 *
 * <p>A file with an error keeps its last good content in force and raises a problem. A file that
 * was never good contributes nothing. Not safe for several threads.
 */
final class PolicyDirectory {

  /** Files beyond this size, in bytes, are refused. */
  static final long MAX_FILE_BYTES = 1 << 20;

  private final Path directory;
  private Map<Path, String> texts = Map.of();
  private final Map<Path, List<Rule>> good = new TreeMap<>();
  private List<Problem> problems = List.of();
  private List<String> unreadable = List.of();

  PolicyDirectory(Path directory) {
    this.directory = directory;
  }

  /** Reads the directory again; true when anything changed since the last call. */
  boolean refresh() {
    List<String> trouble = new ArrayList<>();
    Map<Path, String> now = readAll(trouble);
    if (now.equals(texts) && trouble.equals(unreadable)) {
      return false;
    }
    texts = now;
    unreadable = List.copyOf(trouble);
    List<Problem> found = new ArrayList<>();
    good.keySet().retainAll(now.keySet());
    now.forEach((file, text) -> {
      Parsed<HostPolicy> parsed = HostPolicyParser.parse(file.getFileName().toString(), text);
      found.addAll(parsed.problems());
      if (parsed.ok()) {
        good.put(file, parsed.value().rules());
      }
    });
    problems = List.copyOf(found);
    return true;
  }

  /** What is in force. */
  HostPolicy policy() {
    List<Rule> rules = new ArrayList<>();
    good.values().forEach(rules::addAll);
    return new HostPolicy(rules);
  }

  /** What is wrong with the files as they are now. */
  List<Problem> problems() {
    return problems;
  }

  /** Files that could not be read at all, a sentence each. */
  List<String> unreadable() {
    return unreadable;
  }

  private Map<Path, String> readAll(List<String> trouble) {
    Map<Path, String> read = new TreeMap<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.policy")) {
      for (Path file : files) {
        readOne(file, read, trouble);
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      // No directory is no host policy.
      return read;
    } catch (IOException e) {
      trouble.add("policy directory " + directory + " cannot be listed: " + e.getMessage());
      return texts;
    }
    return read;
  }

  private void readOne(Path file, Map<Path, String> read, List<String> trouble) {
    try {
      if (Files.size(file) > MAX_FILE_BYTES) {
        trouble.add(
            "policy file " + file + " is larger than " + MAX_FILE_BYTES + " bytes; split it");
        keepLast(file, read);
        return;
      }
      read.put(file, Files.readString(file));
    } catch (CharacterCodingException e) {
      trouble.add("policy file " + file + " is not UTF-8 text");
      keepLast(file, read);
    } catch (NoSuchFileException e) {
      // Removed between listing and reading: as if it had not been listed.
      return;
    } catch (IOException e) {
      trouble.add("policy file " + file + " cannot be read: " + e.getMessage());
      keepLast(file, read);
    }
  }

  private void keepLast(Path file, Map<Path, String> read) {
    String last = texts.get(file);
    if (last != null) {
      read.put(file, last);
    }
  }
}
