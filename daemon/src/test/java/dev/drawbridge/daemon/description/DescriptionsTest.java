package dev.drawbridge.daemon.description;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DescriptionsTest {

  /** A build step starts without labels, so nothing else may pass for one. */
  @ParameterizedTest
  @CsvSource({
    "buildah-buildah123456, /var/tmp/buildah123456, true",
    "buildah-buildah1, /var/tmp/buildah2, false",
    "buildah123456, /var/tmp/buildah123456, false",
    "buildah-buildahx, /var/tmp/buildahx, false",
    "buildah-buildah, /var/tmp/buildah, false",
    "buildah-buildah1, /run/io.containerd.runtime.v2.task/default/buildah-buildah1, false",
    "buildah-buildah1, /, false",
  })
  void aBuildStepIsNamedAfterItsDirectory(String id, Path bundle, boolean step) {
    assertEquals(step, Descriptions.isBuildStep(id, bundle));
  }
}
