package dev.drawbridge.bench;

import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.RootFilesystem;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The image {@code drawbridge-bench}: nginx that answers with one kilobyte or a mebibyte, wrk, and
 * HAProxy and nginx as proxies with the rule in their own languages.
 */
final class BenchImage {
  static final String NAME = "drawbridge-bench";
  private static final int BODY = 1024;
  private static final int BLOB = 1024 * 1024;

  private BenchImage() {}

  static void importInto(EngineLab lab) {
    RootFilesystem image =
        RootFilesystem.withBusybox(lab.directory().resolve("bench-image"))
            .program(Path.of("/usr/bin/curl"))
            .program(Path.of("/usr/bin/wrk"))
            .program(Path.of("/usr/sbin/nginx"))
            .program(Path.of("/usr/sbin/haproxy"))
            .text(
                "/etc/nginx/nginx.conf", resource("nginx.conf").replace("@BODY@", "x".repeat(BODY)))
            .text("/srv/blob", "x".repeat(BLOB))
            .text("/etc/nginx/proxy.conf.in", resource("nginx-proxy.conf"))
            .script(
                "/bin/nginx-proxy",
                "#!/bin/sh\n/bin/busybox sed \"s/@CALLEE@/$CALLEE/\" /etc/nginx/proxy.conf.in >/run/proxy.conf\n"
                    + "exec /usr/sbin/nginx -c /run/proxy.conf\n")
            .text("/etc/haproxy/haproxy.cfg", resource("haproxy.cfg"))
            .text("/etc/haproxy/grpc.cfg", resource("haproxy-grpc.cfg"));
    java(image).importAs(lab.docker(), NAME, "[\"/bin/sleep\", \"100000\"]");
  }

  /** What the machine's JDK needs of the system's libraries: a {@link Peer} runs in there. */
  static RootFilesystem java(RootFilesystem image) {
    Path libraries = Path.of(System.getProperty("java.home"), "lib");
    return image
        .program(libraries.resolve("server/libjvm.so"))
        .program(libraries.resolve("libzip.so"))
        .program(libraries.resolve("libnio.so"));
  }

  private static String resource(String name) {
    try (InputStream in = BenchImage.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new LabException("resource " + name + " is not in the benchmarks");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new LabException("cannot read resource " + name + ": " + e.getMessage(), e);
    }
  }
}
