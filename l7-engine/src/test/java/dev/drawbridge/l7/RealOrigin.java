package dev.drawbridge.l7;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.component.LifeCycle;
import org.jspecify.annotations.Nullable;

/** A server that others wrote, and what it says that it was asked. */
abstract class RealOrigin implements AutoCloseable {
  /**
   * A line of its log.
   *
   * @param whole whether the body came to its end, as far as it tells
   */
  record Line(String method, String target, boolean whole) {}

  private final List<Line> lines = new ArrayList<>();

  abstract InetSocketAddress address();

  /** Whether it logs a request only after the end of its body. */
  abstract boolean waitsForBodies();

  @Override
  public abstract void close();

  final void add(Line line) {
    synchronized (lines) {
      lines.add(line);
    }
  }

  /** Everything up to and with the request for that target, once it is there. */
  final List<Line> takeUpTo(String target) throws Exception {
    Waiting.until("the origin has logged " + target, () -> find(target) >= 0);
    synchronized (lines) {
      List<Line> head = lines.subList(0, find(target) + 1);
      List<Line> taken = List.copyOf(head.subList(0, head.size() - 1));
      head.clear();
      return taken;
    }
  }

  private int find(String target) {
    synchronized (lines) {
      for (int i = 0; i < lines.size(); i++) {
        if (lines.get(i).target().equals(target)) {
          return i;
        }
      }
      return -1;
    }
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  static RealOrigin start(String name, Path directory) throws Exception {
    return switch (name) {
      case "nginx" -> new Program(nginx(directory), "/usr/sbin/nginx", true);
      case "apache2" -> new Program(apache(directory), "/usr/sbin/apache2", false);
      case "node" -> new Program(node(directory), "/usr/bin/node", true);
      case "jetty" -> new Jetty();
      default -> throw new IllegalArgumentException(name);
    };
  }

  /**
   * How to run one.
   *
   * @param log null: it writes to its standard output
   */
  private record Recipe(int port, List<String> command, @Nullable Path log) {}

  /** nginx asks itself before it answers, so that it has read the whole body. */
  private static Recipe nginx(Path directory) throws IOException {
    int port = freePort();
    int inner = freePort();
    Path log = Files.createFile(directory.resolve("nginx.log"));
    Path file = directory.resolve("nginx.conf");
    Files.writeString(
        file,
        """
        daemon off; worker_processes 1; user root; pid %1$s/nginx.pid; error_log %1$s/error.log;
        events { worker_connections 1024; }
        http {
          log_format seen '$request_method $request_uri $status';
          access_log off; merge_slashes off;
          client_body_temp_path %1$s/body; proxy_temp_path %1$s/proxy; fastcgi_temp_path %1$s/f;
          uwsgi_temp_path %1$s/u; scgi_temp_path %1$s/s; client_max_body_size 0;
          large_client_header_buffers 16 80k;
          server { listen 127.0.0.1:%2$d; access_log %4$s seen;
            location / { proxy_pass http://127.0.0.1:%3$d/ok; proxy_method GET; } }
          server { listen 127.0.0.1:%3$d; large_client_header_buffers 16 80k;
            location / { return 200 ok; } } }
        """
            .formatted(directory, port, inner, log));
    return new Recipe(port, List.of("/usr/sbin/nginx", "-c", file.toString()), log);
  }

  private static Recipe apache(Path directory) throws IOException {
    int port = freePort();
    Path log = Files.createFile(directory.resolve("apache.log"));
    Path file = directory.resolve("apache.conf");
    Files.writeString(
        file,
        """
        LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
        LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
        LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
        ServerName a.test
        Listen 127.0.0.1:%2$d
        PidFile %1$s/apache.pid
        DefaultRuntimeDir %1$s
        ErrorLog %1$s/apache-error.log
        User www-data
        Group www-data
        LimitRequestLine 16000
        LimitRequestFieldSize 70000
        LimitRequestFields 2000
        AllowEncodedSlashes On
        LogFormat "%%r %%>s" seen
        CustomLog %3$s seen
        RedirectMatch 204 .*
        """
            .formatted(directory, port, log));
    return new Recipe(
        port, List.of("/usr/sbin/apache2", "-DFOREGROUND", "-f", file.toString()), log);
  }

  private static Recipe node(Path directory) throws IOException {
    int port = freePort();
    Path file = directory.resolve("origin.js");
    Files.writeString(
        file,
        """
        require('http').createServer({ maxHeaderSize: 100000 }, (request, response) => {
          request.on('data', () => {});
          request.on('end', () => {
            process.stdout.write(request.method + ' ' + request.url + ' 200\\n');
            response.end('ok');
          });
        }).listen(%d, '127.0.0.1');
        """
            .formatted(port));
    return new Recipe(port, List.of("/usr/bin/node", file.toString()), null);
  }

  /** One that runs beside the test and tells by its log. */
  private static final class Program extends RealOrigin {
    private final Process process;
    private final int port;
    private final boolean waits;

    Program(Recipe recipe, String executable, boolean waits) throws Exception {
      if (!Files.isExecutable(Path.of(executable))) {
        throw new IllegalStateException(executable + " is not installed");
      }
      this.waits = waits;
      this.port = recipe.port();
      Path log = recipe.log();
      process =
          new ProcessBuilder(recipe.command())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      BufferedReader out =
          new BufferedReader(
              log == null
                  ? new InputStreamReader(process.getInputStream(), StandardCharsets.ISO_8859_1)
                  : Files.newBufferedReader(log, StandardCharsets.ISO_8859_1));
      Thread.ofPlatform().daemon().start(() -> follow(out));
      Waiting.until("it listens", this::listens);
    }

    private boolean listens() {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        return socket.isConnected();
      } catch (IOException _) {
        return false;
      }
    }

    /** Lines as they come; a file that is at its end may go on. */
    private void follow(BufferedReader out) {
      StringBuilder line = new StringBuilder();
      try {
        while (true) {
          int character = out.read();
          if (character == '\n') {
            line(line.toString());
            line.setLength(0);
          } else if (character >= 0) {
            line.append((char) character);
          } else if (process.waitFor(2, TimeUnit.MILLISECONDS)) {
            return;
          }
        }
      } catch (IOException _) {
        return;
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }

    private void line(String line) {
      String[] words = line.split(" ", -1);
      if (words.length > 2) {
        add(new Line(words[0], words[1], words[words.length - 1].startsWith("2")));
      }
    }

    @Override
    InetSocketAddress address() {
      return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    @Override
    boolean waitsForBodies() {
      return waits;
    }

    @Override
    public void close() {
      process.destroy();
      var _ =
          process
              .onExit()
              .orTimeout(5, TimeUnit.SECONDS)
              .handle((_, _) -> process.destroyForcibly());
    }
  }

  private static final class Jetty extends RealOrigin {
    private final Server server = new Server();
    private final ServerConnector connector;

    Jetty() throws Exception {
      HttpConfiguration configuration = new HttpConfiguration();
      configuration.setUriCompliance(UriCompliance.UNSAFE);
      configuration.setRequestHeaderSize(100_000);
      connector = new ServerConnector(server, new HttpConnectionFactory(configuration));
      connector.setHost("127.0.0.1");
      server.addConnector(connector);
      server.setHandler(
          new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback)
                throws Exception {
              Content.Source.asInputStream(request).readAllBytes();
              String target = request.getHttpURI().getPathQuery();
              add(new Line(request.getMethod().toUpperCase(Locale.ROOT), target, true));
              Content.Sink.write(response, true, "ok", callback);
              return true;
            }
          });
      server.start();
    }

    @Override
    InetSocketAddress address() {
      return new InetSocketAddress(InetAddress.getLoopbackAddress(), connector.getLocalPort());
    }

    @Override
    boolean waitsForBodies() {
      return true;
    }

    @Override
    public void close() {
      LifeCycle.stop(server);
    }
  }
}
