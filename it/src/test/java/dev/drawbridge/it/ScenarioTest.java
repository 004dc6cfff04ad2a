package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.scenario.Observation;
import dev.drawbridge.testkit.scenario.Programme;
import dev.drawbridge.testkit.scenario.Stage;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** The demo's rows, each a test. They are told in order on one stage. */
@Tag("it")
final class ScenarioTest {

  @TestFactory
  Stream<DynamicTest> everyRowIsAsExpected() {
    EngineLab lab = Programme.lab();
    try {
      LabImage.importInto(lab);
      LabAgent agent = LabAgent.start(lab, Distribution.locate());
      Stage stage = Stage.set(lab, Optional.of(agent));
      return Programme.here().stream()
          .flatMap(part -> part.rows().stream())
          .map(row ->
              DynamicTest.dynamicTest(
                  row.title(),
                  () -> {
                    Observation observation = row.observe(stage);
                    assertEquals(
                        row.expected(),
                        observation.actual(),
                        observation.why() + "\nagent: " + agent.log());
                  }))
          .onClose(lab::close);
    } catch (RuntimeException e) {
      lab.close();
      throw e;
    }
  }
}
