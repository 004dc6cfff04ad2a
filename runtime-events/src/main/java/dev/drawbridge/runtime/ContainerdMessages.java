package dev.drawbridge.runtime;

import dev.drawbridge.runtime.ContainerdApi.Entry;
import dev.drawbridge.runtime.ContainerdApi.Event;
import dev.drawbridge.runtime.ContainerdApi.Task;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** containerd's messages, read by their field numbers: see {@link ContainerdApi}. */
final class ContainerdMessages {

  /** What may change a container's processes or labels. */
  private static final Set<String> TOPICS =
      Set.of(
          "/containers/create",
          "/containers/update",
          "/containers/delete",
          "/tasks/create",
          "/tasks/start",
          "/tasks/exit",
          "/tasks/delete",
          "/tasks/paused",
          "/tasks/resumed");

  static final String MARK_TOPIC = "/drawbridge/listening";
  static final String MARK_TYPE = "dev.drawbridge.Listening";

  private ContainerdMessages() {}

  /** One field of every message that is in field 1. */
  static void texts(byte[] answer, int field, Set<String> found) throws IOException {
    ProtoReader message = new ProtoReader(answer);
    while (message.next()) {
      if (message.field() == 1) {
        ProtoReader one = message.message();
        while (one.next()) {
          if (one.field() == field) {
            found.add(one.text());
          }
        }
      }
    }
  }

  /** An event, or a mark: its token is the container then. */
  static Event event(byte[] envelope) throws IOException {
    String namespace = "";
    String topic = "";
    String type = "";
    byte[] value = new byte[0];
    ProtoReader message = new ProtoReader(envelope);
    while (message.next()) {
      switch (message.field()) {
        case 2 -> namespace = message.text();
        case 3 -> topic = message.text();
        case 4 -> {
          ProtoReader any = message.message();
          while (any.next()) {
            switch (any.field()) {
              case 1 -> type = any.text();
              case 2 -> value = any.bytes();
              default -> {}
            }
          }
        }
        default -> {}
      }
    }
    if (type.equals(MARK_TYPE)) {
      return new Event(namespace, topic, new String(value, StandardCharsets.UTF_8));
    }
    return new Event(namespace, topic, about(topic) ? firstText(value) : "");
  }

  static boolean isMark(Event event, String token) {
    return event.topic().equals(MARK_TOPIC) && event.container().equals(token);
  }

  private static boolean about(String topic) {
    return TOPICS.contains(topic);
  }

  /** Every event about a container or its task names the container in field 1. */
  private static String firstText(byte[] event) throws IOException {
    ProtoReader message = new ProtoReader(event);
    while (message.next()) {
      if (message.field() == 1) {
        return message.text();
      }
    }
    return "";
  }

  /** A record of the metadata store. */
  static Entry entry(String namespace, ProtoReader message) throws IOException {
    String id = "";
    Map<String, String> labels = new TreeMap<>();
    long held = 0;
    String image = "";
    String runtime = "";
    String binary = "";
    byte[] spec = new byte[0];
    byte[] request = new byte[0];
    while (message.next()) {
      switch (message.field()) {
        case 1 -> id = message.text();
        case 2 -> {
          String key = "";
          String value = "";
          ProtoReader label = message.message();
          while (label.next()) {
            switch (label.field()) {
              case 1 -> key = label.text();
              case 2 -> value = label.text();
              default -> {}
            }
          }
          if (held <= ContainerdIdentity.LARGEST_LABELS) {
            labels.put(key, value);
            held += key.length() + value.length();
          }
        }
        case 3 -> image = message.text();
        case 4 -> {
          ProtoReader of = message.message();
          while (of.next()) {
            switch (of.field()) {
              case 1 -> runtime = of.text();
              case 2 -> binary = binary(any(of.message()));
              default -> {}
            }
          }
        }
        case 5 -> spec = any(message.message());
        case 10 -> {
          byte[] found = request(message.message());
          request = found.length == 0 ? request : found;
        }
        default -> {}
      }
    }
    return new Entry(namespace, id, labels, image, runtime, binary, spec, request);
  }

  /** Of an entry of the map of extensions, if it is the CRI's. */
  private static byte[] request(ProtoReader entry) throws IOException {
    String key = "";
    byte[] value = new byte[0];
    while (entry.next()) {
      switch (entry.field()) {
        case 1 -> key = entry.text();
        case 2 -> value = any(entry.message());
        default -> {}
      }
    }
    return key.equals(CriRequest.OF_SANDBOX) || key.equals(CriRequest.OF_CONTAINER)
        ? value
        : new byte[0];
  }

  /** What is wrapped in a google.protobuf.Any. */
  private static byte[] any(ProtoReader message) throws IOException {
    byte[] value = new byte[0];
    while (message.next()) {
      if (message.field() == 2) {
        value = message.bytes();
      }
    }
    return value;
  }

  /**
   * Field binary_name of containerd.runc.v1.Options; other runtimes' options have none to speak of.
   */
  private static String binary(byte[] options) {
    try {
      ProtoReader message = new ProtoReader(options);
      while (message.next()) {
        if (message.field() == 6) {
          return message.text();
        }
      }
    } catch (IOException e) {
      return "";
    }
    return "";
  }

  /**
   * Statuses of containerd.v1.types.Status: 1 created, 2 running, 3 stopped, 4 paused, 5 pausing. 0
   * is unknown: a shim that did not say it in time, which is no task that has ended.
   */
  static Task task(ProtoReader message) throws IOException {
    long pid = 0;
    long status = 0;
    while (message.next()) {
      switch (message.field()) {
        case 3 -> pid = message.integer();
        case 4 -> status = message.integer();
        default -> {}
      }
    }
    if (pid < 0 || pid > Integer.MAX_VALUE) {
      throw new IOException("containerd names process " + pid);
    }
    if (status == 3) {
      return new Task((int) pid, false);
    }
    if (status < 1 || status > 5 || pid == 0) {
      throw new IOException(
          "containerd does not say what its task does (status "
              + status
              + ", process "
              + pid
              + ")");
    }
    return new Task((int) pid, true);
  }
}
