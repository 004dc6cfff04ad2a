package dev.drawbridge.daemon.loop;

import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.config.Config;
import dev.drawbridge.daemon.container.Admission;
import dev.drawbridge.daemon.container.AdmissionTimes;
import dev.drawbridge.daemon.container.AdmissionTimes.Stage;
import dev.drawbridge.daemon.container.AdmittedContainers;
import dev.drawbridge.daemon.container.Evasions;
import dev.drawbridge.daemon.container.Exemptions;
import dev.drawbridge.daemon.container.LabelReading;
import dev.drawbridge.daemon.description.Described;
import dev.drawbridge.daemon.description.Descriptions;
import dev.drawbridge.daemon.description.RecentDescriptions;
import dev.drawbridge.daemon.host.OwnCgroup;
import dev.drawbridge.daemon.network.Opening;
import dev.drawbridge.daemon.network.Spaces;
import dev.drawbridge.hook.Attempt;
import dev.drawbridge.hook.HookEntry;
import dev.drawbridge.hook.HookHandler;
import dev.drawbridge.hook.HookReply;
import dev.drawbridge.hook.OciSpec;
import dev.drawbridge.hook.OciState;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.Severity;
import dev.drawbridge.policy.labels.KeptCapabilities;
import dev.drawbridge.policy.language.ContainerPolicy;
import dev.drawbridge.runtime.ContainerdLookup;
import dev.drawbridge.runtime.podman.PodmanContainers;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Answers the hook and the runtime shim, from files and the kernel alone: Docker's API would
 * deadlock here, and at boot does not answer at all, and Podman's commands wait for the hook. Only
 * containerd's records of containers are asked for, which no start of a container holds.
 */
public final class HookAdmission implements HookHandler {

  private static final System.Logger log = System.getLogger(HookAdmission.class.getName());

  private final Config config;
  private final Exemptions exemptions;
  private final LabelReading labels;
  private final ControlLoop loop;
  private final Spaces spaces;
  private final AdmissionTimes times;
  private final AdmittedContainers admitted;
  private final Descriptions descriptions;
  private final RecentDescriptions recent = new RecentDescriptions();

  /**
   * @param containerd who knows containers that are not Docker's, if it is to be asked
   * @param podman Podman's state, if it is to be read
   */
  public HookAdmission(
      Config config,
      Exemptions exemptions,
      ControlLoop loop,
      Spaces spaces,
      AdmissionTimes times,
      AdmittedContainers admitted,
      Optional<ContainerdLookup> containerd,
      Optional<PodmanContainers> podman) {
    this.admitted = admitted;
    this.descriptions = new Descriptions(config, containerd, podman);
    this.spaces = spaces;
    this.times = times;
    this.config = config;
    this.exemptions = exemptions;
    this.labels = new LabelReading(config);
    this.loop = loop;
  }

  @Override
  public HookReply patch(String id, Path bundle, boolean startIsAsked) {
    long began = System.nanoTime();
    Attempt<HookReply> answer =
        OciSpec.read(bundle)
            .then(spec ->
                descriptions
                    .of(id, bundle, spec)
                    .then(container -> Attempt.done(patch(container, bundle, spec, startIsAsked))));
    HookReply reply =
        switch (answer) {
          case Attempt.Failed<HookReply>(String sentence) -> HookReply.refuse(sentence);
          case Attempt.Done<HookReply>(HookReply done) -> done;
        };
    times.took(Stage.PATCH, began);
    return reply;
  }

  private HookReply patch(Described container, Path bundle, OciSpec spec, boolean startIsAsked) {
    Admission admission = labels.read(container.observed(0, List.of()), Optional.empty());
    Optional<HookReply> atOnce = answerAtOnce(container, admission);
    if (atOnce.isPresent()) {
      return atOnce.get();
    }
    Attempt<OciSpec> patched =
        withoutNetRaw(spec, admission.container())
            .then(bare ->
                bare.withHooks(
                    HookEntry.createRuntime(
                        config.hookProgram(),
                        config.hookSocket(),
                        config.startSeconds() + HookEntry.LATER_SECONDS),
                    HookEntry.poststop(config.hookProgram(), config.hookSocket())))
            .then(whole -> whole.write().then(_ -> Attempt.done(whole)));
    return switch (patched) {
      case Attempt.Failed<OciSpec>(String sentence) -> HookReply.refuse(sentence);
      case Attempt.Done<OciSpec>(OciSpec whole) -> {
        recent.keep(bundle, container.with(whole.capabilities()), startIsAsked);
        yield HookReply.go();
      }
    };
  }

  /**
   * Packet sockets pass every program that hangs on a cgroup, so nobody has them who did not ask by
   * a label, and an image cannot ask. A privileged container is left as it is: it can take what it
   * wants from the host.
   */
  static Attempt<OciSpec> withoutNetRaw(OciSpec spec, ObservedContainer container) {
    boolean asked = KeptCapabilities.netRaw(container.ownLabels());
    return asked || spec.capabilities().contains(Evasions.SYS_ADMIN)
        ? Attempt.done(spec)
        : spec.withoutCapability(Evasions.NET_RAW);
  }

  @Override
  public HookReply createRuntime(OciState state) {
    if (state.pid().isEmpty()) {
      return HookReply.refuse("the runtime named no process for container " + state.id());
    }
    int pid = state.pid().getAsInt();
    long began = System.nanoTime();
    // Before anything is done in the name of a container: whose process it is.
    Optional<String> stranger = OwnCgroup.objection(state.id(), pid);
    if (stranger.isPresent()) {
      return HookReply.refuse(stranger.get());
    }
    // First, because its sockets are made while all the rest is read and attached.
    Opening opening;
    try {
      opening = spaces.openUntouched(pid);
    } catch (BpfException e) {
      return HookReply.refuse(
          "the network namespace of container "
              + state.id()
              + " is out of reach: "
              + e.getMessage());
    }
    boolean asked = false;
    try {
      Optional<RecentDescriptions.Recent> known = recent.take(state.id(), state.bundle());
      boolean startIsAsked = known.map(RecentDescriptions.Recent::startIsAsked).orElse(false);
      Attempt<Described> described =
          known
              .map(RecentDescriptions.Recent::container)
              .map(Attempt::done)
              .orElseGet(() -> descriptions.of(state.id(), state.bundle()));
      times.took(Stage.DESCRIBE, began);
      if (described instanceof Attempt.Failed<Described>(String sentence)) {
        return HookReply.refuse(sentence);
      }
      Described container = ((Attempt.Done<Described>) described).value();
      long next = System.nanoTime();
      String mode =
          container.dockers()
              ? container.networkMode()
              : OwnNetwork.mode(pid, container.networkMode());
      List<InetAddress> addresses = OwnNetwork.addresses(pid, mode);
      times.took(Stage.ADDRESSES, next);
      next = System.nanoTime();
      ObservedContainer observed = container.observed(pid, addresses).in(mode);
      Admission admission = labels.read(observed, Optional.empty());
      Optional<HookReply> atOnce = answerAtOnce(container, admission);
      if (atOnce.isPresent()) {
        return atOnce.get();
      }
      times.took(Stage.LABELS, next);
      asked = true;
      HookReply reply = reply(container.name(), loop.admit(admission, opening, startIsAsked));
      if (!container.dockers() && reply.equals(HookReply.go())) {
        // Without addresses if others were in its namespace before it; and those that the loop has
        // not weighed yet are added when it starts.
        next = System.nanoTime();
        admitted.note(observed.at(startIsAsked ? List.of() : addressesAsAdmitted(observed.id())));
        times.took(Stage.KEEP, next);
      }
      times.took(Stage.CREATE_RUNTIME, began);
      return reply;
    } catch (IOException e) {
      // An agent that comes after this one would not know whom it finds guarded.
      log.log(Level.WARNING, "container " + state.id(), e);
      return HookReply.refuse(
          "what container " + state.id() + " is cannot be kept: " + e.getMessage());
    } finally {
      if (!asked) {
        opening.close();
      }
    }
  }

  private List<InetAddress> addressesAsAdmitted(String id) {
    return loop.state().containers().values().stream()
        .filter(container -> container.observed().id().equals(id))
        .findFirst()
        .map(container -> container.observed().addresses())
        .orElse(List.of());
  }

  private HookReply reply(String name, CompletableFuture<HookReply> reply) {
    try {
      return reply.get(config.startSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      // What nobody waits for any more is not begun.
      reply.cancel(false);
      return HookReply.refuse(
          "the agent did not finish attaching to "
              + name
              + " within "
              + config.startSeconds()
              + " s; see drawbridge status");
    } catch (ExecutionException e) {
      log.log(Level.WARNING, "admitting " + name, e.getCause());
      return HookReply.refuse("the agent failed to attach to " + name);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return HookReply.refuse("the agent is stopping");
    }
  }

  @Override
  public void poststop(OciState state) {
    loop.stopped(state.id());
  }

  /** What its labels alone decide: it starts unguarded, or not at all. Empty: it is guarded. */
  private Optional<HookReply> answerAtOnce(Described container, Admission admission) {
    Optional<String> objection = labels.objection(container.name(), container.imageLabels());
    // By the labels that no image can have given it.
    if (exemptions.covers(container.name(), admission.container().ownLabels())) {
      if (runsGuarded(container.id(), admission.container().pid())) {
        return Optional.of(
            HookReply.refuse(
                "a container with the id of container "
                    + container.name()
                    + " runs already, and stays guarded"));
      }
      loop.exempt(admission.container());
      try {
        // At once: the shim's next question may come before the loop's turn.
        exemptions.note(container.id(), true);
        if (!exemptions.covers(container.name(), admission.container().ownLabels())) {
          // The operator has taken it off the list in this moment.
          exemptions.note(container.id(), false);
        }
      } catch (IOException e) {
        log.log(Level.WARNING, "exemption of container " + container.name(), e);
      }
      return Optional.of(HookReply.goUnguarded());
    }
    return objection
        .or(() -> refusal(container.name(), admission.declared()))
        .map(HookReply::refuse);
  }

  /**
   * Whether another process is a guarded container of that id: ids are unique in a namespace of
   * containerd only.
   */
  private boolean runsGuarded(String id, int pid) {
    return loop.state().containers().values().stream()
        .filter(one -> one.observed().id().equals(id) && one.attached().isPresent())
        .mapToInt(one -> one.observed().pid())
        .anyMatch(other -> other > 0 && other != pid && OwnCgroup.objection(id, other).isEmpty());
  }

  /** Why a container with these labels may not start, in one sentence; empty when it may. */
  private static Optional<String> refusal(String name, Parsed<ContainerPolicy> declared) {
    if (declared.ok()) {
      return Optional.empty();
    }
    Optional<Problem> first =
        declared.problems().stream().filter(p -> p.severity() == Severity.ERROR).findFirst();
    return switch (declared.value().mode()) {
      case AUDIT, OFF -> Optional.empty();
      case ENFORCE ->
          first.map(problem -> "container " + name + " has a broken label: " + problem.oneLine());
    };
  }

  @Override
  public HookReply start(String id) {
    if (exemptions.noted(id)) {
      return HookReply.goUnguarded();
    }
    long began = System.nanoTime();
    HookReply reply = reply("container " + Descriptions.shortened(id), loop.starts(id));
    times.took(Stage.START, began);
    return reply;
  }
}
