package dev.drawbridge.daemon.host;

import java.lang.System.Logger.Level;
import java.lang.reflect.Proxy;

/**
 * What the operator's signals mean. Java has no public way to hear one; what there is ({@code
 * sun.misc.Signal}, of module {@code jdk.unsupported}) is asked for by name, because the compiler
 * would warn of it.
 */
public final class Signals {

  private static final System.Logger log = System.getLogger(Signals.class.getName());

  private Signals() {}

  /**
   * Runs this each time, on a thread of the JVM's, in place of what the signal would do. A JVM that
   * was told to leave signals alone ({@code -Xrs}) does not; that is said in the log.
   *
   * @param name without {@code SIG}, such as {@code HUP}
   */
  @SuppressWarnings("ReferenceEquality") // a proxy is equal to itself alone
  public static void on(String name, Runnable then) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object heard =
          Proxy.newProxyInstance(
              handler.getClassLoader(),
              new Class<?>[] {handler},
              (self, method, arguments) ->
                  switch (method.getName()) {
                    case "handle" -> {
                      then.run();
                      yield null;
                    }
                    case "equals" -> self == arguments[0];
                    case "hashCode" -> System.identityHashCode(self);
                    default -> "on " + name;
                  });
      Object _ =
          signal
              .getMethod("handle", signal, handler)
              .invoke(null, signal.getConstructor(String.class).newInstance(name), heard);
    } catch (ReflectiveOperationException e) {
      log.log(
          Level.WARNING,
          "SIG" + name + " cannot be heard, and does what it does to any process",
          e);
    }
  }
}
