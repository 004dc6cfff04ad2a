package dev.drawbridge.daemon.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.abi.MapLimit;
import dev.drawbridge.daemon.config.Config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class YamlTextTest {

  @TempDir Path directory;

  private Path file(String text) throws IOException {
    return Files.writeString(directory.resolve("drawbridge.yaml"), text);
  }

  private Config load(String text) throws IOException, ConfigException {
    return Config.load(file(text));
  }

  private String refused(String text) {
    ConfigException thrown = assertThrows(ConfigException.class, () -> load(text));
    return String.valueOf(thrown.getMessage());
  }

  @Test
  void readsEveryKindOfValue() throws Exception {
    Config config =
        load(
            """
            # what the operator wrote
            defaultDeny: true
            unhooked: "deny"
            dockerSocket: ''
            exempt:
              - proxy
              - 'tier=*'
              - "001"
            names: {graceSeconds: 0}
            limits:
              pairs: 1024
            """);

    assertTrue(config.defaultDeny());
    assertEquals(Config.Unhooked.DENY, config.unhooked());
    assertEquals("", config.dockerSocket());
    assertEquals(List.of("proxy", "tier=*", "001"), config.exempt());
    assertEquals(0, config.names().graceSeconds());
    assertEquals(1024, config.limits().of(MapLimit.PAIRS));
  }

  /** The same text by both readers. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"runDir\": \"/x\", \"exempt\": [\"a\", \"k=v\"], \"names\": {\"mostSeconds\": 60}}",
        "{\"flowRecords\": 500, \"defaultDeny\": false, \"apiGroup\": \"\"}"
      })
  void whatIsJsonIsTheSameInYaml(String text) throws Exception {
    Config json = Config.load(Files.writeString(directory.resolve("agent.json"), text));
    assertEquals(json.toString(), load(text).toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "# nothing\n", "---\n", "--- {}\n", "null\n", "\ufeff# a mark first\n"})
  void aFileInWhichNothingStandsSaysNothing(String text) throws Exception {
    assertEquals(Config.defaults().toString(), load(text).toString());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          'a: 1\\ndefaultDney: true'            | :1:1: unknown key "a"; known keys are
          '#\\n\\n  defaultDney: true'          | :3:3: unknown key "defaultDney"; did you mean "defaultDeny"?
          'limits:\\n  pair: 5'                 | :2:3: unknown key "limits.pair"; did you mean "pairs"?
          'names:\\n  graceSeconds: 1e3'        | :2:17, key "names.graceSeconds": expected a whole number from 0 to 86400, found "1e3"
          'defaultDeny: yes'                    | :1:14, key "defaultDeny": expected true or false, found "yes"
          'defaultDeny: "true"'                 | :1:14, key "defaultDeny": expected true or false, found "true"
          'defaultDeny:'                        | :1:13, key "defaultDeny": expected true or false, found nothing
          'limits:\\n#  pairs: 5'               | :1:8, key "limits": expected keys such as addresses, found nothing
          'flowRecords: 99'                     | :1:14, key "flowRecords": expected a whole number from 100 to 1000000, found 99
          'flowRecords: 100.5'                  | :1:14, key "flowRecords": expected a whole number from 100 to 1000000, found 100.5
          'flowRecords: 0x400'                  | found "0x400"
          'flowRecords: 9999999999999999999999' | found "9999999999999999999999"
          'exempt: proxy'                       | :1:9, key "exempt": expected a list of strings, found "proxy"
          'exempt: [a, 1]'                      | :1:9, key "exempt": expected a list of strings, found ["a",1]
          'exempt: [[a]]'                       | expected a list of strings
          'runDir: "/a\\\\0b"'                | expected an absolute path
          'defaultDeny: true\\ndefaultDeny: false' | :2:1: the key "defaultDeny" stands here twice
          'limits: {pairs: 1, pairs: 2}'        | :1:20: the key "pairs" stands here twice
          'exempt: &a [x]'                      | :1:9: an anchor or alias
          'exempt: *a'                          | :1:9: an anchor or alias
          'exempt: [*]'                         | :1:11: not YAML
          '<<: {defaultDeny: true}'             | :1:1: unknown key "<<"
          'runDir: !!str /x'                    | :1:9: the tag tag:yaml.org,2002:str; tags are not read
          'runDir: !!java.net.URL [x]'          | :1:9: the tag tag:yaml.org,2002:java.net.URL
          '!x {}'                               | :1:1: the tag !x
          '{[a]: 1}'                            | :1:2: a key that is not plain text
          '- defaultDeny'                       | :1:1: expected keys such as
          'defaultDeny'                         | :1:1: expected keys such as
          'a: [1'                               | not YAML
          'defaultDeny: true\\n\\tunhooked: deny' | :2:1: not YAML
          'defaultDeny: true\\n---\\nunhooked: deny' | a second document; expected one
          'a: {b: {c: {d: {e: {f: {g: {h: {i: 1}}}}}}}}' | nested too deeply
          """)
  void saysWhatIsWrongWhereAndWhatWasExpected(String text, String message) {
    String said = refused(text.translateEscapes());
    assertTrue(said.contains(message), said);
    assertTrue(said.startsWith("configuration " + directory.resolve("drawbridge.yaml")), said);
    assertEquals(1, said.lines().count(), said);
  }

  @Test
  void whatIsBuiltToTakeRoomOrTimeIsRefused() {
    assertTrue(refused("a: " + "[".repeat(100_000)).contains("nested too deeply"));
    assertTrue(refused("#" + "x".repeat(1 << 20)).contains("drawbridge.yaml"));
    String bomb =
        "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nexempt: [*b,*b,*b,*b]\n";
    assertTrue(refused(bomb).contains("an anchor or alias"));
    assertTrue(refused("k".repeat(300) + ": 1").length() < 1000);
  }

  @Test
  void whatOthersCanWriteIsNotRead() throws Exception {
    Path file = file("defaultDeny: false\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));

    ConfigException thrown = assertThrows(ConfigException.class, () -> Config.load(file));
    assertTrue(String.valueOf(thrown.getMessage()).contains("may be written to by others"));
  }
}
