package dev.drawbridge.daemon.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.control.EngineKind;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.container.Exemptions;
import dev.drawbridge.daemon.node.NodeState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExemptContainersTest {

  @TempDir private Path directory;
  private Exemptions exemptions;
  private ExemptContainers exempt;

  @BeforeEach
  void open() throws Exception {
    exemptions = new Exemptions(List.of("registry"), directory);
    exempt = new ExemptContainers(exemptions);
  }

  private static ObservedContainer registry() {
    return new ObservedContainer(
        "a1",
        "registry",
        new TreeMap<>(),
        new TreeMap<>(),
        "image",
        true,
        7,
        List.of(),
        "runc",
        "bridge");
  }

  @Test
  void whoHasJustStartedIsInNoListYetAndStays() {
    exempt.starts(registry());
    for (EngineKind engine : EngineKind.values()) {
      exempt.retain(engine, Set.of());
      assertEquals(1, exempt.all().size(), engine.display());
    }
  }

  @Test
  void whoIsToldOfGoesWithItsOwnEnginesList() throws Exception {
    exempt.starts(registry());
    assertTrue(exempt.reported(EngineKind.DOCKER, registry(), false));
    assertEquals(Optional.of(EngineKind.DOCKER), exempt.teller("a1"));
    exempt.retain(EngineKind.CONTAINERD, Set.of());
    assertEquals(1, exempt.all().size());
    exempt.retain(EngineKind.DOCKER, Set.of());
    assertEquals(0, exempt.all().size());
  }

  @Test
  void nothingIsNotedForTheShimWhileOneOfThatIdIsGuarded() throws Exception {
    assertTrue(exempt.reported(EngineKind.CONTAINERD, registry(), true));
    assertFalse(exemptions.noted("a1"));
    assertTrue(exempt.reported(EngineKind.CONTAINERD, registry(), false));
    assertTrue(exemptions.noted("a1"));
  }

  @Test
  void aListThatCannotComeInForceLeavesTheOneBefore() throws Exception {
    Files.delete(directory);
    assertThrows(IOException.class, () -> exempt.list(List.of("*"), _ -> Optional.empty()));
    assertEquals(List.of("registry"), exemptions.listed());
    assertFalse(exemptions.covers("web", Map.of()));
  }

  @Test
  void whoIsInBothListsIsSaidByTheNewOne() throws Exception {
    exempt.starts(registry());
    assertEquals(List.of(), exempt.list(List.of("reg*"), _ -> Optional.of(registry())));
    assertEquals(List.of("reg*"), exempt.all().stream().map(NodeState.Exempt::entry).toList());
    assertTrue(exemptions.noted("a1"));
    assertEquals(1, exempt.list(List.of(), _ -> Optional.of(registry())).size());
    assertFalse(exemptions.noted("a1"));
  }

  @Test
  void whoIsTakenOffTheListInTheMomentOfItsStartIsNotNoted() {
    exemptions.list(List.of());
    exempt.starts(registry());
    assertFalse(exemptions.noted("a1"));
    assertEquals(List.of(), exempt.all());
  }
}
