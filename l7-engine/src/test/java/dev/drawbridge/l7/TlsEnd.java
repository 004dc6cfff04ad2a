package dev.drawbridge.l7;

import dev.drawbridge.l7.tls.Hellos;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;

/**
 * One end of a TLS connection whose records are at hand: what it sends can be changed or cut. Does
 * not model: closing.
 */
final class TlsEnd {
  private static final int BUFFER = 1 << 16;

  final SSLEngine engine;
  final ByteArrayOutputStream sent = new ByteArrayOutputStream();
  private final InputStream in;
  private final OutputStream out;
  private final UnaryOperator<byte[]> change;
  private final boolean singly;
  private final ByteBuffer came = ByteBuffer.allocate(BUFFER).flip();

  /** An end that sends each flight as the change makes it, and singly byte by byte. */
  TlsEnd(
      SSLEngine engine,
      InputStream in,
      OutputStream out,
      UnaryOperator<byte[]> change,
      boolean singly) {
    this.engine = engine;
    this.in = in;
    this.out = out;
    this.change = change;
    this.singly = singly;
  }

  void handshake() throws IOException {
    engine.beginHandshake();
    while (true) {
      HandshakeStatus status = engine.getHandshakeStatus();
      switch (status) {
        case NEED_WRAP -> wrap(ByteBuffer.allocate(0));
        case NEED_TASK -> engine.getDelegatedTask().run();
        case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> unwrap();
        case FINISHED, NOT_HANDSHAKING -> {
          return;
        }
      }
    }
  }

  private void wrap(ByteBuffer data) throws IOException {
    ByteBuffer record = ByteBuffer.allocate(BUFFER);
    engine.wrap(data, record);
    byte[] bytes = change.apply(Arrays.copyOf(record.array(), record.position()));
    sent.writeBytes(bytes);
    if (!singly) {
      out.write(bytes);
    } else {
      for (byte octet : bytes) {
        out.write(octet);
      }
    }
    out.flush();
  }

  private byte[] unwrap() throws IOException {
    ByteBuffer data = ByteBuffer.allocate(BUFFER);
    while (engine.unwrap(came, data).getStatus() == Status.BUFFER_UNDERFLOW) {
      came.compact();
      int got = in.read(came.array(), came.position(), came.remaining());
      if (got < 0) {
        throw new IOException("the connection ended");
      }
      came.position(came.position() + got).flip();
    }
    return Arrays.copyOf(data.array(), data.position());
  }

  void write(byte[] data) throws IOException {
    wrap(ByteBuffer.wrap(data));
  }

  byte[] read() throws IOException {
    byte[] data = unwrap();
    while (data.length == 0) {
      data = unwrap();
    }
    return data;
  }

  /** Whether it has asked for another hello. */
  boolean askedAgain() {
    byte[] all = sent.toByteArray();
    byte[] random = Hellos.retryRandom();
    for (int i = 0; i + random.length <= all.length; i++) {
      if (Arrays.equals(all, i, i + random.length, random, 0, random.length)) {
        return true;
      }
    }
    return false;
  }
}
