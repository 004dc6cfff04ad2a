package dev.drawbridge.daemon.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import dev.drawbridge.control.EngineKind;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.config.Config;
import dev.drawbridge.policy.Mode;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.runtime.ContainerdLookup;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class LabelReadingTest {

  private static final Map<String, String> LABELS =
      Map.of(
          "app", "db",
          "team", "sre",
          "drawbridge.policy.read", "app=api may GET /users",
          "drawbridge.mode", "off");
  private static final Map<String, String> IMAGE =
      Map.of("app", "db", "team", "build", "drawbridge.mode", "off", "vendor", "x");

  private static LabelReading reading(boolean imageLabels) throws Exception {
    return new LabelReading(
        Config.of(
            "test",
            JsonParser.parseString("{\"imageLabels\":" + imageLabels + "}").getAsJsonObject()));
  }

  private static ObservedContainer container(
      Map<String, String> labels, Map<String, String> imageLabels) {
    return new ObservedContainer(
        "c".repeat(64),
        "db",
        new TreeMap<>(labels),
        new TreeMap<>(imageLabels),
        "db:1",
        true,
        7,
        List.of(),
        "drawbridge",
        "bridge");
  }

  private static List<String> codes(Admission admission) {
    return admission.declared().problems().stream().map(Problem::code).toList();
  }

  @Test
  void labelsOfTheImageCountUnlessConfiguredOtherwise() throws Exception {
    Admission admission = reading(true).read(container(LABELS, IMAGE), Optional.empty());
    assertEquals(
        Set.of("app", "team", "drawbridge.policy.read"), admission.container().labels().keySet());
    assertEquals(Mode.ENFORCE, admission.declared().value().mode());
    assertEquals(1, admission.declared().value().rules().size());
    assertEquals(List.of("DB0209"), codes(admission));
  }

  @Test
  void labelsThatOnlyTheImageHasCountNeitherAsIdentityNorAsPolicy() throws Exception {
    Admission admission = reading(false).read(container(LABELS, IMAGE), Optional.empty());
    assertEquals(Set.of("team", "drawbridge.policy.read"), admission.container().labels().keySet());
    assertEquals(Mode.ENFORCE, admission.declared().value().mode());
    assertEquals(1, admission.declared().value().rules().size());
    assertTrue(admission.declared().ok());
  }

  @Test
  void whatCameFromTheImageIsShownEitherWay() throws Exception {
    for (boolean count : new boolean[] {true, false}) {
      Admission admission = reading(count).read(container(LABELS, IMAGE), Optional.empty());
      assertEquals(
          Map.of("app", "db", "drawbridge.mode", "off"), admission.container().imageLabels());
    }
  }

  @Test
  void brokenLabelOfAnImageStopsNothingWhereItDoesNotCount() throws Exception {
    Map<String, String> broken = Map.of("drawbridge.policy", "nonsense");
    assertTrue(reading(false).read(container(broken, broken), Optional.empty()).declared().ok());
    assertEquals(
        false, reading(true).read(container(broken, broken), Optional.empty()).declared().ok());
  }

  @Test
  void imageThatWasRemovedIsRemembered() throws Exception {
    LabelReading reading = reading(false);
    Admission before = reading.read(container(LABELS, IMAGE), Optional.empty());
    Admission after = reading.read(container(LABELS, Map.of()), Optional.of(before.container()));
    assertEquals(before, after);
  }

  private static ObservedContainer ofUnknownImage(Map<String, String> labels) {
    ObservedContainer known = container(labels, Map.of());
    return new ObservedContainer(
        known.id(),
        known.name(),
        known.labels(),
        new TreeMap<>(),
        false,
        known.image(),
        true,
        known.pid(),
        List.of(),
        known.runtimeName(),
        known.networkMode(),
        Set.of());
  }

  @Test
  void neitherModeNorCapabilitiesNorExemptionComeFromAnImageThatMayHaveThem() throws Exception {
    Map<String, String> all =
        Map.of("drawbridge.mode", "off", "drawbridge.capabilities", "net-raw", "role", "infra");
    for (boolean count : new boolean[] {true, false}) {
      ObservedContainer own =
          reading(count).read(container(all, Map.of()), Optional.empty()).container();
      assertEquals(all, own.ownLabels());
      assertEquals(all, own.labels());
      for (ObservedContainer reported : List.of(container(all, all), ofUnknownImage(all))) {
        Admission admission = reading(count).read(reported, Optional.empty());
        assertEquals(Mode.ENFORCE, admission.declared().value().mode());
        assertEquals(Map.of(), admission.container().ownLabels());
        assertTrue(
            admission.container().labels().keySet().stream()
                .noneMatch(key -> key.startsWith("drawbridge.")));
      }
    }
  }

  @Test
  void anIdIsTheSameContainerForDockerAlone() throws Exception {
    Map<String, String> off = Map.of("drawbridge.mode", "off");
    LabelReading reading = reading(true);
    Optional<ObservedContainer> before =
        Optional.of(reading.read(container(off, Map.of()), Optional.empty()).container());
    Admission same = reading.read(EngineKind.DOCKER, ofUnknownImage(off), before);
    assertEquals(Mode.OFF, same.declared().value().mode());
    Admission another = reading.read(EngineKind.CONTAINERD, ofUnknownImage(off), before);
    assertEquals(Mode.ENFORCE, another.declared().value().mode());
    assertEquals(Map.of(), another.container().ownLabels());
  }

  @Test
  void moreLabelsThanContainerdIsReadForAreTooMany() throws Exception {
    Map<String, String> labels = Map.of("a", "x".repeat(ContainerdLookup.LARGEST_LABELS));
    assertEquals(
        List.of("DB0121"), codes(reading(true).read(ofUnknownImage(labels), Optional.empty())));
  }

  @Test
  void whatOnceCameFromTheImageIsNotTheUsersLater() throws Exception {
    Map<String, String> off = Map.of("drawbridge.mode", "off");
    LabelReading reading = reading(true);
    Admission before = reading.read(container(off, off), Optional.empty());
    Admission after = reading.read(container(off, Map.of()), Optional.of(before.container()));
    assertEquals(Mode.ENFORCE, after.declared().value().mode());
  }

  @Test
  void composeIsBelievedOfWhatItStartedAndNotOfWhatItBuilt() throws Exception {
    Map<String, String> baked =
        Map.of("com.docker.compose.project", "shop", "com.docker.compose.service", "db");
    assertEquals(
        Map.of(),
        reading(true).read(container(baked, baked), Optional.empty()).container().labels());
    Map<String, String> started = new TreeMap<>(baked);
    started.put("com.docker.compose.config-hash", "1f");
    for (boolean count : new boolean[] {true, false}) {
      assertEquals(
          started,
          reading(count).read(container(started, baked), Optional.empty()).container().labels());
    }
  }

  @Test
  void labelsBeyondTheLimitAreNotReadAndTheContainerIsClosed() throws Exception {
    Admission admission =
        reading(true)
            .read(container(Map.of("a", "x".repeat(300 << 10)), Map.of()), Optional.empty());
    assertEquals(Map.of(), admission.container().labels());
    assertEquals(List.of("DB0121"), codes(admission));
    assertEquals(false, admission.declared().ok());
  }

  @Test
  void unknownImageIsAnObjectionOnlyWhereItMatters() throws Exception {
    assertEquals(Optional.empty(), reading(true).objection("db", Optional.empty()));
    assertEquals(Optional.empty(), reading(false).objection("db", Optional.of(new TreeMap<>())));
    String sentence = reading(false).objection("db", Optional.empty()).orElseThrow();
    assertTrue(sentence.contains("container db") && sentence.contains("imageLabels"), sentence);
  }
}
