package dev.drawbridge.daemon;

import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.bpf.linux.Supervisor;
import dev.drawbridge.daemon.config.Config;
import dev.drawbridge.daemon.flow.FlowRecorder;
import dev.drawbridge.daemon.node.NodeState;
import dev.drawbridge.daemon.succession.HeldNames;
import dev.drawbridge.daemon.succession.Place;
import dev.drawbridge.hook.HookServer;
import dev.drawbridge.l7.L7Engine;
import dev.drawbridge.policy.Policy;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** What this agent has that another may take over. */
record AgentPlace(
    Kept kept,
    HookServer hooks,
    L7Engine engine,
    HeldNames names,
    FlowRecorder recorder,
    Supplier<NodeState> state,
    Supplier<Config> config,
    Duration patience,
    Supervisor supervisor)
    implements Place {

  private static final System.Logger log = System.getLogger(AgentPlace.class.getName());

  @Override
  public void recordTo(Consumer<FlowReport> records) {
    recorder.tell(records);
  }

  @Override
  public void letGo() throws InterruptedException {
    // Containers that are being started now are, by this agent.
    if (!hooks.handOver(patience)) {
      log.log(Level.WARNING, "starts that are still under way are refused");
    }
    names.hold();
    kept.letGo();
  }

  @Override
  public Policy policy() {
    return state.get().policy();
  }

  @Override
  public Duration drain() {
    return Duration.ofSeconds(config.get().drainSeconds());
  }

  @Override
  public void succeededBy(long pid) {
    supervisor.succeededBy(pid);
  }
}
