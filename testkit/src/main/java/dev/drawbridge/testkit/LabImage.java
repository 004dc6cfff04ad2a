package dev.drawbridge.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The image {@code drawbridge-lab}: busybox, curl, nginx, and three small things of ours.
 *
 * <ul>
 *   <li>{@code /bin/db}: nginx as the database of the scenario; it says whom it saw and logs every
 *       request to {@code /lab/access.log}
 *   <li>{@code /bin/asker}: a first process that carries out what is written into {@code /lab/ask}
 *   <li>{@code /bin/knock}: a static program whose first system call of note is connect(2)
 * </ul>
 */
public final class LabImage {
  public static final String NAME = "drawbridge-lab";

  private LabImage() {}

  /** Makes the image on the lab's engine. Static programs that a test brings go to {@code /bin}. */
  public static void importInto(EngineLab lab, Path... programs) {
    Path work = lab.directory().resolve("image");
    try {
      Files.createDirectories(work);
    } catch (IOException e) {
      throw new LabException("cannot create " + work + ": " + e.getMessage(), e);
    }
    Path knock = compileStatic(work, "knock");
    RootFilesystem files =
        RootFilesystem.withBusybox(work.resolve("root"))
            .program(Path.of("/usr/bin/curl"))
            .program(Path.of("/usr/sbin/nginx"))
            .program(knock, "/bin/knock")
            .text("/etc/nginx/nginx.conf", resource("nginx.conf"))
            .script("/bin/db", "#!/bin/sh\nexec /usr/sbin/nginx\n")
            .script("/bin/asker", resource("asker.sh"));
    for (Path program : programs) {
      files.program(program, "/bin/" + program.getFileName());
    }
    files.importAs(lab.docker(), NAME, "[\"/bin/asker\"]");
    LabSweep.deleteTree(work);
  }

  /** What prints, in a container of it, the HTTP status of a request, 000 where none came. */
  public static String[] curl(String where) {
    return ("curl -sS -m 20 --retry 3 --retry-connrefused -o /dev/null -w %{http_code} http://"
            + where)
        .split(" ", -1);
  }

  /** A machine without a compiler has it in the directory of {@code drawbridge.lab.programs}. */
  private static Path compileStatic(Path work, String program) {
    String made = System.getProperty("drawbridge.lab.programs", "");
    if (!made.isEmpty()) {
      return Path.of(made, program);
    }
    Path source = work.resolve(program + ".c");
    Path binary = work.resolve(program);
    try {
      Files.writeString(source, resource(program + ".c"));
    } catch (IOException e) {
      throw new LabException("cannot write " + source + ": " + e.getMessage(), e);
    }
    Shell.must(
        "gcc",
        "-static",
        "-O2",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-o",
        binary.toString(),
        source.toString());
    return binary;
  }

  static String resource(String name) {
    try (InputStream in = LabImage.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new LabException("resource " + name + " is not in the test kit");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new LabException("cannot read resource " + name + ": " + e.getMessage(), e);
    }
  }
}
