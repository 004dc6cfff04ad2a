package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.Decision;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.testing.integration.EmptyProtos;
import io.grpc.testing.integration.TestServiceClient;
import io.grpc.testing.integration.TestServiceGrpc;
import io.grpc.testing.integration.TestServiceImpl;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** gRPC's own interoperability tests, directly and through the engine: the same results. */
final class GrpcInteropTest {
  private static final String[] ALL = {"app=api may ANY /**"};
  private static ScheduledExecutorService executor;
  private static Server server;

  @BeforeAll
  static void serve() throws Exception {
    executor = Executors.newScheduledThreadPool(2);
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .maxInboundMessageSize(16 * 1024 * 1024)
            .addService(
                ServerInterceptors.intercept(
                    new TestServiceImpl(executor), TestServiceImpl.interceptors()))
            .build()
            .start();
  }

  @AfterAll
  static void stop() {
    server.shutdownNow();
    executor.shutdownNow();
  }

  private static InetSocketAddress address() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getPort());
  }

  /** Runs a case as the client's main does; what went wrong, or nothing. */
  private static String run(String name, int port, boolean okhttp) throws Exception {
    TestServiceClient client = new TestServiceClient();
    call(
        client,
        "parseArgs",
        new Class<?>[] {String[].class},
        (Object)
            new String[] {
              "--server_host=127.0.0.1",
              "--server_port=" + port,
              "--use_tls=false",
              "--use_okhttp=" + okhttp,
              "--test_case=" + name,
              "--soak_iterations=100",
              "--soak_max_failures=0",
              "--soak_per_iteration_max_acceptable_latency_ms=5000",
              "--soak_overall_timeout_seconds=60"
            });
    call(client, "setUp", new Class<?>[0]);
    try {
      call(client, "run", new Class<?>[0]);
      return "";
    } catch (java.lang.reflect.InvocationTargetException e) {
      return String.valueOf(e.getCause());
    } finally {
      call(client, "tearDown", new Class<?>[0]);
    }
  }

  private static void call(Object target, String name, Class<?>[] types, Object... arguments)
      throws Exception {
    Method method = target.getClass().getDeclaredMethod(name, types);
    method.setAccessible(true);
    method.invoke(target, arguments);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "empty_unary",
        "large_unary",
        "client_streaming",
        "server_streaming",
        "ping_pong",
        "empty_stream",
        "status_code_and_message",
        "special_status_message",
        "unimplemented_method",
        "unimplemented_service",
        "cancel_after_begin",
        "cancel_after_first_response",
        "timeout_on_sleeping_server",
        "custom_metadata",
        "server_compressed_unary",
        "server_compressed_streaming",
        "very_large_request",
        "pick_first_unary",
        "channel_soak",
        "rpc_soak"
      })
  void goesThroughAsItGoesDirectly(String name) throws Exception {
    try (Scene scene = new Scene(address(), ALL)) {
      scene.forgetful = !name.equals("empty_unary");
      assertEquals("", run(name, server.getPort(), false), "directly");
      assertEquals("", run(name, scene.listener.port4(), false), "through the engine");
      // A call that is cancelled at once may never leave the client.
      assertTrue(
          scene.engine.stats().requests() > 0
              || name.startsWith("cancel")
              || name.startsWith("timeout"));
      assertEquals(0, scene.engine.stats().malformed());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"large_unary", "ping_pong", "cancel_after_first_response", "custom_metadata"})
  void goesThroughFromAnotherClientToo(String name) throws Exception {
    try (Scene scene = new Scene(address(), ALL)) {
      assertEquals("", run(name, scene.listener.port4(), true));
    }
  }

  @Test
  void deniesACallWithPermissionDeniedAndKeepsTheChannel() throws Exception {
    try (Scene scene =
        new Scene(address(), "app=api may POST /grpc.testing.TestService/EmptyCall")) {
      ManagedChannel channel =
          NettyChannelBuilder.forAddress("127.0.0.1", scene.listener.port4())
              .usePlaintext()
              .build();
      try {
        TestServiceGrpc.TestServiceBlockingStub stub = TestServiceGrpc.newBlockingStub(channel);
        List<Status.Code> codes = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
          stub.emptyCall(EmptyProtos.Empty.getDefaultInstance());
          try {
            stub.unimplementedCall(EmptyProtos.Empty.getDefaultInstance());
          } catch (StatusRuntimeException e) {
            codes.add(e.getStatus().getCode());
          }
        }
        assertEquals(20, codes.stream().filter(Status.Code.PERMISSION_DENIED::equals).count());
      } finally {
        channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
      }
      Waiting.until("all records", () -> scene.records.size() == 40);
      assertEquals(20, scene.records.stream().filter(r -> r.decision() == Decision.DENY).count());
      assertEquals(1, scene.engine.stats().accepted());
    }
  }
}
