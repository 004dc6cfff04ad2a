package dev.drawbridge.l7.http1;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** An answer's head, held to the same grammar as a request's. */
public final class AnswerHead extends Head {
  private static final byte[] CHUNKED = Octets.ascii("chunked");

  private final ConnectionOptions options = new ConnectionOptions();
  private int minor;
  private int status;
  private int reasonStart;
  private int reasonEnd;

  /** The field Upgrade; -1 if there is none, -2 if there are several. */
  private int upgrade;

  private Framing framing = Framing.UNTIL_CLOSE;
  private long contentLength;

  public AnswerHead(HeadLimits limits) {
    super(limits);
    clear();
  }

  @Override
  public void clear() {
    super.clear();
    options.clear();
    status = 0;
    upgrade = -1;
    framing = Framing.UNTIL_CLOSE;
    contentLength = -1;
  }

  public int status() {
    return status;
  }

  public boolean interim() {
    return status < 200;
  }

  /** How the body ends, for a request that asked for one. */
  public Framing framing(boolean toHead) {
    return toHead || status < 200 || status == 204 || status == 304 ? Framing.NONE : framing;
  }

  /** What Content-Length says, -1 if there is none. */
  public long contentLength() {
    return contentLength;
  }

  /** Whether the callee will take no further request on its connection. */
  public boolean closes() {
    return options.close || (minor == 0 && !options.keepAlive);
  }

  /** Whether this switches to one of those protocols, in lower case, status apart. */
  public boolean switchesTo(List<String> protocols) {
    return upgrade >= 0
        && options.upgrade
        && protocols.contains(
            text(valueStart(upgrade), valueEnd(upgrade)).strip().toLowerCase(Locale.ROOT));
  }

  int upgradeField() {
    return upgrade;
  }

  int reasonStart() {
    return reasonStart;
  }

  int reasonEnd() {
    return reasonEnd;
  }

  @Override
  @Nullable Fault startLine(int start, int end) {
    byte[] all = bytes;
    if (end - start < 12
        || all[start] != 'H'
        || all[start + 1] != 'T'
        || all[start + 2] != 'T'
        || all[start + 3] != 'P'
        || all[start + 4] != '/'
        || all[start + 5] != '1'
        || all[start + 6] != '.'
        || (all[start + 7] != '0' && all[start + 7] != '1')
        || all[start + 8] != ' '
        || (end - start > 12 && all[start + 12] != ' ')) {
      return Fault.STATUS;
    }
    minor = all[start + 7] - '0';
    long code = Numbers.decimal(all, start + 9, start + 12);
    if (code < 100) {
      return Fault.STATUS;
    }
    status = (int) code;
    reasonStart = Math.min(end, start + 13);
    reasonEnd = end;
    return null;
  }

  @Override
  @Nullable Fault complete() {
    boolean chunked = false;
    for (int i = 0; i < count(); i++) {
      int start = valueStart(i);
      int end = valueEnd(i);
      switch (name(i)) {
        case OTHER, OVERRIDE, KEEP_ALIVE, DROPPED, OWN, HOST, EXPECT, TE, CONNECTION -> {}
        case CONTENT_LENGTH -> {
          if (contentLength >= 0) {
            return Fault.LENGTH_REPEATED;
          }
          contentLength = Numbers.decimal(bytes, start, end);
          if (contentLength < 0) {
            return Fault.LENGTH;
          }
        }
        case TRANSFER_ENCODING -> {
          if (chunked) {
            return Fault.CODING_REPEATED;
          }
          if (!Octets.same(bytes, start, end, CHUNKED)) {
            return Fault.CODING;
          }
          chunked = true;
        }
        case UPGRADE -> upgrade = upgrade == -1 ? i : -2;
      }
    }
    if (chunked && contentLength >= 0) {
      return Fault.LENGTH_AND_CODING;
    }
    if (chunked && minor == 0) {
      return Fault.CODING_VERSION;
    }
    for (int i = 0; i < count(); i++) {
      // A callee that names a framing field here is sloppy, not dangerous: the field stays.
      if (name(i) == FieldName.CONNECTION) {
        boolean _ = options.read(this, i);
      }
    }
    if (chunked) {
      framing = Framing.CHUNKED;
    } else if (contentLength >= 0) {
      framing = Framing.LENGTH;
    }
    return null;
  }
}
