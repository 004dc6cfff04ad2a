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
import java.io.Closeable;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The part of containerd's API that a listener needs, over gRPC on its Unix socket. Field numbers
 * are those of the files {@code v1} in containerd's {@code api/services} and of {@code
 * api/types/task}, which are the same from 1.6 to 2.x. It changes nothing there: {@link #mark} is
 * an event of our own that nobody else takes for his.
 */
final class ContainerdApi implements Closeable {

  private static final System.Logger log = System.getLogger(ContainerdApi.class.getName());

  /**
   * In bytes: a spec of the largest that is read, and labels. containerd itself sends 16 MiB at
   * most, several of which this process has no room for.
   */
  static final int LARGEST_MESSAGE = 6 << 20;

  private static final Metadata.Key<String> NAMESPACE =
      Metadata.Key.of("containerd-namespace", Metadata.ASCII_STRING_MARSHALLER);

  /** Ours, where an event needs a namespace. */
  private static final String OWN_NAMESPACE = "drawbridge";

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
        .setRequestMarshaller(RawBytes.MARSHALLER)
        .setResponseMarshaller(RawBytes.MARSHALLER)
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
   * @param request what its CRI keeps of how it was asked for, as JSON; empty if no CRI made it
   */
  @SuppressWarnings("ArrayRecordComponent") // parsed once, never compared
  record Entry(
      String namespace,
      String id,
      Map<String, String> labels,
      String image,
      String runtime,
      String binary,
      byte[] spec,
      byte[] request) {}

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
          ContainerdMessages.texts(answers.next(), 1, found);
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
      ContainerdMessages.texts(ask(in(namespace), TASKS, new ProtoWriter()), 2, found);
    }
    return found;
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
          return Optional.of(ContainerdMessages.entry(namespace, message.message()));
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
        return Optional.of(ContainerdMessages.task(message.message()));
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
    ProtoWriter event = new ProtoWriter().text(1, ContainerdMessages.MARK_TYPE).text(2, token);
    byte[] _ =
        ask(
            in(OWN_NAMESPACE),
            PUBLISH,
            new ProtoWriter().text(1, ContainerdMessages.MARK_TOPIC).message(2, event));
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
