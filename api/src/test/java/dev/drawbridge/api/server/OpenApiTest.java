package dev.drawbridge.api.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.drawbridge.api.ApiLimits;
import dev.drawbridge.api.FakeAgentView;
import dev.drawbridge.api.report.EndpointReport;
import dev.drawbridge.api.report.ErrorReport;
import dev.drawbridge.api.report.ExplanationReport;
import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.api.report.NameReport;
import dev.drawbridge.api.report.PeerReference;
import dev.drawbridge.api.report.ProblemReport;
import dev.drawbridge.api.report.RuleReference;
import dev.drawbridge.api.report.StatusReport;
import dev.drawbridge.api.report.VerdictReport;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Holds openapi.json against the routes and the records. */
class OpenApiTest {
  private JsonObject document = new JsonObject();

  @BeforeEach
  void read() throws IOException {
    try (InputStream in = ApiServer.class.getResourceAsStream("openapi.json")) {
      assertNotNull(in);
      document =
          JsonParser.parseReader(new InputStreamReader(in, StandardCharsets.UTF_8))
              .getAsJsonObject();
    }
  }

  @Test
  void pathsAreTheRoutesAndNothingElse() {
    List<String> routes =
        new Routes(new FakeAgentView()).all().stream().map(Routes.Route::path).toList();
    assertEquals(routes, new ArrayList<>(document.getAsJsonObject("paths").keySet()));
  }

  @Test
  void everyPathHasGetAndNoOtherMethod() {
    document
        .getAsJsonObject("paths")
        .asMap()
        .forEach(
            (path, item) -> assertEquals(Set.of("get"), item.getAsJsonObject().keySet(), path));
  }

  @Test
  void parametersAndSummariesAreTheRoutes() {
    for (Routes.Route route : new Routes(new FakeAgentView()).all()) {
      JsonObject get =
          document.getAsJsonObject("paths").getAsJsonObject(route.path()).getAsJsonObject("get");
      List<String> described = new ArrayList<>();
      for (JsonElement parameter : get.getAsJsonArray("parameters")) {
        described.add(parameter.getAsJsonObject().get("name").getAsString());
      }
      List<String> taken = new ArrayList<>(route.parameters());
      if (!route.prefix().isEmpty()) {
        taken.add(route.prefix() + "NAME");
      }
      assertEquals(taken, described, route.path());
      assertEquals(route.summary(), get.get("summary").getAsString(), route.path());
    }
  }

  @Test
  void schemasAreTheRecords() {
    List<Class<?>> records =
        List.of(
            StatusReport.class,
            StatusReport.Component.class,
            StatusReport.Exempt.class,
            EndpointReport.class,
            ProblemReport.class,
            NameReport.class,
            VerdictReport.class,
            ExplanationReport.class,
            ExplanationReport.SideReport.class,
            ExplanationReport.NearMiss.class,
            ExplanationReport.SuggestedLabel.class,
            RuleReference.class,
            PeerReference.class,
            FlowReport.class,
            FlowReport.Asked.class,
            ErrorReport.class);
    for (Class<?> type : records) {
      JsonObject schema =
          document
              .getAsJsonObject("components")
              .getAsJsonObject("schemas")
              .getAsJsonObject(type.getSimpleName());
      assertNotNull(schema, type.getSimpleName());
      List<String> components =
          Arrays.stream(type.getRecordComponents()).map(RecordComponent::getName).toList();
      assertEquals(
          components,
          new ArrayList<>(schema.getAsJsonObject("properties").keySet()),
          type.getSimpleName());
      Set<String> required = new TreeSet<>();
      schema.getAsJsonArray("required").forEach(r -> required.add(r.getAsString()));
      assertEquals(new TreeSet<>(components), required, type.getSimpleName());
      for (RecordComponent component : type.getRecordComponents()) {
        JsonObject property =
            schema.getAsJsonObject("properties").getAsJsonObject(component.getName());
        check(
            type.getSimpleName() + "." + component.getName(), component.getGenericType(), property);
      }
    }
  }

  private static void check(String where, Type type, JsonObject property) {
    String text = property.toString();
    switch (type) {
      case Class<?> raw when raw == String.class ->
          assertEquals("string", property.get("type").getAsString(), where);
      case Class<?> raw when raw == Instant.class ->
          assertEquals("date-time", property.get("format").getAsString(), where);
      case Class<?> raw when raw == int.class ->
          assertEquals("int32", property.get("format").getAsString(), where);
      case Class<?> raw when raw == long.class ->
          assertEquals("int64", property.get("format").getAsString(), where);
      case Class<?> raw when raw == boolean.class ->
          assertEquals("boolean", property.get("type").getAsString(), where);
      case Class<?> raw when raw.isRecord() ->
          assertTrue(text.contains("/" + raw.getSimpleName() + "\""), where);
      case Class<?> raw when raw.isEnum() && property.has("enum") -> {
        for (Object constant : raw.getEnumConstants()) {
          assertTrue(
              text.contains("\"" + constant.toString().toLowerCase(Locale.ROOT) + "\""), where);
        }
        assertEquals(raw.getEnumConstants().length, property.getAsJsonArray("enum").size(), where);
      }
      default -> {
        boolean optional = type.getTypeName().startsWith("java.util.Optional");
        assertEquals(optional, text.contains("\"null\""), where);
        assertEquals(
            type.getTypeName().startsWith("java.util.List"),
            property.has("items") || (text.contains("\"items\"") && !isMap(type)),
            where);
        assertEquals(isMap(type), text.contains("\"additionalProperties\""), where);
      }
    }
  }

  private static boolean isMap(Type type) {
    return type.getTypeName().startsWith("java.util.SortedMap")
        || type.getTypeName().startsWith("java.util.Map");
  }

  @Test
  void referencesResolve() {
    JsonObject schemas = document.getAsJsonObject("components").getAsJsonObject("schemas");
    String text = document.toString();
    for (String piece : text.split("#/components/schemas/", -1)) {
      if (!piece.startsWith("{")) {
        assertTrue(schemas.has(piece.substring(0, piece.indexOf('"'))), piece.substring(0, 30));
      }
    }
  }

  @Test
  void boundsOfLastAreTheServers() {
    assertTrue(document.toString().contains("\"maximum\":" + ApiLimits.FLOWS));
  }
}
