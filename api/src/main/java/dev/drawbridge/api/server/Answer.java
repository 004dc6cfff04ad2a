package dev.drawbridge.api.server;

import dev.drawbridge.api.FlowFilter;
import dev.drawbridge.api.question.Refusal;
import dev.drawbridge.api.report.Json;

/** What a route answers with. Not seen outside the package. */
sealed interface Answer {

  String JSON = "application/json";

  /** A whole body. */
  record Body(int status, String contentType, String text) implements Answer {}

  /** A JSON array of what is read as the client takes it. */
  record Stream(StreamedArray.Rows rows) implements Answer {}

  /** One line of JSON a record, {@code last} old ones first, until the client goes. */
  record Follow(FlowFilter filter, int last) implements Answer {}

  static Answer json(Object value) {
    return json(200, value);
  }

  static Answer json(int status, Object value) {
    return new Body(status, JSON, Json.write(value) + "\n");
  }

  static Answer error(Refusal refusal) {
    return json(refusal.status(), refusal.report());
  }
}
