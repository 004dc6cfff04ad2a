package dev.drawbridge.daemon.container;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.daemon.container.AdmissionTimes.Stage;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class AdmissionTimesTest {

  @Test
  void eachStageIsASeriesInSeconds() {
    PrometheusRegistry registry = new PrometheusRegistry();
    AdmissionTimes times = new AdmissionTimes(registry);

    times.took(Stage.ATTACH, System.nanoTime() - TimeUnit.SECONDS.toNanos(2));
    times.took(Stage.ATTACH, System.nanoTime() - TimeUnit.SECONDS.toNanos(2));
    times.took(Stage.CREATE_RUNTIME, System.nanoTime());

    HistogramSnapshot found = (HistogramSnapshot) registry.scrape().get(0);
    assertEquals("drawbridge_admission_seconds", found.getMetadata().getName());
    assertEquals(2, found.getDataPoints().size());
    for (HistogramSnapshot.HistogramDataPointSnapshot series : found.getDataPoints()) {
      if ("attach".equals(series.getLabels().get("stage"))) {
        assertEquals(2, series.getCount());
        assertEquals(4, series.getSum(), 0.5);
      } else {
        assertEquals("create_runtime", series.getLabels().get("stage"));
      }
    }
  }
}
