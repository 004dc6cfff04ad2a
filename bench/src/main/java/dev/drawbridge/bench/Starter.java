package dev.drawbridge.bench;

import dev.drawbridge.testkit.Ctr;
import dev.drawbridge.testkit.Docker;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Podman;
import java.util.ArrayList;
import java.util.List;

/** Starts a container with a policy of its own by one engine, guarded or by runc alone. */
interface Starter {
  /** What the table says is timed. */
  String what();

  /**
   * Milliseconds that the engine's own command takes. The container is gone afterwards.
   *
   * @param name that no container has
   */
  double start(String name, boolean guarded);

  /** The labels, each after the option. */
  private static List<String> labels() {
    return List.of(
        "--label", "app=bench", "--label", "drawbridge.policy.read=app=api may GET /users");
  }

  /** Creation and removal are not timed. */
  record ByDocker(Docker docker) implements Starter {
    @Override
    public String what() {
      return "docker start";
    }

    @Override
    public double start(String name, boolean guarded) {
      List<String> create = new ArrayList<>(List.of("create", "--name", name));
      create.addAll(List.of("--runtime", guarded ? "drawbridge" : "runc"));
      create.addAll(labels());
      create.addAll(List.of(LabImage.NAME, "/bin/sleep", "1000"));
      docker.must(create.toArray(String[]::new));
      long begin = System.nanoTime();
      docker.must("start", name);
      double millis = (System.nanoTime() - begin) / 1e6;
      docker.must("rm", "-f", name);
      return millis;
    }
  }

  /** {@code ctr} creates as it starts, which both ways do alike. */
  record ByContainerd(Ctr ctr) implements Starter {
    private static final String NAMESPACE = "default";
    private static final String SLEEP = "exec /bin/sleep 1000";

    @Override
    public String what() {
      return "ctr run";
    }

    @Override
    public double start(String name, boolean guarded) {
      String[] labels = labels().toArray(String[]::new);
      long begin = System.nanoTime();
      Output started =
          guarded
              ? ctr.run(NAMESPACE, name, "", SLEEP, labels)
              : ctr.runUnhooked(NAMESPACE, name, "", SLEEP, labels);
      double millis = (System.nanoTime() - begin) / 1e6;
      if (!started.ok()) {
        throw new LabException("ctr run: " + started.text());
      }
      ctr.remove(NAMESPACE, name);
      return millis;
    }
  }

  /** Creation and removal are not timed. */
  record ByPodman(EngineLab lab, Podman podman) implements Starter {
    @Override
    public String what() {
      return "podman start";
    }

    @Override
    public double start(String name, boolean guarded) {
      List<String> create = new ArrayList<>();
      create.addAll(List.of("--runtime", guarded ? "drawbridge" : "runc", "create"));
      create.addAll(List.of("--name", name, "--cgroup-parent", "/" + lab.id()));
      create.addAll(List.of("--network", Podman.NETWORK));
      create.addAll(labels());
      create.addAll(List.of("localhost/" + LabImage.NAME, "/bin/sleep", "1000"));
      podman.must(create.toArray(String[]::new));
      long begin = System.nanoTime();
      podman.must("start", name);
      double millis = (System.nanoTime() - begin) / 1e6;
      podman.remove(name);
      return millis;
    }
  }
}
