package dev.drawbridge.runtime;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What whoever asked the CRI for a pod or a container gave it. containerd's CRI keeps the request
 * in an extension of the container's record (its types {@code sandbox.Metadata} and {@code
 * container.Metadata}), which no image, label or annotation can write. In the record's labels those
 * of the image are merged with them.
 *
 * @param labels those that were given
 * @param annotations those that were given, whether or not the runtime hands them on
 */
record CriRequest(SortedMap<String, String> labels, SortedMap<String, String> annotations) {

  /** Names of the extension: of a pod's own container, and of one that lives in a pod. */
  static final String OF_SANDBOX = "io.cri-containerd.sandbox.metadata";

  static final String OF_CONTAINER = "io.cri-containerd.container.metadata";

  /** What is read of one, in bytes. */
  private static final int LARGEST = 4 << 20;

  /** The only layout there is, from containerd 1.6 to 2.x; it reads no other either. */
  private static final String VERSION = "v1";

  CriRequest {
    labels = Collections.unmodifiableSortedMap(new TreeMap<>(labels));
    annotations = Collections.unmodifiableSortedMap(new TreeMap<>(annotations));
  }

  /**
   * Reads the extension.
   *
   * @throws IOException if it is of a layout that is not known: what was given is unknown then
   */
  static CriRequest of(String id, byte[] extension) throws IOException {
    String what = "what the CRI keeps of container " + id;
    if (extension.length > LARGEST) {
      throw new IOException(what + " has " + extension.length + " bytes");
    }
    try (JsonReader in = new JsonReader(reader(extension))) {
      in.setStrictness(Strictness.STRICT);
      Found found = new Found();
      object(in, Map.of("Version", found::version, "Metadata", found::metadata));
      if (!found.version.equals(VERSION) || !found.config || in.peek() != JsonToken.END_DOCUMENT) {
        throw new IOException(what + " is not of version " + VERSION);
      }
      return new CriRequest(found.labels, found.annotations);
    } catch (MalformedJsonException | EOFException | IllegalStateException e) {
      throw new IOException(what + " cannot be read", e);
    }
  }

  /** What is not UTF-8 makes the reader throw. */
  private static Reader reader(byte[] extension) {
    return new InputStreamReader(
        new ByteArrayInputStream(extension), StandardCharsets.UTF_8.newDecoder());
  }

  /** What reads the value of one member of an object. */
  @FunctionalInterface
  private interface Member {
    void read(JsonReader in) throws IOException;
  }

  /** Reads an object; of what nobody asks for, such as environments, nothing is kept. */
  private static void object(JsonReader in, Map<String, Member> members) throws IOException {
    in.beginObject();
    while (in.hasNext()) {
      Member member = members.get(in.nextName());
      if (member == null) {
        in.skipValue();
      } else {
        member.read(in);
      }
    }
    in.endObject();
  }

  /** So far. */
  private static final class Found {
    String version = "";
    boolean config;
    final SortedMap<String, String> labels = new TreeMap<>();
    final SortedMap<String, String> annotations = new TreeMap<>();

    void version(JsonReader in) throws IOException {
      version = text(in);
    }

    void metadata(JsonReader in) throws IOException {
      object(in, Map.of("Config", this::config));
    }

    void config(JsonReader in) throws IOException {
      config = true;
      object(
          in,
          Map.of(
              "labels", labelled -> texts(labelled, labels),
              "annotations", annotated -> texts(annotated, annotations)));
    }
  }

  private static void texts(JsonReader in, SortedMap<String, String> found) throws IOException {
    if (in.peek() == JsonToken.NULL) {
      in.nextNull();
      return;
    }
    in.beginObject();
    while (in.hasNext()) {
      String key = in.nextName();
      found.put(key, text(in));
    }
    in.endObject();
  }

  private static String text(JsonReader in) throws IOException {
    if (in.peek() != JsonToken.STRING) {
      throw new MalformedJsonException("not a string: " + in.getPath());
    }
    return in.nextString();
  }

  /** Annotations that are Drawbridge's: no label of Kubernetes could hold a sentence. */
  SortedMap<String, String> policy() {
    SortedMap<String, String> policy = new TreeMap<>(annotations);
    policy.keySet().removeIf(key -> !key.startsWith("drawbridge."));
    return policy;
  }
}
