package dev.drawbridge.control;

/** Which container engine tells of a container. */
public enum EngineKind {
  DOCKER("docker", true),
  CONTAINERD("containerd", false),
  PODMAN("podman", true);

  private final String display;
  private final boolean keepsAddresses;

  EngineKind(String display, boolean keepsAddresses) {
    this.display = display;
    this.keepsAddresses = keepsAddresses;
  }

  /** As people write it. */
  public String display() {
    return display;
  }

  /**
   * Whether its reports name a container's addresses. Others leave the network to whoever starts
   * the container.
   */
  public boolean keepsAddresses() {
    return keepsAddresses;
  }
}
