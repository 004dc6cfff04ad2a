package dev.drawbridge.it;

import dev.drawbridge.runtime.ProtoReader;
import dev.drawbridge.runtime.ProtoWriter;
import dev.drawbridge.runtime.RawBytes;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.Output;
import io.grpc.CallOptions;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * A client of the Kubernetes Container Runtime Interface, {@code runtime.v1}, over gRPC on
 * containerd's socket: what a kubelet asks for to run a pod. Field numbers are those of {@code
 * api.proto} in k8s.io/cri-api, which are the same for containerd 1.6 to 2.x.
 */
final class CriClient implements AutoCloseable {
  private static final Duration ANSWER = Duration.ofSeconds(30);

  /** {@code CONTAINER_EXITED} of {@code ContainerState}. */
  static final int EXITED = 2;

  /** Of {@code NamespaceMode}, beside {@code POD}, which is 0. */
  private static final int CONTAINER = 1;

  private static final int NODE = 2;

  private final ManagedChannel channel;
  private final String cgroupParent;
  private int pods;

  /**
   * Nothing is asked yet.
   *
   * @param cgroupParent below which each pod has a cgroup of its own
   */
  CriClient(Path socket, String cgroupParent) {
    this.channel =
        Grpc.newChannelBuilder("unix://" + socket, InsecureChannelCredentials.create()).build();
    this.cgroupParent = cgroupParent;
  }

  /** Who answers. */
  record Version(String runtimeName, String runtimeVersion, String apiVersion) {}

  /**
   * What is asked for.
   *
   * @param handler the runtime's name in containerd's configuration; empty for its default
   * @param hostNetwork whether it has no network of its own
   */
  record PodConfig(
      String namespace,
      String name,
      Map<String, String> labels,
      Map<String, String> annotations,
      String handler,
      boolean hostNetwork) {

    /** {@code NamespaceOption}, as a kubelet asks by default: each has processes of its own. */
    ProtoWriter namespaces() {
      ProtoWriter option = new ProtoWriter().integer(2, CONTAINER);
      return hostNetwork ? option.integer(1, NODE) : option;
    }
  }

  /** A pod that runs; how it was asked for has to be told again with each of its containers. */
  record Pod(String id, String uid, PodConfig config) {}

  /**
   * What is asked for.
   *
   * @param attempt how many there were of that name in the pod before
   */
  record ContainerConfig(
      String name,
      int attempt,
      String image,
      List<String> command,
      Map<String, String> labels,
      Map<String, String> annotations) {}

  /** A container as it is listed. */
  record Listed(String id, String pod, String name, int attempt, Map<String, String> labels) {}

  /** What a container does. */
  record State(int state, int exitCode) {}

  Version version() {
    String[] found = {"", "", "", "", ""};
    each(
        ask("RuntimeService/Version", new ProtoWriter().text(1, "v1")),
        (field, message) -> {
          if (field < found.length) {
            found[field] = message.text();
          }
        });
    return new Version(found[2], found[3], found[4]);
  }

  boolean hasImage(String image) {
    boolean[] found = {false};
    each(
        ask(
            "ImageService/ImageStatus",
            new ProtoWriter().message(1, new ProtoWriter().text(1, image))),
        (field, _) -> found[0] |= field == 1);
    return found[0];
  }

  /** Runs the pod's sandbox: its namespaces, held by a container of its own. */
  Pod runPodSandbox(PodConfig config) {
    String uid = "uid-" + ++pods;
    byte[] answer =
        ask(
            "RuntimeService/RunPodSandbox",
            new ProtoWriter().message(1, written(config, uid)).text(2, config.handler()));
    return new Pod(onlyText(answer, 1), uid, config);
  }

  private ProtoWriter written(PodConfig config, String uid) {
    ProtoWriter metadata =
        new ProtoWriter().text(1, config.name()).text(2, uid).text(3, config.namespace());
    ProtoWriter message = new ProtoWriter().message(1, metadata);
    write(message, 6, config.labels());
    write(message, 7, config.annotations());
    return message.message(
        8,
        new ProtoWriter()
            .text(1, cgroupParent + "/pod" + uid)
            .message(2, new ProtoWriter().message(1, config.namespaces())));
  }

  private static void write(ProtoWriter message, int field, Map<String, String> entries) {
    entries.forEach(
        (key, value) -> message.message(field, new ProtoWriter().text(1, key).text(2, value)));
  }

  /** The address that the network plug-in gave it. */
  String address(Pod pod) {
    String[] found = {""};
    each(
        ask("RuntimeService/PodSandboxStatus", id(pod.id())),
        (field, status) -> {
          if (field == 1) {
            each(
                status.bytes(),
                (inner, network) -> {
                  if (inner == 5) {
                    found[0] = onlyText(network.bytes(), 1);
                  }
                });
          }
        });
    return found[0];
  }

  String createContainer(Pod pod, ContainerConfig config) {
    ProtoWriter metadata = new ProtoWriter().text(1, config.name()).integer(2, config.attempt());
    ProtoWriter message =
        new ProtoWriter()
            .message(1, metadata)
            .message(2, new ProtoWriter().text(1, config.image()));
    config.command().forEach(word -> message.text(3, word));
    write(message, 9, config.labels());
    write(message, 10, config.annotations());
    message.message(
        15, new ProtoWriter().message(2, new ProtoWriter().message(3, pod.config().namespaces())));
    byte[] answer =
        ask(
            "RuntimeService/CreateContainer",
            id(pod.id()).message(2, message).message(3, written(pod.config(), pod.uid())));
    return onlyText(answer, 1);
  }

  void startContainer(String id) {
    byte[] _ = ask("RuntimeService/StartContainer", id(id));
  }

  /** Kills it. */
  void stopContainer(String id) {
    byte[] _ = ask("RuntimeService/StopContainer", id(id).integer(2, 0));
  }

  void removeContainer(String id) {
    byte[] _ = ask("RuntimeService/RemoveContainer", id(id));
  }

  /** Kills all that runs in it, and takes its network away. */
  void stopPodSandbox(Pod pod) {
    byte[] _ = ask("RuntimeService/StopPodSandbox", id(pod.id()));
  }

  /** With its containers. */
  void removePodSandbox(Pod pod) {
    byte[] _ = ask("RuntimeService/RemovePodSandbox", id(pod.id()));
  }

  List<Listed> listContainers() {
    List<Listed> all = new ArrayList<>();
    each(
        ask("RuntimeService/ListContainers", new ProtoWriter()),
        (field, container) -> {
          if (field == 1) {
            all.add(listed(container.bytes()));
          }
        });
    return all;
  }

  private static Listed listed(byte[] container) {
    String[] texts = {"", "", ""};
    String[] name = {""};
    int[] attempt = {0};
    Map<String, String> labels = new TreeMap<>();
    each(
        container,
        (field, message) -> {
          switch (field) {
            case 1, 2 -> texts[field] = message.text();
            case 3 ->
                each(
                    message.bytes(),
                    (inner, metadata) -> {
                      if (inner == 1) {
                        name[0] = metadata.text();
                      } else if (inner == 2) {
                        attempt[0] = (int) metadata.integer();
                      }
                    });
            case 8 -> {
              byte[] entry = message.bytes();
              labels.put(onlyText(entry, 1), onlyText(entry, 2));
            }
            default -> {}
          }
        });
    return new Listed(texts[1], texts[2], name[0], attempt[0], labels);
  }

  State containerStatus(String id) {
    int[] found = new int[8];
    each(
        ask("RuntimeService/ContainerStatus", id(id)),
        (field, status) -> {
          if (field == 1) {
            each(
                status.bytes(),
                (inner, value) -> {
                  if (inner == 3 || inner == 7) {
                    found[inner] = (int) value.integer();
                  }
                });
          }
        });
    return new State(found[3], found[7]);
  }

  /** What a program in a running container says. */
  Output execSync(String id, String... command) {
    ProtoWriter request = id(id);
    for (String word : command) {
      request.text(2, word);
    }
    String[] said = {"", "", ""};
    int[] exit = {0};
    each(
        ask("RuntimeService/ExecSync", request.integer(3, ANSWER.toSeconds())),
        (field, answer) -> {
          switch (field) {
            case 1, 2 -> said[field] = new String(answer.bytes(), StandardCharsets.UTF_8);
            case 3 -> exit[0] = (int) answer.integer();
            default -> {}
          }
        });
    return new Output(exit[0], said[1], said[2]);
  }

  private static ProtoWriter id(String id) {
    return new ProtoWriter().text(1, id);
  }

  /** The runtime refused, and says why. */
  static final class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final String reason;

    RefusedException(String method, StatusRuntimeException cause) {
      super(method + ": " + cause.getStatus(), cause);
      this.reason = String.valueOf(cause.getStatus().getDescription());
    }

    /** What a user would see. */
    String reason() {
      return reason;
    }
  }

  private byte[] ask(String method, ProtoWriter request) {
    MethodDescriptor<byte[], byte[]> described =
        MethodDescriptor.<byte[], byte[]>newBuilder()
            .setType(MethodType.UNARY)
            .setFullMethodName("runtime.v1." + method)
            .setRequestMarshaller(RawBytes.MARSHALLER)
            .setResponseMarshaller(RawBytes.MARSHALLER)
            .build();
    try {
      return ClientCalls.blockingUnaryCall(
          channel,
          described,
          CallOptions.DEFAULT
              .withWaitForReady()
              .withDeadlineAfter(Await.patient(ANSWER).toMillis(), TimeUnit.MILLISECONDS),
          request.done());
    } catch (StatusRuntimeException e) {
      throw new RefusedException(method, e);
    }
  }

  @FunctionalInterface
  private interface Field {
    void read(int number, ProtoReader message) throws IOException;
  }

  private static void each(byte[] message, Field field) {
    try {
      ProtoReader reader = new ProtoReader(message);
      while (reader.next()) {
        field.read(reader.field(), reader);
      }
    } catch (IOException e) {
      throw new LabException("an answer of the CRI is no message: " + e.getMessage(), e);
    }
  }

  private static String onlyText(byte[] message, int wanted) {
    String[] found = {""};
    each(
        message,
        (field, reader) -> {
          if (field == wanted) {
            found[0] = reader.text();
          }
        });
    return found[0];
  }

  @Override
  public void close() {
    ManagedChannel _ = channel.shutdownNow();
  }
}
