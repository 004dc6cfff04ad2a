package dev.drawbridge.daemon;

import dev.drawbridge.bpf.BpfException;
import dev.drawbridge.bpf.Cgroups;
import dev.drawbridge.control.GuardedContainer;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.Spaces.Space;
import dev.drawbridge.policy.ContainerPolicy;
import dev.drawbridge.policy.Parsed;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * One container that the agent knows, with what is attached to it. Owned by the control loop's
 * thread; others see {@link NodeState}.
 */
final class Guard {

  /** How a container came to be guarded. */
  enum How {
    /** Before its first process ran. */
    HOOK,
    /** Later, by the listener: it had been started without the hook. */
    LISTENER,
    /** Found pinned when the agent started. */
    ADOPTED
  }

  /** What hangs on a running container. */
  record Attachment(How how, Path cgroup, long cgroupId, Space space) {}

  private final int endpoint;
  private ObservedContainer observed;
  private Parsed<ContainerPolicy> declared;
  private Optional<Attachment> attachment = Optional.empty();
  private Optional<String> failure = Optional.empty();
  private boolean kernelRefused;
  private boolean named;
  private SortedSet<String> evasions = new TreeSet<>();

  Guard(int endpoint, ObservedContainer observed, Parsed<ContainerPolicy> declared) {
    this.endpoint = endpoint;
    this.observed = observed;
    this.declared = declared;
  }

  int endpoint() {
    return endpoint;
  }

  ObservedContainer observed() {
    return observed;
  }

  void observe(ObservedContainer now, Parsed<ContainerPolicy> declaredNow) {
    this.observed = now;
    this.declared = declaredNow;
  }

  Parsed<ContainerPolicy> declared() {
    return declared;
  }

  Optional<Attachment> attachment() {
    return attachment;
  }

  void attached(Attachment to) {
    attachment = Optional.of(to);
    named = false;
    failure = Optional.empty();
  }

  void released() {
    attachment = Optional.empty();
    kernelRefused = false;
    named = false;
    evasions = new TreeSet<>();
  }

  /** Capabilities with which its processes get around what hangs on its cgroup. */
  SortedSet<String> evasions() {
    return evasions;
  }

  void evasions(SortedSet<String> found) {
    evasions = found;
  }

  /** Whether the kernel was told which endpoint its programs work for. */
  boolean named() {
    return named;
  }

  void named(boolean now) {
    named = now;
  }

  /** Why it runs without being guarded, if it does. */
  Optional<String> failure() {
    return failure;
  }

  void failed(String why) {
    failure = Optional.of(why);
  }

  void cleared() {
    failure = Optional.empty();
  }

  /** The kernel did not take a part of its rules: closed until a plan succeeds. */
  boolean kernelRefused() {
    return kernelRefused;
  }

  void kernelRefused(boolean refused) {
    this.kernelRefused = refused;
  }

  /**
   * Whether the cgroup it was attached to is still there. A container that was started again has
   * one of the same name, but not the same.
   */
  boolean alive() {
    if (attachment.isEmpty() || !Files.isDirectory(attachment.get().cgroup())) {
      return false;
    }
    try {
      return Cgroups.id(attachment.get().cgroup()) == attachment.get().cgroupId();
    } catch (BpfException e) {
      // Gone since the line before.
      return false;
    }
  }

  /** What control compiles from; only for attached ones. */
  Optional<GuardedContainer> guarded() {
    return attachment.map(a ->
        new GuardedContainer(
            endpoint,
            observed,
            declared.value(),
            !declared.ok() || kernelRefused,
            a.space().number(),
            a.space().port4(),
            a.space().port6()));
  }
}
