package dev.drawbridge.install;

import java.nio.file.Path;
import java.util.Optional;

/** One thing that applying a plan does. */
public sealed interface Step {

  /** One line for people, in the imperative. */
  String describe();

  /**
   * Write a text file as a whole.
   *
   * @param before what is there now; empty if nothing is
   * @param check who reads the new text before it takes the place of the old one, if he can
   * @param keep keep what is there beside it, as {@code NAME.before-drawbridge}, if nothing is kept
   *     yet
   */
  record Write(Path file, String before, String after, String why, Check check, boolean keep)
      implements Step {
    @Override
    public String describe() {
      return (before.isEmpty() ? "write " : "change ") + file + ": " + why;
    }

    /** The change, line by line. */
    public String diff() {
      return TextDiff.between(before, after);
    }
  }

  /** Whose configuration a file is. */
  enum Check {
    NONE,
    DOCKERD,
    CONTAINERD
  }

  /** Copy a program, mode 0755. */
  record Copy(Path from, Path to) implements Step {
    @Override
    public String describe() {
      return "copy " + from.getFileName() + " to " + to;
    }
  }

  /** Make a directory, readable for root only. */
  record MakeDirectory(Path directory) implements Step {
    @Override
    public String describe() {
      return "make directory " + directory;
    }
  }

  /** Delete a file of ours. */
  record Delete(Path file) implements Step {
    @Override
    public String describe() {
      return "delete " + file;
    }
  }

  /** Delete a directory of ours; what somebody put there since the plan was made keeps it. */
  record DeleteDirectory(Path directory) implements Step {
    @Override
    public String describe() {
      return "delete directory " + directory;
    }
  }

  /**
   * Tell dockerd to read its configuration again. Containers keep running.
   *
   * @param pid checked again to be a dockerd when the step is applied
   */
  record Reload(long pid) implements Step {
    @Override
    public String describe() {
      return "send SIGHUP to dockerd (process " + pid + "); nothing restarts";
    }
  }

  /**
   * After a reload that took the runtime away: give the file its last form, once dockerd says that
   * it knows the runtime no more. Before, the file had to keep keys that are empty, because dockerd
   * passes over keys that are absent.
   *
   * @param before what is there until then
   * @param after the last form; none to delete the file
   * @param docker how the docker command reaches this dockerd, such as {@code
   *     unix:///var/run/docker.sock}
   */
  record Settle(Path file, String before, Optional<String> after, String docker) implements Step {
    @Override
    public String describe() {
      return (after.isEmpty() ? "delete " : "tidy ") + file + " when dockerd has read it";
    }
  }
}
