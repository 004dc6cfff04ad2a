/**
 * The kernel side of Drawbridge as Java sees it: the compiled programs, their maps, the links that
 * attach them, and the few other native things the agent needs (network namespaces, cgroups, socket
 * cookies).
 *
 * <p>Read first: {@link dev.drawbridge.bpf.BpfObject} (bytes of an object file become programs and
 * maps), {@link dev.drawbridge.bpf.Link} (what keeps a program attached), {@link
 * dev.drawbridge.bpf.Pins} (what survives the agent). The records ({@link
 * dev.drawbridge.bpf.abi.Endpoint}, {@link dev.drawbridge.bpf.abi.Pair}, ...) mirror {@code abi.h}.
 *
 * <p>It knows numbers and structs, never labels, policies or containers' names. It never decides
 * anything, never retries, and never turns "not permitted" into "not there": a missing key is an
 * empty {@code Optional}, everything else that fails is a {@link
 * dev.drawbridge.bpf.failure.BpfException}.
 *
 * <p>The daemon and the tests may depend on it; it depends on no other module. Only its package
 * {@code ffi} touches {@code java.lang.foreign}.
 */
@NullMarked
package dev.drawbridge.bpf;

import org.jspecify.annotations.NullMarked;
