package dev.drawbridge.runtime;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptors;
import io.grpc.Deadline;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The part of containerd's API that a listener needs, over gRPC on its Unix socket. Field numbers
 * are those of the files {@code v1} in containerd's {@code api/services} and of {@code
 * api/types/task}, which are the same from 1.6 to 2.x. It changes nothing there: {@link #mark} is
 * an event of our own that nobody else takes for his.
 */
final class ContainerdApi implements Closeable {

  private static final Logger log = Logger.getLogger(ContainerdApi.class.getName());

  /**
   * In bytes: a spec of the largest that is read, and labels. containerd itself sends 16 MiB at
   * most, several of which this process has no room for.
   */
  static final int LARGEST_MESSAGE = 6 << 20;

  private static final Metadata.Key<String> NAMESPACE =
      Metadata.Key.of("containerd-namespace", Metadata.ASCII_STRING_MARSHALLER);

  /** Ours, where an event needs a namespace. */
  private static final String OWN_NAMESPACE = "drawbridge";

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

  private static final String MARK_TOPIC = "/drawbridge/listening";
  private static final String MARK_TYPE = "dev.drawbridge.Listening";

  private static final MethodDescriptor.Marshaller<byte[]> BYTES =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
          return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
          try {
            return stream.readAllBytes();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      };

  private static final MethodDescriptor<byte[], byte[]> VERSION =
      method("version.v1.Version/Version", MethodType.UNARY);
  private static final MethodDescriptor<byte[], byte[]> NAMESPACES =
      method("namespaces.v1.Namespaces/List", MethodType.UNARY);
  private static final MethodDescriptor<byte[], byte[]> CONTAINERS =
      method("containers.v1.Containers/ListStream", MethodType.SERVER_STREAMING);
  private static final MethodDescriptor<byte[], byte[]> CONTAINER =
      method("containers.v1.Containers/Get", MethodType.UNARY);
  private static final MethodDescriptor<byte[], byte[]> TASKS =
      method("tasks.v1.Tasks/List", MethodType.UNARY);
  private static final MethodDescriptor<byte[], byte[]> TASK =
      method("tasks.v1.Tasks/Get", MethodType.UNARY);
  private static final MethodDescriptor<byte[], byte[]> SUBSCRIBE =
      method("events.v1.Events/Subscribe", MethodType.SERVER_STREAMING);
  private static final MethodDescriptor<byte[], byte[]> PUBLISH =
      method("events.v1.Events/Publish", MethodType.UNARY);

  private final ManagedChannel channel;
  private final int answerMillis;

  /** Until all answers must be there, where several are asked for. */
  private final Optional<Deadline> end;

  private ContainerdApi(ManagedChannel channel, int answerMillis, Optional<Deadline> end) {
    this.channel = channel;
    this.answerMillis = answerMillis;
    this.end = end;
  }

  /**
   * The same connection, for questions whose answers must all be there in that time from now; also
   * the connection, if there is none, is waited for as long.
   */
  ContainerdApi within(int millis) {
    return new ContainerdApi(
        channel, millis, Optional.of(Deadline.after(millis, TimeUnit.MILLISECONDS)));
  }

  /**
   * Nothing is asked yet.
   *
   * @param answerMillis until each single answer must be there
   */
  static ContainerdApi at(String socketPath, int answerMillis) {
    return new ContainerdApi(
        Grpc.newChannelBuilder("unix://" + socketPath, InsecureChannelCredentials.create())
            .maxInboundMessageSize(LARGEST_MESSAGE)
            .disableRetry()
            .directExecutor()
            .build(),
        answerMillis,
        Optional.empty());
  }

  private static MethodDescriptor<byte[], byte[]> method(String name, MethodType type) {
    return MethodDescriptor.<byte[], byte[]>newBuilder()
        .setType(type)
        .setFullMethodName("containerd.services." + name)
        .setRequestMarshaller(BYTES)
        .setResponseMarshaller(BYTES)
        .build();
  }

  /**
   * A container's record in the metadata store.
   *
   * @param labels of more than {@link ContainerdIdentity#LARGEST_LABELS} only so many that they are
   *     more
   * @param runtime such as {@code io.containerd.runc.v2}
   * @param binary the OCI runtime that the shim was told to run; empty if it was not
   * @param spec the OCI spec that it was created with, as JSON
   */
  @SuppressWarnings("ArrayRecordComponent") // parsed once, never compared
  record Entry(
      String namespace,
      String id,
      Map<String, String> labels,
      String image,
      String runtime,
      String binary,
      byte[] spec) {}

  /**
   * A container's process.
   *
   * @param running whether it has one that was not seen to end
   */
  record Task(int pid, boolean running) {}

  /**
   * What happened.
   *
   * @param container whom it is about
   */
  record Event(String namespace, String topic, String container) {}

  /** Its version, for people. */
  String version() throws IOException {
    ProtoReader answer = new ProtoReader(ask(channel, VERSION, new ProtoWriter()));
    while (answer.next()) {
      if (answer.field() == 1) {
        return answer.text();
      }
    }
    return "";
  }

  /** Every namespace. */
  List<String> namespaces() throws IOException {
    List<String> names = new ArrayList<>();
    ProtoReader answer = new ProtoReader(ask(channel, NAMESPACES, new ProtoWriter()));
    while (answer.next()) {
      if (answer.field() == 1) {
        ProtoReader one = answer.message();
        while (one.next()) {
          if (one.field() == 1) {
            names.add(one.text());
          }
        }
      }
    }
    return names;
  }

  /**
   * The ids of a namespace's containers. Of one record at a time only the id is kept. A record that
   * is larger than {@link #LARGEST_MESSAGE} ends containerd's list: those that run are asked for by
   * their tasks then, the others are told of when they start.
   */
  Set<String> ids(String namespace) throws IOException {
    Set<String> found = new LinkedHashSet<>();
    try {
      Iterator<byte[]> answers =
          ClientCalls.blockingServerStreamingCall(
              in(namespace), CONTAINERS, options(), new ProtoWriter().done());
      while (answers.hasNext()) {
        try {
          texts(answers.next(), 1, found);
        } catch (IOException e) {
          log.log(Level.WARNING, "a container of namespace " + namespace + " has no id", e);
        }
      }
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() != Status.Code.RESOURCE_EXHAUSTED) {
        throw failed(CONTAINERS, e);
      }
      log.log(
          Level.WARNING,
          "a container of namespace "
              + namespace
              + " has a record that is too large to be read; those that run are listed by their"
              + " tasks",
          e);
      texts(ask(in(namespace), TASKS, new ProtoWriter()), 2, found);
    }
    return found;
  }

  /** One field of every message that is in field 1. */
  private static void texts(byte[] answer, int field, Set<String> found) throws IOException {
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

  /**
   * One container; empty if the namespace has none of that id.
   *
   * @throws Unparsable if it has one whose record cannot be read
   */
  Optional<Entry> container(String namespace, String id) throws IOException {
    Optional<byte[]> answer = find(namespace, CONTAINER, new ProtoWriter().text(1, id));
    if (answer.isEmpty()) {
      return Optional.empty();
    }
    try {
      ProtoReader message = new ProtoReader(answer.get());
      while (message.next()) {
        if (message.field() == 1) {
          return Optional.of(entry(namespace, message.message()));
        }
      }
      return Optional.empty();
    } catch (IOException e) {
      throw new Unparsable("the record of container " + id + ": " + e.getMessage(), e);
    }
  }

  /**
   * Its process, if it has one. Waits for a hook of the container that runs.
   *
   * @throws IOException also if containerd does not know what state it is in
   */
  Optional<Task> task(String namespace, String id) throws IOException {
    Optional<byte[]> answer = find(namespace, TASK, new ProtoWriter().text(1, id));
    if (answer.isEmpty()) {
      return Optional.empty();
    }
    ProtoReader message = new ProtoReader(answer.get());
    while (message.next()) {
      if (message.field() == 1) {
        return Optional.of(task(message.message()));
      }
    }
    return Optional.empty();
  }

  /** Calls back for every event from some moment on; who was told of a {@link #mark} hears all. */
  Closeable subscribe(StreamObserver<byte[]> events) {
    ClientCall<byte[], byte[]> call = channel.newCall(SUBSCRIBE, CallOptions.DEFAULT);
    ClientCalls.asyncServerStreamingCall(call, new ProtoWriter().done(), events);
    return () -> call.cancel("closed", null);
  }

  /** An event that says nothing but its token. */
  void mark(String token) throws IOException {
    ProtoWriter event = new ProtoWriter().text(1, MARK_TYPE).text(2, token);
    byte[] _ =
        ask(in(OWN_NAMESPACE), PUBLISH, new ProtoWriter().text(1, MARK_TOPIC).message(2, event));
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

  private static Entry entry(String namespace, ProtoReader message) throws IOException {
    String id = "";
    Map<String, String> labels = new TreeMap<>();
    long held = 0;
    String image = "";
    String runtime = "";
    String binary = "";
    byte[] spec = new byte[0];
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
        default -> {}
      }
    }
    return new Entry(namespace, id, labels, image, runtime, binary, spec);
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
  private static Task task(ProtoReader message) throws IOException {
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

  private Channel in(String namespace) {
    Metadata headers = new Metadata();
    headers.put(NAMESPACE, namespace);
    return ClientInterceptors.intercept(
        channel, MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private CallOptions options() {
    return end.map(CallOptions.DEFAULT.withWaitForReady()::withDeadline)
        .orElseGet(
            () -> CallOptions.DEFAULT.withDeadlineAfter(answerMillis, TimeUnit.MILLISECONDS));
  }

  private Optional<byte[]> find(
      String namespace, MethodDescriptor<byte[], byte[]> method, ProtoWriter request)
      throws IOException {
    try {
      return Optional.of(
          ClientCalls.blockingUnaryCall(in(namespace), method, options(), request.done()));
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.NOT_FOUND) {
        return Optional.empty();
      }
      throw failed(method, e);
    }
  }

  private byte[] ask(Channel where, MethodDescriptor<byte[], byte[]> method, ProtoWriter request)
      throws IOException {
    try {
      return ClientCalls.blockingUnaryCall(where, method, options(), request.done());
    } catch (StatusRuntimeException e) {
      throw failed(method, e);
    }
  }

  private static IOException failed(
      MethodDescriptor<byte[], byte[]> method, StatusRuntimeException e) {
    Status status = e.getStatus();
    String text =
        method.getBareMethodName() + ": " + status.getCode() + " " + status.getDescription();
    return status.getCode() == Status.Code.RESOURCE_EXHAUSTED
        ? new Unparsable(text, e)
        : new IOException(text, e);
  }

  /** containerd answers, with what is too large or no message. */
  static final class Unparsable extends IOException {
    private static final long serialVersionUID = 1L;

    Unparsable(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The next call connects at once, however often nobody was there before. */
  void retryNow() {
    channel.resetConnectBackoff();
  }

  @Override
  public void close() {
    ManagedChannel _ = channel.shutdownNow();
  }
}
