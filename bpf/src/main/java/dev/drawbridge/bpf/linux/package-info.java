/**
 * What the agent asks of Linux beside BPF: network namespaces, netlink, cgroups, sockets, mounts,
 * files that were written whole.
 *
 * <p>Knows no map and no program.
 */
@NullMarked
package dev.drawbridge.bpf.linux;

import org.jspecify.annotations.NullMarked;
