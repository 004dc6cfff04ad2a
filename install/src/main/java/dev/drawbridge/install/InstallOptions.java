package dev.drawbridge.install;

import java.nio.file.Path;

/**
 * What the user asked for.
 *
 * @param builtPrograms directory with the drawbridge-hook and drawbridge-runc to install
 * @param asDefault make drawbridge the default runtime, so that every new container is guarded
 * @param docker register with Docker
 * @param containerd register with containerd's CRI
 * @param podman register with root's Podman
 * @param podmanHooks write hooks.d files for Podman
 * @param systemd write the systemd unit
 * @param reload tell a running dockerd to read its configuration again (SIGHUP, no restart)
 */
public record InstallOptions(
    Layout layout,
    Path builtPrograms,
    boolean asDefault,
    boolean docker,
    boolean containerd,
    boolean podman,
    boolean podmanHooks,
    boolean systemd,
    boolean reload) {

  /** Docker and systemd on this host, drawbridge not the default. */
  public static InstallOptions of(Path builtPrograms) {
    return new InstallOptions(
        Layout.system(), builtPrograms, false, true, false, false, false, true, true);
  }

  public InstallOptions withLayout(Layout other) {
    return new InstallOptions(
        other, builtPrograms, asDefault, docker, containerd, podman, podmanHooks, systemd, reload);
  }

  public InstallOptions withDefault(boolean yes) {
    return new InstallOptions(
        layout, builtPrograms, yes, docker, containerd, podman, podmanHooks, systemd, reload);
  }

  public InstallOptions withContainerd(boolean yes) {
    return new InstallOptions(
        layout, builtPrograms, asDefault, docker, yes, podman, podmanHooks, systemd, reload);
  }

  public InstallOptions withPodman(boolean yes) {
    return new InstallOptions(
        layout, builtPrograms, asDefault, docker, containerd, yes, podmanHooks, systemd, reload);
  }

  public InstallOptions withPodmanHooks(boolean yes) {
    return new InstallOptions(
        layout, builtPrograms, asDefault, docker, containerd, podman, yes, systemd, reload);
  }

  public InstallOptions withDocker(boolean yes) {
    return new InstallOptions(
        layout, builtPrograms, asDefault, yes, containerd, podman, podmanHooks, systemd, reload);
  }

  public InstallOptions withSystemd(boolean yes) {
    return new InstallOptions(
        layout, builtPrograms, asDefault, docker, containerd, podman, podmanHooks, yes, reload);
  }

  public InstallOptions withReload(boolean yes) {
    return new InstallOptions(
        layout, builtPrograms, asDefault, docker, containerd, podman, podmanHooks, systemd, yes);
  }
}
