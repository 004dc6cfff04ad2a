/**
 * Names on the wire: containers that ask a resolver, through Docker's and directly, and reach what
 * the answers say.
 *
 * <p>Read first: {@link dev.drawbridge.it.names.NamesTest}; then {@link
 * dev.drawbridge.it.names.SecondMachine}, which has real resolvers and a real database.
 */
@NullMarked
package dev.drawbridge.it.names;

import org.jspecify.annotations.NullMarked;
