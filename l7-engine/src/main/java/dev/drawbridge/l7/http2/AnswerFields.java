package dev.drawbridge.l7.http2;

import org.jspecify.annotations.Nullable;

/** An answer's field section, held to the same grammar as a request's. Used again for each. */
public final class AnswerFields {
  private int status;
  private long contentLength;

  /** Reads a section; returns what is wrong with it, null if nothing is. */
  public @Nullable String read(FieldList fields) {
    status = 0;
    contentLength = -1;
    if (fields.tooLarge()) {
      return "there are too many fields";
    }
    for (int i = 0; i < fields.count(); i++) {
      Field field = fields.field(i);
      if (!field.wellFormed()) {
        return "a field is malformed";
      }
      switch (field.kind()) {
        case STATUS -> {
          status = i == 0 && field.valueLength() == 3 ? (int) field.decimal() : 0;
          if (status < 100 || status == 101) {
            return ":status is not one";
          }
        }
        case METHOD, SCHEME, AUTHORITY, PATH, UNKNOWN_PSEUDO -> {
          return "a pseudo-field is not one of an answer";
        }
        case CONTENT_LENGTH -> {
          if (contentLength >= 0) {
            return "content-length is repeated";
          }
          contentLength = field.decimal();
          if (contentLength < 0) {
            return "content-length is not a number";
          }
        }
        case CONNECTION -> {
          return "a field belongs to a connection of HTTP/1";
        }
        case HOST, CONTENT_TYPE, COOKIE, EXPECT, TE, OWN, NOT_A_TRAILER, OTHER -> {}
      }
    }
    return status == 0 ? "there is no :status" : null;
  }

  public int status() {
    return status;
  }

  public boolean interim() {
    return status < 200;
  }

  /**
   * Octets that the body must have; -1 if any number will do.
   *
   * @param toHead whether the request was HEAD
   */
  public long bodyLength(boolean toHead) {
    return toHead || status == 204 || status == 304 ? 0 : contentLength;
  }

  /**
   * What is wrong with a section that ends a body, null if nothing is.
   *
   * @param request of a request; an answer may describe itself again
   */
  public static @Nullable String trailerFault(FieldList fields, boolean request) {
    if (fields.tooLarge()) {
      return "there are too many trailers";
    }
    for (int i = 0; i < fields.count(); i++) {
      Field field = fields.field(i);
      if (!field.wellFormed()) {
        return "a trailer is malformed";
      }
      switch (field.kind()) {
        case METHOD,
            SCHEME,
            AUTHORITY,
            PATH,
            STATUS,
            UNKNOWN_PSEUDO,
            CONNECTION,
            CONTENT_LENGTH -> {
          return "a field may not be a trailer";
        }
        case HOST, CONTENT_TYPE, COOKIE, EXPECT, TE, NOT_A_TRAILER -> {
          if (request) {
            return "a field may not be a trailer";
          }
        }
        case OWN, OTHER -> {}
      }
    }
    return null;
  }
}
