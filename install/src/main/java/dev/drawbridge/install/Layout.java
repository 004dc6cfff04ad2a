package dev.drawbridge.install;

import java.nio.file.Path;

/**
 * Every path that installing reads or writes. Nothing else in this package names one.
 *
 * @param daemonJson Docker's configuration file
 * @param dockerPidFile where dockerd wrote its process id
 * @param dockerData where Docker keeps its containers, unless it is told another place
 * @param containerdToml containerd's configuration file
 * @param programs where drawbridge-hook and drawbridge-runc go
 * @param shimConfig the shim's configuration
 * @param state what installing remembers for uninstalling
 * @param unit the systemd unit
 * @param podmanHooks Podman's hooks.d directory for administrators
 * @param hookSocket where the agent listens
 * @param exempt directory of the exempt list
 */
public record Layout(
    Path daemonJson,
    Path dockerPidFile,
    Path dockerData,
    Path containerdToml,
    Path programs,
    Path shimConfig,
    Path state,
    Path unit,
    Path podmanHooks,
    Path hookSocket,
    Path exempt) {

  /** Where things are on a host. */
  public static Layout system() {
    return under(Path.of("/"));
  }

  /** The same below another directory, for tests and for packaging. */
  public static Layout under(Path root) {
    return new Layout(
        root.resolve("etc/docker/daemon.json"),
        root.resolve("run/docker.pid"),
        root.resolve("var/lib/docker"),
        root.resolve("etc/containerd/config.toml"),
        root.resolve("usr/libexec/drawbridge"),
        root.resolve("etc/drawbridge/shim.conf"),
        root.resolve("var/lib/drawbridge/install.json"),
        root.resolve("etc/systemd/system/drawbridge.service"),
        root.resolve("etc/containers/oci/hooks.d"),
        root.resolve("run/drawbridge/hook.sock"),
        root.resolve("var/lib/drawbridge/exempt"));
  }

  /** For an engine that was started with files of its own. */
  public Layout withDocker(Path otherDaemonJson, Path otherPidFile) {
    return new Layout(
        otherDaemonJson,
        otherPidFile,
        dockerData,
        containerdToml,
        programs,
        shimConfig,
        state,
        unit,
        podmanHooks,
        hookSocket,
        exempt);
  }

  /** For an agent whose runDir or stateDir is not the default one. */
  public Layout withAgent(Path runDir, Path stateDir) {
    return new Layout(
        daemonJson,
        dockerPidFile,
        dockerData,
        containerdToml,
        programs,
        shimConfig,
        stateDir.resolve("install.json"),
        unit,
        podmanHooks,
        runDir.resolve("hook.sock"),
        stateDir.resolve("exempt"));
  }

  Path shim() {
    return programs.resolve("drawbridge-runc");
  }

  Path hook() {
    return programs.resolve("drawbridge-hook");
  }
}
