/**
 * Who a container is before it runs, by the files and records of whichever engine starts it. No
 * engine that is busy starting it is asked.
 */
@NullMarked
package dev.drawbridge.daemon.description;

import org.jspecify.annotations.NullMarked;
