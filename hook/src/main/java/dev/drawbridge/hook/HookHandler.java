package dev.drawbridge.hook;

import java.nio.file.Path;

/**
 * The four questions that come through the hook socket. Called on virtual threads, several at a
 * time; an exception counts as a refusal that names it.
 *
 * <p>An implementation never calls the engine's API from here: the engine holds the container's
 * lock (and at boot has no API yet) until the answer has been given.
 */
public interface HookHandler {

  /**
   * The runtime shim is about to create a container: add our hooks to its bundle, or say why it may
   * not be created. A refusal here reaches the user cleaner than one from {@link #createRuntime},
   * because the runtime wraps no words of its own around it.
   *
   * @param id the container's id as the runtime was given it
   * @param bundle the directory that holds {@code config.json}
   * @param startIsAsked whether {@link #start} will be asked before anything of the container runs
   */
  HookReply patch(String id, Path bundle, boolean startIsAsked);

  /**
   * The container's namespaces and cgroup exist, its first process does not run yet. When this
   * returns {@link HookReply.Go} its rules must be in the kernel, or, where {@link #start} will be
   * asked, programs that deny everything until they are.
   */
  HookReply createRuntime(OciState state);

  /**
   * The runtime shim is about to let the container's first process run. An engine that makes its
   * interfaces after its hooks has made them by now; when this returns {@link HookReply.Go} they
   * are guarded, and the container's rules are in the kernel.
   *
   * @param id the container's id as the runtime was given it
   */
  HookReply start(String id);

  /** The container is gone. Nobody reads an answer, and the call may never come. */
  void poststop(OciState state);
}
