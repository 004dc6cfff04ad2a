package dev.drawbridge.daemon.loop;

import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.linux.CompletedWrites;
import dev.drawbridge.daemon.config.AgentLog;
import dev.drawbridge.daemon.config.HostFile;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.Severity;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.language.Rule;
import dev.drawbridge.policy.parse.HostPolicyParser;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.CharacterCodingException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The host's policy files, {@code *.policy} in one directory, in the order of their names.
 *
 * <p>A file with an error keeps its last good content in force and raises a problem, also across a
 * restart of the agent: what was good is kept beside the agent's state. A file that was never good
 * contributes nothing. What is read of a file counts when the kernel says that its writer has
 * closed it, or that it was renamed into place, and otherwise only when a second look finds the
 * same: a file that is being written is not taken half, nor for removed. Only a regular file
 * counts, and only where {@link HostFile} finds that nobody else could have written it; looking
 * never waits for what stands there. Not safe for several threads, but for {@link #complete}.
 */
public final class PolicyDirectory {

  private static final System.Logger log = System.getLogger(PolicyDirectory.class.getName());

  /** Files beyond this size, in bytes, are refused. */
  static final int MAX_FILE_BYTES = 1 << 20;

  /** Files beyond so many, in the order of their names, are refused; so is what exceeds the sum. */
  static final int MAX_FILES = 1_000;

  static final int MAX_SUM_BYTES = 4 << 20;

  private static final String SUFFIX = ".policy";

  private final Path directory;
  private final Path kept;
  private @Nullable Map<String, Reading> lastLook;
  private Map<String, Reading> accepted = Map.of();
  private @Nullable CompletedWrites writes;
  private final Set<String> complete = ConcurrentHashMap.newKeySet();
  private Map<String, Reading> told = Map.of();
  private final Map<String, Good> good = new TreeMap<>();
  private List<Problem> problems = List.of();
  private List<String> unreadable = List.of();
  private List<String> refused = List.of();

  /** What is in force of one file. */
  private record Good(HostPolicy policy, String text) {}

  /** What a look at one file found. */
  private sealed interface Reading {
    record Text(String text) implements Reading {}

    record Unreadable(String sentence) implements Reading {}

    /** Not looked into: no regular file, or somebody else could have written it. */
    record Refused(String sentence) implements Reading {}
  }

  /**
   * @param directory where the operator's files are
   * @param kept where copies of their last good content are kept
   */
  public PolicyDirectory(Path directory, Path kept) {
    this.directory = directory;
    this.kept = kept;
  }

  /**
   * Has the kernel say when a file is complete, for a look at once rather than at the next turn.
   *
   * @param changed called on another thread; {@link #takeComplete} then takes what is complete
   */
  void watch(Runnable changed) {
    CompletedWrites before = writes;
    if (before != null && before.watching()) {
      return;
    }
    close();
    if (!Files.isDirectory(directory)) {
      return;
    }
    try {
      writes =
          new CompletedWrites(
              directory,
              names -> {
                complete.addAll(names);
                changed.run();
              });
    } catch (BpfException e) {
      log.log(Level.DEBUG, "policy directory " + directory + " is looked at by the clock only", e);
    }
  }

  /** Ends the watch. */
  void close() {
    CompletedWrites watching = writes;
    writes = null;
    if (watching != null) {
      watching.close();
    }
  }

  /**
   * Looks at the directory again; true when what is in force, or wrong, has changed. Called by the
   * clock: two looks that agree settle a file only because time has passed between them.
   */
  public boolean refresh() {
    Map<String, Reading> before = lastLook;
    Map<String, Reading> now = look();
    lastLook = now;
    Map<String, Reading> settled = new TreeMap<>(accepted);
    Set<String> names = new TreeSet<>(now.keySet());
    names.addAll(accepted.keySet());
    for (String name : names) {
      Reading reading = now.get(name);
      if (reading != null && (before == null || reading.equals(before.get(name)))) {
        settled.put(name, reading);
      } else if (reading == null && before != null && !before.containsKey(name)) {
        settled.remove(name);
      }
    }
    return settle(settled);
  }

  /**
   * Takes the files that are complete, and looks at no other: true when what is in force, or wrong,
   * has changed. An empty one waits for the clock, for its next writer may just have cut it off.
   */
  boolean takeComplete() {
    Set<String> closed = Set.copyOf(complete);
    complete.removeAll(closed);
    Map<String, Reading> settled = new TreeMap<>(accepted);
    for (String name : closed) {
      if (name.endsWith(SUFFIX)) {
        read(name)
            .filter(reading -> !(reading instanceof Reading.Text(String text) && text.isEmpty()))
            .ifPresent(reading -> settled.put(name, reading));
      }
    }
    return settle(settled);
  }

  private boolean settle(Map<String, Reading> settled) {
    if (settled.equals(accepted)) {
      return false;
    }
    accepted = settled;
    accept(settled);
    return true;
  }

  private void accept(Map<String, Reading> now) {
    List<Problem> found = new ArrayList<>();
    Set<String> trouble = new TreeSet<>();
    Set<String> turnedAway = new TreeSet<>();
    for (String gone : List.copyOf(good.keySet())) {
      if (!now.containsKey(gone)) {
        good.remove(gone);
        forget(gone);
        log.log(
            Level.INFO,
            AgentLog.oneLine("policy file " + gone + " is gone: its rules hold no more"));
      }
    }
    now.forEach((name, reading) -> {
      switch (reading) {
        case Reading.Text(String text) -> {
          Parsed<HostPolicy> parsed = HostPolicyParser.parse(name, text);
          found.addAll(parsed.problems());
          if (parsed.ok()) {
            good.put(name, new Good(parsed.value(), text));
            keep(name, text);
            tell(name, reading, Level.INFO, "in force: " + content(parsed.value()));
          } else {
            fallBack(name);
            tell(name, reading, Level.WARNING, notTaken(name, parsed.problems()));
          }
        }
        case Reading.Unreadable(String sentence) -> {
          trouble.add(sentence);
          fallBack(name);
          tell(name, reading, Level.WARNING, "cannot be read: " + sentence);
        }
        case Reading.Refused(String sentence) -> {
          turnedAway.add(sentence);
          fallBack(name);
          tell(name, reading, Level.WARNING, "is not taken: " + sentence);
        }
      }
    });
    told = now;
    problems = List.copyOf(found);
    unreadable = List.copyOf(trouble);
    refused = List.copyOf(turnedAway);
  }

  /** Once for each content. */
  private void tell(String name, Reading reading, Level level, String what) {
    if (!reading.equals(told.get(name))) {
      log.log(level, AgentLog.oneLine("policy file " + name + " " + what));
    }
  }

  private static String content(HostPolicy policy) {
    int rules = policy.rules().size();
    int audits = policy.audited().size();
    return rules
        + (rules == 1 ? " rule" : " rules")
        + (audits == 0 ? "" : ", " + audits + (audits == 1 ? " audit" : " audits"));
  }

  private String notTaken(String name, List<Problem> problems) {
    String first =
        problems.stream()
            .filter(problem -> problem.severity() == Severity.ERROR)
            .findFirst()
            .map(Problem::oneLine)
            .orElse("");
    return "is not taken, "
        + (good.containsKey(name) ? "its last good content stays in force" : "nothing of it holds")
        + ": "
        + first;
  }

  /** What an agent before this one had in force for the file. */
  private void fallBack(String name) {
    if (good.containsKey(name)) {
      return;
    }
    try {
      String text = HostFile.read(kept.resolve(name), kept, MAX_FILE_BYTES);
      Parsed<HostPolicy> parsed = HostPolicyParser.parse(name, text);
      if (parsed.ok()) {
        good.put(name, new Good(parsed.value(), text));
      }
    } catch (NoSuchFileException e) {
      // It was never good.
      log.log(Level.DEBUG, name + " has no last good content");
    } catch (IOException e) {
      log.log(Level.WARNING, "last good content of " + name, e);
    }
  }

  private void keep(String name, String text) {
    try {
      Files.createDirectories(kept);
      Path fresh = kept.resolve(name + ".new");
      Files.writeString(fresh, text);
      Files.move(
          fresh,
          kept.resolve(name),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      log.log(Level.WARNING, "last good content of " + name + " cannot be kept", e);
    }
  }

  private void forget(String name) {
    try {
      Files.deleteIfExists(kept.resolve(name));
    } catch (IOException e) {
      log.log(Level.WARNING, "last good content of " + name, e);
    }
  }

  /** What is in force. */
  HostPolicy policy() {
    List<Rule> rules = new ArrayList<>();
    List<HostPolicy.Audited> audited = new ArrayList<>();
    for (Good file : good.values()) {
      rules.addAll(file.policy().rules());
      audited.addAll(file.policy().audited());
    }
    return new HostPolicy(rules, audited);
  }

  /** The same as it was written, by the files' names. */
  SortedMap<String, String> texts() {
    SortedMap<String, String> texts = new TreeMap<>();
    good.forEach((name, file) -> texts.put(name, file.text()));
    return texts;
  }

  /** What is wrong with the files as they are now. */
  List<Problem> problems() {
    return problems;
  }

  /** Files that could not be read at all, a sentence each. */
  List<String> unreadable() {
    return unreadable;
  }

  /** What is not taken, because of what it is or because others could have written it. */
  List<String> refused() {
    return refused;
  }

  private Map<String, Reading> look() {
    Map<String, Reading> found = new TreeMap<>();
    try {
      Set<String> names = names(directory);
      Optional<String> untrusted = HostFile.untrusted(directory);
      if (untrusted.isPresent()) {
        // Nobody knows who wrote what is there now, nor who removed what was: all stays as it was.
        names.addAll(accepted.keySet());
        names.addAll(Files.isDirectory(kept) ? names(kept) : Set.of());
        names.add("*" + SUFFIX);
        Reading reading = new Reading.Refused("policy " + untrusted.get());
        names.forEach(name -> found.put(name, reading));
        return found;
      }
      int left = MAX_SUM_BYTES;
      for (String name : names) {
        Optional<Reading> reading =
            found.size() < MAX_FILES && left > 0
                ? read(name)
                : unreadable(
                    name,
                    "is beyond what is read: "
                        + MAX_FILES
                        + " files and "
                        + MAX_SUM_BYTES
                        + " bytes in all");
        if (reading.isPresent()) {
          found.put(name, reading.get());
          left -= reading.get() instanceof Reading.Text(String text) ? text.length() : 0;
        }
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      // No directory is no host policy.
      return new TreeMap<>();
    } catch (IOException | DirectoryIteratorException e) {
      log.log(Level.WARNING, "policy directory " + directory + " cannot be listed", e);
      return lastLook == null ? new TreeMap<>() : lastLook;
    }
    return found;
  }

  private static Set<String> names(Path directory) throws IOException {
    Set<String> names = new TreeSet<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + SUFFIX)) {
      for (Path file : files) {
        names.add(file.getFileName().toString());
      }
    }
    return names;
  }

  private Optional<Reading> read(String name) {
    Path file = directory.resolve(name);
    try {
      return Optional.of(new Reading.Text(HostFile.read(file, directory, MAX_FILE_BYTES)));
    } catch (CharacterCodingException e) {
      return unreadable(name, "is not UTF-8 text");
    } catch (HostFile.Refused e) {
      return Optional.of(new Reading.Refused("policy file " + file + " " + e.why()));
    } catch (NoSuchFileException e) {
      // Removed between listing and reading: as if it had not been listed.
      return Optional.empty();
    } catch (IOException e) {
      return unreadable(
          name,
          e instanceof FileSystemException named && named.getReason() != null
              ? named.getReason()
              : "cannot be read: " + e.getMessage());
    }
  }

  private Optional<Reading> unreadable(String name, String what) {
    return Optional.of(
        new Reading.Unreadable("policy file " + directory.resolve(name) + " " + what));
  }
}
