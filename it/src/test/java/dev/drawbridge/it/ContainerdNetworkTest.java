package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.drawbridge.testkit.Ctr;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Where the network is made after the hooks and before the first process: {@code ctr --cni}. The
 * plug-in is a script of the test's own, on a host whose {@code /etc} and {@code /opt} are the
 * lab's.
 */
@Tag("it")
final class ContainerdNetworkTest {
  private static final String MOUNTS =
      """
      mkdir "$1/etc" "$1/opt"
      cp -a /etc/. "$1/etc"
      mkdir -p "$1/etc/cni/net.d" "$1/opt/cni/bin"
      rm -f "$1"/etc/cni/net.d/*
      echo '{"cniVersion":"0.4.0","name":"lab","type":"lab"}' >"$1/etc/cni/net.d/10-lab.conf"
      cat >"$1/opt/cni/bin/lab" <<'END'
      #!/bin/sh
      set -e
      config=$(cat)
      case $CNI_COMMAND in
      VERSION) echo '{"cniVersion":"0.4.0","supportedVersions":["0.3.1","0.4.0","1.0.0"]}'; exit ;;
      ADD) ;;
      *) exit 0 ;;
      esac
      version=$(echo "$config" | tr -d ' \\n' | sed -n 's/.*"cniVersion":"\\([^"]*\\)".*/\\1/p')
      in="nsenter --net=$CNI_NETNS"
      if [ "$CNI_IFNAME" = lo ]; then
        $in ip link set lo up
        echo "{\\"cniVersion\\":\\"$version\\"}"
        exit
      fi
      case $CNI_CONTAINERID in *db) last=60 ;; *api) last=61 ;; *) last=62 ;; esac
      pid=${CNI_NETNS#/proc/}
      ip link add "cni$last" type veth peer name "$CNI_IFNAME" netns "${pid%%/*}"
      ip link set "cni$last" master lab0 up
      $in ip addr add "10.213.7.$last/24" dev "$CNI_IFNAME"
      $in ip link set "$CNI_IFNAME" up
      echo "{\\"cniVersion\\":\\"$version\\",\\"ips\\":[{\\"version\\":\\"4\\",\\"address\\":\\"10.213.7.$last/24\\"}]}"
      END
      chmod +x "$1/opt/cni/bin/lab"
      cp "$1/opt/cni/bin/lab" "$1/opt/cni/bin/loopback"
      mount --bind "$1/etc" /etc
      mount --bind "$1/opt" /opt
      """;

  @Test
  void addressesAreKnownBeforeTheFirstProcessRuns() throws IOException {
    try (EngineLab lab = EngineLab.start(new JsonObject(), MOUNTS)) {
      LabImage.importInto(lab);
      LabAgent agent = LabAgent.start(lab, Distribution.locate());
      try (Ctr ctr = new Ctr(lab)) {
        agent.restartWith(
            config -> config.addProperty("containerdSocket", ctr.socket().toString()));
        started(agent, run(ctr, "db", "mkdir -p /lab; exec /bin/db", "app=db", Trio.RULE));
        JsonObject noted =
            JsonParser.parseString(Files.readString(lab.directory().resolve("agent/admitted/db")))
                .getAsJsonObject();
        assertEquals("[\"10.213.7.60\"]", noted.get("addresses").toString());
        started(agent, run(ctr, "api", "exec sleep 100000", "app=api"));
        started(agent, run(ctr, "other", "exec sleep 100000", "app=other"));
        assertEquals(
            Trio.AS_THE_RULES_SAY,
            List.of(
                ctr.status("default", "api", "10.213.7.60/users"),
                ctr.status("default", "api", "10.213.7.60/admin"),
                ctr.status("default", "other", "10.213.7.60/users")));
      }
    }
  }

  private static Output run(Ctr ctr, String id, String script, String... labels) {
    String[] options = new String[1 + 2 * labels.length];
    options[0] = "--cni";
    for (int i = 0; i < labels.length; i++) {
      options[1 + 2 * i] = "--label";
      options[2 + 2 * i] = labels[i];
    }
    return ctr.run("default", id, "", script, options);
  }

  private static void started(LabAgent agent, Output output) {
    assertTrue(output.ok(), () -> output.text() + "\n" + agent.log());
  }
}
