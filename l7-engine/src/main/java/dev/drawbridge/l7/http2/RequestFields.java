package dev.drawbridge.l7.http2;

import org.jspecify.annotations.Nullable;

/**
 * A request's field section, held to RFC 9113 section 8.3. Beyond its MUSTs: a repeated
 * content-length is refused even if it says the same twice, and so are control characters other
 * than tab in values, and a request that names no host. Used again for each request.
 */
public final class RequestFields {
  /** What speaks gRPC, and how it wants to be refused. */
  public enum Grpc {
    NO,
    /** {@code application/grpc} and its subtypes. */
    YES,
    /** {@code application/grpc-web}, {@code -text} and their subtypes. */
    WEB
  }

  private @Nullable Field method;
  private @Nullable Field scheme;
  private @Nullable Field authority;
  private @Nullable Field path;
  private @Nullable Field host;
  private @Nullable Field contentType;
  private long contentLength;
  private boolean expects;

  /**
   * Reads a section.
   *
   * @param end whether the request has no body
   * @return what is wrong with it, for the log; null if nothing is
   */
  public @Nullable String read(FieldList fields, boolean end) {
    clear();
    boolean pseudo = true;
    for (int i = 0; i < fields.count(); i++) {
      Field field = fields.field(i);
      FieldKind kind = field.kind();
      if (!field.wellFormed()) {
        return "a field is malformed";
      }
      if (kind.pseudo()) {
        if (!pseudo) {
          return "a pseudo-field comes after a field";
        }
      } else {
        pseudo = false;
      }
      String wrong = take(field, kind);
      if (wrong != null) {
        return wrong;
      }
    }
    return complete(end);
  }

  /** Forgets the section: its fields may be large. */
  public void clear() {
    method = null;
    scheme = null;
    authority = null;
    path = null;
    host = null;
    contentType = null;
    contentLength = -1;
    expects = false;
  }

  private @Nullable String take(Field field, FieldKind kind) {
    switch (kind) {
      case METHOD -> {
        if (method != null) {
          return "a pseudo-field is repeated";
        }
        method = field;
      }
      case SCHEME -> {
        if (scheme != null) {
          return "a pseudo-field is repeated";
        }
        scheme = field;
      }
      case AUTHORITY -> {
        if (authority != null) {
          return "a pseudo-field is repeated";
        }
        authority = field;
      }
      case PATH -> {
        if (path != null) {
          return "a pseudo-field is repeated";
        }
        path = field;
      }
      case STATUS, UNKNOWN_PSEUDO -> {
        return "a pseudo-field is not one of a request";
      }
      case HOST -> {
        if (host != null) {
          return "host is repeated";
        }
        host = field;
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
      case CONTENT_TYPE -> contentType = contentType == null ? field : contentType;
      case EXPECT -> expects = true;
      case TE -> {
        if (field.valueLength() != 8 || !field.beginsAnyCase("trailers")) {
          return "te is not: trailers";
        }
      }
      case CONNECTION -> {
        return "a field belongs to a connection of HTTP/1";
      }
      case COOKIE, OWN, NOT_A_TRAILER, OTHER -> {}
    }
    return null;
  }

  private @Nullable String complete(boolean end) {
    if (method == null) {
      return "there is no :method";
    }
    if (end && contentLength > 0) {
      return "content-length promises a body, and there is none";
    }
    if (connect()) {
      return null;
    }
    if (scheme == null || path == null) {
      return "there is no :scheme or no :path";
    }
    if (!scheme.is("http") && !scheme.is("https")) {
      return ":scheme is neither http nor https";
    }
    if (authority == null && host == null) {
      return "there is neither :authority nor host";
    }
    if (path.valueLength() == 0 || (path.valueAt(0) != '/' && !path.is("*"))) {
      return ":path is neither a path nor *";
    }
    return blanks(method) || blanks(path) || (authority != null && blanks(authority))
        ? "a pseudo-field holds white space"
        : null;
  }

  private static boolean blanks(Field field) {
    for (int i = 0; i < field.valueLength(); i++) {
      if (field.valueAt(i) == ' ' || field.valueAt(i) == '\t') {
        return true;
      }
    }
    return false;
  }

  /** Whether this is CONNECT, which is refused whatever it names. */
  public boolean connect() {
    return method != null && method.is("CONNECT");
  }

  /** Whether it is for something that only a secured connection may ask for. */
  public boolean secure() {
    return scheme != null && scheme.is("https");
  }

  public Field method() {
    return there(method);
  }

  public Field path() {
    return there(path);
  }

  public @Nullable Field authority() {
    return authority;
  }

  public @Nullable Field host() {
    return host;
  }

  public @Nullable Field contentType() {
    return contentType;
  }

  /** The method as far as it was read; empty if it was not. */
  public String methodText() {
    return method == null ? "" : method.text();
  }

  /** The path as far as it was read, without the query; empty if it was not. */
  public String pathText() {
    String text = path == null ? "" : path.text();
    int query = text.indexOf('?');
    return query < 0 ? text : text.substring(0, query);
  }

  /** Octets that the body must have; -1 if the section does not say. */
  public long contentLength() {
    return contentLength;
  }

  /** Whether the client may wait for an interim answer before it sends the body. */
  public boolean expects() {
    return expects;
  }

  /** Whether the request is gRPC by its content type. */
  public Grpc grpc() {
    Field type = contentType;
    if (type == null || !type.beginsAnyCase("application/grpc")) {
      return Grpc.NO;
    }
    int after = "application/grpc".length();
    if (type.valueLength() == after) {
      return Grpc.YES;
    }
    int next = type.valueAt(after);
    if (next == '+' || next == ';' || next == ' ' || next == '\t') {
      return Grpc.YES;
    }
    return type.beginsAnyCase("application/grpc-web") ? Grpc.WEB : Grpc.NO;
  }

  /**
   * Whether the path is a service and a method and nothing else: no query, no escape. A server that
   * sees more in it than the policy did would be a way around it (CVE-2026-33186).
   */
  public boolean grpcPath() {
    Field called = there(path);
    int slashes = 0;
    int last = -1;
    for (int i = 0; i < called.valueLength(); i++) {
      int octet = called.valueAt(i);
      if (octet == '/') {
        if (i == last + 1 && i > 0) {
          return false;
        }
        slashes++;
        last = i;
      } else if (octet == '%' || octet == '?' || octet == '#' || octet == '\\' || octet == ';') {
        return false;
      }
    }
    return slashes == 2 && last < called.valueLength() - 1;
  }

  private static Field there(@Nullable Field field) {
    if (field == null) {
      throw new IllegalStateException("the section was not read, or is malformed");
    }
    return field;
  }
}
