package dev.drawbridge.testkit;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Removes what a lab leaves behind: at its orderly end, and later for labs whose owner was killed.
 * It acts only on processes whose command line names the lab's own directory, and on mounts below
 * it.
 */
final class LabSweep {
  static final Path LABS = Path.of("/run");
  static final Path DATA = Path.of("/var/lib");
  static final String PREFIX = "dbl-";
  private static final Path NETWORKS = Path.of("/run/netns");

  private LabSweep() {}

  /** Clears every lab whose owner is dead. */
  static void abandonedLabs() {
    // A benchmark's are in a /run of its own, which only its data outlives.
    Set<String> ids = new TreeSet<>();
    for (Path place : List.of(LABS, DATA)) {
      try (DirectoryStream<Path> labs = Files.newDirectoryStream(place, PREFIX + "*")) {
        labs.forEach(lab -> ids.add(lab.getFileName().toString()));
      } catch (IOException e) {
        throw new LabException("cannot list old labs in " + place + ": " + e.getMessage(), e);
      }
    }
    for (String id : ids) {
      if (!ownerLives(id)) {
        remains(LABS.resolve(id));
      }
    }
  }

  /** The file that says which process a lab is of. */
  static Path owner(String id) {
    return EngineLab.dataDirectory(id).resolve("owner");
  }

  private static boolean ownerLives(String id) {
    return readNumber(owner(id))
        .flatMap(ProcessHandle::of)
        .map(ProcessHandle::isAlive)
        .orElse(false);
  }

  private static Optional<Long> readNumber(Path file) {
    try {
      return Optional.of(Long.valueOf(Files.readString(file).strip()));
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** Everything of one lab: processes, mounts, namespaces, cgroups, files. */
  static void remains(Path lab) {
    processesOf(lab).forEach(ProcessHandle::destroyForcibly);
    Await.within(Duration.ofSeconds(5), () -> processesOf(lab).isEmpty());
    unmountBelow(lab);
    String id = lab.getFileName().toString();
    removeNetworks(id);
    Podman.leave(id);
    removeCgroups(id);
    deleteTree(lab);
    deleteTree(EngineLab.dataDirectory(id));
  }

  /** Those that were made in a mount namespace of the lab's are plain files by now. */
  private static void removeNetworks(String id) {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(NETWORKS, id + "-*")) {
      all.forEach(one -> Shell.run("ip", "netns", "del", one.getFileName().toString()));
    } catch (NoSuchFileException e) {
      return; // nobody has a network namespace by name
    } catch (IOException e) {
      throw new LabException("cannot list the networks of " + id + ": " + e.getMessage(), e);
    }
  }

  private static List<ProcessHandle> processesOf(Path lab) {
    String name = lab + "/";
    long self = ProcessHandle.current().pid();
    return ProcessHandle.allProcesses()
        .filter(p -> p.pid() != self)
        .filter(p -> mentions(p, name))
        .toList();
  }

  private static boolean mentions(ProcessHandle process, String name) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"))
          .contains(name);
    } catch (IOException e) {
      return false; // it ended meanwhile
    }
  }

  /** Unmounts below the lab's directories, the innermost first. */
  static void unmountBelow(Path lab) {
    String data = EngineLab.dataDirectory(lab.getFileName().toString()) + "/";
    List<String> mounts = new ArrayList<>();
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/mountinfo"))) {
      lines
          .map(line -> line.split(" ", 6)[4])
          .filter(at -> at.startsWith(lab + "/") || at.startsWith(data))
          .forEach(mounts::add);
    } catch (IOException e) {
      throw new LabException("cannot read the mounts: " + e.getMessage(), e);
    }
    Collections.reverse(mounts);
    mounts.forEach(at -> Shell.run("umount", "-l", at));
  }

  /** The lab's cgroup parent exists once in every mounted hierarchy. */
  private static void removeCgroups(String id) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/mountinfo"))) {
      lines
          .filter(line -> line.contains(" - cgroup"))
          .map(line -> Path.of(line.split(" ", 6)[4]))
          .flatMap(mount -> Stream.of(mount.resolve(id), mount.resolve(id + "-agent")))
          .filter(Files::isDirectory)
          .forEach(parent -> Await.within(Duration.ofSeconds(5), () -> removeCgroup(parent)));
    } catch (IOException e) {
      throw new LabException("cannot find the cgroups of " + id + ": " + e.getMessage(), e);
    }
  }

  private static boolean removeCgroup(Path parent) {
    try {
      List<Path> tree;
      try (Stream<Path> walk = Files.walk(parent)) {
        tree = new ArrayList<>(walk.filter(Files::isDirectory).toList());
      }
      Collections.reverse(tree);
      for (Path group : tree) {
        // What was being started when its engine was ended names no directory of the lab's.
        for (String pid : Files.readAllLines(group.resolve("cgroup.procs"))) {
          ProcessHandle.of(Long.parseLong(pid)).ifPresent(ProcessHandle::destroyForcibly);
        }
        Files.deleteIfExists(group);
      }
      return true;
    } catch (IOException | java.io.UncheckedIOException e) {
      return !Files.exists(parent); // busy for a moment after the last process left
    }
  }

  static void deleteTree(Path root) {
    if (!Files.exists(root)) {
      return;
    }
    try {
      Files.walkFileTree(
          root,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.deleteIfExists(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(
                Path directory, @org.jspecify.annotations.Nullable IOException e)
                throws IOException {
              Files.deleteIfExists(directory);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new LabException("cannot remove " + root + ": " + e.getMessage(), e);
    }
  }
}
