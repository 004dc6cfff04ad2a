/**
 * The lane {@code vm}: each kernel that Debian serves, booted under QEMU with that distribution's
 * own Docker and this build. Nothing is installed on the machine that runs it.
 *
 * <p>Read {@code KernelsTest} first, then {@code it/src/test/vm}: what is fetched, and what the
 * guest does.
 *
 * <p>It never counts what the mirror does not have as passed or skipped: that is an outcome of its
 * own, {@code unavailable}.
 *
 * <p>Nothing depends on it.
 */
@NullMarked
package dev.drawbridge.it.vm;

import org.jspecify.annotations.NullMarked;
