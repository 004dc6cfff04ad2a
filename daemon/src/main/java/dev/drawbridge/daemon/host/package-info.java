/**
 * What is so on this host: its addresses, resolvers and cgroups, and the addresses of a process.
 */
@NullMarked
package dev.drawbridge.daemon.host;

import org.jspecify.annotations.NullMarked;
