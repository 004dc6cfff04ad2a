package dev.drawbridge.tools.compose;

import java.util.LinkedHashMap;
import java.util.Map;

/** Services that share a network namespace, or have none of their own. */
final class Networks {
  private Networks() {}

  /** The services, with a reason where the files alone do not say whose connections are whose. */
  static Map<String, Draft> judged(Map<String, Draft> drafts) {
    var out = new LinkedHashMap<>(drafts);
    drafts.forEach((name, draft) -> {
      Known mode = draft.networkMode().orElse(new Known.Text(""));
      if (!(mode instanceof Known.Text(var text))) {
        because(out, name, "its network_mode has a variable in it");
        return;
      }
      if (text.startsWith("service:")) {
        String owner = text.substring("service:".length());
        because(out, name, "it shares the network of the service " + owner);
        because(out, owner, "the service " + name + " shares its network");
      } else if (text.startsWith("container:")) {
        because(out, name, "it shares the network of another container");
      } else if (text.equals("host")) {
        because(out, name, "it has the host's network, and is the host to others");
      }
    });
    return out;
  }

  private static void because(Map<String, Draft> drafts, String name, String why) {
    drafts.computeIfPresent(name, (_, draft) -> draft.because(why));
  }
}
