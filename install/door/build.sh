# shellcheck shell=sh
# Sourced by the front door: the JDK and Maven. Only functions.

find_jdk() {
	on_path=$(command -v javac 2>/dev/null || :)
	if [ -n "$on_path" ]; then on_path=$(dirname -- "$(dirname -- "$(readlink -f -- "$on_path")")"); fi
	# $HOME is the caller's: of root only what root alone can write counts, also in there.
	jdk_find javac "${JAVA_HOME:-}" "$on_path $(ls -d "${HOME:-/root}"/.sdkman/candidates/java/25* "${HOME:-/root}"/.jdks/*25* 2>/dev/null)" ||
		return 1
	JAVA_HOME=$jdk_home
	export JAVA_HOME
}

# What a build needs is needed where something is to be built: a checkout that was built elsewhere needs no compiler.
for_build() { # stamp, module that does not count...
	if sources_changed "$@"; then echo "$build_packages"; fi
}

# Debian's own JDK is installed where there is one and no other was found; Debian 12 has none.
need_packages_and_jdk() { # packages
	find_jdk || set -- "$@" 'openjdk-25-jdk-headless?'
	need_packages "$@"
	find_jdk || die "no JDK 25 found: set JAVA_HOME to one (looked at JAVA_HOME, PATH, /usr/lib/jvm, /opt and /usr/local, and apt knows no openjdk-25-jdk-headless)$jdk_passed"
}

maven() {
	# Maven's own Guava uses Unsafe; the JVM's remark about it would open every build.
	(cd "$root" && MAVEN_OPTS="${MAVEN_OPTS:-} --sun-misc-unsafe-memory-access=allow" mvn -B -ntp "$@" </dev/null)
}

# Tests do not change what is built, nor do benchmarks what the demo runs.
sources_changed() { # stamp, module that does not count...
	[ -e "$1" ] || return 0
	stamp=$1
	shift
	set -- "$@" it
	others=
	for module in "$@"; do others="$others -o -path ./$module"; done
	# shellcheck disable=SC2086 # a list of conditions
	[ -n "$(cd "$root" && find . \( -name target -o -name .git -o -path '*/src/test' $others \) -prune -o \
		\( -path '*/src/main*' -o -name pom.xml -o -name jvm.config \) -newer "$stamp" -print | head -n 1)" ]
}

# Keeps Maven's words in the log, and says which module it is at.
follow_build() {
	while IFS= read -r line; do
		printf '%s\n' "$line" >>"$build_log"
		case $line in
		'[INFO] Building '*' '*'['*'/'*']')
			at=${line##*[}
			module=${line#'[INFO] Building '}
			say "building ${module%% *} (${at%]})"
			;;
		esac
	done
}

build_modules() { # stamp, modules, Maven's options
	stamp=$1
	modules=$2
	shift 2
	say "building; Maven's log: $build_log"
	# A jar of an older version beside the new one would be on the class path.
	rm -rf "${dist:?}/lib" "${lab:?}/lib" "$lab"/built*
	: >"$build_log"
	# Not quietly: -q would hide the warning that -Werror stumbled over. Tests are not even compiled. C2 would compete with
	# javac for a processor over code that runs for a minute.
	{
		built=0
		MAVEN_OPTS="${MAVEN_OPTS:-} -XX:+UseSerialGC -XX:TieredStopAtLevel=1" \
			maven "$@" -Dmaven.test.skip=true -pl "$modules" -am package 2>&1 || built=$?
		echo "$built" >"$build_log.status"
	} | follow_build
	if [ "$(cat "$build_log.status")" != 0 ]; then
		grep -v '^\[INFO\]' "$build_log" >&2 || :
		die "the build failed; the whole log: $build_log"
	fi
	mkdir -p "$lab"
	: >"$stamp"
	took build
}

# Error Prone is half of a compiler's time. It looks on in the lanes, where what was compiled without it counts as not
# compiled.
forget_unchecked() {
	[ -e "$lab/unchecked" ] || return 0
	find "$root" -mindepth 3 -maxdepth 3 \( -path '*/target/classes' -o -path '*/target/maven-status' \) -exec rm -rf {} +
	rm -f "$lab/unchecked" "$lab"/built*
}

build() {
	sources_changed "$lab/built" bench || return 0
	mkdir -p "$lab"
	: >"$lab/unchecked"
	build_modules "$lab/built" daemon,cli,testkit -P unchecked -T 2
}

build_bench() {
	sources_changed "$lab/built-bench" || return 0
	build_modules "$lab/built-bench" bench
	: >"$lab/built"
}

# What target/dist has, as Debian's packages and a tarball, with manual and a Java runtime: target/packages. Not by
# build_modules, which builds without what the bill of materials needs.
build_packages() {
	say "building the packages; Maven's log: $root/target/packages-build.log"
	mkdir -p "$root/target"
	# A jar of an older version beside the new one would be packed too.
	rm -rf "$root/target/dist/lib"
	maven -P packages -Dmaven.test.skip=true -Dmaven.compiler.useIncrementalCompilation=false -pl install/packages -am package \
		>"$root/target/packages-build.log" 2>&1 || {
		grep -v '^\[INFO\]' "$root/target/packages-build.log" >&2 || :
		return 1
	}
}

# The agent's AOT cache, by a training run on a private engine. Nothing depends on it but the time to start.
train() {
	say 'recording the AOT cache'
	lab_java dev.drawbridge.testkit.TrainMain || say 'the agent starts without an AOT cache'
}

# What is measured keeps its sockets and its notes where a host has them: file-hierarchy(7) has /run in memory.
with_run_in_memory() { # command
	if [ "$(stat -f -c %T /run)" = tmpfs ]; then
		"$@"
	else
		unshare --mount --propagation private sh -euc 'mount -t tmpfs -o mode=755 tmpfs /run; exec "$@"' sh "$@"
	fi
}

around=
lab_java() { # main class, arguments
	$around "$JAVA_HOME/bin/java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED \
		-Ddrawbridge.dist="$dist" -Ddrawbridge.bench.pictures="${DRAWBRIDGE_PICTURES:-$root/target}" -cp "$lab/lib/*" "$@"
}
