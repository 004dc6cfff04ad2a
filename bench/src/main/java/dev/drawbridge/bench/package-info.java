/**
 * Side-by-side benchmarks: every figure is a ratio of medians from interleaved rounds of one run,
 * because absolute figures of a shared machine mean little.
 *
 * <p>Read {@link dev.drawbridge.bench.StartBench} and {@link dev.drawbridge.bench.HttpBench} first.
 *
 * <p>Nothing is tuned for the benchmark: the agent runs as it does in {@code ./drawbridge up},
 * containers are real, and a load generator that saw a single error makes the run fail.
 *
 * <p>Nothing depends on it.
 */
@NullMarked
package dev.drawbridge.bench;

import org.jspecify.annotations.NullMarked;
