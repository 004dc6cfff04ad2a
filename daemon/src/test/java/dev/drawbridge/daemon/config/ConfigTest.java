package dev.drawbridge.daemon.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.abi.MapLimit;
import dev.drawbridge.daemon.config.Config.ConfigException;
import dev.drawbridge.l7.LearnedNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigTest {

  @TempDir Path directory;

  private Config load(String text) throws IOException, ConfigException {
    return Config.load(Files.writeString(directory.resolve("agent.json"), text));
  }

  @Test
  void everyKeyIsOptional() throws Exception {
    Config config = load("{}");
    assertEquals(Path.of("/run/drawbridge/hook.sock"), config.hookSocket());
    assertEquals("127.0.0.1:9807", config.apiTcp());
  }

  @Test
  void socketsFollowTheRunDirectory() throws Exception {
    assertEquals(Path.of("/x/api.sock"), load("{\"runDir\":\"/x\"}").apiSocket());
  }

  @Test
  void readsEveryKindOfValue() throws Exception {
    Config config = load("{\"defaultDeny\":true,\"exempt\":[\"a\",\"k=v\"],\"flowRecords\":500}");
    assertTrue(config.defaultDeny());
    assertEquals(List.of("a", "k=v"), config.exempt());
    assertEquals(500, config.flowRecords());
  }

  @Test
  void whatStartsWithoutTheHookIsAllowedUnlessDenied() throws Exception {
    assertEquals(Config.Unhooked.ALLOW, load("{}").unhooked());
    assertEquals(Config.Unhooked.DENY, load("{\"unhooked\":\"deny\"}").unhooked());
    for (String wrong : List.of("\"Deny\"", "\"\"", "true", "null", "[\"deny\"]")) {
      ConfigException e =
          assertThrows(ConfigException.class, () -> load("{\"unhooked\":" + wrong + "}"));
      assertTrue(String.valueOf(e.getMessage()).contains("unhooked"), e.getMessage());
    }
  }

  @Test
  void aLimitThatIsNotNamedKeepsItsStandard() throws Exception {
    Config config = load("{\"limits\":{\"pairs\":1024,\"events\":65536}}");

    assertEquals(1024, config.limits().of(MapLimit.PAIRS));
    assertEquals(65_536, config.limits().of(MapLimit.EVENTS));
    assertEquals(MapLimit.TABLES.standard(), config.limits().of(MapLimit.TABLES));
  }

  @Test
  void namesAreKnownForAsLongAsIsConfigured() throws Exception {
    NameSettings times =
        load("{\"names\":{\"mostSeconds\":60,\"graceSeconds\":0,\"refusal\":\"NXDOMAIN\"}}")
            .names();
    assertEquals(new NameSettings(5, 60, 0, LearnedNames.Refusal.NXDOMAIN), times);
    assertEquals(5, times.counted(0));
    assertEquals(42, times.counted(42));
    assertEquals(60, times.counted(0xffff_ffffL));
    assertEquals(NameSettings.STANDARD, Config.defaults().names());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"runDri":"/x"}          | unknown key "runDri"; did you mean "runDir"?
          {"deny":true}            | unknown key "deny"; known keys are [apiGroup, apiSocket, apiTcp,
          {"runDir":5}             | expected an absolute path, found 5
          {"runDir":"run"}         | expected an absolute path, found "run"
          {"dockerSocket":"d.sock"} | expected the absolute path of a socket, or "", found "d.sock"
          {"cgroup":"/x"}          | expected a relative path below the cgroup2 mount, found "/x"
          {"cgroup":"a/../../b"}   | expected a relative path below the cgroup2 mount
          {"cgroup":"."}           | expected a relative path below the cgroup2 mount
          {"cgroup":""}            | expected a relative path below the cgroup2 mount
          {"apiGroup":7}           | expected a string: the name of a group, or "", found 7
          {"defaultDeny":"yes"}    | expected true or false, found "yes"
          {"exempt":"a"}           | expected a list of strings, found "a"
          {"exempt":[1]}           | expected a list of strings, found [1]
          {"flowRecords":1}        | expected a whole number from 100 to 1000000, found 1
          {"flowRecords":100.5}    | expected a whole number from 100 to 1000000, found 100.5
          {"startSeconds":0}       | expected a whole number from 1 to 600, found 0
          {"names":5}              | expected keys such as graceSeconds, found 5
          {"names":{"grace":5}}    | unknown key "names.grace"; known keys are [graceSeconds, leastSeconds,
          {"names":{"mostSeconds":3}} | "names.mostSeconds": expected no less than leastSeconds, 5, found 3
          {"names":{"leastSeconds":3601}} | key "names.leastSeconds": expected a whole number from 0 to 3600
          {"names":{"leastSeconds":9,"mostSeconds":8}} | "names.leastSeconds": expected no more than mostSeconds, 8
          {"names":{"refusal":"SERVFAIL"}} | key "names.refusal": expected "REFUSED" or "NXDOMAIN", found "SERVFAIL"
          {"limits":[1]}           | expected keys such as addresses, found [1]
          {"limits":{"pair":1}}    | unknown key "limits.pair"; did you mean "pairs"?
          {"limits":{"pairs":0}}   | key "limits.pairs": expected a whole number from 1 to 67108864, found 0
          {"limits":{"pairs":"9"}} | key "limits.pairs": expected a whole number from 1 to 67108864, found "9"
          {"limits":{"events":65537}} | key "limits.events": expected a power of two, in bytes
          []                       | expected a JSON object
          {                        | is not JSON
          """)
  void saysWhatIsWrongWhereAndWhatWasExpected(String text, String message) {
    ConfigException thrown = assertThrows(ConfigException.class, () -> load(text));
    assertTrue(String.valueOf(thrown.getMessage()).contains(message), thrown::getMessage);
    assertTrue(String.valueOf(thrown.getMessage()).contains("agent.json"), thrown::getMessage);
  }

  @Test
  void whatWaitsForARestartIsToldByName() throws Exception {
    Config before = load("{\"limits\":{\"pairs\":262144}}");
    Config after =
        load(
            "{\"defaultDeny\":true,\"unhooked\":\"deny\",\"exempt\":[\"a\"],\"names\":{\"graceSeconds\":3},"
                + "\"limits\":{\"tables\":5},\"runDir\":\"/x\"}");

    assertEquals(List.of(), Config.defaults().waiting(before), "said again what holds anyhow");
    assertEquals(
        List.of("runDir", "hookSocket", "apiSocket", "limits.tables"), before.waiting(after));
    Config reloaded = before.reloaded(after);
    assertTrue(reloaded.defaultDeny());
    assertEquals(Config.Unhooked.DENY, reloaded.unhooked());
    assertEquals(List.of("a"), reloaded.exempt());
    assertEquals(3, reloaded.names().graceSeconds());
    assertEquals(before.waiting(after), reloaded.waiting(after), "the rest is as it was");
  }

  @Test
  void namesAFileThatIsNotThere() {
    ConfigException thrown =
        assertThrows(ConfigException.class, () -> Config.load(directory.resolve("none.json")));
    assertTrue(String.valueOf(thrown.getMessage()).contains("none.json"));
  }

  /** Whoever can change where a link leads chooses among all that root has written. */
  @Test
  void aLinkInADirectoryOfOthersIsRefused(@TempDir Path directory) throws Exception {
    Path good = Files.writeString(directory.resolve("good.yaml"), "defaultDeny: true\n");
    Path open = Files.createDirectory(directory.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
    Path link = Files.createSymbolicLink(open.resolve("drawbridge.yaml"), good);
    var refused = assertThrows(Config.ConfigException.class, () -> Config.load(link));
    assertTrue(String.valueOf(refused.getMessage()).contains("cannot be trusted"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
    assertTrue(Config.load(link).defaultDeny());
  }

  @Test
  void whatIsNoTextIsSaid(@TempDir Path directory) throws Exception {
    Path file = Files.write(directory.resolve("a.yaml"), new byte[] {(byte) 0xff, 'x'});
    var refused = assertThrows(Config.ConfigException.class, () -> Config.load(file));
    assertTrue(String.valueOf(refused.getMessage()).endsWith("is not UTF-8"));
  }
}
