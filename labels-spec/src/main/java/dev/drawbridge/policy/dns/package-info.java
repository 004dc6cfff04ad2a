/**
 * What the language knows of DNS: how a name is asked about, and judged.
 *
 * <p>Read first: {@link dev.drawbridge.policy.dns.DnsProtocol}, which the registry of protocols
 * has. A name is two things to a sentence: what may be resolved ({@code may resolve NAME}, judged
 * here by {@link dev.drawbridge.policy.dns.DnsAsk}), and whom a rule is about ({@code may connect
 * 443 on NAME}). The latter needs addresses, which an engine learns from answers:
 *
 * <ul>
 *   <li>An address that a container has learned is a peer of its own to that container, numbered by
 *       the part of the world that the address belongs to and by the set of name objects that its
 *       names fit ({@link dev.drawbridge.policy.Policy#named}). The rules towards it are those
 *       about that part of the world and those about these names, put together as for any other
 *       peer: deny over allow, layer 7 over layer 4.
 *   <li>So the kernel is told by one entry for each container and address, with the number; and by
 *       one pair for each number of a container, however many addresses bear it.
 *   <li>Where no rule is about a name, its addresses stay what they are: the world's, or a range's.
 * </ul>
 *
 * <p>It never reads a byte, keeps no address and no time: that is the engine's affair.
 *
 * <p>Whoever asks by a name may depend on it.
 */
@NullMarked
package dev.drawbridge.policy.dns;

import org.jspecify.annotations.NullMarked;
