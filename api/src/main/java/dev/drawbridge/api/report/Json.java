package dev.drawbridge.api.report;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.ToNumberPolicy;
import com.google.gson.TypeAdapter;
import com.google.gson.TypeAdapterFactory;
import com.google.gson.reflect.TypeToken;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The one spelling of this package's records as JSON: every component is always written, an empty
 * optional as null, an enum in lower case with dashes, an instant as RFC 3339 in UTC. Reading
 * refuses a record with a missing component.
 */
public final class Json {
  private static final Gson GSON =
      new GsonBuilder()
          .serializeNulls()
          .disableHtmlEscaping()
          .setObjectToNumberStrategy(ToNumberPolicy.LONG_OR_DOUBLE)
          .registerTypeAdapter(Instant.class, new InstantAdapter().nullSafe())
          .registerTypeAdapterFactory(new WholeRecords())
          .registerTypeAdapterFactory(new Optionals())
          .registerTypeAdapterFactory(new LowerCaseEnums())
          .create();

  private Json() {}

  /** One line, without a line end. */
  public static String write(Object value) {
    return GSON.toJson(value);
  }

  /** The same as a tree, for whoever leaves something out of it. */
  public static JsonElement tree(Object value) {
    return GSON.toJsonTree(value);
  }

  /** Throws {@link JsonParseException} with the place if the text is not a whole {@code type}. */
  public static <T> T read(String text, Class<T> type) {
    return whole(GSON.getAdapter(type), text);
  }

  public static <T> List<T> readList(String text, Class<T> element) {
    @SuppressWarnings("unchecked") // getParameterized(List, T) is a List<T>
    TypeAdapter<List<T>> adapter =
        (TypeAdapter<List<T>>) GSON.getAdapter(TypeToken.getParameterized(List.class, element));
    return whole(adapter, text);
  }

  private static <T> T whole(TypeAdapter<T> adapter, String text) {
    T value;
    try {
      value = adapter.fromJson(text);
    } catch (IOException | IllegalStateException | NumberFormatException e) {
      throw new JsonParseException("not valid JSON: " + e.getMessage(), e);
    }
    if (value == null) {
      throw new JsonParseException("null instead of a value");
    }
    return value;
  }

  private static final class InstantAdapter extends TypeAdapter<Instant> {
    @Override
    public void write(JsonWriter out, Instant value) throws IOException {
      out.value(value.toString());
    }

    @Override
    public Instant read(JsonReader in) throws IOException {
      String text = in.nextString();
      try {
        return Instant.parse(text);
      } catch (DateTimeException e) {
        throw new JsonParseException("not an RFC 3339 instant at " + in.getPath() + ": " + text, e);
      }
    }
  }

  /**
   * Gson leaves a component that the text does not name null; here that is an error, so that no
   * null travels further.
   */
  private static final class WholeRecords implements TypeAdapterFactory {
    @Override
    public <T> @Nullable TypeAdapter<T> create(Gson gson, TypeToken<T> type) {
      Class<? super T> raw = type.getRawType();
      if (!raw.isRecord() || !raw.getPackageName().equals(Json.class.getPackageName())) {
        return null;
      }
      TypeAdapter<T> delegate = gson.getDelegateAdapter(this, type);
      return new TypeAdapter<>() {
        @Override
        public void write(JsonWriter out, T value) throws IOException {
          delegate.write(out, value);
        }

        @Override
        public T read(JsonReader in) throws IOException {
          String path = in.getPath();
          T value = delegate.read(in);
          if (value == null) {
            throw new JsonParseException(path + " is null");
          }
          for (RecordComponent component : raw.getRecordComponents()) {
            if (componentOf(value, component) == null) {
              throw new JsonParseException(
                  path
                      + " has no \""
                      + component.getName()
                      + "\": agent and client may be of different versions");
            }
          }
          return value;
        }
      };
    }

    private static @Nullable Object componentOf(Object value, RecordComponent component) {
      try {
        return component.getAccessor().invoke(value);
      } catch (IllegalAccessException | InvocationTargetException e) {
        throw new LinkageError("record component " + component, e);
      }
    }
  }

  private static final class Optionals implements TypeAdapterFactory {
    @Override
    public <T> @Nullable TypeAdapter<T> create(Gson gson, TypeToken<T> type) {
      if (type.getRawType() != Optional.class) {
        return null;
      }
      Type inner = ((ParameterizedType) type.getType()).getActualTypeArguments()[0];
      @SuppressWarnings("unchecked") // T is Optional<inner>
      TypeAdapter<T> adapter = (TypeAdapter<T>) of(gson.getAdapter(TypeToken.get(inner)));
      return adapter;
    }

    private static <I> TypeAdapter<Optional<I>> of(TypeAdapter<I> inner) {
      return new TypeAdapter<>() {
        @Override
        public void write(JsonWriter out, Optional<I> value) throws IOException {
          if (value.isEmpty()) {
            out.nullValue();
          } else {
            inner.write(out, value.get());
          }
        }

        @Override
        public Optional<I> read(JsonReader in) throws IOException {
          if (in.peek() == JsonToken.NULL) {
            in.nextNull();
            return Optional.empty();
          }
          return Optional.of(inner.read(in));
        }
      };
    }
  }

  private static final class LowerCaseEnums implements TypeAdapterFactory {
    @Override
    public <T> @Nullable TypeAdapter<T> create(Gson gson, TypeToken<T> type) {
      Class<? super T> raw = type.getRawType();
      if (!raw.isEnum()) {
        return null;
      }
      @SuppressWarnings("unchecked") // an enum's raw type is T itself
      T[] constants = (T[]) raw.getEnumConstants();
      return new TypeAdapter<>() {
        @Override
        public void write(JsonWriter out, T value) throws IOException {
          out.value(slug(value));
        }

        @Override
        public T read(JsonReader in) throws IOException {
          String text = in.nextString();
          for (T constant : constants) {
            if (slug(constant).equals(text)) {
              return constant;
            }
          }
          throw new JsonParseException("unknown value at " + in.getPath() + ": " + text);
        }
      };
    }

    private static String slug(Object constant) {
      return ((Enum<?>) constant).name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }
}
