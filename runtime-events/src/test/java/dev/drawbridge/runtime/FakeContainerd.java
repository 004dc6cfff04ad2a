package dev.drawbridge.runtime;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.InsecureServerCredentials;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/**
 * containerd's gRPC services, as far as they are asked, with records of one namespace that a test
 * puts.
 *
 * <p>Does not model: events, shims, filters, updates, other namespaces, or time: every answer comes
 * at once, or after a pause that a test names.
 */
final class FakeContainerd implements AutoCloseable {
  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final Server server;
  private final Map<String, byte[]> records = new TreeMap<>();
  private final Map<String, byte[]> tasks = new TreeMap<>();

  /** How long whoever asked for a container would have waited for the answer, by its id. */
  final Map<String, Long> millisLeft = new ConcurrentHashMap<>();

  /** Before each answer about one container. */
  volatile int pauseMillis;

  private final Map<String, Status> failing = new ConcurrentHashMap<>();
  private final List<ServerServiceDefinition> services = new ArrayList<>();

  FakeContainerd(Path socket) throws IOException {
    unary("version.v1.Version", "Version", (_, out) -> answer(out, new ProtoWriter().text(1, "2")));
    unary(
        "namespaces.v1.Namespaces",
        "List",
        (_, out) -> answer(out, new ProtoWriter().message(1, new ProtoWriter().text(1, "lab"))));
    services.add(
        ServerServiceDefinition.builder("containerd.services.containers.v1.Containers")
            .addMethod(
                method("containers.v1.Containers/Get", MethodType.UNARY),
                ServerCalls.asyncUnaryCall((id, out) -> get("Containers", records, id, out)))
            .addMethod(
                method("containers.v1.Containers/ListStream", MethodType.SERVER_STREAMING),
                ServerCalls.asyncServerStreamingCall((_, out) -> list(out)))
            .build());
    services.add(
        ServerServiceDefinition.builder("containerd.services.tasks.v1.Tasks")
            .addMethod(
                method("tasks.v1.Tasks/Get", MethodType.UNARY),
                ServerCalls.asyncUnaryCall((id, out) -> get("Tasks", tasks, id, out)))
            .addMethod(
                method("tasks.v1.Tasks/List", MethodType.UNARY),
                ServerCalls.asyncUnaryCall((_, out) -> {
                  ProtoWriter all = new ProtoWriter();
                  tasks.values().forEach(task -> all.bytes(1, task));
                  answer(out, all);
                }))
            .build());
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(
                new DomainSocketAddress(socket.toString()), InsecureServerCredentials.create())
            .channelType(EpollServerDomainSocketChannel.class)
            .bossEventLoopGroup(group)
            .workerEventLoopGroup(group)
            .directExecutor();
    services.forEach(builder::addService);
    server = builder.build().start();
  }

  private static MethodDescriptor<byte[], byte[]> method(String name, MethodType type) {
    return MethodDescriptor.<byte[], byte[]>newBuilder()
        .setType(type)
        .setFullMethodName("containerd.services." + name)
        .setRequestMarshaller(RawBytes.MARSHALLER)
        .setResponseMarshaller(RawBytes.MARSHALLER)
        .build();
  }

  private void unary(
      String service, String name, BiConsumer<byte[], StreamObserver<byte[]>> answers) {
    services.add(
        ServerServiceDefinition.builder("containerd.services." + service)
            .addMethod(
                method(service + "/" + name, MethodType.UNARY),
                ServerCalls.asyncUnaryCall(answers::accept))
            .build());
  }

  private static void answer(StreamObserver<byte[]> out, ProtoWriter message) {
    out.onNext(message.done());
    out.onCompleted();
  }

  private void list(StreamObserver<byte[]> out) {
    records.values().forEach(record -> out.onNext(new ProtoWriter().bytes(1, record).done()));
    out.onCompleted();
  }

  private void get(
      String service, Map<String, byte[]> from, byte[] request, StreamObserver<byte[]> out) {
    String id;
    try {
      ProtoReader message = new ProtoReader(request);
      id = message.next() ? message.text() : "";
    } catch (IOException e) {
      out.onError(Status.INVALID_ARGUMENT.asRuntimeException());
      return;
    }
    Deadline deadline = Context.current().getDeadline();
    if (deadline != null) {
      millisLeft.put(id, deadline.timeRemaining(TimeUnit.MILLISECONDS));
    }
    var _ =
        group.schedule(() -> answer(service, from, id, out), pauseMillis, TimeUnit.MILLISECONDS);
  }

  private void answer(
      String service, Map<String, byte[]> from, String id, StreamObserver<byte[]> out) {
    byte[] found = from.get(id);
    Status failure = failing.get(service + "/" + id);
    if (failure != null) {
      out.onError(failure.asRuntimeException());
    } else if (found == null) {
      out.onError(Status.NOT_FOUND.asRuntimeException());
    } else {
      answer(out, new ProtoWriter().bytes(1, found));
    }
  }

  /** A record whose spec is as long as is said, with labels KEY=VALUE. */
  void container(String id, int spec, String... labels) {
    ProtoWriter record = new ProtoWriter().text(1, id);
    for (String label : labels) {
      int equals = label.indexOf('=');
      record.message(
          2,
          new ProtoWriter()
              .text(1, label.substring(0, equals))
              .text(2, label.substring(equals + 1)));
    }
    record.message(5, new ProtoWriter().text(2, "{}" + " ".repeat(Math.max(0, spec - 2))));
    records.put(id, record.done());
  }

  /** The record of one that lives in a pod. */
  void inPod(String id, String pod) {
    records.put(
        id,
        new ProtoWriter()
            .text(1, id)
            .message(
                5,
                new ProtoWriter()
                    .text(
                        2,
                        "{\"annotations\":{\"io.kubernetes.cri.container-type\":\"container\","
                            + "\"io.kubernetes.cri.sandbox-id\":\""
                            + pod
                            + "\"}}"))
            .done());
  }

  /** What is no record. */
  void garbled(String id) {
    byte[] whole = new ProtoWriter().text(1, id).text(3, "image").done();
    whole[whole.length - 1 - "image".length()] = 120;
    records.put(id, whole);
  }

  /** Its process, with one of containerd's numbers for what that does. */
  void task(String id, int pid, int status) {
    tasks.put(id, new ProtoWriter().text(2, id).integer(3, pid).integer(4, status).done());
  }

  /**
   * What Get of a service says of one container.
   *
   * @param service {@code Containers} or {@code Tasks}
   */
  void fails(String service, String id, Status how) {
    failing.put(service + "/" + id, how);
  }

  /** As {@link #container}, with labels of that size in all. */
  void labelled(String id, int size) {
    String[] labels = new String[size / 4_000];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = "key" + i + "=" + "x".repeat(4_000);
    }
    container(id, 2, labels);
  }

  @Override
  public void close() {
    server.shutdownNow();
    var _ = group.shutdownGracefully();
  }
}
