# shellcheck shell=sh
# Sourced by the front door: the lanes of tests. Only functions.

# A failed lane does not keep the others from running: one round of CI tells everything.
failed=
fail() {
	say "$*"
	failed=yes
}

# Whether anything was tested at all, whatever came of it.
ran=

# How long each took, for the end.
lane_times=

lane() { # name, maven arguments
	name=$1
	shift
	ran=yes
	say "lane $name"
	find "$root" -path '*/target/surefire-reports/*' -type f -delete
	status=0 lane_began=$(date +%s)
	# Failures are counted below: otherwise a failed module would keep those that depend on it from being tested.
	maven -fae -Dmaven.test.failure.ignore=true "$@" || status=$?
	totals "$name"
	if [ "$status" != 0 ] || [ "$wrong" != 0 ]; then
		fail "lane $name failed"
	elif [ "$tests" = 0 ]; then
		fail "lane $name ran no tests"
	elif [ "${DRAWBRIDGE_NO_SKIP:-0}" = 1 ] && [ "$skipped" != 0 ]; then
		fail "lane $name skipped $skipped tests, and DRAWBRIDGE_NO_SKIP=1 makes that a failure"
	fi
}

totals() {
	counts=$(find "$root" -path '*/target/surefire-reports/TEST-*.xml' -exec grep -h -m 1 '<testsuite ' {} + |
		awk '{ for (f in n) if (match($0, " " f "=\"[0-9]+")) n[f] += substr($0, RSTART + length(f) + 3, RLENGTH - length(f) - 3) }
			BEGIN { n["tests"] = n["failures"] = n["errors"] = n["skipped"] = 0 }
			END { print n["tests"], n["failures"], n["errors"], n["skipped"] }')
	# shellcheck disable=SC2086 # four numbers
	set -- $counts
	tests=$1 wrong=$(($2 + $3)) skipped=$4
	say "lane $name: Tests run: $1, Failures: $2, Errors: $3, Skipped: $4"
	lane_times="$lane_times${lane_times:+, }$name $(($(date +%s) - lane_began)) s"
}

# A Debian made from nothing, and the front door in it. What the mirror does not serve is no failure of ours, and no
# success either: the lane is unavailable, by name. Debian 12 and 13 are served by every mirror; in CI they must run.
fresh() { # suite, commands
	fresh_is "$@"
	status=0
	"$root/it/fresh-machine" --limit "$limit" --packages "$root/target/packages-$suite" "$@" || status=$?
	fresh_was
}

# It has files of its own, so it may run beside another lane: that one waits for containers most of the time.
fresh_begins() { # suite, commands
	fresh_is "$@"
	"$root/it/fresh-machine" --limit "$limit" --packages "$root/target/packages-$suite" "$@" \
		>"$root/target/fresh-$suite.log" 2>&1 </dev/null &
	fresh_process=$!
	trap fresh_stops EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

fresh_is() { # suite, commands
	suite=$1
	shift
	# shellcheck disable=SC2086 # a list of names
	need_packages $fresh_packages
	say "lane fresh $suite"
	# Many times what it takes: a hang ends, and says so.
	limit=7200
	[ "$*" != demo ] || limit=1200
	fresh_began=$(date +%s)
}

fresh_process=

# Whoever ends the front door does not leave a machine behind: that one cleans up after itself.
fresh_stops() {
	[ -z "$fresh_process" ] || { kill "$fresh_process" && wait "$fresh_process"; } 2>/dev/null || :
}

fresh_ends() {
	status=0
	wait "$fresh_process" || status=$?
	fresh_process=
	cat "$root/target/fresh-$suite.log"
	# It has ended long since: its log knows when.
	fresh_ended=$(stat -c %Y "$root/target/fresh-$suite.log")
	fresh_was
}

fresh_was() {
	[ "$status" = 69 ] || ran=yes
	lane_times="$lane_times${lane_times:+, }fresh $suite $((${fresh_ended:-$(date +%s)} - fresh_began)) s"
	case $status in
	0) say "lane fresh $suite: passed" ;;
	69)
		say "lane fresh $suite: unavailable"
		unavailable="$unavailable fresh-$suite"
		case $suite in
		bookworm | trixie) if [ "${DRAWBRIDGE_NO_SKIP:-0}" = 1 ]; then fail "lane fresh $suite must run, and could not"; fi ;;
		esac
		;;
	*) fail "lane fresh $suite failed" ;;
	esac
}

unavailable=

# Debian's kernels under QEMU. A kernel that the mirror does not have makes no test: it is named, and counted apart.
vm() { # more of Maven's arguments, such as -Ddrawbridge.vm.only=debian-12
	rm -f "$root/it/target/vm-unavailable"
	lane vm package "$compiled" -pl it -am -Dlane.groups=vm -Dlane.excludedGroups= "$@"
	[ -s "$root/it/target/vm-unavailable" ] || return 0
	while read -r machine why; do
		say "lane vm: unavailable: $machine $why"
		unavailable="$unavailable vm-${machine%:}"
	done <"$root/it/target/vm-unavailable"
}

# Other engines than this machine's, unpacked and first in PATH. Each is asked the rows of the scenario, who a container is,
# and what its settings, compose, builds and swarm change; DRAWBRIDGE_ENGINES=whole asks all attack classes too, the counted
# ones with fewer rounds.
engines() { # names: debian-13 sid
	own=EngineVariantsTest,ComposeLifeTest,BuildStepsTest,SwarmTest,ContainerdTest,ContainerdNetworkTest,PodmanTest
	brief=ScenarioTest,IdentityTricksTest,ImageLabelsTest,$own
	whole="ScenarioTest,dev/drawbridge/it/attack/*Test,$own"
	for engine in "$@"; do
		case $engine in debian-13 | sid) ;; *) die "no such engine: $engine (debian-13, sid)" ;; esac
		status=0
		why=$("$root/it/src/test/vm/fetch" "$root/target/engines" "engine-$engine") || status=$?
		if [ "$status" = 3 ]; then
			say "lane engines $engine: unavailable: $why"
			unavailable="$unavailable engines-$engine"
			if [ "$engine" = debian-13 ] && [ "${DRAWBRIDGE_NO_SKIP:-0}" = 1 ]; then fail "lane engines $engine must run, and could not"; fi
			continue
		elif [ "$status" != 0 ]; then
			fail "lane engines $engine: its packages could not be unpacked${why:+: $why}"
			continue
		fi
		say "lane engines $engine: $(tr '\n' ' ' <"$root/target/engines/engine-$engine/facts")"
		if [ "${DRAWBRIDGE_ENGINES:-}" = whole ]; then
			engine_lane "engines $engine" "$engine" "$whole" -Ddrawbridge.rawStarts=100
		else
			engine_lane "engines $engine" "$engine" "$brief"
		fi
		if [ "$engine" = sid ]; then
			engine_lane 'engines sid, images in containerd' "$engine" "$brief" -Ddrawbridge.engine.images=containerd
		fi
	done
}

engine_lane() { # name, engine, classes, maven arguments
	lane_name=$1 engine_path=$root/target/engines/engine-$2/bin classes=$3
	shift 3
	path=$PATH
	PATH=$engine_path:$PATH
	lane "$lane_name" package "$compiled" -pl it -am -Dlane.groups=it -Dlane.excludedGroups= "-Dtest=$classes" \
		-Dsurefire.failIfNoSpecifiedTests=false -Ddrawbridge.starts=100 -Ddrawbridge.kills=10 "$@"
	PATH=$path
}

run_tests() {
	which=${1:-all}
	case $which in
	unit | kernel | it | engines | vm | fresh | all) ;;
	*) die "no such lane: $which (unit, kernel, it, engines, vm, fresh)" ;;
	esac
	[ "$which" = unit ] || need_root "test ${1:-}"
	if [ "$which" = fresh ]; then
		shift
		[ $# -gt 0 ] || set -- trixie
		[ $# -gt 1 ] || set -- "$1" demo
		fresh "$@"
	else
		wanted=$build_packages
		case $which in kernel | all) wanted="$wanted $kernel_packages" ;; esac
		case $which in it | engines | all) wanted="$wanted $engine_packages $lab_packages $it_packages" ;; esac
		# shellcheck disable=SC2086 # lists of names
		need_packages_and_jdk $wanted
		forget_unchecked
	fi
	case $which in unit | all) lane unit verify ;; esac
	# What the unit lane compiled is not compiled again: false means that only changed files count.
	compiled=-Dmaven.compiler.useIncrementalCompilation=false
	case $which in kernel | all) lane kernel test $compiled -Dlane.groups=kernel -Dlane.excludedGroups= ;; esac
	# A machine made from nothing runs all lanes but the one that made it.
	if [ "$which" = all ]; then
		if [ -n "${DRAWBRIDGE_FRESH:-}" ]; then say 'lane fresh: this is such a machine'; else fresh_begins trixie demo; fi
	fi
	case $which in it | all) lane it package $compiled -Dlane.groups=it -Dlane.excludedGroups= ;; esac
	[ -z "$fresh_process" ] || fresh_ends
	case $which in
	vm)
		shift
		vm "$@"
		;;
	all) [ -n "${DRAWBRIDGE_FRESH:-}" ] || vm ;;
	esac
	case $which in
	engines)
		shift
		[ $# -gt 0 ] || set -- debian-13 sid
		engines "$@"
		;;
	all) if [ -z "${DRAWBRIDGE_FRESH:-}" ] && [ -n "${DRAWBRIDGE_ENGINES:-}" ]; then engines debian-13 sid; fi ;;
	esac
	say "time: $lane_times"
	if [ -z "$failed" ] && [ -z "$ran" ]; then
		say "nothing was tested; unavailable:$unavailable"
		exit 69
	fi
	[ -z "$failed" ] || die "not every lane passed${unavailable:+; unavailable:$unavailable}"
	say "every lane passed${unavailable:+ but for those that are unavailable:$unavailable}"
}
