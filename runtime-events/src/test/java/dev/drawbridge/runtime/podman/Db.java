package dev.drawbridge.runtime.podman;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;

/** A {@code db.sql} with the tables and columns of Podman 5.4 that are read; no more of it. */
public final class Db {
  private final Path file;

  public Db(Path root) throws Exception {
    this.file = root.resolve("db.sql");
    Files.createDirectories(root);
    try (Connection connection = open();
        Statement statement = connection.createStatement()) {
      for (String table :
          new String[] {
            "ContainerConfig(ID TEXT PRIMARY KEY NOT NULL, Name TEXT UNIQUE NOT NULL, PodID TEXT,"
                + " JSON TEXT NOT NULL)",
            "ContainerState(ID TEXT PRIMARY KEY NOT NULL, State INTEGER NOT NULL, ExitCode INTEGER,"
                + " JSON TEXT NOT NULL)",
            "PodConfig(ID TEXT PRIMARY KEY NOT NULL, Name TEXT UNIQUE NOT NULL, JSON TEXT NOT NULL)"
          }) {
        statement.executeUpdate("CREATE TABLE " + table);
      }
    }
  }

  /** Like Podman's own: the caller may hold a transaction open. */
  Connection open() throws SQLException {
    return DriverManager.getConnection("jdbc:sqlite:" + file);
  }

  public void container(String id, String config, String state) throws SQLException {
    replace("ContainerConfig(ID, Name, JSON)", id, id, config);
    // As Podman binds it: bytes in a column of text.
    try (Connection connection = open();
        PreparedStatement statement =
            connection.prepareStatement(
                "replace into ContainerState(ID, State, JSON) values (?, 1, ?)")) {
      statement.setString(1, id);
      statement.setBytes(2, state.getBytes(StandardCharsets.UTF_8));
      statement.executeUpdate();
    }
  }

  void pod(String id, String config) throws SQLException {
    replace("PodConfig(ID, Name, JSON)", id, id, config);
  }

  public void remove(String id) throws SQLException {
    try (Connection connection = open();
        PreparedStatement statement =
            connection.prepareStatement("delete from ContainerConfig where ID = ?")) {
      statement.setString(1, id);
      statement.executeUpdate();
    }
  }

  private void replace(String table, String... values) throws SQLException {
    try (Connection connection = open();
        PreparedStatement statement =
            connection.prepareStatement("replace into " + table + " values (?, ?, ?)")) {
      for (int i = 0; i < values.length; i++) {
        statement.setString(i + 1, values[i]);
      }
      statement.executeUpdate();
    }
  }
}
