package dev.drawbridge.runtime.podman;

import com.google.gson.JsonParseException;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What matters of one container's configuration and state (libpod/container_config.go, and
 * containerState in container.go). They go by as a stream: most of a record is of no use here.
 *
 * @param id 64 hexadecimal digits
 * @param pod the pod's id, empty if it is in none
 * @param labels its own with its image's, as Podman merged them
 * @param annotations of the OCI configuration; Podman adds those of the image's manifest
 * @param imageId of the configuration of its image, 64 hexadecimal digits; empty if it has none
 * @param image as the user named it
 * @param networkOf id of the container whose network namespace it shares; empty if it shares none
 * @param ownNetwork whether the configuration gives it a network namespace at all
 * @param runtime name or path of its OCI runtime
 * @param capabilities all of its five sets
 * @param state Podman's number (define/containerstate.go)
 * @param pid its first process by Podman's book, 0 if there is none; the book outlives a reboot
 * @param addresses on all its networks by Podman's book
 */
record PodmanRecord(
    String id,
    String name,
    String pod,
    SortedMap<String, String> labels,
    SortedMap<String, String> annotations,
    String imageId,
    String image,
    String networkOf,
    boolean ownNetwork,
    String runtime,
    List<String> capabilities,
    int state,
    int pid,
    List<InetAddress> addresses) {

  /** More than this of labels, in UTF-16 units, is not kept: it is more than anybody may have. */
  static final int LARGEST_LABELS = 256 << 10;

  private static final int MOST_ADDRESSES = 256;
  private static final int MOST_CAPABILITIES = 1024;

  private static final int RUNNING = 3;
  private static final int PAUSED = 5;
  private static final int STOPPING = 8;

  /** Whether its processes run, by Podman's book. */
  boolean running() {
    return pid > 0 && (state == RUNNING || state == PAUSED || state == STOPPING);
  }

  /**
   * Reads both parts.
   *
   * @throws IOException for what is not JSON, or of another type than it must be: a label that
   *     cannot be read must not count as none
   */
  static PodmanRecord read(PodmanState.Raw raw) throws IOException {
    Parts parts = new Parts();
    parts.read(raw.config(), parts::config);
    parts.read(raw.state(), parts::state);
    if (!PodmanState.isId(parts.id)) {
      throw new IOException("a container of Podman's state has no usable id");
    }
    return parts.record();
  }

  /** The labels of a pod. */
  static SortedMap<String, String> podLabels(byte[] pod) throws IOException {
    Parts parts = new Parts();
    parts.read(
        pod,
        in -> {
          in.beginObject();
          while (in.hasNext()) {
            if (in.nextName().equals("labels")) {
              Parts.strings(in, parts.labels);
            } else {
              in.skipValue();
            }
          }
          in.endObject();
        });
    return parts.labels;
  }

  /** A record while it is read. */
  private static final class Parts {
    private String id = "";
    private String name = "";
    private String pod = "";
    private final SortedMap<String, String> labels = new TreeMap<>();
    private final SortedMap<String, String> annotations = new TreeMap<>();
    private String imageId = "";
    private String image = "";
    private String networkOf = "";
    private boolean ownNetwork;
    private String runtime = "";
    private final List<String> capabilities = new ArrayList<>();
    private int state;
    private int pid;
    private final List<InetAddress> addresses = new ArrayList<>();

    private PodmanRecord record() {
      return new PodmanRecord(
          id,
          name,
          pod,
          labels,
          annotations,
          imageId,
          image,
          networkOf,
          ownNetwork,
          runtime,
          List.copyOf(capabilities),
          state,
          pid,
          List.copyOf(addresses));
    }

    @FunctionalInterface
    private interface Reading {
      void of(JsonReader in) throws IOException;
    }

    private void read(byte[] json, Reading reading) throws IOException {
      try (JsonReader in =
          new JsonReader(
              new InputStreamReader(new ByteArrayInputStream(json), StandardCharsets.UTF_8))) {
        reading.of(in);
        if (in.peek() != JsonToken.END_DOCUMENT) {
          throw new MalformedJsonException("more than one value");
        }
      } catch (JsonParseException | IllegalStateException | NumberFormatException e) {
        throw new IOException("a record of Podman's state cannot be read: " + e.getMessage(), e);
      }
    }

    private void config(JsonReader in) throws IOException {
      in.beginObject();
      while (in.hasNext()) {
        switch (in.nextName()) {
          case "id" -> id = string(in);
          case "name" -> name = string(in);
          case "pod" -> pod = string(in);
          case "labels" -> strings(in, labels);
          case "rootfsImageID" -> imageId = string(in);
          case "rootfsImageName" -> image = string(in);
          case "netNsCtr" -> networkOf = string(in);
          case "runtime" -> runtime = string(in);
          case "spec" -> spec(in);
          default -> in.skipValue();
        }
      }
      in.endObject();
    }

    private void spec(JsonReader in) throws IOException {
      if (absent(in)) {
        return;
      }
      in.beginObject();
      while (in.hasNext()) {
        switch (in.nextName()) {
          case "annotations" -> strings(in, annotations);
          case "process" -> within(in, "capabilities", this::sets);
          case "linux" -> within(in, "namespaces", this::namespaces);
          default -> in.skipValue();
        }
      }
      in.endObject();
    }

    /** One member of an object that may be absent. */
    private static void within(JsonReader in, String member, Reading reading) throws IOException {
      if (absent(in)) {
        return;
      }
      in.beginObject();
      while (in.hasNext()) {
        if (in.nextName().equals(member) && in.peek() != JsonToken.NULL) {
          reading.of(in);
        } else {
          in.skipValue();
        }
      }
      in.endObject();
    }

    private void sets(JsonReader in) throws IOException {
      in.beginObject();
      while (in.hasNext()) {
        String _ = in.nextName();
        if (absent(in)) {
          continue;
        }
        in.beginArray();
        while (in.hasNext()) {
          if (capabilities.size() == MOST_CAPABILITIES) {
            throw new IOException("container " + id + " has too many capabilities");
          }
          capabilities.add(in.nextString());
        }
        in.endArray();
      }
      in.endObject();
    }

    private void namespaces(JsonReader in) throws IOException {
      in.beginArray();
      while (in.hasNext()) {
        within(in, "type", type -> ownNetwork |= type.nextString().equals("network"));
      }
      in.endArray();
    }

    private void state(JsonReader in) throws IOException {
      in.beginObject();
      while (in.hasNext()) {
        switch (in.nextName()) {
          case "state" -> state = in.nextInt();
          case "pid" -> pid = in.nextInt();
          case "networkStatus" ->
              each(in, (_, network) -> within(network, "interfaces", this::interfaces));
          default -> in.skipValue();
        }
      }
      in.endObject();
    }

    private void interfaces(JsonReader in) throws IOException {
      each(in, (_, one) -> within(one, "subnets", this::subnets));
    }

    private void subnets(JsonReader in) throws IOException {
      in.beginArray();
      while (in.hasNext()) {
        within(in, "ipnet", address -> add(address.nextString()));
      }
      in.endArray();
    }

    /** As {@code 10.89.0.2/24}. */
    private void add(String network) throws IOException {
      int slash = network.indexOf('/');
      if (addresses.size() == MOST_ADDRESSES) {
        throw new IOException(
            "container " + id + " has more than " + MOST_ADDRESSES + " addresses");
      }
      try {
        addresses.add(InetAddress.ofLiteral(slash < 0 ? network : network.substring(0, slash)));
      } catch (IllegalArgumentException e) {
        throw new IOException("container " + id + " has no address by \"" + network + "\"", e);
      }
    }

    @FunctionalInterface
    private interface Member {
      void of(String name, JsonReader in) throws IOException;
    }

    private static void each(JsonReader in, Member member) throws IOException {
      if (absent(in)) {
        return;
      }
      in.beginObject();
      while (in.hasNext()) {
        member.of(in.nextName(), in);
      }
      in.endObject();
    }

    /** So many that they are too many, if they are. */
    private static void strings(JsonReader in, SortedMap<String, String> into) throws IOException {
      if (absent(in)) {
        return;
      }
      long held = 0;
      in.beginObject();
      while (in.hasNext()) {
        String key = in.nextName();
        if (in.peek() != JsonToken.STRING) {
          throw new IOException("label or annotation " + key + " is not a string");
        }
        String value = in.nextString();
        if (held <= LARGEST_LABELS) {
          into.put(key, value);
          held += key.length() + value.length();
        }
      }
      in.endObject();
    }

    private static String string(JsonReader in) throws IOException {
      return absent(in) ? "" : in.nextString();
    }

    private static boolean absent(JsonReader in) throws IOException {
      if (in.peek() == JsonToken.NULL) {
        in.nextNull();
        return true;
      }
      return false;
    }
  }

  /** Its image, if it was made from one. */
  Optional<String> imageIfAny() {
    return Optional.of(imageId).filter(some -> !some.isEmpty());
  }

  /** Labels and annotations of a container that is in the pod of these labels. */
  static long size(Map<String, String> labels) {
    return labels.entrySet().stream()
        .mapToLong(label -> label.getKey().length() + label.getValue().length())
        .sum();
  }
}
