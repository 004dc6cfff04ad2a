/**
 * What somebody inside a container, or an accident of the host, tries against the kernel side: each
 * door of the bypass matrix, each trick, each start, each kill.
 *
 * <p>Read {@link dev.drawbridge.it.attack.Ground} first: the containers of a private engine, the
 * attacker that runs in them and the sink that records what arrives. The C programs are in {@code
 * src/test/c}.
 *
 * <p>It never believes the attacker: only what the sink recorded counts as arrived, and a container
 * that Drawbridge leaves alone shows in the same run that the sink can hear.
 *
 * <p>Nothing may depend on it.
 */
@NullMarked
package dev.drawbridge.it.attack;

import org.jspecify.annotations.NullMarked;
