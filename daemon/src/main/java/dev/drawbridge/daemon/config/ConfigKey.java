package dev.drawbridge.daemon.config;

import dev.drawbridge.bpf.abi.MapLimit;
import dev.drawbridge.daemon.config.KeyKind.Below;
import dev.drawbridge.daemon.config.KeyKind.Flag;
import dev.drawbridge.daemon.config.KeyKind.OneOf;
import dev.drawbridge.daemon.config.KeyKind.Place;
import dev.drawbridge.daemon.config.KeyKind.PlaceOrNothing;
import dev.drawbridge.daemon.config.KeyKind.PowerOfTwo;
import dev.drawbridge.daemon.config.KeyKind.Text;
import dev.drawbridge.daemon.config.KeyKind.Texts;
import dev.drawbridge.daemon.config.KeyKind.WholeNumber;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/**
 * One key of the agent's configuration. The table of all is what the file is checked by, what the
 * example is made from, and what {@code docs/configuration.md} is compared with.
 *
 * @param name with the name of its group before a dot, if it is in one: {@code names.graceSeconds}
 * @param kind what may stand there
 * @param standard what holds where the file does not say, as YAML
 * @param reload whether SIGHUP suffices; otherwise the next start
 * @param value what a configuration says
 * @param meaning sentences for the example
 */
record ConfigKey(
    String name,
    KeyKind kind,
    String standard,
    boolean reload,
    Function<Config, Object> value,
    String meaning) {

  /** In the order of the documents. */
  static final List<ConfigKey> ALL = all();

  private static final Map<String, ConfigKey> BY_NAME = byName();

  /** The key of that name, which must be one. */
  static ConfigKey of(String name) {
    ConfigKey key = BY_NAME.get(name);
    if (key == null) {
      throw new IllegalArgumentException("no key " + name);
    }
    return key;
  }

  /** The names of the keys of a group, without the group's; of the group "", those of all. */
  static List<String> namesIn(String group) {
    List<String> names = new ArrayList<>();
    for (ConfigKey key : ALL) {
      if (group.isEmpty() && !names.contains(key.top())) {
        names.add(key.top());
      } else if (key.group().equals(group) && !group.isEmpty()) {
        names.add(key.last());
      }
    }
    Collections.sort(names);
    return names;
  }

  /** The group that it is in; empty if it is in none. */
  String group() {
    return name.contains(".") ? top() : "";
  }

  /** What stands in the file's outermost mapping: the key, or its group. */
  private String top() {
    int dot = name.indexOf('.');
    return dot < 0 ? name : name.substring(0, dot);
  }

  /** Its name without the group's. */
  String last() {
    return name.substring(name.indexOf('.') + 1);
  }

  private static List<ConfigKey> all() {
    List<ConfigKey> keys = new ArrayList<>();
    keys.add(
        atStart(
            "runDir",
            new Place(),
            "/run/drawbridge",
            Config::runDir,
            "Sockets, lock and counters. Must not outlive the kernel."));
    keys.add(
        atStart(
            "stateDir",
            new Place(),
            "/var/lib/drawbridge",
            Config::stateDir,
            "What outlives a reboot: the exempt list and the last good policy files."));
    keys.add(
        atStart(
            "bpffs",
            new Place(),
            "/sys/fs/bpf",
            Config::bpffs,
            "The BPF file system for the pins; mounted if it is not."));
    keys.add(
        atStart(
            "dockerSocket",
            new PlaceOrNothing("a socket"),
            "/var/run/docker.sock",
            Config::dockerSocket,
            "Docker's API. Empty: no Docker."));
    keys.add(
        atStart(
            "containerdSocket",
            new PlaceOrNothing("a socket"),
            "\"\"",
            Config::containerdSocket,
            "containerd's API, such as /run/containerd/containerd.sock. Empty: containerd is not"
                + " asked."));
    keys.add(
        atStart(
            "podmanRoot",
            new PlaceOrNothing("a directory"),
            "\"\"",
            Config::podmanRoot,
            "The storage root of root's Podman, such as /var/lib/containers/storage. Empty:"
                + " Podman's state is not read."));
    keys.add(
        atStart(
            "dataRoot",
            new PlaceOrNothing("a directory"),
            "/var/lib/docker",
            Config::dataRoot,
            "Docker's data root, where the hook finds labels. Empty: taken from each bundle."));
    keys.add(
        atStart(
            "hookSocket",
            new Place(),
            "/run/drawbridge/hook.sock",
            Config::hookSocket,
            "Where the hook and the runtime shim ask: hook.sock in runDir unless set."));
    keys.add(
        atStart(
            "hookProgram",
            new Place(),
            "/usr/libexec/drawbridge/drawbridge-hook",
            Config::hookProgram,
            "The hook that is entered into each container's OCI configuration."));
    keys.add(
        atStart(
            "apiSocket",
            new Place(),
            "/run/drawbridge/api.sock",
            Config::apiSocket,
            "The local API: api.sock in runDir unless set."));
    keys.add(
        atStart(
            "apiGroup",
            new Text("the name of a group, or \"\""),
            "drawbridge",
            Config::apiGroup,
            "The group that may use the API besides root. It must exist if it is set here; unless"
                + " set it is drawbridge, where the host has that group. Empty: root only."));
    keys.add(
        atStart(
            "apiTcp",
            new Text("ADDRESS:PORT, or \"\""),
            "127.0.0.1:9807",
            Config::apiTcp,
            "Verdicts, status and metrics on loopback. Empty: off."));
    keys.add(
        atStart(
            "policyDir",
            new Place(),
            "/etc/drawbridge/policy.d",
            Config::policyDir,
            "Host policy files, *.policy. They are read again when they change."));
    keys.add(
        byReload(
            "defaultDeny",
            new Flag(),
            "false",
            Config::defaultDeny,
            "Whether a container that no rule selects is closed too."));
    keys.add(
        byReload(
            "unhooked",
            new OneOf(List.of("allow", "deny")),
            "allow",
            config -> config.unhooked().name().toLowerCase(Locale.ROOT),
            "What a container may reach that started without the hook, until it is adopted."));
    keys.add(
        atStart(
            "imageLabels",
            new Flag(),
            "true",
            Config::imageLabels,
            "Whether labels that only come from the image count as identity and policy."));
    keys.add(
        byReload(
            "exempt",
            new Texts("names or key=value"),
            "[]",
            Config::exempt,
            "Containers that start unguarded: names, * as wildcard, or key=value of a label."));
    keys.add(
        atStart(
            "cgroup",
            new Below("the cgroup2 mount"),
            "drawbridge",
            Config::cgroup,
            "The agent's own cgroup, below the cgroup2 mount."));
    keys.add(
        atStart(
            "flowRecords",
            new WholeNumber(100, 1_000_000),
            "2048",
            Config::flowRecords,
            "Flow records kept for the API, up to 1 KiB each, and never more than a sixteenth of"
                + " the heap holds."));
    keys.add(
        atStart(
            "startSeconds",
            new WholeNumber(1, 600),
            "6",
            Config::startSeconds,
            "Seconds that the agent may take for the start of one container."));
    keys.add(
        byReload(
            "drainSeconds",
            new WholeNumber(0, 600),
            "30",
            Config::drainSeconds,
            "Seconds that what the engine carries has to end in when another agent takes over."));
    keys.add(
        byReload(
            "names.leastSeconds",
            new WholeNumber(0, 3_600),
            "5",
            config -> config.names().leastSeconds(),
            "Seconds that an address is known by a name: shorter times of an answer count as"
                + " this."));
    keys.add(
        byReload(
            "names.mostSeconds",
            new WholeNumber(1, 604_800),
            "86400",
            config -> config.names().mostSeconds(),
            "Longer times count as this, which is no less than leastSeconds."));
    keys.add(
        byReload(
            "names.graceSeconds",
            new WholeNumber(0, 86_400),
            "10",
            config -> config.names().graceSeconds(),
            "So much longer the kernel holds to it."));
    keys.add(
        byReload(
            "names.refusal",
            new OneOf(List.of("REFUSED", "NXDOMAIN")),
            "REFUSED",
            config -> config.names().refusal().name(),
            "What whoever asks for a name that it may not resolve is told; musl's resolver takes"
                + " REFUSED for no answer."));
    for (MapLimit limit : MapLimit.values()) {
      keys.add(
          atStart(
              "limits." + limit.map(),
              limit == MapLimit.EVENTS
                  ? new PowerOfTwo(limit.least(), limit.most())
                  : new WholeNumber(limit.least(), limit.most()),
              Integer.toString(limit.standard()),
              config -> config.limits().of(limit),
              (limit == MapLimit.EVENTS ? "Bytes of records" : "Entries")
                  + " in the kernel's map "
                  + limit.map()
                  + "; when full: "
                  + limit.whenFull().name().toLowerCase(Locale.ROOT).replace('_', ' ')
                  + "."));
    }
    return List.copyOf(keys);
  }

  private static Map<String, ConfigKey> byName() {
    Map<String, ConfigKey> byName = new LinkedHashMap<>();
    ALL.forEach(key -> byName.put(key.name(), key));
    return byName;
  }

  private static ConfigKey atStart(
      String name, KeyKind kind, String standard, Function<Config, Object> value, String meaning) {
    return new ConfigKey(name, kind, standard, false, value, meaning);
  }

  private static ConfigKey byReload(
      String name, KeyKind kind, String standard, Function<Config, Object> value, String meaning) {
    return new ConfigKey(name, kind, standard, true, value, meaning);
  }
}
