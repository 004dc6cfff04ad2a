package dev.drawbridge.tools.compose;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/**
 * A service as compose would start it.
 *
 * @param labels as the container gets them from the files, without those that compose adds
 * @param containerName if the files give it one that is known
 * @param published container's port by the host's port
 * @param rewrites whether it is given a capability with which packets are changed on their way
 * @param several whether the files say that there may be more than one container of it
 * @param unknown why its labels, name or network cannot be known; empty if they can
 */
public record ComposeService(
    String name,
    Place place,
    SortedMap<String, Label> labels,
    Optional<String> containerName,
    Map<Integer, Integer> published,
    boolean rewrites,
    boolean several,
    List<String> unknown) {}
