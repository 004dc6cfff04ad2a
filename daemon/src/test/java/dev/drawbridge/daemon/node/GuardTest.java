package dev.drawbridge.daemon.node;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.control.EngineKind;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.language.ContainerPolicy;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class GuardTest {

  @Test
  void whomItsEngineKnowsNoMoreIsForgottenWithItsEnd() {
    Guard guard =
        new Guard(
            1,
            new ObservedContainer(
                "web",
                "web",
                new TreeMap<>(),
                new TreeMap<>(),
                "image",
                true,
                7,
                List.of(),
                "runc",
                ObservedContainer.OWN_NAMESPACE),
            new Parsed<>(ContainerPolicy.NONE, List.of()));
    assertTrue(guard.ownerless(), "no engine has told of it");
    guard.reportedBy(EngineKind.CONTAINERD);
    assertFalse(guard.ownerless());
    guard.disown();
    assertTrue(guard.ownerless());
    guard.reportedBy(EngineKind.CONTAINERD);
    assertFalse(guard.ownerless(), "a list that was made before it started");
  }
}
