package dev.drawbridge.l7.http2;

import java.util.concurrent.atomic.AtomicLong;

/** What all HTTP/2 connections of an engine share. */
public final class Http2Shared {
  public final Http2Limits limits;

  /** Octets of bodies that wait in the engine for their receivers' windows. */
  private final AtomicLong kept = new AtomicLong();

  public Http2Shared(Http2Limits limits) {
    this.limits = limits;
  }

  public void keep(int octets) {
    kept.addAndGet(octets);
  }

  public void release(int octets) {
    kept.addAndGet(-octets);
  }

  /** Whether a connection's window may be refilled before what came through it has gone on. */
  public boolean room() {
    return kept.get() < limits.keptBytes();
  }

  long keptBytes() {
    return kept.get();
  }
}
