package dev.drawbridge.tools.importer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.parse.HostPolicyParser;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Cites SPEC rules I1 I2 I5. 12.C4: an import never allows more than the original, and names what
 * it leaves out.
 */
final class NeverWiderTest {
  private static Imported cilium(String spec) {
    return Importer.read(
        "p.yaml",
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n"
            + "metadata: { name: p, namespace: ns1 }\nspec:\n"
            + spec.indent(2));
  }

  private static Imported kubernetes(String spec) {
    return Importer.read(
        "p.yaml",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: p }\nspec:\n"
            + spec.indent(2));
  }

  private static void is(Imported imported, int exit, String... sentences) {
    assertEquals(List.of(sentences), imported.sentences(), () -> "" + imported.findings());
    assertEquals(exit, imported.exitCode(), () -> "" + imported.findings());
  }

  private static void says(Imported imported, String... words) {
    String all =
        imported.findings().stream().map(f -> f.oneLine() + "\n").reduce("", String::concat);
    for (String word : words) {
      assertTrue(all.contains(word), word + " in " + all);
    }
  }

  @Test
  @DisplayName("I1: a CiliumNetworkPolicy's selector stays in its namespace")
  void aSelectorStaysInItsNamespace() {
    for (String other :
        List.of(
            "matchLabels: { app: a, 'k8s:io.kubernetes.pod.namespace': ns2 }",
            "matchLabels: { app: a }, matchExpressions: [ { key: io.kubernetes.pod.namespace,"
                + " operator: In, values: [ ns2, ns3 ] } ]",
            "matchLabels: { app: a }, matchExpressions: [ { key: io.kubernetes.pod.namespace,"
                + " operator: NotIn, values: [ ns1 ] } ]")) {
      Imported imported = cilium("endpointSelector: { " + other + " }\ningress: [ {} ]");
      is(imported, 0, "nobody may connect on app=a and project:ns1 for callee");
      says(imported, "names another namespace");
    }
  }

  @Test
  @DisplayName("I2: a denial that cannot be said closes what it covers")
  void aDenialThatCannotBeSaidClosesWhatItCovers() {
    String self = "endpointSelector: { matchLabels: { app: a } }\n";
    String egress = self + "egress: [ { toEntities: [ all ] } ]\negressDeny: ";
    String allow = "app=a and project:ns1 may connect on anyone for caller";
    is(
        cilium(
            egress + "[ { toCIDR: [ 10.0.0.0/8 ], toPorts: [ { ports: [ { port: web } ] } ] } ]"),
        1,
        allow,
        "app=a and project:ns1 may not connect on 10.0.0.0/8 for caller");
    is(
        cilium(egress + "[ { toServices: [ { k8sService: { serviceName: a } } ] } ]"),
        1,
        allow,
        "app=a and project:ns1 may not connect on anyone for caller");
    is(
        cilium(egress + "[ { toCIDR: [ 10.0.0.0/8 ], icmps: [ { fields: [ { type: 8 } ] } ] } ]"),
        1,
        allow,
        "app=a and project:ns1 may not connect icmp on 10.0.0.0/8 for caller");
    is(
        cilium(egress + "[ { toCIDR: [ 10.0.0.0/8 ], authentication: { mode: required } } ]"),
        1,
        allow,
        "app=a and project:ns1 may not connect on 10.0.0.0/8 for caller");
    is(
        cilium(egress + "[ { toCIDR: [ 10.0.0.0/8 ], toCidr: [ 11.0.0.0/8 ] } ]"),
        1,
        allow,
        "app=a and project:ns1 may not connect on anyone for caller");
    is(
        cilium(
            egress
                + "[ { toEndpoints: [ { matchLabels: { 'reserved:init': '' } }, { matchLabels: { b:"
                + " c } } ] } ]"),
        1,
        allow,
        "app=a and project:ns1 may not connect on anyone for caller");
    is(
        cilium(
            self
                + "enableDefaultDeny: { ingress: false }\n"
                + "ingress: [ { fromEntities: [ all ] } ]\n"
                + "ingressDeny: [ { fromEntities: [ world ] } ]"),
        1,
        "world may not connect on app=a and project:ns1 for callee");
  }

  @Test
  @DisplayName("I2: enableDefaultDeny without rules closes")
  void defaultDenyWithoutRulesCloses() {
    is(
        cilium(
            "endpointSelector: { matchLabels: { app: a } }\n"
                + "enableDefaultDeny: { egress: true }\ningress: [ {} ]"),
        0,
        "nobody may connect on app=a and project:ns1 for callee",
        "app=a and project:ns1 may connect on nobody for caller");
  }

  private static Imported method(String method) {
    return cilium(
        "endpointSelector: {}\ningress: [ { toPorts: [ { ports: [ { port: '80', protocol: TCP } ],"
            + " rules: { http: [ { method: '"
            + method
            + "', path: /x } ] } } ] } ]");
  }

  @Test
  @DisplayName("I3: [^G].* is not every method")
  void aNegatedMethodIsNotEveryMethod() {
    for (String method : List.of("[^G].*", "P.*", "[A-Z]+", "(GET|P.*)")) {
      Imported imported = method(method);
      assertEquals(1, imported.exitCode(), method);
      assertTrue(imported.sentences().stream().noneMatch(s -> s.contains("ANY")), method);
      assertEquals(
          (method.contains("G") && !method.contains("^")) || method.contains("A-Z"),
          imported.sentences().getFirst().contains("GET"),
          () -> method + imported.sentences());
    }
    for (String method : List.of(".*", ".+", "[^ ]*")) {
      is(method(method), 0, "anyone may ANY /x on project:ns1 port 80 for callee");
    }
  }

  @Test
  @DisplayName("I4: PROPFIND|GET is both")
  void methodsThatFewKnowAreKept() {
    is(method("PROPFIND|GET"), 0, "anyone may GET,PROPFIND /x on project:ns1 port 80 for callee");
    is(
        method("GET|M(KCOL|OVE)"),
        0,
        "anyone may GET,MKCOL,MOVE /x on project:ns1 port 80 for callee");
  }

  @Test
  @DisplayName("I5: policyTypes are filled in as Kubernetes does")
  void policyTypesDefaultAsInKubernetes() {
    is(kubernetes("podSelector: {}\negress: []"), 0, "nobody may connect on containers for callee");
    is(
        kubernetes("podSelector: {}\negress: [ {} ]"),
        0,
        "nobody may connect on containers for callee",
        "containers may connect on anyone for caller");
    is(
        kubernetes("podSelector: {}\npolicyTypes: [ Egress ]\ningress: []\negress: []"),
        0,
        "containers may connect on nobody for caller");
  }

  @Test
  @DisplayName("I6: sentences of more than 4096 bytes are several")
  void longSentencesAreSplit() {
    var values = new StringBuilder();
    for (int i = 0; i < 700; i++) {
      values.append(i == 0 ? "" : ", ").append("value-").append(i);
    }
    Imported imported =
        cilium(
            "endpointSelector: { matchLabels: { app: a } }\n"
                + "ingress: [ { fromEndpoints: [ { matchExpressions: [ { key: k, operator: In,"
                + " values: [ "
                + values
                + " ] } ] } ] } ]");
    assertEquals(0, imported.exitCode(), () -> "" + imported.findings());
    assertTrue(imported.sentences().size() > 1);
    for (int i = 0; i < 700; i++) {
      String value = "[( ]value-" + i + "[ )]";
      assertEquals(
          1,
          imported.sentences().stream()
              .filter(s -> java.util.regex.Pattern.compile(value).matcher(s).find())
              .count(),
          value);
    }
    for (String line : imported.text().lines().toList()) {
      assertTrue(line.getBytes(StandardCharsets.UTF_8).length <= 4096);
    }
    assertTrue(HostPolicyParser.parse("p.policy", imported.text()).ok());
  }

  @Test
  @DisplayName("I7: a selector that cannot be said closes the side")
  void aSelectorThatCannotBeSaidClosesTheSide() {
    for (String label :
        List.of(
            "io.cilium.k8s.policy.serviceaccount: x",
            "io.cilium.k8s.policy.cluster: x",
            "tier: ''")) {
      Imported imported =
          cilium(
              "endpointSelector: { matchLabels: { app: a, "
                  + label
                  + " } }\n"
                  + "ingress: [ { fromEntities: [ all ] } ]\n"
                  + "egress: [ {} ]");
      is(
          imported,
          1,
          "nobody may connect on app=a and project:ns1 for callee",
          "app=a and project:ns1 may connect on nobody for caller");
    }
  }

  @Test
  @DisplayName("I8: a name is imported as a name")
  void aNameIsImportedAsAName() {
    Imported imported =
        cilium(
            "endpointSelector: { matchLabels: { app: a } }\n"
                + "egress: [ { toFQDNs: [ { matchName: db.example.com } ] } ]");
    assertEquals(1, imported.sentences().size());
    assertTrue(imported.sentences().getFirst().contains(" on db.example.com"));
    assertEquals(0, imported.exitCode(), () -> "" + imported.findings());
  }

  @Test
  @DisplayName("F16: one peer that cannot be said drops that peer only, and is named")
  void onePeerThatCannotBeSaidIsDroppedAlone() {
    Imported imported =
        kubernetes(
            """
            podSelector: { matchLabels: { role: db } }
            ingress:
            - from:
              - ipBlock: { cidr: 172.17.0.0/16 }
              - namespaceSelector: { matchLabels: { project: myproject } }
              - podSelector: { matchLabels: { role: frontend } }
              ports: [ { protocol: TCP, port: 6379 }, { port: named } ]
            """);
    is(
        imported,
        1,
        "172.17.0.0/16 may connect 6379/tcp on role=db for callee",
        "role=frontend may connect 6379/tcp on role=db for callee");
    says(imported, "project of a namespace", "'named'");
    is(
        kubernetes("podSelector: {}\ningress: [ { ports: [ { port: named } ] } ]"),
        1,
        "nobody may connect on containers for callee");
  }
}
