package dev.drawbridge.install;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What a step is going to change, as it was before: so that it can be taken back. */
final class Undo {
  /** A file's content, or that there was none. */
  private record Before(Path file, Optional<byte[]> bytes) {}

  private final List<Before> files = new ArrayList<>();

  /** Directories that the step makes, the innermost first. */
  private final List<Path> made = new ArrayList<>();

  private Undo() {}

  static Undo of(Step step) throws IOException {
    var undo = new Undo();
    switch (step) {
      case Step.Write write -> {
        Path file = Links.behind(write.file());
        undo.file(file);
        undo.file(StepExecutor.backup(file));
      }
      case Step.Copy copy -> undo.file(copy.to());
      case Step.MakeDirectory make -> undo.directory(make.directory());
      case Step.Delete delete -> undo.file(delete.file());
      // Only uninstalling does, and goes on from where it failed.
      case Step.DeleteDirectory _ -> {}
      case Step.Reload _ -> {}
      case Step.Settle settle -> undo.file(Links.behind(settle.file()));
    }
    return undo;
  }

  private void file(Path file) throws IOException {
    files.add(
        new Before(
            file,
            Files.isRegularFile(file) ? Optional.of(Files.readAllBytes(file)) : Optional.empty()));
    directory(StepExecutor.parent(file));
  }

  private void directory(Path directory) {
    Path at = directory.toAbsolutePath().normalize();
    while (at != null && Files.notExists(at, LinkOption.NOFOLLOW_LINKS)) {
      made.add(at);
      at = at.getParent();
    }
  }

  /** Makes it as it was. What did not change is not touched: it may be what cannot be written. */
  void apply() throws IOException {
    for (Before before : files) {
      if (before.bytes().isEmpty()) {
        Files.deleteIfExists(before.file());
      } else if (!Files.isRegularFile(before.file())
          || !Arrays.equals(before.bytes().get(), Files.readAllBytes(before.file()))) {
        StepExecutor.replace(before.file(), before.bytes().get());
      }
    }
    for (Path directory : made) {
      try {
        Files.deleteIfExists(directory);
      } catch (DirectoryNotEmptyException e) {
        // Somebody else has put something there since.
        return;
      }
    }
  }
}
