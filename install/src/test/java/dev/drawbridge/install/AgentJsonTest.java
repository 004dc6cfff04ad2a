package dev.drawbridge.install;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AgentJsonTest {
  private static final Map<String, String> WANTED =
      new TreeMap<>(Map.of("dataRoot", "/var/lib/docker", "runDir", "/run/drawbridge"));

  @TempDir Path directory;

  @Test
  void writesAllKeysWhereThereIsNoFile() throws Exception {
    Path file = directory.resolve("agent.json");
    assertEquals(List.of(), AgentJson.update(file, WANTED));
    assertEquals(
        JsonParser.parseString("{\"dataRoot\":\"/var/lib/docker\",\"runDir\":\"/run/drawbridge\"}"),
        JsonParser.parseString(Files.readString(file)));
  }

  @Test
  void keepsWhatTheOperatorWroteByteForByte() throws Exception {
    String text =
        "{ \"exempt\": [\"proxy\"],\n\"flowRecords\":4e3, \"runDir\": \"/run/drawbridge\",\n"
            + "  \"dataRoot\":\"/var/lib/docker\"}";
    Path file = Files.writeString(directory.resolve("agent.json"), text);
    assertEquals(List.of(), AgentJson.update(file, WANTED));
    assertEquals(text, Files.readString(file));
  }

  @Test
  void addsOnlyWhatIsMissingAndKeepsTheMode() throws Exception {
    Path file =
        Files.writeString(
            directory.resolve("agent.json"), "{\"exempt\":[\"a\"],\"flowRecords\":4e3}");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    AgentJson.update(file, WANTED);
    assertEquals(
        JsonParser.parseString(
            "{\"exempt\":[\"a\"],\"flowRecords\":4e3,\"dataRoot\":\"/var/lib/docker\","
                + "\"runDir\":\"/run/drawbridge\"}"),
        JsonParser.parseString(Files.readString(file)));
    assertTrue(Files.readString(file).contains("4e3"));
    assertEquals(PosixFilePermissions.fromString("rw-------"), Files.getPosixFilePermissions(file));
  }

  @Test
  void followsALinkToTheFileItself() throws Exception {
    Path real = Files.writeString(directory.resolve("real.json"), "{}");
    Path link = Files.createSymbolicLink(directory.resolve("agent.json"), real);
    AgentJson.update(link, WANTED);
    assertTrue(Files.isSymbolicLink(link));
    assertTrue(Files.readString(real).contains("dataRoot"));
  }

  @Test
  void saysWhatStaysDifferent() throws Exception {
    assertEquals(
        List.of("\"dataRoot\" stays \"/data\", where up would have written \"/var/lib/docker\""),
        AgentJson.merge("{\"dataRoot\":\"/data\"}", WANTED).notes());
  }

  @ParameterizedTest
  @ValueSource(strings = {"[]", "{", "{} x", "null", "{'a':1}", "{\"a\":1,}"})
  void whatIsNoObjectIsLeftAlone(String text) throws Exception {
    Path file = Files.writeString(directory.resolve("agent.json"), text);
    assertThrows(InstallException.class, () -> AgentJson.update(file, WANTED));
    assertEquals(text, Files.readString(file));
  }
}
