/** Tests of the importer package. */
@NullMarked
package dev.drawbridge.policy.importer;

import org.jspecify.annotations.NullMarked;
