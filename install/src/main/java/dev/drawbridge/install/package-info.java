/**
 * Puts Drawbridge onto a host and takes it off again: registers the runtime shim in Docker's
 * daemon.json, with containerd and with Podman, writes the shim's configuration and the systemd
 * unit.
 *
 * <p>Read {@link Installer} first: it looks at the host and makes an {@link InstallPlan}, a list of
 * {@link Step}s that can be printed with their diffs before anything happens, and then applied.
 *
 * <p>This package never restarts an engine, never calls its API (Podman, which has none without a
 * process, is asked which containers name the runtime), never writes a file without a backup of
 * what was there, and never takes away a runtime that containers still name: those could not start
 * any more. It never guesses past a conflict; it says what is in the way.
 *
 * <p>Leaf: depends on gson only. The CLI depends on it, nothing else does.
 */
@NullMarked
package dev.drawbridge.install;

import org.jspecify.annotations.NullMarked;
