package dev.drawbridge.tools.compose;

import java.util.List;
import java.util.Map;

/**
 * What compose makes of its files.
 *
 * @param name of the project, as far as it can be known
 * @param onlyV2 whether only docker compose 2 can read the files
 * @param partial whether the files are a part of a project: a service in them says neither image
 *     nor build, so another file must
 * @param texts of every file that was read, by name
 */
public record ComposeProject(
    Known name,
    boolean onlyV2,
    boolean partial,
    List<ComposeService> services,
    List<Complaint> complaints,
    Map<String, String> texts) {}
