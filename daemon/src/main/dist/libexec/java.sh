# shellcheck shell=sh
# Sourced by the launchers: sets $java to the launcher of a JDK or JRE 25.
# DRAWBRIDGE_JAVA_HOME wins; then the runtime that a package brings; then JAVA_HOME if it is a 25; then the usual
# directories, if nobody else may write there.
# shellcheck source=daemon/src/main/dist/libexec/jdk.sh
. "$home/libexec/jdk.sh"
if ! jdk_find java "${DRAWBRIDGE_JAVA_HOME:-} $home/jre ${JAVA_HOME:-}" ''; then
	echo "drawbridge: no Java 25 found: set DRAWBRIDGE_JAVA_HOME$jdk_passed" >&2
	exit 1
fi
java_home=$jdk_home
java=$java_home/bin/java
