# Sourced by the launchers: sets $java to the launcher of a JDK or JRE 25.
# DRAWBRIDGE_JAVA_HOME wins; then JAVA_HOME if it is a 25; then the usual directories.
java=
for java_home in "${DRAWBRIDGE_JAVA_HOME:-}" "${JAVA_HOME:-}" /usr/lib/jvm/*25* /opt/*jdk*25* /opt/*java*25* /opt/*25* \
	/opt/java* /opt/java/* /opt/jdk* /usr/local/*jdk*25* /usr/java/*25*; do
	if [ -n "$java_home" ] && [ -x "$java_home/bin/java" ] &&
		grep -q '^JAVA_VERSION="25[.".+]' "$java_home/release" 2>/dev/null; then
		java=$java_home/bin/java
		break
	fi
done
if [ -z "$java" ]; then
	echo 'drawbridge: no Java 25 found: set DRAWBRIDGE_JAVA_HOME' >&2
	exit 1
fi
