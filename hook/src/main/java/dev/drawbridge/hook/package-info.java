/**
 * The Java half of the OCI hook: everything that the two small C programs under {@code src/main/c}
 * forward arrives here, and everything that is judged is judged on this side.
 *
 * <p>Read {@link HookServer} first (the socket and its frames), then {@link HookHandler} (the four
 * questions that are asked), then {@link OciSpec} (how hooks get into a bundle) and {@link
 * DockerContainerFiles} (where labels come from, since Docker puts none into the OCI state).
 *
 * <p>This package never calls an engine's API: Docker answers no {@code inspect} while a hook runs
 * and nothing at all while it boots, so a hook that asked would wait for itself. It never changes a
 * bundle in place, never drops a JSON field that it does not know, and never lets an exception
 * stand in for an answer: what cannot be read becomes an {@link Attempt.Failed} with a sentence
 * that the person who typed {@code docker run} can act on.
 *
 * <p>The third program there, {@code drawbridge-probe}, forwards nothing: it is both ends of what
 * {@code drawbridge selftest} asks, and stands here because it is built and shipped like the
 * others.
 *
 * <p>Leaf: depends on gson only. The daemon may depend on it, and tests may; nothing else does.
 */
@NullMarked
package dev.drawbridge.hook;

import org.jspecify.annotations.NullMarked;
