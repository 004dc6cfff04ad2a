package dev.drawbridge.api.client;

import com.google.gson.JsonParseException;
import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.FlowFilter;
import dev.drawbridge.api.question.FlowQuestion;
import dev.drawbridge.api.report.EndpointReport;
import dev.drawbridge.api.report.ErrorReport;
import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.api.report.Json;
import dev.drawbridge.api.report.NameReport;
import dev.drawbridge.api.report.ProblemReport;
import dev.drawbridge.api.report.StatusReport;
import dev.drawbridge.api.report.VerdictReport;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.URLEncoder;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Asks the agent over its Unix socket. One connection a question. Every failure is an {@link
 * ApiException} whose message says what to do.
 */
public final class LocalClient {
  /** Longest answer that is read, except when following. */
  private static final int LONGEST_ANSWER = 64 << 20;

  private final Path socket;
  private final Duration deadline;

  public LocalClient(Path socket) {
    this(socket, Duration.ofSeconds(10));
  }

  /**
   * @param deadline for one whole answer; following has none once it began
   */
  public LocalClient(Path socket, Duration deadline) {
    this.socket = socket;
    this.deadline = deadline;
  }

  /** The agent's answer that is not a 2xx. */
  public static final class Refused extends ApiException {
    private static final long serialVersionUID = 1;
    private final int status;
    private final transient ErrorReport report;

    Refused(int status, ErrorReport report) {
      super(report.sentence());
      this.status = status;
      this.report = report;
    }

    public int status() {
      return status;
    }

    public ErrorReport report() {
      return report;
    }
  }

  /** One line of a followed flow log. */
  public sealed interface FollowedLine {
    record Flow(FlowReport flow) implements FollowedLine {}

    /** So many records were dropped here, because this client was slow. */
    record Lost(long count) implements FollowedLine {}
  }

  private record LostLine(long lost) {}

  public StatusReport status() throws ApiException {
    return parse(() -> Json.read(text("/v1/status"), StatusReport.class));
  }

  public List<EndpointReport> endpoints() throws ApiException {
    return parse(() -> Json.readList(text("/v1/endpoints"), EndpointReport.class));
  }

  /**
   * What containers have learned of addresses by names.
   *
   * @param container that one's alone; everybody's if it is empty
   */
  public List<NameReport> names(String container) throws ApiException {
    List<String> parameters = container.isEmpty() ? List.of() : List.of("container", container);
    return parse(() -> Json.readList(text("/v1/names" + query(parameters)), NameReport.class));
  }

  public List<ProblemReport> problems() throws ApiException {
    return parse(() -> Json.readList(text("/v1/problems"), ProblemReport.class));
  }

  /** {@code parameters}: name and value in turn, as {@code /v1/verdict} takes them, not encoded. */
  public VerdictReport verdict(List<String> parameters) throws ApiException {
    return parse(() -> Json.read(text("/v1/verdict" + query(parameters)), VerdictReport.class));
  }

  public List<FlowReport> flows(FlowFilter filter, int last) throws ApiException {
    return parse(() -> Json.readList(text(flowsTarget(filter, last, false)), FlowReport.class));
  }

  /** Blocks until the agent ends the stream. {@code sink} is called on this thread. */
  public void follow(FlowFilter filter, int last, Consumer<FollowedLine> sink) throws ApiException {
    exchange(
        flowsTarget(filter, last, true),
        answer -> {
          for (Optional<String> line = answer.line(); line.isPresent(); line = answer.line()) {
            String text = line.get();
            if (!text.isEmpty()) {
              sink.accept(parse(() -> followed(text)));
            }
          }
          return "";
        },
        true);
  }

  private static FollowedLine followed(String text) {
    return text.startsWith("{\"lost\":")
        ? new FollowedLine.Lost(Json.read(text, LostLine.class).lost())
        : new FollowedLine.Flow(Json.read(text, FlowReport.class));
  }

  /** The body of any path, as text. */
  public String text(String target) throws ApiException {
    return exchange(target, HttpAnswer::text, false);
  }

  private static String flowsTarget(FlowFilter filter, int last, boolean follow) {
    List<String> parameters = new ArrayList<>(List.of("last", Integer.toString(last)));
    if (follow) {
      parameters.addAll(List.of("follow", "1"));
    }
    FlowQuestion.write(filter, parameters);
    return "/v1/flows" + query(parameters);
  }

  private static String query(List<String> parameters) {
    StringJoiner joined = new StringJoiner("&", "?", "");
    for (int i = 0; i + 1 < parameters.size(); i += 2) {
      joined.add(encode(parameters.get(i)) + "=" + encode(parameters.get(i + 1)));
    }
    return joined.toString();
  }

  /** Form encoding, but a space as %20: the server takes a plus for a plus. */
  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  @FunctionalInterface
  private interface Parse<T> {
    T read() throws ApiException;
  }

  private <T> T parse(Parse<T> what) throws ApiException {
    try {
      return what.read();
    } catch (JsonParseException e) {
      throw new ApiException(
          "the agent at "
              + socket
              + " answered something this client cannot read: "
              + e.getMessage()
              + "; use the client of the agent's version",
          e);
    }
  }

  @FunctionalInterface
  private interface Reading {
    String read(HttpAnswer answer) throws IOException;
  }

  private String exchange(String target, Reading reading, boolean following) throws ApiException {
    SocketChannel channel = connect();
    // A blocking channel has no timeout of its own; closing it from another thread ends its read.
    ScheduledExecutorService watch =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("drawbridge-deadline").factory());
    try (channel;
        watch) {
      var cut =
          watch.schedule(() -> closeQuietly(channel), deadline.toMillis(), TimeUnit.MILLISECONDS);
      try {
        channel.write(
            StandardCharsets.US_ASCII.encode(
                "GET " + target + " HTTP/1.1\r\nHost: drawbridge\r\nConnection: close\r\n\r\n"));
        HttpAnswer answer = HttpAnswer.read(Channels.newInputStream(channel), LONGEST_ANSWER);
        if (answer.status() / 100 != 2) {
          throw refused(answer);
        }
        if (following) {
          var _ = cut.cancel(false);
        }
        return reading.read(answer);
      } finally {
        watch.shutdownNow();
      }
    } catch (ApiException e) {
      throw e;
    } catch (ClosedChannelException e) {
      throw new ApiException(
          "the agent at "
              + socket
              + " did not answer within "
              + deadline.toSeconds()
              + " s; see its log",
          e);
    } catch (IOException e) {
      throw new ApiException(
          "the agent at " + socket + " broke off its answer: " + e.getMessage() + "; see its log",
          e);
    }
  }

  private Refused refused(HttpAnswer answer) throws IOException {
    String text = answer.text();
    return new Refused(answer.status(), parse(() -> Json.read(text, ErrorReport.class)));
  }

  private SocketChannel connect() throws ApiException {
    SocketChannel channel;
    try {
      channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    } catch (IOException e) {
      throw new ApiException("no Unix socket can be made here: " + e.getMessage(), e);
    }
    try {
      channel.connect(UnixDomainSocketAddress.of(socket));
      return channel;
    } catch (IOException | IllegalArgumentException e) {
      closeQuietly(channel);
      throw new ApiException.Unreachable(unreachable(e), e);
    }
  }

  private String unreachable(Exception cause) {
    String what = "the agent cannot be reached at " + socket;
    if (!Files.exists(socket, LinkOption.NOFOLLOW_LINKS)) {
      Path directory = socket.toAbsolutePath().getParent();
      boolean hidden =
          directory != null && Files.exists(directory) && !Files.isExecutable(directory);
      return hidden
          ? what
              + ": this user may not look into "
              + directory
              + "; run this as root, or join the directory's group"
          : what
              + ": there is no such socket; start the agent (systemctl start drawbridge), or name its socket with --socket or DRAWBRIDGE_API_SOCKET";
    }
    if (!Files.isWritable(socket)) {
      return what
          + ": this user may not use the socket; run this as root, or join the socket's group";
    }
    return what
        + ": nobody listens there ("
        + cause.getMessage()
        + "); start the agent again (systemctl restart drawbridge)";
  }

  private static void closeQuietly(SocketChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      System.getLogger(LocalClient.class.getName())
          .log(System.Logger.Level.DEBUG, "closing a control connection", e);
    }
  }
}
