package dev.drawbridge.install;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.util.Optional;

/**
 * What installing remembers.
 *
 * @param displacedDefault the default runtime that drawbridge took the place of, if the file named
 *     one
 * @param displacedContainerd the same of containerd's CRI
 */
record InstallState(Optional<String> displacedDefault, Optional<String> displacedContainerd) {
  private static final String DISPLACED = "displaced-default-runtime";
  private static final String OF_CONTAINERD = "displaced-containerd-runtime";

  /** Unreadable text counts as remembering nothing: uninstalling then restores Docker's default. */
  static InstallState parse(String text) {
    try {
      JsonObject object = JsonText.object(text);
      return new InstallState(
          JsonText.string(object, DISPLACED), JsonText.string(object, OF_CONTAINERD));
    } catch (InstallException e) {
      return new InstallState(Optional.empty(), Optional.empty());
    }
  }

  String render() {
    JsonObject object = new JsonObject();
    displacedDefault.ifPresent(name -> object.addProperty(DISPLACED, name));
    displacedContainerd.ifPresent(name -> object.addProperty(OF_CONTAINERD, name));
    return new GsonBuilder().setPrettyPrinting().create().toJson(object) + "\n";
  }
}
