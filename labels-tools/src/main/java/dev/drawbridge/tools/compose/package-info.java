/**
 * Compose files, read as compose reads them: several files, {@code extends}, {@code include},
 * {@code label_file}, {@code .env}, variables, types.
 *
 * <p>Read first: {@link dev.drawbridge.tools.compose.ProjectReader}.
 *
 * <p>Two programs read these files, docker-compose 1.29 and docker compose 2, and they differ.
 * Where both agree, or one of them refuses the file, the answer is known; where they differ, or
 * something outside decides, it is not known, and said so. It never guesses, and never opens a
 * file: the caller brings {@link dev.drawbridge.tools.compose.Sources}.
 *
 * <p>Lint and the client's verdicts without an agent depend on it.
 */
@NullMarked
package dev.drawbridge.tools.compose;

import org.jspecify.annotations.NullMarked;
