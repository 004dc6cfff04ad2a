package dev.drawbridge.daemon.container;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.hook.OciState;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What containers were when their hook ran, of engines whose files do not say it later: a file
 * named after the id. It outlives the agent, so that the next one knows whom it finds guarded
 * without asking an engine. Docker's are not among them.
 */
public final class AdmittedContainers {

  private static final System.Logger log = System.getLogger(AdmittedContainers.class.getName());

  /** More than {@code DockerContainerFiles.MAX_LABELS} can take when written as JSON, in bytes. */
  private static final long LARGEST = 4 << 20;

  private final Path directory;

  public AdmittedContainers(Path directory) throws IOException {
    this.directory = Files.createDirectories(directory);
  }

  /** Replaces what is known of a container: it starts. */
  public void note(ObservedContainer container) throws IOException {
    if (OciState.plausibleId(container.id())) {
      // Not to be read half written, by whoever comes after an agent that died here.
      Path fresh = directory.resolve("." + container.id());
      Files.writeString(fresh, write(container).toString());
      Files.move(fresh, directory.resolve(container.id()), StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /** Its addresses are known by now. */
  public void at(String id, List<InetAddress> addresses) {
    Optional<ObservedContainer> known = of(id);
    if (known.isPresent()) {
      try {
        note(known.get().at(addresses));
      } catch (IOException e) {
        log.log(Level.WARNING, "the addresses of container " + id, e);
      }
    }
  }

  /** Its engine says what its labels are by now; addresses and what it may do stay as they were. */
  public void labelled(ObservedContainer now) {
    Optional<ObservedContainer> known = of(now.id());
    if (known.isPresent()
        && !(known.get().labels().equals(now.labels())
            && known.get().imageLabels().equals(now.imageLabels())
            && known.get().imageKnown() == now.imageKnown())) {
      ObservedContainer was = known.get();
      try {
        note(
            new ObservedContainer(
                was.id(),
                was.name(),
                now.labels(),
                now.imageLabels(),
                now.imageKnown(),
                was.image(),
                true,
                was.pid(),
                was.addresses(),
                was.runtimeName(),
                was.networkMode(),
                was.capabilities()));
      } catch (IOException e) {
        log.log(Level.WARNING, "the labels of container " + now.id(), e);
      }
    }
  }

  /** Its run is over. */
  public void forget(String id) {
    try {
      if (OciState.plausibleId(id)) {
        Files.deleteIfExists(directory.resolve(id));
      }
    } catch (IOException e) {
      log.log(Level.DEBUG, "what container " + id + " was", e);
    }
  }

  /** Forgets all others. */
  public void retain(Collection<String> ids) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        if (!ids.contains(String.valueOf(file.getFileName()))) {
          Files.deleteIfExists(file);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      log.log(Level.WARNING, "what is known of containers that are gone", e);
    }
  }

  /** What was noted; empty if nothing was, or it cannot be read. */
  public Optional<ObservedContainer> of(String id) {
    if (!OciState.plausibleId(id)) {
      return Optional.empty();
    }
    Path file = directory.resolve(id);
    try {
      if (!Files.isRegularFile(file) || Files.size(file) > LARGEST) {
        return Optional.empty();
      }
      return Optional.of(read(id, JsonParser.parseString(Files.readString(file))));
    } catch (IOException
        | JsonParseException
        | IllegalStateException
        | IllegalArgumentException
        | NullPointerException
        | UnsupportedOperationException e) {
      log.log(Level.WARNING, file + " does not say what container " + id + " was", e);
      return Optional.empty();
    }
  }

  private static JsonObject write(ObservedContainer container) {
    JsonObject json = new JsonObject();
    json.addProperty("name", container.name());
    json.add("labels", write(container.labels()));
    json.add("imageLabels", write(container.imageLabels()));
    json.addProperty("imageKnown", container.imageKnown());
    json.addProperty("image", container.image());
    json.addProperty("pid", container.pid());
    JsonArray addresses = new JsonArray();
    container.addresses().forEach(address -> addresses.add(address.getHostAddress()));
    json.add("addresses", addresses);
    json.addProperty("runtime", container.runtimeName());
    json.addProperty("networkMode", container.networkMode());
    JsonArray capabilities = new JsonArray();
    container.capabilities().forEach(capabilities::add);
    json.add("capabilities", capabilities);
    return json;
  }

  private static JsonObject write(SortedMap<String, String> labels) {
    JsonObject json = new JsonObject();
    labels.forEach(json::addProperty);
    return json;
  }

  private static ObservedContainer read(String id, JsonElement written) {
    JsonObject json = written.getAsJsonObject();
    List<InetAddress> addresses = new ArrayList<>();
    json.getAsJsonArray("addresses")
        .forEach(address -> addresses.add(InetAddress.ofLiteral(address.getAsString())));
    TreeSet<String> capabilities = new TreeSet<>();
    json.getAsJsonArray("capabilities").forEach(name -> capabilities.add(name.getAsString()));
    int pid = json.get("pid").getAsInt();
    return new ObservedContainer(
        id,
        json.get("name").getAsString(),
        labels(json.getAsJsonObject("labels")),
        labels(json.getAsJsonObject("imageLabels")),
        json.get("imageKnown").getAsBoolean(),
        json.get("image").getAsString(),
        pid > 0,
        pid,
        addresses,
        json.get("runtime").getAsString(),
        json.get("networkMode").getAsString(),
        capabilities);
  }

  private static SortedMap<String, String> labels(JsonObject json) {
    SortedMap<String, String> labels = new TreeMap<>();
    for (Map.Entry<String, JsonElement> label : json.entrySet()) {
      labels.put(label.getKey(), label.getValue().getAsString());
    }
    return labels;
  }
}
