package dev.drawbridge.it.names;

import java.net.Socket;

/** A client of Java's own resolver: connects to a name, and says so once the other end speaks. */
final class ReachMain {
  private ReachMain() {}

  public static void main(String[] arguments) throws Exception {
    try (Socket socket = new Socket(arguments[0], Integer.parseInt(arguments[1]))) {
      System.out.println(socket.getInputStream().read() < 0 ? "silence" : "reached");
    }
  }
}
