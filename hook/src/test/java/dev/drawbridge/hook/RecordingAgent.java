package dev.drawbridge.hook;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A real {@link HookServer} with a handler that writes down what it was asked and gives one answer
 * to everything. It does not model that the agent changes bundles or attaches programs.
 */
final class RecordingAgent implements HookHandler, AutoCloseable {
  static final HookServer.Limits LIMITS =
      new HookServer.Limits(8, HookServer.MAX_PAYLOAD_BYTES, Duration.ofSeconds(5));

  final List<String> asked = new CopyOnWriteArrayList<>();
  volatile HookReply reply = HookReply.go();
  private final HookServer server;

  RecordingAgent(Path socket) throws Exception {
    Path directory = Files.createDirectories(socket.getParent());
    server = new HookServer(socket, this, LIMITS, Programs.self(directory));
    server.start();
  }

  @Override
  public HookReply patch(String id, Path bundle, boolean startIsAsked) {
    asked.add("patch " + id + " " + bundle);
    return reply;
  }

  @Override
  public HookReply createRuntime(OciState state) {
    asked.add("createRuntime " + state.id() + " " + state.bundle());
    return reply;
  }

  @Override
  public HookReply start(String id) {
    asked.add("start " + id);
    return reply;
  }

  @Override
  public void poststop(OciState state) {
    asked.add("poststop " + state.id());
  }

  @Override
  public void close() {
    server.close();
  }
}
