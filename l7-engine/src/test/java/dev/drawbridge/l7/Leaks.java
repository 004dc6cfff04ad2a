package dev.drawbridge.l7;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Turns Netty's leak reports into something a test can fail on. */
final class Leaks {
  private static final List<String> REPORTS = new CopyOnWriteArrayList<>();

  private Leaks() {}

  /** From now on every buffer is tracked. Before the first buffer is made. */
  static void watch() {
    System.setProperty("io.netty.leakDetection.targetRecords", "8");
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
    ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(new Factory());
  }

  /** What has been reported; buffers that are garbage by now are among it. */
  static List<String> found() {
    // Two rounds: references are queued by one collection and reported by the next allocation.
    for (int i = 0; i < 3; i++) {
      System.gc();
      PooledByteBufAllocator.DEFAULT.directBuffer(16).release();
    }
    return REPORTS;
  }

  private static final class Factory extends ResourceLeakDetectorFactory {
    @Override
    @Deprecated
    @SuppressWarnings({"deprecation", "InlineMeSuggester"}) // abstract in Netty
    public <T> ResourceLeakDetector<T> newResourceLeakDetector(
        Class<T> resource, int samplingInterval, long maxActive) {
      return newResourceLeakDetector(resource, samplingInterval);
    }

    @Override
    public <T> ResourceLeakDetector<T> newResourceLeakDetector(
        Class<T> resource, int samplingInterval) {
      return new Reporting<>(resource, samplingInterval);
    }
  }

  private static final class Reporting<T> extends ResourceLeakDetector<T> {
    Reporting(Class<?> resource, int samplingInterval) {
      super(resource, samplingInterval);
    }

    @Override
    protected void reportTracedLeak(String resourceType, String records) {
      REPORTS.add(resourceType + records);
    }

    @Override
    protected void reportUntracedLeak(String resourceType) {
      REPORTS.add(resourceType);
    }
  }
}
