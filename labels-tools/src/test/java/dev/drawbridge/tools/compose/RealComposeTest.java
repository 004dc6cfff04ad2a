package dev.drawbridge.tools.compose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.tools.yaml.YamlReader;
import dev.drawbridge.tools.yaml.YamlValue;
import dev.drawbridge.tools.yaml.YamlValue.YamlMap;
import dev.drawbridge.tools.yaml.YamlValue.YamlScalar;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The corpus beside the real programs' {@code config}, which needs no engine: docker-compose 1.29
 * of Debian 12, and any docker compose 2 that {@code -Ddrawbridge.compose.v2=PATH} names.
 */
@Tag("it")
final class RealComposeTest {
  private static final String V2 = System.getProperty("drawbridge.compose.v2", "");

  record Row(String program, String feature) {
    @Override
    public String toString() {
      return feature + " by " + Path.of(program).getFileName() + (program.equals(V2) ? " 2" : "");
    }
  }

  static List<Row> rows() {
    return Stream.of("docker-compose", V2)
        .filter(program -> !program.isEmpty())
        .flatMap(program -> Corpus.names().stream().map(name -> new Row(program, name)))
        .toList();
  }

  @ParameterizedTest(name = "12.C1 {0}")
  @MethodSource("rows")
  void everyLabelThatIsKnownIsTheOneOfTheRealProgram(Row row)
      throws IOException, InterruptedException {
    ComposeProject ours = Corpus.read(row.feature());
    List<String> config = config(row);
    if (config.isEmpty()) {
      return; // refused: there are no containers that could be another's
    }
    if (ours.complaints().stream().anyMatch(Complaint::error)) {
      return; // no verdict is given by such a file
    }
    Map<String, Map<String, String>> theirs = services(String.join("\n", config));
    var names = new TreeSet<String>();
    for (ComposeService service : ours.services()) {
      names.add(service.name());
      Map<String, String> labels = theirs.get(service.name());
      assertTrue(labels != null || row.feature().equals("names"), service.name());
      if (labels == null || !service.unknown().isEmpty()) {
        continue;
      }
      var known = new TreeMap<String, String>();
      var comparable = new TreeMap<>(labels);
      service
          .labels()
          .forEach((key, label) -> {
            if (label.value() instanceof Known.Text(var text)) {
              known.put(key, text);
            } else {
              comparable.remove(key);
            }
          });
      assertEquals(comparable, known, service.name());
    }
    assertTrue(names.containsAll(theirs.keySet()), theirs.keySet() + " beside " + names);
  }

  private static List<String> config(Row row) throws IOException, InterruptedException {
    var command = new ArrayList<>(List.of(row.program()));
    for (String file : Corpus.files(row.feature())) {
      command.addAll(List.of("-f", file));
    }
    command.add("config");
    var builder =
        new ProcessBuilder(command).directory(Corpus.ROOT.resolve(row.feature()).toFile());
    builder.environment().keySet().retainAll(List.of("PATH", "HOME"));
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    return process.exitValue() == 0 ? out.lines().toList() : List.of();
  }

  private static Map<String, Map<String, String>> services(String yaml) {
    YamlReader.Documents documents = YamlReader.read(yaml);
    assertEquals(List.of(), documents.mistakes());
    var out = new TreeMap<String, Map<String, String>>();
    var root = (YamlMap) documents.documents().getFirst();
    for (YamlValue.Entry service : ((YamlMap) root.find("services").orElseThrow()).entries()) {
      var labels = new TreeMap<String, String>();
      if (((YamlMap) service.value()).find("labels").orElse(null) instanceof YamlMap map) {
        for (YamlValue.Entry label : map.entries()) {
          var value = (YamlScalar) label.value();
          labels.put(label.key(), value.isNull() ? "" : value.text().replace("$$", "$"));
        }
      }
      out.put(service.key(), labels);
    }
    return out;
  }
}
