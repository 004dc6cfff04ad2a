/**
 * HTTP/1 as RFC 9112 has it and no other reading: bytes to heads and bodies, and back.
 *
 * <p>Read first: {@link dev.drawbridge.l7.http1.Head} (how a head is taken in), {@link
 * dev.drawbridge.l7.http1.RequestHead} (what is refused and why), {@link
 * dev.drawbridge.l7.http1.HeadWriter} (what is sent on), {@link
 * dev.drawbridge.policy.path.PathReadings} (what a path may be taken for).
 *
 * <p>It never touches a channel, never repairs what it reads, and never hands out bytes of a head
 * for relaying: a head is written anew from its parsed parts.
 *
 * <p>Only the engine's own packages may depend on it.
 */
@NullMarked
package dev.drawbridge.l7.http1;

import org.jspecify.annotations.NullMarked;
