/**
 * Podman's own state as values: which containers there are, as whom they were made, and whether
 * they run.
 *
 * <p>Read {@link dev.drawbridge.runtime.podman.PodmanState} first. Podman has no process that could
 * be asked: each of its commands reads and writes one file below the storage root, and holds a
 * container's lock while a hook of it runs. So the file is read, never written, and no command of
 * Podman is run. {@link dev.drawbridge.runtime.podman.BoltState} reads what Podman 4 keeps, {@link
 * dev.drawbridge.runtime.podman.SqliteState} what Podman 5 does.
 *
 * <p>Nothing here decides anything, and nobody but the package above knows it.
 */
@NullMarked
package dev.drawbridge.runtime.podman;

import org.jspecify.annotations.NullMarked;
