package dev.drawbridge.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.dockerjava.core.RemoteApiVersion;
import dev.drawbridge.control.ObservedContainer;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class DockerEngineTest {
  private static final String ID = "c".repeat(64);
  private static final String WHOLE =
      """
      {"Id":"%s","Name":"/db","Image":"sha256:i","State":{"Running":true,"Pid":77},
       "Config":{"Image":"db:1","Labels":{"app":"db","baked":"in"}},
       "HostConfig":{"Runtime":"drawbridge","NetworkMode":"bridge"},
       "NetworkSettings":{"Networks":{"bridge":{"IPAddress":"172.17.0.3","GlobalIPv6Address":"fd00::3"},"none":{"IPAddress":"","GlobalIPv6Address":""}}}}
      """
          .formatted(ID);

  @TempDir Path directory;
  private String socket = "";
  private Optional<CannedEngine> canned = Optional.empty();

  @BeforeEach
  void open() throws IOException {
    socket = directory.resolve("docker.sock").toString();
    canned = Optional.of(new CannedEngine(Path.of(socket)));
    canned()
        .answer(
            "/images/sha256:i/json",
            200,
            "{\"Id\":\"sha256:i\",\"Os\":\"linux\",\"Config\":{\"Labels\":{\"baked\":\"in\"}}}");
  }

  private CannedEngine canned() {
    return canned.orElseThrow();
  }

  @AfterEach
  void close() throws IOException {
    canned().close();
  }

  private Optional<ObservedContainer> inspect(int status, String body)
      throws IOException, Engine.UnreadableException {
    canned().answer("/containers/" + ID + "/json", status, body);
    try (DockerEngine engine = DockerEngine.connect(socket)) {
      return engine.inspect(ID);
    }
  }

  @Test
  void readsAWholeContainer() throws Exception {
    ObservedContainer container = inspect(200, WHOLE).orElseThrow();
    assertEquals(
        new ObservedContainer(
            ID,
            "db",
            new java.util.TreeMap<>(Map.of("app", "db", "baked", "in")),
            new java.util.TreeMap<>(Map.of("baked", "in")),
            true,
            "db:1",
            true,
            77,
            List.of(InetAddress.ofLiteral("172.17.0.3"), InetAddress.ofLiteral("fd00::3")),
            "drawbridge",
            "bridge",
            Set.of("CAP_NET_RAW")),
        container);
  }

  @Test
  void speaksTheEnginesVersion() throws Exception {
    inspect(200, WHOLE);
    assertTrue(
        canned().asked.contains("/v1.41/containers/" + ID + "/json"), canned().asked.toString());
  }

  @Test
  void inspectsAnImageOnce() throws Exception {
    canned().answer("/containers/" + ID + "/json", 200, WHOLE);
    try (DockerEngine engine = DockerEngine.connect(socket)) {
      engine.inspect(ID);
      engine.inspect(ID);
    }
    assertEquals(1, canned().asked.stream().filter(t -> t.contains("/images/")).count());
  }

  @Test
  void removedImageIsNotKnown() throws Exception {
    canned().answer("/images/sha256:i/json", 404, "{\"message\":\"No such image\"}");
    assertFalse(inspect(200, WHOLE).orElseThrow().imageKnown());
  }

  @Test
  void imageWhoseConfigurationTheEngineDoesNotHaveIsNotKnown() throws Exception {
    canned()
        .answer(
            "/images/sha256:i/json",
            200,
            "{\"Id\":\"sha256:i\",\"Architecture\":\"\",\"Os\":\"\",\"Config\":{\"Labels\":null}}");
    assertFalse(inspect(200, WHOLE).orElseThrow().imageKnown());
  }

  @Test
  void removedContainerIsNothing() throws Exception {
    assertEquals(Optional.empty(), inspect(404, "{\"message\":\"No such container\"}"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"State\":null,\"Config\":null,\"HostConfig\":null,\"NetworkSettings\":null}",
        "{\"NetworkSettings\":{\"Networks\":null}}",
        "{\"NetworkSettings\":{\"Networks\":{\"a\":null}}}",
        "{\"Config\":{\"Labels\":{\"a\":null}}}"
      })
  void absentFieldsAreEmptyValues(String body) throws Exception {
    ObservedContainer container = inspect(200, body).orElseThrow();
    assertEquals(ID, container.id());
    assertEquals("", container.name());
    assertEquals(0, container.pid());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "not json",
        "{\"Config\":{\"Labels\":[\"app=db\"]}}",
        "{\"State\":{\"Running\":true,\"Pid\":99999999999}}",
        "{\"State\":{\"Running\":true,\"Pid\":-5}}",
        "{\"NetworkSettings\":{\"Networks\":{\"bridge\":{\"IPAddress\":\"db.example\"}}}}",
        "{\"NetworkSettings\":{\"Networks\":{\"bridge\":{\"IPAddress\":\"172.17.0.300\"}}}}"
      })
  void malformedContainerIsUnreadableAndNotTheEndOfTheEngine(String body) {
    assertThrows(Engine.UnreadableException.class, () -> inspect(200, body));
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 409, 500, 503})
  void failedInspectIsUnreadable(int status) {
    assertThrows(Engine.UnreadableException.class, () -> inspect(status, "{\"message\":\"no\"}"));
  }

  @Test
  void failedImageInspectMakesTheContainerUnreadableNotLabelFree() {
    canned().answer("/images/sha256:i/json", 500, "{\"message\":\"no\"}");
    assertThrows(Engine.UnreadableException.class, () -> inspect(200, WHOLE));
  }

  @Test
  void engineThatHangsUpIsGone() throws Exception {
    canned().answer("/containers/" + ID + "/json", 200, WHOLE);
    try (DockerEngine engine = DockerEngine.connect(socket)) {
      engine.inspect(ID);
      canned().close();
      canned().answer("/containers/" + ID + "/json", 200, CannedEngine.HANG_UP);
      assertThrows(Exception.class, () -> engine.inspect(ID));
      assertThrows(IOException.class, () -> engine.inspect(ID));
    }
  }

  @Test
  void absentEngineNamesTheSocket() {
    IOException thrown =
        assertThrows(
            IOException.class,
            () -> DockerEngine.connect(directory.resolve("none.sock").toString()));
    assertTrue(String.valueOf(thrown.getMessage()).contains("none.sock"), thrown.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "nonsense", "[]"})
  void engineWithoutAVersionIsRefused(String body) {
    canned().answer("/version", 200, body);
    assertThrows(IOException.class, () -> DockerEngine.connect(socket));
  }

  @Test
  void listSkipsWhatHasNoIdAndReadsTheRest() throws Exception {
    canned()
        .answer(
            "/containers/json",
            200,
            "[{},{\"Id\":\""
                + ID
                + "\",\"Names\":[\"/db\"],\"Labels\":{\"app\":\"db\"},\"State\":\"running\",\"Image\":\"db:1\",\"HostConfig\":{\"NetworkMode\":\"host\"}}]");
    try (DockerEngine engine = DockerEngine.connect(socket)) {
      ObservedContainer container = engine.list().getFirst();
      assertEquals("db", container.name());
      assertEquals("host", container.networkMode());
      assertTrue(container.running());
      assertEquals(Optional.of(container), engine.sight(ID));
      assertEquals(Optional.empty(), engine.sight("other"));
    }
  }

  @Test
  void malformedListIsAnErrorOfTheEngine() throws Exception {
    canned().answer("/containers/json", 200, "{\"nope\":1}");
    try (DockerEngine engine = DockerEngine.connect(socket)) {
      assertThrows(IOException.class, engine::list);
    }
  }

  @Test
  void eventsOfContainersAndNetworksNameTheContainer() throws Exception {
    canned()
        .answer(
            "/events",
            200,
            """
            {"Type":"container","Action":"start","Actor":{"ID":"a","Attributes":{}}}
            {"Type":"network","Action":"connect","Actor":{"ID":"net","Attributes":{"container":"b"}}}
            {"Type":"network","Action":"connect","Actor":{"ID":"net"}}
            {"Type":"container","Action":"exec_create: sh","Actor":{"ID":"x"}}
            {"Type":"container","Action":"start"}
            {"Type":"image","Action":"pull","Actor":{"ID":"i"}}
            {}
            {"Type":"container","Action":"destroy","Actor":{"ID":"c"}}
            """);
    try (DockerEngine engine = DockerEngine.connect(socket);
        DockerEvents events = engine.subscribe()) {
      Set<String> seen = new java.util.TreeSet<>();
      while (!seen.contains("c")) {
        seen.addAll(events.next());
      }
      assertEquals(Set.of("a", "b", "c"), seen);
    }
  }

  @Test
  void malformedEventEndsTheStreamAndSaysWhy() throws Exception {
    canned()
        .answer(
            "/events",
            200,
            "{\"Type\":\"container\",\"Action\":\"start\",\"Actor\":{\"ID\":\"a\"}}\nnonsense\n");
    try (DockerEngine engine = DockerEngine.connect(socket);
        DockerEvents events = engine.subscribe()) {
      assertEquals(Set.of("a"), events.next());
      assertEquals(Set.of(), events.next());
      assertTrue(events.endedBecause().contains("broke"), events.endedBecause());
    }
  }

  @Test
  void refusedSubscriptionIsAnError() throws Exception {
    canned().answer("/events", 500, "{\"message\":\"no\"}");
    try (DockerEngine engine = DockerEngine.connect(socket)) {
      assertThrows(
          IOException.class,
          () -> {
            try (DockerEvents events = engine.subscribe()) {
              events.next();
            }
          });
    }
  }

  @ParameterizedTest
  @CsvSource({"1.41,1.41", "1.24,1.24", "1.44,1.44", "1.54,1.44"})
  void versionIsTheOlderOfBothSides(String offered, String spoken) {
    assertEquals(spoken, DockerEngine.older(offered).getVersion());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "1", "1.x", "2.0", "v1.41.2.3"})
  void unusableVersionMeansNone(String offered) {
    assertEquals(RemoteApiVersion.UNKNOWN_VERSION, DockerEngine.older(offered));
  }
}
