package dev.drawbridge.l7;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Runs an engine by itself, for measurements by hand: callee's port, then rules. */
final class EngineMain {
  private EngineMain() {}

  public static void main(String[] arguments) throws Exception {
    String[] rules = new String[arguments.length - 1];
    System.arraycopy(arguments, 1, rules, 0, rules.length);
    try (Scene scene =
        new Scene(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0])),
            rules)) {
      scene.forgetful = true;
      System.out.println(scene.listener.port4());
      while (System.in.read() >= 0) {
        System.out.println(scene.engine.stats());
      }
    }
  }
}
