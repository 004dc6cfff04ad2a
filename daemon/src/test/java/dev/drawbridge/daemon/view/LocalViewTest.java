package dev.drawbridge.daemon.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.api.report.StatusReport.Component;
import dev.drawbridge.api.report.StatusReport.Health;
import org.junit.jupiter.api.Test;

class LocalViewTest {

  @Test
  void recordsThatAreNoLongerReadAreAFailure() {
    Component kernel = LocalView.kernel(false, 0, 0);
    assertEquals(Health.FAILED, kernel.health());
    assertTrue(kernel.detail().contains("restart the agent"), kernel.detail());
  }

  @Test
  void lostRecordsAreSaidAndAreNone() {
    assertEquals(Health.OK, LocalView.kernel(true, 0, 0).health());
    assertEquals(Health.OK, LocalView.kernel(true, 7, 0).health());
    assertTrue(LocalView.kernel(true, 7, 0).detail().contains("7 records lost"));
  }
}
