package dev.drawbridge.policy.ask;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Scene;
import dev.drawbridge.policy.http.HttpRequest;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a 403 without a rule says. */
final class LackTest {
  private static Lack of(Scene scene, int caller, String callee, String method, String path) {
    return Lack.of(scene.policy(), caller, scene.number(callee), 80, HttpRequest.of(method, path));
  }

  private static Optional<String> nearest(Scene scene, String method, String path) {
    return of(scene, scene.number("api"), "db", method, path).nearest();
  }

  @Test
  void theSideThatHasNoRuleIsNamed() {
    Scene scene =
        new Scene()
            .container("api", "app=api", "may GET /users on app=db")
            .container("db", "app=db", "app=api may GET /**");
    assertEquals("caller", of(scene, scene.number("api"), "db", "GET", "/x").who());
    scene =
        new Scene()
            .container("api", "app=api", "may GET /** on app=db")
            .container("db", "app=db", "app=api may GET /users");
    assertEquals("callee", of(scene, scene.number("api"), "db", "GET", "/x").who());
    assertEquals(Optional.of("drawbridge.policy.r0: GET /users"), nearest(scene, "GET", "/x"));
  }

  @Test
  void theNearestRuleHasTheLongestBeginningThenTheMethod() {
    Scene scene =
        new Scene()
            .container("api", "app=api")
            .container(
                "db",
                "app=db",
                "app=api may POST /posts/*",
                "app=api may GET /posts/*",
                "app=api may GET /users",
                "app=other may DELETE /posts/7",
                "anyone may not DELETE /posts/7/x");
    assertEquals(
        Optional.of("drawbridge.policy.r2: GET /users"), nearest(scene, "DELETE", "/users"));
    assertEquals(
        Optional.of("drawbridge.policy.r1: GET /posts/*"), nearest(scene, "GET", "/posts/7/y"));
    // Neither what is about others nor what forbids.
    assertEquals(
        Optional.of("drawbridge.policy.r0: POST /posts/*"), nearest(scene, "PUT", "/posts/7"));
  }

  @Test
  void valuesOfConditionsAreNotToldAndOutsidersAreToldNoRule() {
    Scene scene =
        new Scene()
            .container("api", "app=api")
            .container("db", "app=db", "anyone may GET /users with header X-Token=hunter2");
    Optional<String> told = nearest(scene, "GET", "/users");
    assertEquals(Optional.of("drawbridge.policy.r0: GET /users, with conditions"), told);
    assertFalse(told.orElseThrow().contains("hunter2"));
    // Any user of the host may ask as the host.
    for (int outsider : List.of(Peers.WORLD, Peers.HOST)) {
      Lack lack = of(scene, outsider, "db", "GET", "/x");
      assertEquals("callee", lack.who());
      assertEquals(Optional.empty(), lack.nearest());
    }
  }
}
