package dev.drawbridge.l7.tls;

import io.netty.buffer.ByteBuf;
import java.util.HexFormat;

/**
 * Watches the beginning of what a TLS server says for its ServerHello, which is sent in the clear
 * in every version: RFC 8446 section 4.1.3, RFC 5246 section 7.4.1.3. Until it comes, the server
 * may still take another ClientHello, because it asked for one (HelloRetryRequest, RFC 8446 section
 * 4.1.4). Takes none of the bytes away. What is not TLS settles nothing.
 */
public final class ServerHelloWatch {
  /** SHA-256 of "HelloRetryRequest": the random by which one is told from a ServerHello. */
  private static final byte[] RETRY =
      HexFormat.of().parseHex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c");

  private static final int FIRST_TYPE = 20;
  private static final int HANDSHAKE = 22;
  private static final int LAST_TYPE = 23;
  private static final int SERVER_HELLO = 2;
  private static final int RECORD_HEADER = 5;
  private static final int MESSAGE_HEADER = 4;
  private static final int RANDOM_AT = MESSAGE_HEADER + 2;

  private final byte[] header = new byte[RECORD_HEADER];
  private int headerBytes;
  private int recordLeft;
  private int messageType;
  private int messageLength;

  /** Of the current message, its header included. */
  private int messageBytes;

  private boolean retry;
  private boolean unreadable;
  private boolean settled;

  /** Goes on in all that is readable; true once a ServerHello has come that asks for no other. */
  public boolean take(ByteBuf in) {
    int at = in.readerIndex();
    int end = in.writerIndex();
    while (at < end && !settled && !unreadable) {
      if (recordLeft == 0) {
        header(in.getByte(at++));
      } else if (header[0] == HANDSHAKE) {
        recordLeft--;
        message(in.getByte(at++));
      } else {
        int size = Math.min(recordLeft, end - at);
        recordLeft -= size;
        at += size;
      }
    }
    return settled;
  }

  private void header(byte octet) {
    header[headerBytes++] = octet;
    if (headerBytes == RECORD_HEADER) {
      headerBytes = 0;
      recordLeft = (header[3] & 0xff) << 8 | (header[4] & 0xff);
    }
    unreadable = header[0] < FIRST_TYPE || header[0] > LAST_TYPE;
  }

  private void message(byte octet) {
    int at = messageBytes++;
    if (at == 0) {
      messageType = octet;
      messageLength = 0;
      retry = true;
    } else if (at < MESSAGE_HEADER) {
      messageLength = messageLength << 8 | (octet & 0xff);
    } else if (messageType == SERVER_HELLO && at >= RANDOM_AT) {
      random(at - RANDOM_AT, octet);
    }
    if (messageBytes >= MESSAGE_HEADER && messageBytes == MESSAGE_HEADER + messageLength) {
      messageBytes = 0;
    }
  }

  private void random(int index, byte octet) {
    if (index < RETRY.length) {
      retry &= octet == RETRY[index];
      settled = index == RETRY.length - 1 && !retry;
    }
  }
}
