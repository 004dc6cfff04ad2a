package dev.drawbridge.install;

import java.nio.file.Path;

/**
 * Every path that installing reads or writes. Nothing else in this package names one.
 *
 * @param daemonJson Docker's configuration file
 * @param dockerPidFile where dockerd wrote its process id
 * @param dockerData Docker's data root, unless its file or its command line names another
 * @param containerdToml containerd's configuration file
 * @param programs where drawbridge-hook and drawbridge-runc go
 * @param shimConfig the shim's configuration
 * @param state what installing remembers for uninstalling
 * @param unit the systemd unit
 * @param podmanConf our own file beside Podman's configuration
 * @param podmanStorage where root's Podman keeps its state
 * @param podmanHooks Podman's hooks.d directory for administrators
 * @param hookSocket where the agent listens
 * @param exempt directory of the exempt list
 * @param root the host's root directory
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
    Path podmanConf,
    Path podmanStorage,
    Path podmanHooks,
    Path hookSocket,
    Path exempt,
    Path root) {

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
        root.resolve("etc/containers/containers.conf.d/90-drawbridge.conf"),
        root.resolve("var/lib/containers/storage"),
        root.resolve("etc/containers/oci/hooks.d"),
        root.resolve("run/drawbridge/hook.sock"),
        root.resolve("var/lib/drawbridge/exempt"),
        root);
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
        podmanConf,
        podmanStorage,
        podmanHooks,
        hookSocket,
        exempt,
        root);
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
        podmanConf,
        podmanStorage,
        podmanHooks,
        runDir.resolve("hook.sock"),
        stateDir.resolve("exempt"),
        root);
  }

  Path shim() {
    return programs.resolve("drawbridge-runc");
  }

  /** A shim of Podman's own, which may hand over to another runtime. */
  Path podmanShim() {
    return programs.resolve("podman/drawbridge-runc");
  }

  /** What that one reads, because it lies beside it. */
  Path podmanShimConfig() {
    return programs.resolve("podman/shim.conf");
  }

  /** Something that the host has, by its path without the first slash. */
  Path under(String path) {
    return root.resolve(path);
  }

  Path hook() {
    return programs.resolve("drawbridge-hook");
  }
}
