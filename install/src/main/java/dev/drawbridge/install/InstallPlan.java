package dev.drawbridge.install;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What would be done, to be shown and then, perhaps, done.
 *
 * @param steps in order; empty if everything is as it should be
 * @param notes what the user should know besides
 * @param conflicts what stands in the way: with any of these nothing is applied
 * @param whole whether it is done as a whole or not at all; else what was done before a step failed
 *     stays done, and planning again continues from there
 */
public record InstallPlan(
    List<Step> steps, List<String> notes, List<String> conflicts, boolean whole) {

  public InstallPlan {
    steps = List.copyOf(steps);
    notes = List.copyOf(notes);
    conflicts = List.copyOf(conflicts);
  }

  /** Steps with their diffs, notes and conflicts, for people. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    conflicts.forEach(conflict -> lines.add("conflict: " + conflict));
    if (steps.isEmpty() && conflicts.isEmpty()) {
      lines.add("nothing to do");
    }
    for (Step step : steps) {
      lines.add(step.describe());
      if (step instanceof Step.Write write) {
        write.diff().lines().map(line -> "    " + line).forEach(lines::add);
      }
    }
    notes.forEach(note -> lines.add("note: " + note));
    return lines;
  }

  /**
   * Does all steps in order. Doing a plan twice does nothing the second time.
   *
   * @return one line for each step, as it went
   * @throws InstallException at the first step that fails; of a plan that is {@code whole}, those
   *     before it have been taken back
   */
  public List<String> apply() throws InstallException {
    if (!conflicts.isEmpty()) {
      throw new InstallException("nothing was changed: " + String.join("; ", conflicts));
    }
    List<String> done = new ArrayList<>();
    List<Undo> undos = new ArrayList<>();
    for (Step step : steps) {
      try {
        if (whole) {
          undos.add(Undo.of(step));
        }
        done.add(StepExecutor.apply(step));
      } catch (IOException e) {
        throw takenBack(undos, new InstallException("failed to " + step.describe() + ": " + e, e));
      } catch (InstallException e) {
        throw takenBack(undos, e);
      }
    }
    return done;
  }

  private InstallException takenBack(List<Undo> undos, InstallException failure) {
    if (!whole) {
      return failure;
    }
    String left = "";
    for (Undo undo : undos.reversed()) {
      try {
        undo.apply();
      } catch (IOException e) {
        left = left + "; could not be taken back: " + e;
      }
    }
    return new InstallException(
        failure.getMessage() + (left.isEmpty() ? "; nothing was changed" : left), failure);
  }
}
