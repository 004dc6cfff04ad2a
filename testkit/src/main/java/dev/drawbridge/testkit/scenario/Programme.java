package dev.drawbridge.testkit.scenario;

import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.Podman;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * All that this machine can be told: the story by Docker, then a chapter by each other engine that
 * is installed. Nothing is installed for it.
 */
public final class Programme {
  private Programme() {}

  /**
   * Rows that belong together.
   *
   * @param title the engine's
   */
  public record Part(String title, List<Row> rows) {}

  public static List<Part> here() {
    List<Part> parts = new ArrayList<>(List.of(new Part("Docker", Scenario.rows())));
    for (OtherEngine engine : OtherEngine.values()) {
      if (engine.installed()) {
        parts.add(new Part(engine.title(), new EngineChapter(engine).rows()));
      }
    }
    return List.copyOf(parts);
  }

  /** A line about each engine that is not here. */
  public static List<String> notHere() {
    return Arrays.stream(OtherEngine.values())
        .filter(engine -> !engine.installed())
        .map(engine -> engine.title() + ": not installed; ./drawbridge test installs it")
        .toList();
  }

  /** A lab that has room for every engine that is here. */
  public static EngineLab lab() {
    return OtherEngine.PODMAN.installed() ? Podman.lab() : EngineLab.start();
  }
}
