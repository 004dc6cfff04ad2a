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

# A Debian made from nothing, and the front door or a package in it. What the mirror does not serve is no failure of ours,
# and no success either: the lane is unavailable, by name. Debian 12 and 13 are served by every mirror; in CI they must run.
fresh() { # suite, commands
	fresh_is "$@"
	status=0
	"$root/it/fresh-machine" --limit "$limit" --packages "$root/target/packages-$suite" "$@" || status=$?
	machine_was
}

# It has files of its own, so it may run beside another lane: that one waits for containers most of the time.
fresh_begins() { # suite, commands
	fresh_is "$@"
	machine_begins --limit "$limit" --packages "$root/target/packages-$suite" "$@"
}

fresh_is() { # suite, commands
	machine_is fresh "$1"
	shift
	# Many times what it takes: a hang ends, and says so.
	limit=7200
	[ "$*" != demo ] || limit=1200
}

# What someone does with a package on such a machine, and what is left of it there.
trial() { # suite, package
	machine_is "package ${2%%_*}" "$1"
	status=0
	"$root/it/fresh-machine" --limit 1200 --packages "$root/target/packages-$1" --install "$root/target/packages/$2" "$1" || status=$?
	machine_was
}

trial_begins() { # suite, package
	machine_is "package ${2%%_*}" "$1"
	machine_begins --limit 1200 --packages "$root/target/packages-$1" --install "$root/target/packages/$2" "$1"
}

# Which of the files that were built is the package of that name.
deb_of() { # name
	for deb in "$root/target/packages/$1"_*.deb; do echo "${deb##*/}"; done
}

machine_is() { # lane, suite
	machine="$1 $2"
	suite=$2
	# shellcheck disable=SC2086 # a list of names
	need_packages $fresh_packages
	say "lane $machine"
	machine_began=$(date +%s)
	machine_ended=
	machine_log="$root/target/$(echo "$machine" | tr ' ' '-').log"
}

machine_process=

machine_begins() { # arguments
	"$root/it/fresh-machine" "$@" >"$machine_log" 2>&1 </dev/null &
	machine_process=$!
	trap machine_stops EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

# Whoever ends the front door does not leave a machine behind: that one cleans up after itself.
machine_stops() {
	[ -z "$machine_process" ] || { kill "$machine_process" && wait "$machine_process"; } 2>/dev/null || :
}

machine_ends() {
	[ -n "$machine_process" ] || return 0
	status=0
	wait "$machine_process" || status=$?
	machine_process=
	cat "$machine_log"
	# It has ended long since: its log knows when.
	machine_ended=$(stat -c %Y "$machine_log")
	machine_was
}

machine_was() {
	[ "$status" = 69 ] || ran=yes
	lane_times="$lane_times${lane_times:+, }$machine $((${machine_ended:-$(date +%s)} - machine_began)) s"
	case $status in
	0) say "lane $machine: passed" ;;
	69)
		say "lane $machine: unavailable"
		unavailable="$unavailable $(echo "$machine" | tr ' ' '-')"
		case $suite in
		bookworm | trixie) if [ "${DRAWBRIDGE_NO_SKIP:-0}" = 1 ]; then fail "lane $machine must run, and could not"; fi ;;
		esac
		;;
	*) fail "lane $machine failed" ;;
	esac
}

# Built here and in a copy elsewhere: the same bytes. Then each package on the machines that it is for.
packages() { # suites
	build_packages || {
		fail 'the packages could not be built'
		return
	}
	copy=$(mktemp -d)
	git -C "$root" archive HEAD | tar -x -C "$copy"
	if (root=$copy && build_packages) && cmp "$root/target/packages/SHA256SUMS" "$copy/target/packages/SHA256SUMS"; then
		say 'packages: built twice, in two places: the same bytes'
	else
		fail 'packages: built twice, and not the same'
	fi
	rm -rf "$copy"
	for suite in "$@"; do
		trial "$suite" "$(deb_of drawbridge)"
		# Debian 12 has no Java 25.
		if [ "$suite" != bookworm ]; then trial "$suite" "$(deb_of drawbridge-nojre)"; fi
	done
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
	own=EngineVariantsTest,ComposeLifeTest,BuildStepsTest,SwarmTest,ContainerdTest,CriTest,PodmanTest
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
	unit | kernel | it | engines | vm | fresh | packages | all) ;;
	*) die "no such lane: $which (unit, kernel, it, engines, vm, fresh, packages)" ;;
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
	machine_ends
	case $which in
	packages)
		shift
		[ $# -gt 0 ] || set -- bookworm trixie
		packages "$@"
		;;
	vm)
		shift
		vm "$@"
		;;
	all)
		if [ -z "${DRAWBRIDGE_FRESH:-}" ]; then
			# Packed fast: what is tried is what is in them.
			if (export PACKAGE_XZ=0 && build_packages); then trial_begins trixie "$(deb_of drawbridge)"; else fail 'the packages could not be built'; fi
			vm
			machine_ends
		fi
		;;
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
