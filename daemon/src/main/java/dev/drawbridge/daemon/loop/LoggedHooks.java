package dev.drawbridge.daemon.loop;

import dev.drawbridge.daemon.config.AgentLog;
import dev.drawbridge.hook.HookHandler;
import dev.drawbridge.hook.HookReply;
import dev.drawbridge.hook.OciState;
import java.lang.System.Logger.Level;
import java.nio.file.Path;

/** Tells the log which containers were refused, and which start unguarded. */
public final class LoggedHooks implements HookHandler {
  private static final System.Logger log = System.getLogger(LoggedHooks.class.getName());

  private final HookHandler hooks;

  public LoggedHooks(HookHandler hooks) {
    this.hooks = hooks;
  }

  @Override
  public HookReply patch(String id, Path bundle, boolean startIsAsked) {
    return told(id, hooks.patch(id, bundle, startIsAsked));
  }

  @Override
  public HookReply createRuntime(OciState state) {
    return told(state.id(), hooks.createRuntime(state));
  }

  @Override
  public HookReply start(String id) {
    return told(id, hooks.start(id));
  }

  @Override
  public void poststop(OciState state) {
    hooks.poststop(state);
  }

  private static HookReply told(String id, HookReply reply) {
    switch (reply) {
      case HookReply.Refuse(String sentence) ->
          log.log(Level.WARNING, AgentLog.oneLine("refused " + id + ": " + sentence));
      case HookReply.GoUnguarded() ->
          log.log(
              Level.INFO, AgentLog.oneLine("container " + id + " is exempt: it starts unguarded"));
      case HookReply.Go() -> {}
    }
    return reply;
  }
}
