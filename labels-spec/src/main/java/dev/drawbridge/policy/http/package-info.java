/** What is asked in HTTP, and the rules that judge it. */
@NullMarked
package dev.drawbridge.policy.http;

import org.jspecify.annotations.NullMarked;
