package dev.drawbridge.it;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The arrows between modules and the walls inside them, as ARCHITECTURE.md states them. */
final class ArchitectureTest {
  private static final String BASE = "dev.drawbridge.";

  /** A rule over no classes holds; so there must be at least this many. */
  private static final int FLOOR = 150;

  /** Module package to the module packages that it may use. */
  private static final Map<String, List<String>> ARROWS =
      Map.ofEntries(
          Map.entry("policy", List.of()),
          Map.entry("bpf", List.of()),
          Map.entry("hook", List.of()),
          Map.entry("api", List.of("policy")),
          Map.entry("install", List.of()),
          Map.entry("control", List.of("policy")),
          Map.entry("l7", List.of("policy")),
          Map.entry("runtime", List.of("control")),
          Map.entry("tools", List.of("policy")),
          Map.entry("cli", List.of("api", "policy", "tools", "install")),
          Map.entry("daemon", List.of("control", "policy", "l7", "bpf", "hook", "runtime", "api")),
          Map.entry("testkit", List.of("bpf")));

  /** A room holds what one finds at a look; files are counted, the package's own among them. */
  private static final int MOST_FILES = 25;

  /** Packages that hold more and are still to be divided. Nothing is ever added here. */
  private static final Set<String> STILL_TO_BE_DIVIDED = Set.of();

  private static final JavaClasses ALL =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.drawbridge");

  @Test
  void enoughClassesWereSeenInEveryModule() {
    assertTrue(ALL.size() >= FLOOR, "only " + ALL.size() + " classes were found");
    for (String module : ARROWS.keySet()) {
      assertTrue(
          ALL.stream().anyMatch(c -> moduleOf(c).equals(module)),
          "no class of " + module + " was found");
    }
  }

  @Test
  void everyClassBelongsToAKnownModule() {
    Set<String> unknown = new TreeSet<>();
    ALL.stream()
        .filter(c -> !ARROWS.containsKey(moduleOf(c)))
        .forEach(c -> unknown.add(c.getName()));
    assertEquals(Set.of(), unknown);
  }

  @Test
  void modulesUseOnlyWhatTheirArrowsPointAt() {
    ARROWS.forEach((module, targets) -> {
      List<String> forbidden = new ArrayList<>(ARROWS.keySet());
      forbidden.remove(module);
      forbidden.removeAll(targets);
      String[] packages = forbidden.stream().map(m -> BASE + m + "..").toArray(String[]::new);
      noClasses()
          .that()
          .resideInAPackage(BASE + module + "..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(packages)
          .check(ALL);
    });
  }

  @Test
  void foreignMemoryIsTouchedOnlyBehindTheNativeDoor() {
    onlyIn("java.lang.foreign..", "dev.drawbridge.bpf.ffi..");
  }

  @Test
  void nettyIsUsedOnlyByTheEngineAndTheApi() {
    onlyIn("io.netty..", "dev.drawbridge.l7..", "dev.drawbridge.api..");
  }

  @Test
  void dockerJavaIsUsedOnlyByTheListener() {
    onlyIn("com.github.dockerjava..", "dev.drawbridge.runtime..");
  }

  /** Its records are read by hand: the agent, which is root, carries no reader of protobuf. */
  @Test
  void grpcIsUsedOnlyByTheListener() {
    onlyIn("io.grpc..", "dev.drawbridge.runtime..", "dev.drawbridge.bench..");
    onlyIn("com.google.protobuf..", "nowhere..");
  }

  /**
   * SQLite's native library is in a process that is root: for Podman's state, and for nothing else.
   */
  @Test
  void sqliteIsUsedOnlyForPodmansState() {
    onlyIn("java.sql..", "dev.drawbridge.runtime.podman..");
    onlyIn("org.sqlite..", "dev.drawbridge.runtime.podman..");
  }

  @Test
  void tomlIsParsedOnlyByTheInstaller() {
    onlyIn("org.tomlj..", "dev.drawbridge.install..");
  }

  /** Everybody logs by System.Logger; what is behind it is set up in one place. */
  @Test
  void oneApiIsLoggedBy() {
    onlyIn("java.util.logging..", "dev.drawbridge.daemon.config..");
    onlyIn("org.slf4j..", "nowhere..");
  }

  /**
   * The agent is root: of YAML it reads its own configuration, by one class that one other may ask.
   * Everybody else's files are the client's.
   */
  @Test
  void yamlIsParsedByTheToolsOfTheClientAndByOneClassOfTheAgent() {
    String reader = "dev.drawbridge.daemon.config.YamlText";
    onlyTo(resideInAPackage("org.snakeyaml.."), "dev.drawbridge.tools.yaml.", reader);
    for (JavaClass one : ALL) {
      if (moduleOf(one).equals("daemon")
          && one.getDirectDependenciesFromSelf().stream()
              .anyMatch(d -> d.getTargetClass().getPackageName().startsWith("org.snakeyaml"))) {
        assertEquals(reader, one.getFullName(), "the one class");
      }
    }
    onlyTo(simpleName("YamlText"), reader, "dev.drawbridge.daemon.config.ConfigText");
    onlyTo(
        simpleName("ConfigText"),
        "dev.drawbridge.daemon.config.ConfigText",
        reader,
        "dev.drawbridge.daemon.config.Config",
        "dev.drawbridge.daemon.config.Settings");
  }

  /** How texts are compared and what rules become is the language's own business. */
  @Test
  void automataPathsAndCompiledRulesStayInsideTheLanguage() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.drawbridge.policy..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.drawbridge.policy.automaton..",
            "dev.drawbridge.policy.path..",
            "dev.drawbridge.policy.compile..")
        .check(ALL);
  }

  /**
   * A protocol is named in its own packages and in the two registries; beside these only by whoever
   * asks about one of its own accord. Nobody can switch over what he does not know.
   */
  @Test
  void aProtocolIsKnownToItsPackagesAndTheRegistriesAlone() {
    onlyTo(
        resideInAPackage("dev.drawbridge.policy.tls.."),
        "dev.drawbridge.policy.tls.",
        "dev.drawbridge.policy.compile.Protocols",
        "dev.drawbridge.l7.tls.",
        "dev.drawbridge.api.question.VerdictQuestion",
        "dev.drawbridge.daemon.flow.WireProblems");
    onlyTo(
        resideInAPackage("dev.drawbridge.l7.tls.."),
        "dev.drawbridge.l7.tls.",
        "dev.drawbridge.l7.opening.Engines");
    onlyTo(
        resideInAPackage("dev.drawbridge.policy.kafka.."),
        "dev.drawbridge.policy.kafka.",
        "dev.drawbridge.policy.compile.Protocols",
        "dev.drawbridge.l7.kafka.",
        "dev.drawbridge.api.question.VerdictQuestion",
        "dev.drawbridge.api.question.KafkaQuestion");
    onlyTo(
        resideInAPackage("dev.drawbridge.l7.kafka.."),
        "dev.drawbridge.l7.kafka.",
        "dev.drawbridge.l7.opening.Engines");
    // The demo has a real broker and its own clients.
    onlyTo(
        resideInAPackage("org.apache.kafka.."),
        "dev.drawbridge.l7.kafka.",
        "dev.drawbridge.testkit.scenario.KafkaDemoMain");
    onlyTo(
        resideInAPackage("dev.drawbridge.policy.dns.."),
        "dev.drawbridge.policy.dns.",
        "dev.drawbridge.policy.compile.Protocols",
        "dev.drawbridge.l7.dns.");
    onlyTo(
        resideInAPackage("dev.drawbridge.l7.dns.."),
        "dev.drawbridge.l7.dns.",
        "dev.drawbridge.l7.opening.Engines");
    // The demo and the tests have an authority of their own.
    onlyTo(
        resideInAPackage("org.xbill.."),
        "dev.drawbridge.l7.dns.",
        "dev.drawbridge.testkit.NameServer");
    onlyTo(
        simpleName("HttpProtocol"),
        "dev.drawbridge.policy.http.",
        "dev.drawbridge.policy.compile.Protocols",
        "dev.drawbridge.policy.ask.Question",
        "dev.drawbridge.l7.http1.relay.Http1Engine",
        "dev.drawbridge.l7.http2.relay.Http2Engine");
  }

  /** What every protocol shares knows none: dial, limits, records, tunnels. */
  @Test
  void whatProtocolsShareKnowsNone() {
    List<String> shared =
        List.of(
            "Arrival",
            "Opening",
            "Opened",
            "ClientEnd",
            "FirstBytes",
            "PipedEnd",
            "CalleeEnd",
            "PipedCallee",
            "Plain",
            "Connection",
            "Conversation",
            "Engine",
            "Judging",
            "Dial",
            "Tunnel",
            "TunnelCallee",
            "TunnelGuard",
            "Exchange",
            "Records",
            "Outbox",
            "Ledger",
            "Share",
            "Turns",
            "Pace",
            "Datagram",
            "DatagramArrival",
            "DatagramEngine",
            "DatagramSpace",
            "HeldInput");
    for (String name : shared) {
      JavaClass one =
          ALL.stream()
              .filter(c -> moduleOf(c).equals("l7") && c.getSimpleName().equals(name))
              .findFirst()
              .orElseThrow();
      for (Dependency dependency : one.getDirectDependenciesFromSelf()) {
        String other = dependency.getTargetClass().getFullName();
        assertFalse(
            Pattern.matches(
                "dev\\.drawbridge\\.(l7\\.(http1|http2|tls|kafka|dns)\\.|policy\\.(tls|kafka|dns|http)\\.).*",
                other),
            dependency::getDescription);
      }
    }
  }

  /** What answers the API is made by the agent and known to nobody else. */
  @Test
  void nobodyButTheAgentKnowsWhatAnswers() {
    for (String name : List.of("LocalView", "Metrics", "ApiCallers")) {
      onlyTo(
          simpleName(name),
          "dev.drawbridge.daemon.Agent",
          "dev.drawbridge.daemon.view.LocalView",
          "dev.drawbridge.daemon.view.Metrics",
          "dev.drawbridge.daemon.view.ApiCallers");
    }
  }

  private static void onlyTo(DescribedPredicate<JavaClass> known, String... knowing) {
    boolean seen = false;
    for (JavaClass one : ALL) {
      for (Dependency dependency : one.getDirectDependenciesFromSelf()) {
        if (known.test(dependency.getTargetClass())) {
          seen = true;
          assertTrue(
              Arrays.stream(knowing).anyMatch(one.getFullName()::startsWith),
              dependency::getDescription);
        }
      }
    }
    assertTrue(seen, "nothing is known of " + known.getDescription());
  }

  private static void onlyIn(String library, String... packages) {
    noClasses()
        .that()
        .resideOutsideOfPackages(packages)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(library)
        .check(ALL);
  }

  @Test
  void nativeDoorIsClosedToEverythingButItsOwnModule() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.drawbridge.bpf..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.drawbridge.bpf.ffi..")
        .check(ALL);
  }

  @Test
  void functionalCoresKnowNoFilesSocketsThreadsOrClock() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "dev.drawbridge.control..", "dev.drawbridge.policy..", "dev.drawbridge.tools..")
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                    "java.nio.file..",
                    "java.nio.channels..",
                    "java.util.concurrent..",
                    "java.util.logging..",
                    "org.slf4j..")
                .or(
                    named(
                        System.Logger.class,
                        Thread.class,
                        java.io.File.class,
                        java.io.InputStream.class,
                        java.io.OutputStream.class))
                .or(
                    named(
                        java.net.Socket.class, java.net.ServerSocket.class, java.time.Clock.class)))
        .check(ALL);
    noClasses()
        .that()
        .resideInAnyPackage(
            "dev.drawbridge.control..", "dev.drawbridge.policy..", "dev.drawbridge.tools..")
        .should()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(java.time.Instant.class, "now")
        .check(ALL);
  }

  private static DescribedPredicate<JavaClass> named(Class<?>... types) {
    return describe(
        "one of " + Arrays.toString(types),
        c -> Arrays.stream(types).anyMatch(t -> c.getName().equals(t.getName())));
  }

  @Test
  void processStandardStreamsAndExitBelongToMainClasses() {
    noClasses()
        .that(
            describe(
                "are neither Main classes nor the client",
                c -> !c.getName().matches(".*Main(\\$.*)?") && !moduleOf(c).equals("cli")))
        .should()
        .callMethod(System.class, "exit", int.class)
        .orShould()
        .accessTargetWhere(
            describe(
                "System.out, System.err or System.in",
                (JavaAccess<?> access) ->
                    access.getTargetOwner().getName().equals("java.lang.System")
                        && Set.of("out", "err", "in").contains(access.getTarget().getName())))
        .check(ALL);
  }

  /** What is open for others to extend is abstract, and all that it does itself is final. */
  @Test
  void publicTypesAreFinalOrSealedOrInterfaces() {
    classes()
        .that()
        .arePublic()
        .and()
        .areNotInterfaces()
        .and()
        .areNotEnums()
        .should(
            com.tngtech.archunit.lang.ArchCondition.from(
                describe(
                    "be final, sealed, a family of exceptions or abstract with final methods",
                    c ->
                        c.getModifiers().contains(JavaModifier.FINAL)
                            || c.isAssignableTo(Throwable.class)
                            || c.reflect().isSealed()
                            || isMadeToBeExtended(c))))
        .check(ALL);
  }

  private static boolean isMadeToBeExtended(JavaClass one) {
    return one.getModifiers().contains(JavaModifier.ABSTRACT)
        && one.getMethods().stream()
            .map(method -> method.getModifiers())
            .allMatch(of ->
                of.contains(JavaModifier.FINAL)
                    || of.contains(JavaModifier.ABSTRACT)
                    || of.contains(JavaModifier.PRIVATE)
                    || of.contains(JavaModifier.STATIC));
  }

  @Test
  void everyPackageIsNullMarked() {
    Set<String> bare = new TreeSet<>();
    ALL.stream()
        .map(JavaClass::getPackage)
        .distinct()
        .filter(
            p -> p.getClasses().stream().anyMatch(c -> !c.getSimpleName().equals("package-info")))
        .filter(
            p -> !p.tryGetPackageInfo().map(i -> i.isAnnotatedWith(NullMarked.class)).orElse(false))
        .forEach(p -> bare.add(p.getName()));
    assertEquals(Set.of(), bare);
  }

  @Test
  void aPackageHoldsNoMoreThanOneFindsAtALook() {
    Set<String> large = new TreeSet<>();
    ALL.stream()
        .filter(JavaClass::isTopLevelClass)
        .collect(Collectors.groupingBy(JavaClass::getPackageName, Collectors.counting()))
        .forEach((name, files) -> {
          if (files > MOST_FILES) {
            large.add(name);
          }
        });
    assertEquals(new TreeSet<>(STILL_TO_BE_DIVIDED), large);
  }

  /** Rooms of one module know each other in one direction only. */
  @ParameterizedTest
  @ValueSource(strings = {"api", "cli", "bpf", "daemon"})
  void roomsDoNotGoInCircles(String module) {
    slices().assignedFrom(new Rooms(BASE + module, true)).should().beFreeOfCycles().check(ALL);
  }

  /** The same below a face: it opens the doors, and has the words that all rooms speak. */
  @ParameterizedTest
  @ValueSource(strings = {"l7", "policy"})
  void roomsBehindAFaceDoNotGoInCircles(String module) {
    slices().assignedFrom(new Rooms(BASE + module, false)).should().beFreeOfCycles().check(ALL);
  }

  /** Each package below one is a room; that one too, if it is no face. */
  private record Rooms(String above, boolean whole) implements SliceAssignment {
    @Override
    public SliceIdentifier getIdentifierOf(JavaClass type) {
      String name = type.getPackageName();
      return (whole && name.equals(above)) || name.startsWith(above + ".")
          ? SliceIdentifier.of(name)
          : SliceIdentifier.ignore();
    }

    @Override
    public String getDescription() {
      return "packages of " + above;
    }
  }

  @Test
  void namesSayWhatAThingIs() {
    noClasses()
        .should()
        .haveSimpleNameEndingWith("Manager")
        .orShould()
        .haveSimpleNameEndingWith("Helper")
        .orShould()
        .haveSimpleNameEndingWith("Util")
        .orShould()
        .haveSimpleNameEndingWith("Utils")
        .orShould()
        .haveSimpleNameEndingWith("Impl")
        .check(ALL);
  }

  private static String moduleOf(JavaClass type) {
    String name = type.getPackageName();
    if (!name.startsWith(BASE)) {
      return "";
    }
    String rest = name.substring(BASE.length());
    int dot = rest.indexOf('.');
    return dot < 0 ? rest : rest.substring(0, dot);
  }
}
