package dev.drawbridge.cli.agent;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.api.report.Json;
import dev.drawbridge.api.report.PeerReference;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;

/**
 * Records as lines of JSON. The labels of a container are written where it is named first, and
 * where they have changed: they would be most of the output otherwise. Number and name are always
 * there.
 */
final class FlowLines {
  /** Containers whose labels are remembered; beyond, all are forgotten and said again. */
  private static final int MOST = 4096;

  private final boolean always;
  private final Map<Integer, SortedMap<String, String>> said = new HashMap<>();

  /**
   * Lines of one output.
   *
   * @param always write all labels each time
   */
  FlowLines(boolean always) {
    this.always = always;
  }

  String line(FlowReport flow) {
    JsonElement tree = Json.tree(flow);
    if (!always && tree instanceof JsonObject record) {
      leaveOut(flow.from(), record.get("from"));
      leaveOut(flow.to(), record.get("to"));
    }
    return Json.write(tree);
  }

  private void leaveOut(PeerReference peer, JsonElement written) {
    if (said.size() >= MOST) {
      said.clear();
    }
    boolean repeated = peer.labels().equals(said.put(peer.endpoint(), peer.labels()));
    if (repeated && written instanceof JsonObject side) {
      side.remove("labels");
    }
  }
}
