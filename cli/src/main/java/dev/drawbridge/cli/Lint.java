package dev.drawbridge.cli;

import dev.drawbridge.policy.ContainerPolicy;
import dev.drawbridge.policy.HostPolicy;
import dev.drawbridge.policy.HostPolicyParser;
import dev.drawbridge.policy.LabelParser;
import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.PolicyInput;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.Workload;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Everything that labels-spec has to say about files, without an agent. */
final class Lint {

  /**
   * A problem and where it stands.
   *
   * @param line in the file, from 1; 0 if it is about the file as a whole
   * @param service whose label it is, empty for host policy
   */
  record Finding(String file, int line, String service, Problem problem) {}

  private Lint() {}

  /** A {@code *.policy} file is host policy, anything else a compose file. */
  static List<Finding> file(Path file) throws CommandException {
    String text = text(file);
    return file.toString().endsWith(".policy")
        ? hostPolicy(file, text)
        : compose(file, ComposeFile.read(file, text));
  }

  private static String text(Path file) throws CommandException {
    try {
      if (Files.size(file) > ComposeFile.LONGEST) {
        throw new CommandException(file + ": longer than " + ComposeFile.LONGEST + " bytes");
      }
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      throw new CommandException(file + ": there is no such file", e);
    } catch (MalformedInputException e) {
      throw new CommandException(file + ": not UTF-8 text", e);
    } catch (IOException e) {
      throw new CommandException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static List<Finding> hostPolicy(Path file, String text) {
    List<Finding> findings = new ArrayList<>();
    for (Problem problem : HostPolicyParser.parse(file.toString(), text).problems()) {
      int line = problem.origin() instanceof Origin.FileLine at ? at.line() : 0;
      findings.add(new Finding(file.toString(), line, "", problem));
    }
    return findings;
  }

  private static List<Finding> compose(Path file, ComposeFile compose) {
    List<Finding> findings = new ArrayList<>();
    List<Member> members = new ArrayList<>();
    List<ComposeFile.Service> services = List.copyOf(compose.services().values());
    for (ComposeFile.Service service : services) {
      Parsed<ContainerPolicy> parsed = LabelParser.parse(service.labels());
      parsed.problems().forEach(p -> findings.add(finding(file, service, p)));
      members.add(
          new Member(
              Peers.FIRST_ENDPOINT + members.size(),
              Workload.of(service.name(), service.labels()),
              parsed.value()));
    }
    if (findings.isEmpty()) {
      Policy policy = Policy.compile(new PolicyInput(1, members, new HostPolicy(List.of()), false));
      for (Problem problem : policy.problems()) {
        bearer(services, problem)
            .ifPresent(service -> findings.add(finding(file, service, problem)));
      }
    }
    return findings;
  }

  /**
   * A compiled policy's problem names the label but not the container: it is the one that wrote the
   * problem's text.
   */
  private static Optional<ComposeFile.Service> bearer(
      List<ComposeFile.Service> services, Problem problem) {
    if (!(problem.origin() instanceof Origin.Label label)) {
      return Optional.empty();
    }
    return services.stream()
        .filter(service ->
            service.labels().getOrDefault(label.key(), "").contains(problem.text().orElse("")))
        .filter(service -> service.labels().containsKey(label.key()))
        .findFirst();
  }

  private static Finding finding(Path file, ComposeFile.Service service, Problem problem) {
    Map<String, Integer> lines = service.lines();
    int line =
        problem.origin() instanceof Origin.Label label ? lines.getOrDefault(label.key(), 0) : 0;
    return new Finding(file.toString(), line, service.name(), problem);
  }
}
