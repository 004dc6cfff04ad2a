/**
 * What a request asks for: parameters of an address, read strictly and turned into questions, or
 * into a refusal that says what was wrong.
 *
 * <p>Nothing here answers.
 */
@NullMarked
package dev.drawbridge.api.question;

import org.jspecify.annotations.NullMarked;
