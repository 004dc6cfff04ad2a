package dev.drawbridge.daemon.host;

import java.lang.reflect.Proxy;

/**
 * What the operator's signals mean. Java has no public way to hear one; what there is ({@code
 * sun.misc.Signal}, of module {@code jdk.unsupported}) is asked for by name, because the compiler
 * would warn of it.
 */
public final class Signals {
  private Signals() {}

  /**
   * Runs this each time, on a thread of the JVM's, in place of what the signal would do.
   *
   * @param name without {@code SIG}, such as {@code HUP}
   * @throws IllegalStateException if the JVM leaves that signal to nobody
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
      throw new IllegalStateException("signal " + name + " cannot be heard", e);
    }
  }
}
