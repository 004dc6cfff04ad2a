package dev.drawbridge.hook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Labels come from the right container's file or not at all. */
final class DockerContainerFilesTest {
  private static final String ID = "0123abcd";
  private static final String CONFIG =
      """
      {"ID":"0123abcd","Name":"/api","Image":"sha256:1","Created":"x",
       "Config":{"Image":"shop/api:2","Labels":{"app":"api","drawbridge.policy.a":"may GET /x on app=db"}}}\
      """;

  @TempDir Path root;
  private Path own;
  private Path bundle;

  @BeforeEach
  void prepare() throws Exception {
    own = Files.createDirectories(root.resolve("docker/containers").resolve(ID));
    bundle = Files.createDirectory(root.resolve("bundle"));
    Files.writeString(own.resolve("config.v2.json"), CONFIG);
    Files.writeString(
        own.resolve("hostconfig.json"), "{\"NetworkMode\":\"shop\",\"Runtime\":\"drawbridge\"}");
  }

  @Test
  void readsLabelsNameImageRuntimeAndNetwork() {
    var files = DockerContainerFiles.read(own).toOptional().orElseThrow();
    assertEquals(ID, files.id());
    assertEquals("api", files.name());
    assertEquals("shop/api:2", files.image());
    assertEquals("api", files.labels().get("app"));
    assertEquals(2, files.labels().size());
    assertEquals("drawbridge", files.runtime());
    assertEquals("shop", files.networkMode());
  }

  @Test
  void configuredDataRootIsAskedFirst() throws Exception {
    Path other = Files.createDirectories(root.resolve("other/containers").resolve(ID));
    Files.writeString(other.resolve("config.v2.json"), CONFIG);
    var spec = specWithHostname(own.resolve("hostname").toString());
    assertEquals(
        Optional.of(other),
        DockerContainerFiles.locate(
            ID, List.of(root.resolve("nowhere"), root.resolve("other")), spec));
  }

  @Test
  void filesAreFoundWhereRemappedUsersAreToo() throws Exception {
    Path data = root.resolve("docker");
    Path remapped = data.resolve("100000.100000/containers").resolve("abcd");
    Files.createDirectories(remapped);
    Files.writeString(remapped.resolve("config.v2.json"), CONFIG.replace(ID, "abcd"));
    Path joined = own.resolve("hostname");
    assertEquals(
        Optional.of(remapped),
        DockerContainerFiles.locate("abcd", List.of(data), specWithHostname(joined.toString())));
    assertEquals(Optional.of(own), DockerContainerFiles.below(data, ID));
    Files.move(data.resolve("100000.100000"), data.resolve("100000.old"));
    assertEquals(Optional.empty(), DockerContainerFiles.below(data, "abcd"));
    assertEquals(Optional.empty(), DockerContainerFiles.below(root.resolve("nowhere"), ID));
  }

  @Test
  void hostnameMountLeadsToTheFiles() throws Exception {
    var spec = specWithHostname(own.resolve("hostname").toString());
    assertEquals(Optional.of(own), DockerContainerFiles.locate(ID, List.of(), spec));
  }

  @Test
  void hostnameMountOfAnotherContainerIsNotBelieved() throws Exception {
    Path other = Files.createDirectories(root.resolve("docker/containers/ffff"));
    Files.writeString(other.resolve("config.v2.json"), CONFIG.replace(ID, "ffff"));
    for (String source :
        List.of(
            other.resolve("hostname").toString(),
            own.resolve("hosts").toString(),
            own + "/hostname/",
            own + "//hostname",
            own + "/../" + ID + "/hostname",
            "containers/" + ID + "/hostname",
            root.resolve(ID).resolve("hostname").toString(),
            "")) {
      assertEquals(
          Optional.empty(),
          DockerContainerFiles.locate(ID, List.of(), specWithHostname(source)),
          source);
    }
  }

  @Test
  void aDockerContainerWhoseFilesAreOutOfSightIsNotTakenForAnotherEngines() throws Exception {
    String joined = "/data/docker/containers/" + "0a".repeat(32) + "/hostname";
    var failed =
        assertInstanceOf(
            Attempt.Failed.class,
            DockerContainerFiles.find(ID, List.of(), specWithHostname(joined)));
    assertTrue(failed.sentence().contains("data root"), failed.sentence());
    assertEquals(
        Attempt.done(Optional.of(own)),
        DockerContainerFiles.find(ID, List.of(root.resolve("docker")), specWithHostname(joined)));
    assertEquals(
        Attempt.done(Optional.empty()),
        DockerContainerFiles.find(ID, List.of(), specWithHostname("/run/containers/x/hostname")));
  }

  @Test
  void idsThatAreNoFileNamesAreLookedUpNowhere() throws Exception {
    var spec = specWithHostname(own.resolve("hostname").toString());
    for (String id : List.of("", ".", "..", "../containers/" + ID, ID + "/")) {
      assertEquals(
          Optional.empty(), DockerContainerFiles.locate(id, List.of(root.resolve("docker")), spec));
    }
  }

  @Test
  void aMissingHostConfigOnlyHidesRuntimeAndNetwork() throws Exception {
    Files.delete(own.resolve("hostconfig.json"));
    var files = DockerContainerFiles.read(own).toOptional().orElseThrow();
    assertEquals("", files.runtime());
    assertEquals("", files.networkMode());
  }

  @Test
  void noLabelsAtAllIsFine() throws Exception {
    for (String config : List.of("{}", "{\"Labels\":null}", "{\"Labels\":{}}")) {
      Files.writeString(
          own.resolve("config.v2.json"), "{\"ID\":\"" + ID + "\",\"Config\":" + config + "}");
      var files = DockerContainerFiles.read(own).toOptional().orElseThrow();
      assertTrue(files.labels().isEmpty());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "{}",
        "{\"ID\":\"ffff\",\"Config\":{}}",
        "{\"ID\":\"0123abcd\"}",
        "{\"ID\":\"0123abcd\",\"Config\":[]}",
        "{\"ID\":\"0123abcd\",\"Config\":{\"Labels\":[\"app=api\"]}}",
        "{\"ID\":\"0123abcd\",\"Config\":{\"Labels\":\"app=api\"}}",
        "{\"ID\":\"0123abcd\",\"Config\":{\"Labels\":{\"app\":5}}}",
        "{\"ID\":\"0123abcd\",\"Config\":{\"Labels\":{\"app\":null}}}",
      })
  void whatCannotBeTrustedNeverReadsAsNoLabels(String text) throws Exception {
    Files.writeString(own.resolve("config.v2.json"), text);
    var failed = assertInstanceOf(Attempt.Failed.class, DockerContainerFiles.read(own));
    assertTrue(failed.sentence().startsWith(own.toString()), failed.sentence());
  }

  @Test
  void aCorruptHostConfigIsASentence() throws Exception {
    Files.writeString(own.resolve("hostconfig.json"), "{\"NetworkMode\":");
    assertInstanceOf(Attempt.Failed.class, DockerContainerFiles.read(own));
  }

  private OciSpec specWithHostname(String source) throws Exception {
    Files.writeString(
        bundle.resolve("config.json"),
        "{\"mounts\":[{\"destination\":\"/etc/hostname\",\"source\":\"" + source + "\"}]}");
    return OciSpec.read(bundle).toOptional().orElseThrow();
  }
}
