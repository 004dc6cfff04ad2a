package dev.drawbridge.api.report;

import java.util.List;
import java.util.SortedMap;

/**
 * One container as the agent sees it.
 *
 * @param endpoint the number that the kernel tables use
 * @param id the engine's container id, 64 hexadecimal digits with Docker
 * @param engine which container engine has told of it, such as {@code docker}; empty until one has
 * @param runtime the OCI runtime it was created with, by its name or path; empty where that is not
 *     known
 * @param labels identity labels, without {@code drawbridge.*}
 * @param imageLabels those of its labels, {@code drawbridge.*} included, that came from its image;
 *     whether they count is the agent's configuration
 * @param addresses textual, IPv4 first
 * @param mode {@code enforce}, {@code audit} or {@code off}
 * @param closed directions closed by selection: {@code ingress}, {@code egress}
 * @param rules rules that this container declares
 * @param denied denials with this container on either side since the agent started
 */
public record EndpointReport(
    int endpoint,
    String id,
    String name,
    String engine,
    String runtime,
    SortedMap<String, String> labels,
    SortedMap<String, String> imageLabels,
    List<String> addresses,
    String mode,
    Attachment attachment,
    List<String> closed,
    int rules,
    long denied,
    List<ProblemReport> problems) {

  /**
   * HOOK: before the first process ran. LISTENER: later, by the event listener. ADOPTED: found
   * pinned at start. NONE: not attached.
   */
  public enum Attachment {
    HOOK,
    LISTENER,
    ADOPTED,
    NONE
  }
}
