package dev.drawbridge.bench;

import dev.drawbridge.testkit.LabException;

/**
 * {@code ./drawbridge bench start|l4|http|grpc|kafka|dns|policy|noisy|wake|verifier}. The last line
 * is one JSON object.
 */
public final class Main {

  private Main() {}

  public static void main(String[] arguments) {
    String name = arguments.length == 1 ? arguments[0] : "";
    int status = 0;
    try {
      switch (name) {
        case "start" -> StartBench.run(System.out);
        case "l4" -> L4Bench.run(System.out);
        case "http" -> HttpBench.run(System.out);
        case "grpc" -> GrpcBench.run(System.out);
        case "kafka" -> KafkaBench.run(System.out);
        case "dns" -> DnsBench.run(System.out);
        case "policy" -> PolicyBench.run(System.out);
        case "noisy" -> NoisyBench.run(System.out);
        case "wake" -> WakeBench.run(System.out);
        case "verifier" -> status = VerifierBench.run(System.out) == 0 ? 0 : 1;
        default -> {
          System.err.println(
              "usage: ./drawbridge bench start|l4|http|grpc|kafka|dns|policy|noisy|wake|verifier");
          status = 2;
        }
      }
    } catch (LabException e) {
      System.err.println("drawbridge: " + e.getMessage());
      status = 1;
    }
    System.exit(status);
  }
}
