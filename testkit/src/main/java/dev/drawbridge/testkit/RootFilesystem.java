package dev.drawbridge.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A container's root file system made from programs of this machine: each with the shared libraries
 * that {@code ldd} names. There is no registry in a lab.
 */
public final class RootFilesystem {
  private static final Pattern LIBRARY = Pattern.compile("(?:=> )?(/\\S+) \\(0x[0-9a-f]+\\)");
  private static final List<String> APPLETS =
      List.of(
          "sh",
          "cat",
          "chmod",
          "echo",
          "env",
          "grep",
          "hostname",
          "id",
          "ip",
          "kill",
          "ls",
          "mkdir",
          "mkfifo",
          "mv",
          "printf",
          "nc",
          "ping",
          "ps",
          "rm",
          "sleep",
          "timeout",
          "true",
          "wget");

  private final Path root;

  private RootFilesystem(Path root) {
    this.root = root;
  }

  /** An empty one with busybox, root's account and the directories that programs expect. */
  public static RootFilesystem withBusybox(Path root) {
    RootFilesystem files = new RootFilesystem(root);
    for (String directory :
        List.of(
            "bin",
            "etc",
            "lib64",
            "proc",
            "sys",
            "dev",
            "tmp",
            "run",
            "var/log/nginx",
            "var/lib/nginx")) {
      files.directory(directory);
    }
    files.program(Path.of("/bin/busybox"), "/bin/busybox");
    for (String applet : APPLETS) {
      files.link("/bin/" + applet, "busybox");
    }
    files.text(
        "/etc/passwd", "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n");
    files.text("/etc/group", "root:x:0:\nnogroup:x:65534:\n");
    files.text("/etc/services", "http 80/tcp\n");
    files.text("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
    files.text(
        "/etc/nsswitch.conf",
        "passwd: files\ngroup: files\nservices: files\nprotocols: files\nhosts: files dns\n");
    return files;
  }

  private Path at(String path) {
    return root.resolve(path.startsWith("/") ? path.substring(1) : path);
  }

  public RootFilesystem directory(String path) {
    try {
      Files.createDirectories(at(path));
      return this;
    } catch (IOException e) {
      throw new LabException("cannot create " + path + " of an image: " + e.getMessage(), e);
    }
  }

  /** Copies a program of this machine and every library it is linked with, under the same path. */
  public RootFilesystem program(Path program) {
    return program(program, program.toString());
  }

  /** Copies a program to another place in the image, its libraries to where they are here. */
  public RootFilesystem program(Path program, String target) {
    copy(program, target);
    // A static program makes ldd exit with 1 and name nothing.
    Matcher libraries = LIBRARY.matcher(Shell.run("ldd", program.toString()).out());
    while (libraries.find()) {
      copy(Path.of(libraries.group(1)), libraries.group(1));
    }
    return this;
  }

  private void copy(Path source, String target) {
    try {
      Path to = at(target);
      if (!Files.exists(to)) {
        Files.createDirectories(to.getParent());
        Files.copy(source.toRealPath(), to, StandardCopyOption.COPY_ATTRIBUTES);
      }
    } catch (IOException e) {
      throw new LabException("cannot copy " + source + " into an image: " + e.getMessage(), e);
    }
  }

  public RootFilesystem text(String path, String content) {
    try {
      Files.createDirectories(at(path).getParent());
      Files.writeString(at(path), content);
      return this;
    } catch (IOException e) {
      throw new LabException("cannot write " + path + " of an image: " + e.getMessage(), e);
    }
  }

  public RootFilesystem script(String path, String content) {
    text(path, content);
    try {
      Files.setPosixFilePermissions(at(path), PosixFilePermissions.fromString("rwxr-xr-x"));
      return this;
    } catch (IOException e) {
      throw new LabException(
          "cannot make " + path + " of an image executable: " + e.getMessage(), e);
    }
  }

  private void link(String path, String target) {
    try {
      Files.createSymbolicLink(at(path), Path.of(target));
    } catch (IOException e) {
      throw new LabException("cannot link " + path + " of an image: " + e.getMessage(), e);
    }
  }

  /** Makes the engine's image of that name from the files, with the given default command. */
  public void importAs(Docker docker, String image, String command) {
    Path tar = root.resolveSibling(root.getFileName() + ".tar");
    Shell.must("tar", "-C", root.toString(), "-cf", tar.toString(), ".");
    docker.must("import", "--change", "CMD " + command, tar.toString(), image);
    try {
      Files.delete(tar);
    } catch (IOException e) {
      throw new LabException("cannot remove " + tar + ": " + e.getMessage(), e);
    }
    LabSweep.deleteTree(root);
  }
}
