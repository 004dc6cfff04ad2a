package dev.drawbridge.runtime.podman;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.sqlite.SQLiteConfig;

/**
 * Podman 5's file: {@code db.sql} (libpod/sqlite_state.go). It is opened for reading only, and one
 * who writes is waited for.
 */
final class SqliteState implements PodmanState {

  /** How long one who writes is waited for: a transaction of Podman's takes some milliseconds. */
  private static final int BUSY_MILLIS = 1_000;

  private final Path file;
  private final Connection connection;

  private SqliteState(Path file, Connection connection) {
    this.file = file;
    this.connection = connection;
  }

  static SqliteState open(Path file) throws IOException {
    SQLiteConfig config = new SQLiteConfig();
    config.setReadOnly(true);
    config.setBusyTimeout(BUSY_MILLIS);
    config.enableLoadExtension(false);
    try {
      // As a URI, because a path may hold what separates a URI's parts.
      String uri = "jdbc:sqlite:file:" + file.toAbsolutePath().toUri().getRawPath() + "?mode=ro";
      return new SqliteState(file, config.createConnection(uri));
    } catch (SQLException e) {
      throw new IOException(file + " cannot be opened: " + e.getMessage(), e);
    }
  }

  @Override
  public Optional<Raw> container(String id) throws IOException {
    String query =
        "select c.JSON, s.JSON from ContainerConfig c join ContainerState s on s.ID = c.ID"
            // Of text, length() counts characters.
            + " where c.ID = ? and length(cast(c.JSON as blob)) <= ?"
            + " and length(cast(s.JSON as blob)) <= ?";
    try (PreparedStatement statement = connection.prepareStatement(query)) {
      statement.setString(1, id);
      statement.setInt(2, LARGEST_RECORD);
      statement.setInt(3, LARGEST_RECORD);
      try (ResultSet row = statement.executeQuery()) {
        if (row.next()) {
          return Optional.of(new Raw(row.getBytes(1), row.getBytes(2)));
        }
      }
    } catch (SQLException e) {
      throw unreadable(e);
    }
    if (exists(id)) {
      throw new IOException(
          file + " has more than " + (LARGEST_RECORD >> 20) + " MiB of container " + id);
    }
    return Optional.empty();
  }

  private boolean exists(String id) throws IOException {
    try (PreparedStatement statement =
        connection.prepareStatement("select 1 from ContainerConfig where ID = ?")) {
      statement.setString(1, id);
      try (ResultSet row = statement.executeQuery()) {
        return row.next();
      }
    } catch (SQLException e) {
      throw unreadable(e);
    }
  }

  @Override
  public Optional<byte[]> pod(String id) throws IOException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "select JSON from PodConfig where ID = ? and length(cast(JSON as blob)) <= ?")) {
      statement.setString(1, id);
      statement.setInt(2, LARGEST_RECORD);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? Optional.of(row.getBytes(1)) : Optional.empty();
      }
    } catch (SQLException e) {
      throw unreadable(e);
    }
  }

  @Override
  public Map<String, Long> marks() throws IOException {
    Map<String, Long> marks = new HashMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "select c.ID, c.Name, substr(s.JSON, 1, 65536) from ContainerConfig c join"
                    + " ContainerState s on s.ID = c.ID")) {
      while (row.next()) {
        String id = String.valueOf(row.getString(1));
        if (PodmanState.isId(id)) {
          long name = String.valueOf(row.getString(2)).hashCode();
          int state = Arrays.hashCode(row.getBytes(3));
          marks.put(id, (name << 32) | (state & 0xffffffffL));
        }
      }
      return marks;
    } catch (SQLException e) {
      throw unreadable(e);
    }
  }

  private IOException unreadable(SQLException cause) {
    return new IOException(file + " cannot be read: " + cause.getMessage(), cause);
  }

  @Override
  public void close() throws IOException {
    try {
      connection.close();
    } catch (SQLException e) {
      throw new IOException(file + " cannot be closed: " + e.getMessage(), e);
    }
  }
}
