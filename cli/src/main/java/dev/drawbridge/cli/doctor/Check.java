package dev.drawbridge.cli.doctor;

/**
 * What {@code doctor} looks at. A code is never used again for something else; {@code
 * docs/doctor.md} has a row for each.
 */
enum Check {
  KERNEL("DR01", "kernel and libbpf"),
  KERNEL_FEATURE("DR02", "what the kernel lacks of what is used"),
  BTF("DR03", "types of the kernel (BTF)"),
  CGROUP2("DR04", "the cgroup2 hierarchy"),
  CGROUP_LAYOUT("DR05", "whether version 1 of cgroups is there too"),
  BPFFS("DR06", "the BPF file system"),
  OTHERS("DR07", "programs of others that judge, redirect or rewrite too"),
  RESOLVER("DR08", "the resolvers of this host"),
  ENGINE("DR10", "engines and OCI runtimes of this host"),
  REGISTRATION("DR11", "the runtime in Docker's configuration"),
  CONFLICT("DR12", "what keeps the runtime from being registered"),
  HOOK("DR13", "the socket that the hook asks"),
  PODMAN("DR14", "the runtime in Podman's configuration"),
  ROOTLESS("DR15", "users who run Podman without root"),
  CACHE("DR16", "the recorded cache (AOT) of the agent"),
  DOCKER("DR17", "Docker's data root, cgroups and default runtime"),
  AGENT("DR20", "the agent"),
  PART("DR21", "parts of the agent"),
  NOT_ENFORCED("DR22", "containers that could not be guarded"),
  LATE("DR23", "containers that ran before their programs"),
  REFUSALS("DR24", "lines of the programs that refused most"),
  PROBLEM("DR25", "a problem of the agent, with its own code"),
  START_TIMES("DR26", "how long starting containers waited for the agent");

  private final String code;
  private final String about;

  Check(String code, String about) {
    this.code = code;
    this.about = about;
  }

  String code() {
    return code;
  }

  /** What is looked at, in a few words. */
  String about() {
    return about;
  }
}
