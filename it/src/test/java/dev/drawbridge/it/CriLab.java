package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.drawbridge.it.CriClient.Pod;
import dev.drawbridge.it.CriClient.PodConfig;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Ctr;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A containerd whose CRI runs pods by the lab's shim, an agent that follows it, and images, of
 * which nothing is pulled. The pods' network is made by a CNI plug-in, a script on a host whose
 * {@code /etc} and {@code /opt} are the lab's.
 */
final class CriLab implements AutoCloseable {
  static final Duration SOON = Duration.ofSeconds(20);
  static final String PODS = "k8s.io";
  static final String IMAGE = "docker.io/library/" + LabImage.NAME + ":latest";

  /** Its author wants to be somebody else. */
  static final String LIAR = "docker.io/library/liar:latest";

  /** Its author wants it to be taken for Docker's. */
  static final String POSING = "docker.io/library/posing:latest";

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
      VERSION) echo '{"cniVersion":"0.4.0","supportedVersions":["0.3.1","0.4.0","1.0.0","1.1.0"]}'; exit ;;
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
      last=60
      until mkdir "/opt/cni/$last" 2>/dev/null; do
        last=$((last + 1))
        [ "$last" -lt 250 ]
      done
      ip link add "cni$last" type veth peer name "$CNI_IFNAME" netns "$CNI_NETNS"
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

  private final EngineLab lab;
  private final LabAgent agent;
  private final Ctr ctr;
  private final CriClient cri;
  private final List<Pod> pods = new ArrayList<>();

  private CriLab(EngineLab lab) {
    this.lab = lab;
    LabImage.importInto(lab);
    agent = LabAgent.start(lab, Distribution.locate());
    ctr = new Ctr(lab);
    lab.addTenant(ctr);
    cri = new CriClient(ctr.socket(), "/" + lab.id());
    lab.addTenant(this::removePods);
    agent.restartWith(config -> {
      config.addProperty("containerdSocket", ctr.socket().toString());
      config.getAsJsonArray("exempt").add("role=exempt");
    });
    images();
  }

  static CriLab start() {
    EngineLab lab = EngineLab.startWithCri(MOUNTS);
    try {
      return new CriLab(lab);
    } catch (RuntimeException | AssertionError e) {
      lab.close();
      throw e;
    }
  }

  LabAgent agent() {
    return agent;
  }

  Ctr ctr() {
    return ctr;
  }

  CriClient cri() {
    return cri;
  }

  /** A file of the agent's, by its name in the lab. */
  Path file(String name) {
    return lab.directory().resolve(name);
  }

  private void images() {
    made("pause", "CMD [\"/bin/sleep\", \"100000\"]");
    made(
        "liar",
        "LABEL app=api",
        "LABEL io.kubernetes.pod.namespace=trusted",
        "LABEL io.kubernetes.cri.container-type=container",
        "LABEL io.kubernetes.cri.sandbox-id=" + "0".repeat(64),
        "LABEL io.kubernetes.cri.sandbox-name=trusted",
        "LABEL io.kubernetes.cri.sandbox-namespace=trusted",
        "LABEL io.kubernetes.cri.container-name=trusted",
        "LABEL nerdctl/name=trusted",
        "LABEL com.docker.compose.project=trusted",
        "LABEL com.docker.compose.service=trusted",
        "LABEL role=exempt",
        "LABEL drawbridge.mode=off",
        "LABEL drawbridge.capabilities=net-raw");
    made("posing", "LABEL com.docker/engine.bundle.path=/run/x");
    Path tar = lab.directory().resolve("images.tar");
    lab.docker().must("save", "-o", tar.toString(), LabImage.NAME, "pause", "liar", "posing");
    Output imported = ctr.ctr(PODS, "images", "import", tar.toString());
    assertTrue(imported.ok(), imported.text());
    for (String image : List.of(EngineLab.PAUSE, IMAGE, LIAR, POSING)) {
      Await.until("the CRI has image " + image, SOON, () -> cri.hasImage(image));
    }
  }

  private void made(String image, String... changes) {
    List<String> commit = new ArrayList<>(List.of("commit"));
    for (String change : changes) {
      commit.addAll(List.of("--change", change));
    }
    commit.addAll(List.of("made", image));
    lab.docker().must("create", "--name", "made", LabImage.NAME, "/bin/true");
    lab.docker().must(commit.toArray(String[]::new));
    lab.docker().must("rm", "made");
  }

  Pod pod(PodConfig config) {
    Pod pod = cri.runPodSandbox(config);
    pods.add(pod);
    return pod;
  }

  void remove(Pod pod) {
    cri.stopPodSandbox(pod);
    cri.removePodSandbox(pod);
    pods.remove(pod);
  }

  String said() {
    return agent.api("/v1/endpoints") + "\n" + agent.api("/v1/problems") + "\n" + agent.log();
  }

  List<JsonObject> endpoints(String key, String value) {
    List<JsonObject> found = new ArrayList<>();
    for (JsonElement element : agent.api("/v1/endpoints").getAsJsonArray()) {
      if (element.getAsJsonObject().get(key).getAsString().equals(value)) {
        found.add(element.getAsJsonObject());
      }
    }
    return found;
  }

  Optional<JsonObject> named(String name) {
    return endpoints("name", name).stream().findFirst();
  }

  String attachment(String name) {
    return named(name).map(e -> e.get("attachment").getAsString()).orElse("");
  }

  boolean has(String container, String code) {
    for (JsonElement element : agent.api("/v1/problems").getAsJsonArray()) {
      JsonObject problem = element.getAsJsonObject();
      if (problem.get("code").getAsString().equals(code)
          && problem.get("container").getAsString().equals(container)) {
        return true;
      }
    }
    return false;
  }

  String label(String name, String key) {
    JsonElement value = named(name).orElseThrow().getAsJsonObject("labels").get(key);
    return value == null ? "" : value.getAsString();
  }

  /** Where the processes of a container are on the network. */
  String network(String id) throws IOException {
    return Files.readSymbolicLink(Path.of("/proc", ctr.pid(PODS, id), "ns/net")).toString();
  }

  private void removePods() {
    for (Pod pod : List.copyOf(pods)) {
      try {
        remove(pod);
      } catch (CriClient.RefusedException e) {
        // After a test that failed; what is left of it ends with its engine.
        pods.remove(pod);
      }
    }
    cri.close();
  }

  @Override
  public void close() {
    lab.close();
  }
}
