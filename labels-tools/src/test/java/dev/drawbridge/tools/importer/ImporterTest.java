package dev.drawbridge.tools.importer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.parse.HostPolicyParser;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Cites SPEC rules I1 I2 I3 I4. */
final class ImporterTest {
  private static Imported kubernetes(String spec) {
    return Importer.read(
        "p.yaml",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: p }\nspec:\n"
            + spec.indent(2));
  }

  private static Imported cilium(String spec) {
    return Importer.read(
        "p.yaml",
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: { name: p }\nspec:\n"
            + spec.indent(2));
  }

  private static void clean(Imported imported, String... sentences) {
    assertEquals(List.of(sentences), imported.sentences(), () -> "" + imported.findings());
    assertEquals(0, imported.exitCode(), () -> "" + imported.findings());
    assertTrue(HostPolicyParser.parse("p.policy", imported.text()).ok());
  }

  private static void refused(Imported imported, String... places) {
    assertEquals(
        List.of(places),
        imported.findings().stream().map(f -> f.line() + " " + f.code()).toList(),
        () -> "" + imported.findings());
    assertEquals(1, imported.exitCode());
    for (String sentence : imported.sentences()) {
      assertTrue(sentence.contains("nobody"), sentence);
    }
  }

  @Test
  void kubernetesSelectorsPortsAndBlocks() {
    clean(
        kubernetes(
            """
            podSelector:
              matchLabels: { role: db }
            policyTypes: [Ingress, Egress]
            ingress:
            - from:
              - ipBlock: { cidr: 172.17.0.0/16, except: [172.17.1.0/24] }
              - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: shop } }
                podSelector: { matchExpressions: [ { key: app, operator: NotIn, values: [a, b] } ] }
              - podSelector: { matchLabels: { role: frontend } }
              ports:
              - { protocol: TCP, port: 6379 }
              - { protocol: UDP, port: 32000, endPort: 32768 }
            egress:
            - to:
              - ipBlock: { cidr: 10.0.0.0/24 }
            """),
        "172.17.0.0/16 except 172.17.1.0/24 may connect 6379/tcp,32000-32768/udp on role=db for"
            + " callee",
        "app!=a and app!=b and project:shop may connect 6379/tcp,32000-32768/udp on role=db for"
            + " callee",
        "role=frontend may connect 6379/tcp,32000-32768/udp on role=db for callee",
        "role=db may connect on 10.0.0.0/24 for caller");
  }

  @Test
  void nothingAllowedStaysClosed() {
    clean(
        kubernetes("podSelector: {}\npolicyTypes: [Ingress, Egress]\n"),
        "nobody may connect on containers for callee",
        "containers may connect on nobody for caller");
  }

  @Test
  void namespaceBecomesTheProject() {
    Imported imported =
        Importer.read(
            "p.yaml",
            """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: { name: p, namespace: shop }
            spec:
              podSelector: {}
              ingress:
              - from: [ { podSelector: {} } ]
            """);
    clean(imported, "project:shop may connect on project:shop for callee");
  }

  /** Cilium writes a gRPC method as the path of a POST, often without escaping its dots. */
  @Test
  void ciliumCallsAndServerNames() {
    clean(
        cilium(
            """
            endpointSelector: { matchLabels: { "k8s:app": service } }
            ingress:
            - fromEndpoints: [ { matchLabels: { env: prod } } ]
              toPorts:
              - ports: [ { port: "50051", protocol: TCP } ]
                rules:
                  http:
                  - { method: POST, path: "/cloudcity.DoorManager/GetName" }
                  - { method: POST, path: "/cloudcity\\\\.v1\\\\.DoorManager/.*" }
                  - { method: POST, path: "/cloudcity.DoorManager/(GetLocation|Open).*" }
                  - { method: POST, path: "/v1.0/users" }
            egress:
            - toEntities: [ world ]
              toPorts:
              - ports: [ { port: "443", protocol: TCP } ]
                serverNames: [ "api.example.com", "*.one.example", "**.two.example", "*" ]
            """),
        "env=prod may call cloudcity.DoorManager/GetName on app=service port 50051 for callee",
        "env=prod may call cloudcity.v1.DoorManager/* on app=service port 50051 for callee",
        "env=prod may POST matching /cloudcity.DoorManager/(GetLocation|Open).* on app=service"
            + " port 50051 for callee",
        "env=prod may POST matching /v1.0/users on app=service port 50051 for callee",
        "app=service may open tls to api.example.com on world port 443 for caller",
        "app=service may open tls to *.one.example on world port 443 for caller",
        "app=service may open tls to **.two.example on world port 443 for caller",
        "app=service may open tls to ** on world port 443 for caller");
  }

  @Test
  void ciliumHttpDnsNamesEntitiesAndDeny() {
    clean(
        cilium(
            """
            endpointSelector: { matchLabels: { "k8s:app": service } }
            ingress:
            - fromEndpoints:
              - matchLabels: { env: prod }
              toPorts:
              - ports: [ { port: "80", protocol: TCP } ]
                rules:
                  http:
                  - { method: GET, path: "/public" }
                  - { method: "GET|HEAD", path: "/v[0-9]+/.*$", host: "api\\\\.example\\\\.com" }
                  - { method: PUT, headers: [ "X-My-Header: true", X-Other ] }
            ingressDeny:
            - fromEntities: [ world ]
            egress:
            - toFQDNs: [ { matchName: api.github.com }, { matchPattern: "*.cilium.io" } ]
              toPorts: [ { ports: [ { port: "443", protocol: TCP } ] } ]
            - toEndpoints: [ { matchLabels: { "k8s:io.kubernetes.pod.namespace": kube-system } } ]
              toPorts:
              - ports: [ { port: "53", protocol: ANY } ]
                rules: { dns: [ { matchPattern: "*" } ] }
            - toEntities: [ cluster ]
            - toCIDRSet: [ { cidr: 10.0.0.0/8, except: [ 10.96.0.0/12 ] } ]
            - toPorts:
              - ports: [ { port: "443", protocol: TCP } ]
                serverNames: [ one.one.one.one ]
            """),
        "env=prod may GET /public on app=service port 80 for callee",
        "env=prod may GET,HEAD matching /v[0-9]+/.* on app=service port 80 with host"
            + " api.example.com for callee",
        "env=prod may PUT /** on app=service port 80 with header X-My-Header=true with header"
            + " X-Other for callee",
        "world may not connect on app=service for callee",
        "app=service may connect 443/tcp on api.github.com for caller",
        "app=service may connect 443/tcp on *.cilium.io for caller",
        "app=service may resolve ** on project:kube-system for caller",
        "app=service may connect on containers for caller",
        "app=service may connect on host for caller",
        "app=service may connect on 10.0.0.0/8 except 10.96.0.0/12 for caller",
        "app=service may open tls to one.one.one.one on anyone port 443 for caller");
  }

  @Test
  void ciliumKafkaByRole() {
    clean(
        cilium(
            """
            endpointSelector: { matchLabels: { app: kafka } }
            ingress:
            - fromEndpoints: [ { matchLabels: { app: empire-hq } } ]
              toPorts:
              - ports: [ { port: "9092", protocol: TCP } ]
                rules:
                  kafka: [ { role: produce, topic: empire-announce } ]
            """),
        "app=empire-hq may produce empire-announce on app=kafka port 9092 for callee");
  }

  @Test
  void ciliumEmptyRuleCloses() {
    clean(
        cilium("endpointSelector: { matchLabels: { app: x } }\negress: [ {} ]\n"),
        "app=x may connect on nobody for caller");
  }

  @Test
  void misindentedSelectorIsAnErrorNotEveryone() {
    refused(
        cilium(
            """
            endpointSelector: { matchLabels: { app: x } }
            ingress:
            - fromEndpoints:
              - matchLabels:
                role: frontend
              toPorts:
              - ports: [ { port: "80", protocol: TCP } ]
                rules:
                  HTTP: [ { method: GET } ]
            """),
        "8 DB0402",
        "9 DB0402",
        "13 DB0402",
        "13 DB0402");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "podSelector:\n",
        "podSelector: { role: db }\n",
        "podSelector: { matchLabels: { a: 1 } }\n",
        "podSelector: { matchLabels: { a: true } }\n",
        "podSelector: {}\ningress:\n",
        "podSelector: {}\ningress: [ { from: } ]\n",
        "podSelector: {}\nIngress: []\n",
        "podSelector: {}\npolicyTypes: [ ingress ]\n",
        "podSelector: {}\ningress: [ { from: [ {} ] } ]\n",
        "podSelector: {}\ningress: [ { ports: [ { port: http } ] } ]\n",
        "podSelector: {}\ningress: [ { ports: [ { port: 80, protocol: tcp } ] } ]\n",
        "podSelector: {}\ningress: [ { from: [ { ipBlock: { cidr: 10.0.0.0/33 } } ] } ]\n",
        "podSelector: {}\n"
            + "ingress: [ { from: [ { ipBlock: { cidr: 10.0.0.0/8, except: [ 11.0.0.0/9 ] } } ] } ]\n",
        "podSelector: {}\n"
            + "ingress: [ { from: [ { namespaceSelector: { matchLabels: { team: a } } } ] } ]\n",
        "podSelector: { matchExpressions: [ { key: a, operator: in, values: [ b ] } ] }\n",
        "podSelector: { matchExpressions: [ { key: a, operator: In } ] }\n",
        "podSelector: { matchExpressions: [ { key: a, operator: Exists, values: [ b ] } ] }\n",
        "podSelector: {}\npolicyTypes: [ Ingress ]\negress: [ {} ]\n",
        "podSelector: {}\nspec: {}\n",
        "podSelector: {}\ningress: [ { from: [ { podSelector: { matchLabels: { a: 'b and has c' } }"
            + " } ] } ]\n",
        "podSelector: { matchLabels: { a: 'b for caller' } }\n",
        "podSelector: { matchLabels: { 'a b': c } }\n",
      })
  void badKubernetesPoliciesAreErrors(String spec) {
    Imported imported = kubernetes(spec);
    assertEquals(1, imported.exitCode());
    assertFalse(
        imported.sentences().stream().anyMatch(s -> s.startsWith("anyone")),
        () -> "" + imported.sentences());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ingress: [ { fromEndpoints: } ]",
        "ingress: []",
        "egress:",
        "ingress: [ { fromEntities: [ World ] } ]",
        "ingress: [ { fromEntities: [ kube-apiserver ] } ]",
        "ingress: [ { fromEntities: [ world ], fromCIDR: [ 10.0.0.0/8 ] } ]",
        "ingress: [ { fromRequires: [ { matchLabels: { a: b } } ] } ]",
        "ingress: [ { icmps: [ { fields: [ { type: 8 } ] } ] } ]",
        "ingress: [ { authentication: { mode: required } } ]",
        "ingress: [ { auth: { type: x } } ]",
        "egress: [ { toServices: [ { k8sService: { serviceName: a } } ] } ]",
        "egress: [ { toPorts: [ { ports: [ { port: \"0\" } ], listener: { name: a } } ] } ]",
        "egress: [ { toPorts: [ { ports: [ { port: http } ] } ] } ]",
        "egress: [ { toPorts: [ { ports: [ { port: \"1\", protocol: VRRP } ] } ] } ]",
        "ingress: [ { toPorts: [ { ports: [ { port: \"80\" } ], rules: { http: [] } } ] } ]",
        "ingress: [ { toPorts: [ { ports: [ { port: \"80\" } ], rules: { http: [ { path:"
            + " '/a(?=b)' } ] } } ] } ]",
        "ingress: [ { toPorts: [ { ports: [ { port: \"80\" } ], rules: { http: [ { path:"
            + " '/a\\?b=c' } ] } } ] } ]",
        "ingress: [ { toPorts: [ { ports: [ { port: \"80\" } ], rules: { http: [ { path: 'a' } ]"
            + " } } ] } ]",
        "ingress: [ { toPorts: [ { ports: [ { port: \"1\" } ], rules: { kafka: [ { Role: produce }"
            + " ] } } ] } ]",
        "ingress: [ { toPorts: [ { ports: [ { port: \"1\" } ], rules: { kafka: [ { apiKey: fetch }"
            + " ] } } ] } ]",
        "ingress: [ { toPorts: [ { ports: [ { port: \"1\" } ], rules: { l7proto: cassandra } } ] } ]",
        "ingressDeny: [ { toPorts: [ { ports: [ { port: \"1\" } ], rules: { http: [ {} ] } } ] } ]",
        "ingress: [ {} ]\nenableDefaultDeny: { ingress: false }",
        "ingress: [ { fromEndpoints: [ { matchLabels: { k8s.io.kubernetes.pod.namespace: a } } ] }"
            + " ]",
        "ingress: [ { fromEndpoints: [ { matchLabels: { 'reserved:init': '' } } ] } ]",
        "description: only",
      })
  void badOrInexpressibleCiliumPoliciesAreErrors(String rest) {
    Imported imported = cilium("endpointSelector: { matchLabels: { app: x } }\n" + rest);
    assertEquals(1, imported.exitCode(), () -> "" + imported.sentences());
    assertFalse(
        imported.sentences().stream().anyMatch(s -> s.contains("anyone may connect")),
        () -> "" + imported.sentences());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "a: b",
        "kind: NetworkPolicy",
        "kind: networkpolicy\napiVersion: networking.k8s.io/v1",
        "kind: NetworkPolicy\napiVersion: networking.k8s.io/v1",
        "kind: NetworkPolicy\napiversion: networking.k8s.io/v1\nspec: { podSelector: {} }",
        "kind: CiliumNetworkPolicy\napiVersion: cilium.io/v2\nspec: { nodeSelector: {} }",
        "kind: CiliumClusterwideNetworkPolicy\napiVersion: cilium.io/v2\nspec: text",
        "kind: GlobalNetworkPolicy\napiVersion: projectcalico.org/v3",
      })
  void otherDocumentsAreErrors(String text) {
    assertEquals(1, Importer.read("p.yaml", text).exitCode());
  }
}
