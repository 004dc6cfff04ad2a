package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The bill of materials names what the agent's class path holds, no more and no less. */
@Tag("it")
final class BillOfMaterialsTest {
  private static final Path CHECKOUT = Path.of(System.getProperty("drawbridge.checkout", ".."));
  private static final Path LIB = Path.of(System.getProperty("drawbridge.dist", ""), "lib");

  @Test
  void everyJarOfTheAgentIsAComponent() throws IOException {
    JsonObject bill =
        JsonParser.parseString(Files.readString(CHECKOUT.resolve("target/drawbridge.cdx.json")))
            .getAsJsonObject();
    var components = new TreeSet<String>();
    for (JsonElement element : bill.getAsJsonArray("components")) {
      JsonObject component = element.getAsJsonObject();
      // pkg:maven/io.netty/netty-common@4.2.0?type=jar&classifier=…
      String purl = component.get("purl").getAsString();
      String classifier =
          purl.contains("classifier=")
              ? "-" + purl.replaceFirst(".*classifier=([^&]*).*", "$1")
              : "";
      components.add(
          component.get("name").getAsString()
              + "-"
              + component.get("version").getAsString()
              + classifier
              + ".jar");
    }
    JsonObject subject = bill.getAsJsonObject("metadata").getAsJsonObject("component");
    components.add(
        subject.get("name").getAsString() + "-" + subject.get("version").getAsString() + ".jar");
    var jars = new TreeSet<String>();
    try (Stream<Path> files = Files.list(LIB)) {
      files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".jar"))
          .forEach(jars::add);
    }
    assertEquals(jars, components);
  }
}
