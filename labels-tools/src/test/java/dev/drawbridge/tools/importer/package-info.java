/** Tests of the importer package. */
@NullMarked
package dev.drawbridge.tools.importer;

import org.jspecify.annotations.NullMarked;
