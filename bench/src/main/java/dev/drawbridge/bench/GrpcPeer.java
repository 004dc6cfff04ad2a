package dev.drawbridge.bench;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Runs in a container: {@code serve PORT} is a gRPC server, {@code HOST PORT} a client. The client
 * reads commands from standard input, {@code unary MILLIS}, {@code stream MILLIS} or {@code
 * denied}, and answers each with a line: calls a second with 32 under way on one connection;
 * messages of a kilobyte a second over four streams from the server; or the status of a call that
 * no rule allows.
 */
final class GrpcPeer {
  private static final int MESSAGE = 1024;
  private static final int UNDER_WAY = 32;
  private static final int STREAMS = 4;

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

  private static final MethodDescriptor<byte[], byte[]> UNARY =
      method("Get", MethodDescriptor.MethodType.UNARY);
  private static final MethodDescriptor<byte[], byte[]> WATCH =
      method("Watch", MethodDescriptor.MethodType.SERVER_STREAMING);
  private static final MethodDescriptor<byte[], byte[]> DENIED =
      method("Delete", MethodDescriptor.MethodType.UNARY);

  private GrpcPeer() {}

  private static MethodDescriptor<byte[], byte[]> method(
      String name, MethodDescriptor.MethodType type) {
    return MethodDescriptor.<byte[], byte[]>newBuilder()
        .setType(type)
        .setFullMethodName("bench.Echo/" + name)
        .setRequestMarshaller(BYTES)
        .setResponseMarshaller(BYTES)
        .build();
  }

  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("serve")) {
      serve(Integer.parseInt(arguments[1]));
      return;
    }
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(arguments[0], Integer.parseInt(arguments[1]))
            .usePlaintext()
            .directExecutor()
            .build();
    BufferedReader commands =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      String[] words = line.split(" ", -1);
      System.out.println(
          switch (words[0]) {
            case "unary" -> unary(channel, Long.parseLong(words[1]) * 1_000_000);
            case "stream" -> stream(channel, Long.parseLong(words[1]) * 1_000_000);
            case "denied" -> denied(channel);
            default -> "unknown";
          });
    }
    channel.shutdownNow();
  }

  private static void serve(int port) throws IOException, InterruptedException {
    byte[] message = new byte[MESSAGE];
    Server server =
        NettyServerBuilder.forPort(port)
            .directExecutor()
            .addService(
                ServerServiceDefinition.builder("bench.Echo")
                    .addMethod(
                        UNARY,
                        ServerCalls.asyncUnaryCall((request, answer) -> {
                          answer.onNext(request);
                          answer.onCompleted();
                        }))
                    .addMethod(
                        WATCH,
                        ServerCalls.asyncServerStreamingCall((_, answer) -> {
                          // For ever: the client ends it.
                          ServerCallStreamObserver<byte[]> out =
                              (ServerCallStreamObserver<byte[]>) answer;
                          out.setOnCancelHandler(() -> {});
                          out.setOnReadyHandler(() -> {
                            while (out.isReady() && !out.isCancelled()) {
                              out.onNext(message);
                            }
                          });
                        }))
                    .build())
            .build()
            .start();
    System.out.println("listening");
    server.awaitTermination();
  }

  private static String denied(ManagedChannel channel) {
    try {
      byte[] _ =
          ClientCalls.blockingUnaryCall(channel, DENIED, CallOptions.DEFAULT, new byte[MESSAGE]);
      return "OK";
    } catch (RuntimeException e) {
      return Status.fromThrowable(e).getCode().name();
    }
  }

  private static String inOneLine(Status status) {
    return status.getCode() + " " + String.valueOf(status.getDescription()).replace('\n', ' ');
  }

  /** Calls a second, or the first failure. */
  private static String unary(ManagedChannel channel, long nanos) throws InterruptedException {
    byte[] message = new byte[MESSAGE];
    LongAdder done = new LongAdder();
    CountDownLatch ended = new CountDownLatch(UNDER_WAY);
    AtomicInteger failures = new AtomicInteger();
    AtomicReference<String> why = new AtomicReference<>("");
    long begin = System.nanoTime();
    for (int i = 0; i < UNDER_WAY; i++) {
      new StreamObserver<byte[]>() {
        void call() {
          ClientCalls.asyncUnaryCall(channel.newCall(UNARY, CallOptions.DEFAULT), message, this);
        }

        @Override
        public void onNext(byte[] answer) {}

        @Override
        public void onError(Throwable failure) {
          if (failures.getAndIncrement() == 0) {
            why.set(inOneLine(Status.fromThrowable(failure)));
          }
          ended.countDown();
        }

        @Override
        public void onCompleted() {
          done.increment();
          if (System.nanoTime() - begin < nanos) {
            call();
          } else {
            ended.countDown();
          }
        }
      }.call();
    }
    ended.await();
    return failures.get() > 0
        ? "failed " + why.get()
        : Double.toString(done.sum() * 1e9 / (System.nanoTime() - begin));
  }

  /** Messages a second, or the first failure. */
  private static String stream(ManagedChannel channel, long nanos) throws InterruptedException {
    LongAdder messages = new LongAdder();
    CountDownLatch ended = new CountDownLatch(STREAMS);
    AtomicReference<String> why = new AtomicReference<>("");
    io.grpc.Context.CancellableContext context = io.grpc.Context.current().withCancellation();
    long begin = System.nanoTime();
    context.run(() -> {
      for (int i = 0; i < STREAMS; i++) {
        ClientCalls.asyncServerStreamingCall(
            channel.newCall(WATCH, CallOptions.DEFAULT),
            new byte[0],
            new StreamObserver<byte[]>() {
              @Override
              public void onNext(byte[] message) {
                messages.increment();
              }

              @Override
              public void onError(Throwable failure) {
                Status status = Status.fromThrowable(failure);
                if (status.getCode() != Status.Code.CANCELLED) {
                  why.set(inOneLine(status));
                }
                ended.countDown();
              }

              @Override
              public void onCompleted() {
                why.set("the server ended the stream");
                ended.countDown();
              }
            });
      }
    });
    LockSupport.parkNanos(nanos);
    double rate = messages.sum() * 1e9 / (System.nanoTime() - begin);
    @Nullable Throwable reason = null;
    context.cancel(reason);
    ended.await();
    return why.get().isEmpty() ? Double.toString(rate) : "failed " + why.get();
  }
}
