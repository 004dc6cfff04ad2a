package dev.drawbridge.install;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The steps of a plan as it is made: what already is as it should be makes none. */
final class Changes {
  private final InstallOptions options;
  private final Layout layout;
  private final boolean installing;
  final List<Step> steps = new ArrayList<>();

  /** What a person should know or do. */
  final List<String> notes = new ArrayList<>();

  /** Why the plan cannot be carried out. */
  final List<String> conflicts = new ArrayList<>();

  Changes(InstallOptions options, boolean installing) {
    this.options = options;
    this.layout = options.layout();
    this.installing = installing;
  }

  InstallPlan plan() {
    return new InstallPlan(steps, notes, conflicts, installing);
  }

  void delete(Path file) {
    if (Files.exists(file)) {
      steps.add(new Step.Delete(file));
    }
  }

  /** Where nothing is left in it by the steps so far. */
  void deleteIfEmpty(Path directory) throws InstallException {
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (Stream<Path> within = Files.list(directory)) {
      if (within.allMatch(this::goes)) {
        steps.add(new Step.DeleteDirectory(directory));
      }
    } catch (IOException | UncheckedIOException e) {
      throw new InstallException("cannot read " + directory + ": " + e.getMessage(), e);
    }
  }

  private boolean goes(Path path) {
    return steps.contains(new Step.Delete(path)) || steps.contains(new Step.DeleteDirectory(path));
  }

  void copyProgram(String name) throws InstallException {
    copyProgram(name, layout.programs().resolve(name));
  }

  void copyProgram(String name, Path to) throws InstallException {
    Path from = options.builtPrograms().resolve(name);
    try {
      byte[] bytes = Files.readAllBytes(from);
      if (!Files.exists(to) || !Arrays.equals(bytes, Files.readAllBytes(to))) {
        steps.add(new Step.Copy(from, to));
      }
    } catch (IOException e) {
      throw new InstallException("cannot read program " + from + ": build it first", e);
    }
  }

  /** Whether anything would change. */
  boolean write(Path file, String after, String why, boolean validate) throws InstallException {
    String before = text(file);
    if (before.equals(after)) {
      return false;
    }
    boolean toml = file.equals(layout.containerdToml());
    boolean keep = installing && (toml || file.equals(layout.daemonJson()));
    Step.Check check =
        !validate ? Step.Check.NONE : toml ? Step.Check.CONTAINERD : Step.Check.DOCKERD;
    steps.add(new Step.Write(file, before, after, why, check, keep));
    return true;
  }

  static String text(Path file) throws InstallException {
    return found(file).orElse("");
  }

  /** What the file says; empty if there is none. */
  static Optional<String> found(Path file) throws InstallException {
    try {
      return Optional.of(Files.readString(file));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new InstallException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  static Path behind(Path file) throws InstallException {
    try {
      return Links.behind(file);
    } catch (IOException e) {
      throw new InstallException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  /** Why a file is not touched, and what to do. */
  static String leftAlone(Path file, String why) {
    return file + " is left alone: " + why + ". Mend it, then do this again";
  }
}
