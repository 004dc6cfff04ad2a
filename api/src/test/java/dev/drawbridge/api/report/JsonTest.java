package dev.drawbridge.api.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParseException;
import dev.drawbridge.api.FakeAgentView;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
  @Test
  void everyRecordSurvivesTheRoundTrip() {
    FakeAgentView view = new FakeAgentView();
    assertEquals(view.status(), Json.read(Json.write(view.status()), StatusReport.class));
    assertEquals(
        view.endpoints(), Json.readList(Json.write(view.endpoints()), EndpointReport.class));
    assertEquals(view.problems(), Json.readList(Json.write(view.problems()), ProblemReport.class));
    FlowReport flow = FakeAgentView.flow(3, "deny /a\"b<c>\u2028");
    assertEquals(flow, Json.read(Json.write(flow), FlowReport.class));
  }

  @Test
  void emptyOptionalIsWrittenAsNullAndEnumsInLowerCase() {
    String text = Json.write(FakeAgentView.flow(3, "deny /"));
    assertTrue(text.contains("\"rule\":null") && text.contains("\"verdict\":\"deny\""), text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "{}",
        "{\"code\":\"a\"}",
        "{\"code\":\"a\",\"message\":\"b\"}",
        "{\"code\":\"a\",\"message\":\"b\",\"expected\":null}",
        "{\"code\":\"a\",\"message\":\"b\",\"expected\":[]}",
        "{\"code\":\"a\",\"message\":\"b\",\"expected\":\"c\"",
        "nonsense"
      })
  void whatIsNotAWholeRecordIsRefused(String text) {
    assertThrows(JsonParseException.class, () -> Json.read(text, ErrorReport.class));
  }

  @Test
  void unknownEnumAndInstantAreRefused() {
    String text = Json.write(FakeAgentView.flow(3, "deny /"));
    assertThrows(
        JsonParseException.class,
        () -> Json.read(text.replace("\"deny\"", "\"DENY\""), FlowReport.class));
    assertThrows(
        JsonParseException.class,
        () -> Json.read(text.replace("2026-01-01T", "yesterday "), FlowReport.class));
    assertThrows(
        JsonParseException.class,
        () -> Json.read(text.replace("\"name\":\"db\"", "\"nom\":\"db\""), FlowReport.class));
  }

  @Test
  void fieldsOfALaterVersionAreIgnored() {
    assertEquals(
        new ErrorReport("a", "b", "c"),
        Json.read(
            "{\"code\":\"a\",\"message\":\"b\",\"expected\":\"c\",\"more\":1}", ErrorReport.class));
  }
}
