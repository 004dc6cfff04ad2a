/**
 * HTTP/2 as RFC 9113 has it, and HPACK (RFC 7541): bytes to frames and fields, and back.
 *
 * <p>Read first: {@link dev.drawbridge.l7.http2.FrameReader} (what is refused as a frame), {@link
 * dev.drawbridge.l7.http2.RequestFields} and {@link dev.drawbridge.l7.http2.AnswerFields} (what is
 * refused as a message), {@link dev.drawbridge.l7.http2.Http2Limits} (every bound).
 *
 * <p>It never touches a channel, never repairs what it reads, and knows nothing of policy. A field
 * is an object that the decoder's table, the judgement and the encoder's table share, so that what
 * a client repeats is neither read nor written twice.
 *
 * <p>Only the engine's own packages may depend on it.
 */
@NullMarked
package dev.drawbridge.l7.http2;

import org.jspecify.annotations.NullMarked;
