package dev.drawbridge.l7.http1;

import dev.drawbridge.policy.http.HttpRequest;
import dev.drawbridge.policy.http.Upgrades;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request's head. Refused beyond the RFC's MUSTs: Content-Length beside Transfer-Encoding, either
 * of them twice, codings other than "chunked", obs-fold, a bare LF, CONNECT, userinfo, a fragment,
 * an invalid %-escape in the path, %00, bytes above 0x7e in the path, a method that is not written
 * in upper case. Read beyond the grammar: one empty line before the request, as section 2.2 asks,
 * and in a query bytes above 0x7e and any %, as browsers send them; {@link Chunks} reads blanks
 * around the parts of an extension, as section 7.1.1 asks.
 */
public final class RequestHead extends Head {
  private static final byte[] CHUNKED = Octets.ascii("chunked");
  private static final String WEBSOCKET = "websocket";
  private static final byte[] CONTINUE = Octets.ascii("100-continue");
  private static final byte[] TRAILERS = Octets.ascii("trailers");
  static final byte[] HTTP = Octets.ascii("http://");
  static final byte[] VERSION = Octets.ascii("http/");
  private static final byte[] CONNECT = Octets.ascii("connect");
  private static final String[] METHODS = {
    "GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "TRACE"
  };

  private final ConnectionOptions options = new ConnectionOptions();
  private final RequestTarget target = new RequestTarget();
  private int methodStart;
  private int methodEnd;
  private int minor;
  private int host;
  private Framing framing = Framing.NONE;
  private long contentLength;
  private boolean expectsContinue;
  private boolean takesTrailers;
  private boolean websocket;
  private boolean upgradesElsewhere;

  /** Whether there is a field Upgrade. */
  private boolean upgrade;

  private boolean overrides;

  /** The first line ends in what is a version of HTTP, or wants to be one. */
  private boolean versioned;

  /** It ends in the version of something else. */
  private boolean versionedElsewhere;

  public RequestHead(HeadLimits limits) {
    super(limits);
    clear();
  }

  @Override
  public void clear() {
    super.clear();
    options.clear();
    target.clear();
    methodStart = 0;
    methodEnd = 0;
    minor = 1;
    host = -1;
    framing = Framing.NONE;
    contentLength = 0;
    expectsContinue = false;
    takesTrailers = false;
    websocket = false;
    upgradesElsewhere = false;
    upgrade = false;
    overrides = false;
    versioned = false;
    versionedElsewhere = false;
  }

  /** The method as sent; empty if the head failed before it. */
  public String method() {
    for (String known : METHODS) {
      if (matches(known)) {
        return known;
      }
    }
    return text(methodStart, methodEnd);
  }

  /** Whether that is the method. */
  private boolean matches(String word) {
    if (methodEnd - methodStart != word.length()) {
      return false;
    }
    for (int i = 0; i < word.length(); i++) {
      if (bytes[methodStart + i] != word.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Whether what was refused is no HTTP at all: it neither begins like a request, with a method and
   * a target, nor ends its first line like one, with a version; or that line names the version of
   * something else (RTSP, SIP). Empty lines are no sign of anything, but for those with which the
   * PROXY protocol begins.
   */
  public boolean foreign() {
    if (started() || versioned) {
      return false;
    }
    return fault() == Fault.EMPTY_START_LINE
        ? proxyProtocol()
        : versionedElsewhere || !mayBeginARequest(false);
  }

  /** The same of what has stopped in its first line, and has no fault yet. */
  public boolean unlikeHttp() {
    return !started() && !mayBeginARequest(true);
  }

  private boolean proxyProtocol() {
    return size() > 4 && bytes[4] == 0;
  }

  /**
   * Whether a method and the beginning of a target are there.
   *
   * @param partly or may still come
   */
  private boolean mayBeginARequest(boolean partly) {
    int at = lineStart();
    while (at < size() && Octets.method(bytes[at], at == lineStart())) {
      at++;
    }
    if (at == size()) {
      return partly;
    }
    if (at == lineStart() || bytes[at] != ' ') {
      return false;
    }
    int next = at + 1;
    if (next == size()) {
      return partly;
    }
    int first = bytes[next];
    int known = Math.min(HTTP.length, size() - next);
    return first == '/'
        || first == '*'
        || ((partly || known == HTTP.length)
            && Octets.same(bytes, next, next + known, Arrays.copyOf(HTTP, known)));
  }

  /** Whether nothing but the empty line has come that may stand before a request. */
  public boolean onlyEmptyLine() {
    return size() <= 2 && (size() == 0 || bytes[0] == '\r');
  }

  @Override
  boolean mayBeginEmpty() {
    return true;
  }

  /** The path as sent, without the query; empty if the head failed before it. */
  public String path() {
    if (target.pathStart < target.pathEnd || target.pathEnd == 0) {
      return text(target.pathStart, target.pathEnd);
    }
    return isWholeServer() ? "*" : "/";
  }

  /** What the policy looks at. Valid until the head is cleared. */
  public HttpRequest request(int port) {
    String path = path();
    String name =
        host < 0 ? "" : Authority.comparable(bytes, valueStart(host), valueEnd(host), port);
    boolean asItIs = target.plain && !overrides && !speakingQuery();
    HttpRequest read =
        asItIs
            ? new HttpRequest(method(), List.of(path), name, this)
            : HttpRequest.read(method(), path, query(), name, this);
    return read.upgrading(upgradesElsewhere);
  }

  private String query() {
    return target.end > target.pathEnd + 1 ? text(target.pathEnd + 1, target.end) : "";
  }

  /** Whether the query may hold a parameter that is of interest. */
  private boolean speakingQuery() {
    for (int i = target.pathEnd + 1; i < target.end; i++) {
      if (bytes[i] == '_' || bytes[i] == '%') {
        return true;
      }
    }
    return false;
  }

  /** 0 or 1, of HTTP/1. */
  public int minorVersion() {
    return minor;
  }

  public Framing framing() {
    return framing;
  }

  /** Bytes of the body when framed by length. */
  public long contentLength() {
    return contentLength;
  }

  public boolean isHead() {
    return matches("HEAD");
  }

  /** Whether the client wants no further answer on the connection. */
  public boolean closes() {
    return options.close || (minor == 0 && !options.keepAlive);
  }

  public boolean expectsContinue() {
    return expectsContinue;
  }

  /** Whether this asks to become a WebSocket. */
  public boolean websocket() {
    return websocket;
  }

  /**
   * Whether this asks for protocols of which none is a WebSocket's, nor one whose clients take an
   * ordinary answer as well: those are taken off. What comes of it cannot be judged, so policy
   * allows it only where a rule names it.
   */
  public boolean upgradesElsewhere() {
    return upgradesElsewhere;
  }

  /** What it may become, in lower case: the protocols of which the callee may choose one. */
  public List<String> upgrades() {
    return websocket
        ? List.of(WEBSOCKET)
        : upgradesElsewhere ? Upgrades.members(all(Upgrades.FIELD)) : List.of();
  }

  boolean takesTrailers() {
    return takesTrailers;
  }

  int methodStart() {
    return methodStart;
  }

  int methodEnd() {
    return methodEnd;
  }

  int pathStart() {
    return target.pathStart;
  }

  int pathEnd() {
    return target.pathEnd;
  }

  /** Whether it asks about the server as a whole: RFC 9112 section 3.2.4. */
  boolean isWholeServer() {
    return target.pathStart == target.pathEnd
        && target.pathEnd != 0
        && target.end == target.pathEnd
        && method().equals("OPTIONS");
  }

  int targetStart() {
    return target.start;
  }

  int targetEnd() {
    return target.end;
  }

  @Override
  @Nullable Fault startLine(int start, int end) {
    byte[] all = bytes;
    versioned = endsInAVersion(start, end);
    versionedElsewhere = !versioned && endsInAnotherVersion(start, end);
    int space = start;
    while (space < end && Octets.token(all[space])) {
      space++;
    }
    if (space == start || space == end || all[space] != ' ') {
      return space == end && space > start ? Fault.START_LINE : Fault.METHOD;
    }
    methodStart = start;
    methodEnd = space;
    int at = space + 1;
    int afterTarget = at;
    while (afterTarget < end && all[afterTarget] != ' ') {
      afterTarget++;
    }
    if (afterTarget == at || afterTarget == end) {
      return Fault.START_LINE;
    }
    Fault version = version(afterTarget + 1, end);
    if (version != null) {
      return version;
    }
    if (Octets.same(all, start, methodEnd, CONNECT)) {
      return Fault.CONNECT;
    }
    for (int i = start; i < methodEnd; i++) {
      if (!Octets.method(all[i], i == start)) {
        return Fault.METHOD_CASE;
      }
    }
    return target.read(all, at, afterTarget, matches("OPTIONS"));
  }

  private boolean endsInAVersion(int start, int end) {
    int word = end;
    while (word > start && bytes[word - 1] != ' ') {
      word--;
    }
    return end - word >= VERSION.length && Octets.same(bytes, word, word + VERSION.length, VERSION);
  }

  /** Capital letters, a slash, and a number: {@code RTSP/1.0}. */
  private boolean endsInAnotherVersion(int start, int end) {
    byte[] all = bytes;
    int letter = end - 4;
    if (letter <= start
        || all[end - 4] != '/'
        || !Octets.digit(all[end - 3])
        || all[end - 2] != '.'
        || !Octets.digit(all[end - 1])) {
      return false;
    }
    int word = letter;
    while (word > start && all[word - 1] >= 'A' && all[word - 1] <= 'Z') {
      word--;
    }
    return letter - word >= 2 && word > start && all[word - 1] == ' ';
  }

  private @Nullable Fault version(int start, int end) {
    byte[] all = bytes;
    for (int i = start; i < end; i++) {
      if (all[i] == ' ') {
        return Fault.START_LINE;
      }
    }
    if (end - start != 8
        || all[start] != 'H'
        || all[start + 1] != 'T'
        || all[start + 2] != 'T'
        || all[start + 3] != 'P'
        || all[start + 4] != '/'
        || !Octets.digit(all[start + 5])
        || all[start + 6] != '.'
        || !Octets.digit(all[start + 7])) {
      return Fault.VERSION;
    }
    minor = all[start + 7] - '0';
    return all[start + 5] == '1' && minor <= 1 ? null : Fault.VERSION_UNSUPPORTED;
  }

  @Override
  @Nullable Fault complete() {
    int length = -1;
    int coding = -1;
    int expects = 0;
    for (int i = 0; i < count(); i++) {
      switch (name(i)) {
        case OVERRIDE -> overrides = true;
        case OTHER, KEEP_ALIVE, DROPPED, OWN, CONNECTION -> {}
        case HOST -> {
          if (host >= 0) {
            return Fault.HOST_REPEATED;
          }
          host = i;
        }
        case CONTENT_LENGTH -> {
          if (length >= 0) {
            return Fault.LENGTH_REPEATED;
          }
          length = i;
        }
        case TRANSFER_ENCODING -> {
          if (coding >= 0) {
            return Fault.CODING_REPEATED;
          }
          coding = i;
        }
        case EXPECT -> {
          // An expectation that nobody knows is not passed on: a callee could know it.
          expectsContinue = expects == 0 && is(i, CONTINUE);
          expects++;
        }
        case UPGRADE -> upgrade = true;
        case TE -> takesTrailers |= Members.has(this, i, TRAILERS);
      }
    }
    Fault found = body(length, coding);
    if (found == null) {
      found = hostField();
    }
    for (int i = 0; found == null && i < count(); i++) {
      if (name(i) == FieldName.CONNECTION && !options.read(this, i)) {
        found = Fault.CONNECTION;
      }
    }
    expectsContinue &= minor == 1;
    if (upgrade && options.upgrade && minor == 1) {
      Upgrades wanted = Upgrades.of(all(Upgrades.FIELD));
      boolean opensWebsocket =
          (framing == Framing.NONE || (framing == Framing.LENGTH && contentLength == 0))
              && matches("GET");
      websocket = wanted.websocket() && opensWebsocket;
      upgradesElsewhere = wanted.elsewhere(opensWebsocket);
    }
    return found;
  }

  private @Nullable Fault body(int length, int coding) {
    if (coding >= 0) {
      if (length >= 0) {
        return Fault.LENGTH_AND_CODING;
      }
      if (minor == 0) {
        return Fault.CODING_VERSION;
      }
      if (!is(coding, CHUNKED)) {
        return Fault.CODING;
      }
      framing = Framing.CHUNKED;
    } else if (length >= 0) {
      contentLength = Numbers.decimal(bytes, valueStart(length), valueEnd(length));
      if (contentLength < 0) {
        return Fault.LENGTH;
      }
      framing = Framing.LENGTH;
    }
    return null;
  }

  private @Nullable Fault hostField() {
    if (host < 0) {
      return minor == 0 && !target.absolute ? null : Fault.HOST_MISSING;
    }
    int start = valueStart(host);
    int end = valueEnd(host);
    if (!Authority.valid(bytes, start, end)) {
      return Fault.HOST;
    }
    if (target.absolute
        && !Authority.comparable(bytes, start, end, 80)
            .equals(Authority.comparable(bytes, target.authorityStart, target.authorityEnd, 80))) {
      return Fault.TARGET_AUTHORITY;
    }
    return null;
  }

  private boolean is(int field, byte[] lowerCaseWord) {
    return Octets.same(bytes, valueStart(field), valueEnd(field), lowerCaseWord);
  }
}
