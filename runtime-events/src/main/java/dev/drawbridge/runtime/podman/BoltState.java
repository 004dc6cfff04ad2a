package dev.drawbridge.runtime.podman;

import dev.drawbridge.runtime.podman.BoltFile.Bucket;
import dev.drawbridge.runtime.podman.BoltFile.Value;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Podman 4's file: {@code libpod/bolt_state.db} (libpod/boltdb_state.go). */
final class BoltState implements PodmanState {

  private static final String CONTAINERS = "ctr";
  private static final String PODS = "pod";
  private static final String NAMES = "id-registry";
  private static final String CONFIG = "config";
  private static final String STATE = "state";

  private final BoltFile file;

  private BoltState(BoltFile file) {
    this.file = file;
  }

  static BoltState open(Path path) throws IOException {
    return new BoltState(BoltFile.open(path));
  }

  @Override
  public Optional<Raw> container(String id) throws IOException {
    return file.read(root -> {
      Optional<Bucket> container = nested(root, CONTAINERS, id);
      if (container.isEmpty()) {
        return Optional.empty();
      }
      Optional<byte[]> config = container.get().bytes(CONFIG);
      Optional<byte[]> state = container.get().bytes(STATE);
      return config.isEmpty() || state.isEmpty()
          ? Optional.empty()
          : Optional.of(new Raw(config.get(), state.get()));
    });
  }

  @Override
  public Optional<byte[]> pod(String id) throws IOException {
    return file.read(root -> {
      Optional<Bucket> pod = nested(root, PODS, id);
      return pod.isEmpty() ? Optional.empty() : pod.get().bytes(CONFIG);
    });
  }

  private static Optional<Bucket> nested(Bucket root, String kind, String id) throws IOException {
    Optional<Bucket> all = root.bucket(kind);
    return all.isEmpty() ? Optional.empty() : all.get().bucket(id);
  }

  @Override
  public Map<String, Long> marks() throws IOException {
    return file.read(root -> {
      Map<String, Long> marks = new HashMap<>();
      Optional<Bucket> names = root.bucket(NAMES);
      Optional<Bucket> containers = root.bucket(CONTAINERS);
      if (containers.isPresent()) {
        containers
            .get()
            .each((key, value) -> {
              String id = new String(key, StandardCharsets.UTF_8);
              if (value instanceof Value.Nested(Bucket container) && PodmanState.isId(id)) {
                int name = names.isEmpty() ? 0 : hash(names.get().bytes(id));
                marks.put(id, ((long) name << 32) | (state(container) & 0xffffffffL));
              }
              return true;
            });
      }
      return marks;
    });
  }

  /**
   * What an image makes of one container keeps nobody from following the others. Where somebody
   * wrote meanwhile all of it is read anew anyhow.
   */
  private static int state(Bucket container) {
    try {
      return hash(container.bytes(STATE));
    } catch (IOException e) {
      return 0;
    }
  }

  private static int hash(Optional<byte[]> bytes) {
    return bytes.map(Arrays::hashCode).orElse(0);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
