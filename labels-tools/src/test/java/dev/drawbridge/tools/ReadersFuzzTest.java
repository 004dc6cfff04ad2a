package dev.drawbridge.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.parse.HostPolicyParser;
import dev.drawbridge.tools.importer.Importer;
import dev.drawbridge.tools.lint.Linter;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Seeded: a failure repeats. Bounded: seconds. Cites SPEC rule X1. */
final class ReadersFuzzTest {
  private static String mutated(Random random, String text) {
    var out = new StringBuilder(text);
    for (int i = random.nextInt(4); i > 0 && !out.isEmpty(); i--) {
      int at = random.nextInt(out.length());
      switch (random.nextInt(4)) {
        case 0 -> out.deleteCharAt(at);
        case 1 -> out.insert(at, (char) random.nextInt(0x180));
        case 2 -> out.setCharAt(at, (char) (32 + random.nextInt(95)));
        default -> out.insert(at, out.substring(at, Math.min(out.length(), at + 5)));
      }
    }
    return out.toString();
  }

  private static final String COMPOSE =
      """
      x-a: &a { drawbridge.policy.x: app=web may GET /users }
      services:
        web:
          labels: [ app=web, "drawbridge.policy.y=anyone may GET /" ]
        db:
          build: { labels: { a: b } }
          labels:
            <<: *a
            app: db
            drawbridge.mode: audit
            drawbridge.policy.z: |
              service:web may POST /posts/**
              app=web may connect 5432
      """;

  private static final String POLICY =
      """
      apiVersion: cilium.io/v2
      kind: CiliumNetworkPolicy
      metadata: { name: p, namespace: n }
      spec:
        endpointSelector: { matchLabels: { "k8s:app": service } }
        ingress:
        - fromEndpoints:
          - matchExpressions: [ { key: app, operator: In, values: [ a, b ] } ]
          toPorts:
          - ports: [ { port: "80", protocol: TCP } ]
            rules: { http: [ { method: GET, path: "/v[0-9]+/.*$" } ] }
        egress:
        - toFQDNs: [ { matchPattern: "*.cilium.io" } ]
      """;

  @Test
  void composeAndImportNeverThrow() {
    var random = new Random(99);
    assertTimeout(
        Duration.ofSeconds(60),
        () -> {
          for (int i = 0; i < 1500; i++) {
            String compose = mutated(random, mutated(random, COMPOSE));
            Linter.compose("c.yaml", compose, "p").text();
            String policy = mutated(random, mutated(random, POLICY));
            for (String line : Importer.read("p.yaml", policy).sentences()) {
              assertTrue(HostPolicyParser.parse("p", line).ok(), line);
            }
          }
        });
  }

  @Test
  void truncatedYamlNeverThrows() {
    for (String text : List.of(COMPOSE, POLICY)) {
      for (int i = 0; i < text.length(); i++) {
        Linter.compose("c.yaml", text.substring(0, i), "p");
        Importer.read("p.yaml", text.substring(0, i));
      }
    }
  }

  @Test
  void nestedYamlIsRefusedNotFollowed() {
    String deep = "[".repeat(5000);
    assertEquals(1, Linter.compose("c.yaml", deep, "p").exitCode());
    var bomb = new StringBuilder("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 12; i++) {
      bomb.append("a").append(i).append(": &a").append(i).append(" [");
      bomb.append(("*a" + (i - 1) + ",").repeat(9)).append("x]\n");
    }
    assertEquals(1, Linter.compose("c.yaml", bomb.toString(), "p").exitCode());
    assertEquals(1, Importer.read("p.yaml", bomb.toString()).exitCode());
  }
}
