package dev.drawbridge.runtime;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import dev.drawbridge.control.EngineCapabilities;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.runtime.ContainerdApi.Entry;
import dev.drawbridge.runtime.ContainerdApi.Task;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Who a container of containerd is, by its record alone. Its labels are those of the record; what
 * its OCI annotations say counts as labels too, and before them: {@code ctr} writes {@code --label}
 * there as well, and no image writes there. A container of a pod (CRI) has the pod's labels, and
 * before its own: users label pods.
 *
 * <p>containerd's clients merge the labels of images into a container's. A CRI keeps what it was
 * asked for ({@link CriRequest}), so that the others are the image's. Elsewhere, where each label
 * is an annotation too, none of them is the image's; else any may be.
 */
final class ContainerdIdentity {

  /** What is read of a spec, in bytes; the hook reads no larger one either. */
  private static final int LARGEST_SPEC = 4 << 20;

  /**
   * How many labels and annotations are kept, in UTF-16 units, the last one not counted: more than
   * this is more than a container may have, which is all that matters then.
   */
  static final int LARGEST_LABELS = 256 << 10;

  /** Labels by which containerd and its clients keep their books: never a user's. */
  private static final List<String> BOOKKEEPING =
      List.of("containerd.io/", "io.containerd.", "io.cri-containerd.", "nerdctl/");

  private static final String SANDBOX = "io.kubernetes.cri.sandbox-id";
  private static final String KIND = "io.kubernetes.cri.container-type";
  private static final String NAMESPACE = "io.kubernetes.cri.sandbox-namespace";
  private static final String POD = "io.kubernetes.cri.sandbox-name";
  private static final String IN_POD = "io.kubernetes.cri.container-name";

  /** By which a CRI tells pods' own containers from others, whatever their images say. */
  private static final String KIND_LABEL = "io.cri-containerd.kind";

  static final String BY_DOCKER = "com.docker/engine.bundle.path";
  private static final String BY_NERDCTL = "nerdctl/name";

  private ContainerdIdentity() {}

  /**
   * Whether a Docker made it, in whatever namespace. An image may say so too: nothing may be opened
   * by it.
   */
  static boolean isDockers(Entry container) {
    return container.labels().containsKey(BY_DOCKER);
  }

  /** What is read of an OCI spec. */
  private record Spec(
      SortedMap<String, String> annotations, List<String> capabilities, boolean hostNetwork) {}

  /** The pod's own container, for one that lives in a pod of the CRI. */
  static Optional<String> sandbox(Entry container) throws IOException {
    SortedMap<String, String> annotations = read(container).annotations();
    return "container".equals(annotations.get(KIND))
        ? Optional.ofNullable(annotations.get(SANDBOX)).filter(id -> !id.equals(container.id()))
        : Optional.empty();
  }

  /**
   * The container as it is now, without addresses, which containerd does not know.
   *
   * @param pod its pod's own container, if it lives in one
   */
  static ObservedContainer observed(Entry entry, Optional<Entry> pod, Optional<Task> task)
      throws IOException {
    Spec spec = read(entry);
    Declared declared = declared(entry, pod, spec.annotations());
    SortedMap<String, String> labels = declared.labels();
    Optional<Map<String, String>> tooMany =
        Stream.of(entry.labels(), pod.map(Entry::labels).orElse(Map.of()), labels)
            .filter(some -> size(some) > LARGEST_LABELS)
            .findFirst();
    boolean running = task.map(Task::running).orElse(false);
    return new ObservedContainer(
        entry.id(),
        name(entry, spec.annotations()),
        tooMany.map(ContainerdIdentity::justTooMany).orElse(labels),
        declared.ofImage(),
        declared.known(),
        entry.image(),
        running,
        running ? task.orElseThrow().pid() : 0,
        List.of(),
        entry.binary().isEmpty() ? entry.runtime() : entry.binary(),
        networkMode(spec, pod),
        EngineCapabilities.of(false, spec.capabilities(), List.of("ALL")));
  }

  /**
   * What counts as labels.
   *
   * @param ofImage those of them that the image bears, empty unless known
   * @param known whether it is known which these are
   */
  private record Declared(
      SortedMap<String, String> labels, SortedMap<String, String> ofImage, boolean known) {}

  private static Declared declared(
      Entry entry, Optional<Entry> pod, SortedMap<String, String> annotations) throws IOException {
    Optional<CriRequest> request = request(entry);
    Optional<CriRequest> podRequest = pod.isEmpty() ? Optional.empty() : request(pod.get());
    return request.isPresent() && podRequest.isPresent() == pod.isPresent()
        ? asRequested(entry, request.get(), podRequest, annotations)
        : asRecorded(entry, pod, annotations);
  }

  private static Optional<CriRequest> request(Entry entry) throws IOException {
    return entry.request().length == 0
        ? Optional.empty()
        : Optional.of(CriRequest.of(entry.id(), entry.request()));
  }

  /** Of the pod's own container only what the pod was given counts: not that one's image. */
  private static Declared asRequested(
      Entry entry,
      CriRequest request,
      Optional<CriRequest> pod,
      SortedMap<String, String> annotations) {
    SortedMap<String, String> given = new TreeMap<>(request.labels());
    pod.ifPresent(of -> given.putAll(of.labels()));
    given.putAll(request.policy());
    pod.ifPresent(of -> given.putAll(of.policy()));
    given.putAll(annotations);
    SortedMap<String, String> ofImage = new TreeMap<>(entry.labels());
    ofImage.keySet().removeAll(given.keySet());
    ofImage.remove(KIND_LABEL);
    SortedMap<String, String> labels = new TreeMap<>(entry.labels());
    labels.putAll(given);
    return new Declared(labels, ofImage, true);
  }

  private static Declared asRecorded(
      Entry entry, Optional<Entry> pod, SortedMap<String, String> annotations) {
    SortedMap<String, String> labels = new TreeMap<>(entry.labels());
    pod.ifPresent(of -> labels.putAll(of.labels()));
    boolean known =
        labels.entrySet().stream()
            .allMatch(label ->
                label.getValue().equals(annotations.get(label.getKey()))
                    || BOOKKEEPING.stream().anyMatch(label.getKey()::startsWith));
    labels.putAll(annotations);
    return new Declared(labels, new TreeMap<>(), known);
  }

  private static long size(Map<String, String> labels) {
    return labels.entrySet().stream()
        .mapToLong(label -> label.getKey().length() + label.getValue().length())
        .sum();
  }

  /** Only so many of these that they are too many. */
  private static SortedMap<String, String> justTooMany(Map<String, String> labels) {
    SortedMap<String, String> kept = new TreeMap<>();
    long held = 0;
    for (Map.Entry<String, String> label : labels.entrySet()) {
      if (held <= LARGEST_LABELS) {
        kept.put(label.getKey(), label.getValue());
        held += label.getKey().length() + label.getValue().length();
      }
    }
    return kept;
  }

  private static String networkMode(Spec spec, Optional<Entry> pod) {
    return spec.hostNetwork()
        ? "host"
        : pod.map(of -> "container:" + of.id()).orElse(ObservedContainer.OWN_NAMESPACE);
  }

  /**
   * By annotations, which no image can write. A pod's name says nothing without that of its
   * namespace: in another one anybody may have called his pod so.
   */
  private static String name(Entry entry, SortedMap<String, String> annotations) {
    String pod = annotations.getOrDefault(POD, "");
    if (!pod.isEmpty()) {
      String namespace = annotations.getOrDefault(NAMESPACE, "");
      String inside = annotations.getOrDefault(IN_POD, "");
      return namespace.isEmpty()
          ? entry.id()
          : namespace + "/" + pod + (inside.isEmpty() ? "" : "/" + inside);
    }
    String given = annotations.getOrDefault(BY_NERDCTL, "");
    return given.isEmpty() ? entry.id() : given;
  }

  private static Spec read(Entry entry) throws IOException {
    if (entry.spec().length == 0 || entry.spec().length > LARGEST_SPEC) {
      throw new IOException(
          "container " + entry.id() + " has a spec of " + entry.spec().length + " bytes");
    }
    try {
      JsonElement parsed = JsonParser.parseString(new String(entry.spec(), StandardCharsets.UTF_8));
      if (!(parsed instanceof JsonObject spec)) {
        throw new IOException("the spec of container " + entry.id() + " is no object");
      }
      return new Spec(annotations(spec), capabilities(spec), hostNetwork(spec));
    } catch (JsonParseException | IllegalStateException | UnsupportedOperationException e) {
      throw new IOException("the spec of container " + entry.id() + " cannot be read", e);
    }
  }

  private static SortedMap<String, String> annotations(JsonObject spec) throws IOException {
    SortedMap<String, String> annotations = new TreeMap<>();
    JsonElement found = spec.get("annotations");
    if (found == null || found.isJsonNull()) {
      return annotations;
    }
    if (!(found instanceof JsonObject written)) {
      throw new IOException("annotations are not an object");
    }
    for (Map.Entry<String, JsonElement> one : written.entrySet()) {
      if (!(one.getValue() instanceof JsonPrimitive value) || !value.isString()) {
        throw new IOException("annotation " + one.getKey() + " is not a string");
      }
      annotations.put(one.getKey(), value.getAsString());
    }
    return annotations;
  }

  /** Those of all five sets. */
  private static List<String> capabilities(JsonObject spec) {
    List<String> found = new ArrayList<>();
    if (spec.get("process") instanceof JsonObject process
        && process.get("capabilities") instanceof JsonObject sets) {
      for (JsonElement set : sets.asMap().values()) {
        if (set instanceof JsonArray names) {
          names.forEach(name -> found.add(name.getAsString()));
        }
      }
    }
    return found;
  }

  private static boolean hostNetwork(JsonObject spec) {
    if (spec.get("linux") instanceof JsonObject linux
        && linux.get("namespaces") instanceof JsonArray namespaces) {
      for (JsonElement namespace : namespaces) {
        if (namespace instanceof JsonObject one
            && one.get("type") instanceof JsonPrimitive type
            && type.getAsString().equals("network")) {
          return false;
        }
      }
    }
    return true;
  }
}
