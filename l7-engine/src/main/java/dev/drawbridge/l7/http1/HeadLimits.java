package dev.drawbridge.l7.http1;

/**
 * The bounds of one message's head, body lines and trailers, in bytes and fields.
 *
 * @param startLine without its CRLF
 * @param fields all field lines together
 * @param fieldCount most field lines
 * @param trailers all trailer lines together
 * @param chunkLine a chunk size with its extensions
 */
public record HeadLimits(int startLine, int fields, int fieldCount, int trailers, int chunkLine) {}
