package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.Asked;
import dev.drawbridge.l7.http2.AskedGrpc;
import dev.drawbridge.l7.http2.AskedHttp2;
import dev.drawbridge.l7.http2.Field;
import dev.drawbridge.l7.http2.FieldList;
import dev.drawbridge.l7.http2.RequestFields.Grpc;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.HttpRequest;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** One request and its answer. It has the same number on both legs. */
final class Http2Stream {
  private static final Verdict UNJUDGED =
      new Verdict(Decision.DENY, Reason.INCOMPLETE, 0, 0, false);

  final int id;
  final long startNanos = System.nanoTime();
  final Instant at = Instant.now();
  private final Http2Streams streams;

  /** Where the request goes; null if it goes nowhere. */
  @Nullable Http2Callee callee;

  /** From the client; null if nothing of the request is wanted any more. */
  @Nullable Http2Lane request;

  @Nullable Http2Lane response;

  /** The request's fields, until they are sent. */
  @Nullable FieldList fields;

  /** What was judged; null if it was not. */
  @Nullable HttpRequest judged;

  Verdict verdict = UNJUDGED;
  Ending ending = Ending.COMPLETED;

  /** As gRPC has it. */
  int grpcStatus = AskedGrpc.NO_STATUS;

  Grpc grpc = Grpc.NO;
  String grpcType = "";
  boolean head;

  /** Waits for the first of its body, so that a body of another length is found before. */
  boolean held;

  /** The callee knows of it. */
  boolean opened;

  /** The client has said all. */
  boolean requestEnded;

  /** The callee's last section before the body, or the engine's, is on its way to the client. */
  boolean answerBegun;

  /** The answer is the engine's own. */
  boolean own;

  /** The callee wants no more of the request. */
  boolean calleeDone;

  int interimBytes;
  int status;
  long headBytes;
  long answerHeadBytes;
  String requestId = "";
  String method = "";
  String path = "";

  /** Bytes of memory that its head takes. */
  long heldHead;

  /** When something last happened, by the client's coarse clock. */
  long touched;

  Http2Stream(Http2Streams streams, int id) {
    this.streams = streams;
    this.id = id;
  }

  /** Whether there is no telling when the next thing happens, and nobody minds. */
  boolean patient() {
    return grpc != Grpc.NO;
  }

  /** The answer's last section is there. */
  void trailed(FieldList last) {
    if (grpc != Grpc.YES) {
      return;
    }
    for (int i = 0; i < last.count(); i++) {
      Field field = last.field(i);
      if (field.nameText().equals("grpc-status")) {
        long number = field.decimal();
        grpcStatus = number >= 0 && number <= 999 ? (int) number : AskedGrpc.NO_STATUS;
      }
    }
  }

  void laneFinished(Http2Lane lane) {
    streams.laneFinished(this, lane);
  }

  /** Whatever the callee knows of it, it need not go on with. */
  void resetCallee(int code) {
    Http2Callee to = callee;
    if (to != null) {
      to.reset(this, code);
    }
  }

  /** Whether only the client can say when the answer goes on. */
  boolean waitsForWindow() {
    Http2Lane answer = response;
    return answer != null && answer.waitsForWindow();
  }

  /** How it ends; what it met first counts. */
  void ends(Ending how) {
    if (ending == Ending.COMPLETED) {
      ending = how;
    }
  }

  /** It is refused for what it is; one that is denied already keeps its reason. */
  void deniedBy(Reason reason) {
    if (verdict.decision() != Decision.DENY || !judged()) {
      verdict =
          new Verdict(
              Decision.DENY, reason, verdict.generation(), verdict.rule(), verdict.audited());
    }
  }

  /** The same if policy was not asked; else its verdict stands. */
  void unjudged(Reason reason) {
    if (!judged()) {
      deniedBy(reason);
    }
  }

  private boolean judged() {
    return verdict.generation() != 0;
  }

  /** What the record is about. */
  Asked asked() {
    return grpc == Grpc.YES
        ? AskedGrpc.of(path, grpcStatus, status, id)
        : new AskedHttp2(method, path, status, id);
  }

  /** Bytes of memory that it takes: its fields, what was judged, and what waits of its bodies. */
  long holds() {
    return heldHead
        + (request == null ? 0 : request.holds())
        + (response == null ? 0 : response.holds());
  }

  /** Gives back what waits. */
  void drop() {
    if (request != null) {
      request.drop();
    }
    if (response != null) {
      response.drop();
    }
  }
}
