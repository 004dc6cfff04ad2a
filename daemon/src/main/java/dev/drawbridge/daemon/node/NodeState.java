package dev.drawbridge.daemon.node;

import dev.drawbridge.api.report.PeerReference;
import dev.drawbridge.api.report.ProblemReport;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.linux.Cgroups;
import dev.drawbridge.control.EngineKind;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.container.How;
import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.language.ContainerPolicy;
import dev.drawbridge.policy.language.HostPolicy;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the control loop last applied: an immutable picture for the API, the engine's names and the
 * flow log.
 *
 * @param policy the snapshot in force
 * @param containers by endpoint number, attached or not
 * @param addresses whose each address is, as the kernel has it
 * @param hostPolicy the host policy in force
 * @param known what an operator should know of, made when somebody asks: most generations are never
 *     asked about
 * @param listed whether every container engine that is there has told of all its containers since
 *     the start
 * @param engines the container engines that answer, by name and version
 * @param exempt containers that run unguarded by the operator's wish
 */
public record NodeState(
    Policy policy,
    Map<Integer, Container> containers,
    Map<Cidr, Integer> addresses,
    HostPolicy hostPolicy,
    Known known,
    boolean listed,
    Map<EngineKind, String> engines,
    List<Exempt> exempt) {

  /**
   * A container that runs unguarded by the operator's wish.
   *
   * @param entry of the list that covers it
   */
  public record Exempt(ObservedContainer observed, String entry) {}

  /** With no exempt ones. */
  public NodeState(
      Policy policy,
      Map<Integer, Container> containers,
      Map<Cidr, Integer> addresses,
      HostPolicy hostPolicy,
      Known known,
      boolean listed,
      Map<EngineKind, String> engines) {
    this(policy, containers, addresses, hostPolicy, known, listed, engines, List.of());
  }

  /**
   * One container.
   *
   * @param reference how records name it; made once, because every request has two
   * @param network the number of its network namespace, 0 while it is not attached
   * @param rewritten whether somebody in its network namespace may change packets on their way
   * @param late whether some of its listeners may be older than the programs that note whose they
   *     are
   * @param forged whether somebody in its network namespace may make packets by hand; so it is
   *     taken to be until it was looked at
   * @param resolvers whose answers at port 53 say to it what names mean
   */
  public record Container(
      int endpoint,
      PeerReference reference,
      ObservedContainer observed,
      Optional<EngineKind> engine,
      Parsed<ContainerPolicy> declared,
      Optional<How> attached,
      int network,
      boolean rewritten,
      boolean late,
      boolean forged,
      Set<InetAddress> resolvers,
      Optional<String> failure,
      List<ProblemReport> problems) {}

  public NodeState {
    containers = Map.copyOf(containers);
    addresses = Map.copyOf(addresses);
    engines = Map.copyOf(engines);
    exempt = List.copyOf(exempt);
  }

  /** What an operator should know of. */
  public List<ProblemReport> problems() {
    return known.problems();
  }

  /** Problems that are found once, by whoever asks first. */
  public static final class Known {
    private final Supplier<List<ProblemReport>> source;
    private volatile @Nullable List<ProblemReport> found;

    /**
     * @param source answers the same whenever and on whatever thread it is asked
     */
    public Known(Supplier<List<ProblemReport>> source) {
      this.source = source;
    }

    List<ProblemReport> problems() {
      List<ProblemReport> now = found;
      if (now == null) {
        now = List.copyOf(source.get());
        found = now;
      }
      return now;
    }
  }

  public static NodeState empty() {
    return new NodeState(
        Policy.empty(), Map.of(), Map.of(), HostPolicy.NONE, new Known(List::of), false, Map.of());
  }

  /** Whether somebody in its namespace can make or change packets; so can who is not known. */
  public boolean isRewritten(int endpoint) {
    NodeState.Container container = containers.get(endpoint);
    return container == null || container.rewritten();
  }

  /**
   * The network namespace of a guarded container, if its process is still the one that was told of.
   */
  public Optional<Path> namespaceOf(int endpoint) {
    NodeState.Container container = containers.get(endpoint);
    if (container == null || container.attached().isEmpty() || container.observed().pid() == 0) {
      return Optional.empty();
    }
    int pid = container.observed().pid();
    try {
      return Cgroups.ofPid(pid).toString().contains(container.observed().id())
          ? Optional.of(Path.of("/proc", Integer.toString(pid), "ns", "net"))
          : Optional.empty();
    } catch (BpfException e) {
      // It has ended.
      return Optional.empty();
    }
  }
}
