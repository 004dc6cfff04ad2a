# shellcheck shell=sh
# Sourced by the front door: up, and down again. Only functions.

docker_socket=${DRAWBRIDGE_DOCKER_SOCKET:-/var/run/docker.sock}
bpffs=/sys/fs/bpf
etc=/etc/drawbridge
daemon_json=/etc/docker/daemon.json
shim=/usr/libexec/drawbridge/drawbridge-runc

up_usage() {
	cat <<'TEXT'
usage: sudo ./drawbridge up [OPTION]...

Builds, starts the agent in the background and registers the runtime "drawbridge" with the Docker engine. The agent
stays until ./drawbridge down. Its configuration is /var/lib/drawbridge/agent.json, not /etc/drawbridge/drawbridge.yaml; one that is
there is kept, and only keys that it lacks are added.

  --default            make drawbridge the default runtime, so that every new container is guarded
  --dry-run            say what registering would change, and change nothing; starts nothing
  anything else        is an option of: drawbridge install --help
TEXT
}

down_usage() {
	cat <<'TEXT'
usage: sudo ./drawbridge down [--purge [--policies]]

Stops the agent and undoes the registration. Containers that run go on, unguarded.

  --purge              also remove the agent's state and configuration. While containers remember the runtime, what
                       they need to start stays, and the client with it: recreate them and run the same again
  --policies           with --purge: also the policy files in /etc/drawbridge/policy.d, which are yours
TEXT
}

engine_answers() {
	[ -S "$docker_socket" ] && curl -sf -m 5 -o /dev/null --unix-socket "$docker_socket" http://localhost/_ping
}

wait_for() { # seconds, command
	tries=$(($1 * 10))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.1
	done
}

# A long-running process that outlives this script and its terminal; its pid goes to $run/NAME.pid.
spawn() { # name, command
	name=$1
	shift
	setsid "$@" </dev/null >>"$run/$name.log" 2>&1 &
	pid=$!
	echo "$pid $(started "$pid")" >"$run/$name.pid"
}

# When a process started, in clock ticks since boot: with it a pid names one process for ever. Empty if there is none.
started() { # pid
	sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20
}

pid_of() { # name
	cut -d ' ' -f 1 "$run/$1.pid"
}

alive() { # name: the very process that spawn started, not one that has its number by now
	[ -s "$run/$1.pid" ] || return 1
	at=$(started "$(pid_of "$1")")
	[ -n "$at" ] && [ "$at" = "$(cut -d ' ' -f 2 "$run/$1.pid")" ]
}

gone() { ! alive "$1"; }

stop() { # name: the process that spawn started
	if alive "$1"; then
		kill "$(pid_of "$1")"
		wait_for 30 gone "$1" || kill -9 "$(pid_of "$1")"
	fi
	rm -f "$run/$1.pid"
}

start_engine() {
	engine_answers && return
	if [ -d /run/systemd/system ]; then
		systemctl start docker.service
	else
		say 'no engine runs: starting containerd and dockerd'
		[ -S /run/containerd/containerd.sock ] || spawn containerd containerd
		wait_for 20 test -S /run/containerd/containerd.sock || die "containerd did not start: see $run/containerd.log"
		# A pid file that outlived its process stops dockerd.
		if [ -s /var/run/docker.pid ] && ! kill -0 "$(cat /var/run/docker.pid)" 2>/dev/null; then rm -f /var/run/docker.pid; fi
		spawn dockerd dockerd --containerd /run/containerd/containerd.sock -H "unix://$docker_socket"
	fi
	wait_for 60 engine_answers || die "the engine did not start: see $run/dockerd.log"
}

start_agent() {
	alive agent && return
	: >"$run/agent.log"
	spawn agent "$state/dist/libexec/drawbridge-agent" --config "$state/agent.json"
	wait_for 60 agent_settled
	if ! alive agent; then
		cat "$run/agent.log" >&2
		die 'the agent did not start'
	fi
	grep -o 'ready in [0-9]* ms' "$run/agent.log" || die "the agent is not ready: see $run/agent.log"
}

agent_settled() { gone agent || grep -q 'ready in [0-9]* ms' "$run/agent.log"; }

client() { "$state/dist/bin/drawbridge" "$@"; }

# What is there was written by the operator, or by an up before this one: it stays as it is, byte for byte, unless it
# lacks a key that differs from the agent's own default here.
configure_agent() {
	data_root=$(DOCKER_HOST=unix://$docker_socket docker info --format '{{.DockerRootDir}}')
	client agent-config --file "$state/agent.json" runDir="$run" stateDir="$state" bpffs="$bpffs" \
		dockerSocket="$docker_socket" dataRoot="$data_root" policyDir="$etc/policy.d" ||
		die "$state/agent.json cannot be used: mend it, or move it away to have one written"
}

# An up that fails leaves the host as it found it: what an agent before it has pinned goes on guarding, and an engine that
# ran before goes on running.
undo_up() {
	if [ -n "$was_alive" ]; then return; fi
	say 'up failed: undoing what it did'
	if [ -s "$run/agent.log" ]; then
		cp "$run/agent.log" "$root/target/agent.log"
		say "the agent's log: $root/target/agent.log"
	fi
	stop agent
	if [ -z "$had_pins" ]; then detach; fi
	if [ -z "$had_dockerd" ]; then stop dockerd; fi
	if [ -z "$had_containerd" ]; then stop containerd; fi
	if [ -z "$had_mark" ]; then rm -f "$run/bpffs-was-not-mounted"; fi
	if [ -z "$had_run" ]; then rm -rf "$run"; fi
	if [ -z "$had_state" ]; then
		rm -rf "$state"
	else
		if [ -z "$had_dist" ]; then rm -rf "$state/dist"; fi
		if [ -z "$had_config" ]; then rm -f "$state/agent.json"; fi
	fi
	rmdir "$etc/policy.d" "$etc" 2>/dev/null || :
}

there() { if [ -e "$1" ]; then echo yes; fi; }

up() { # arguments of "drawbridge install", such as --default
	for argument in "$@"; do
		case $argument in
		-h | --help)
			up_usage
			return
			;;
		esac
	done
	need_root up
	wanted=$(for_build "$lab/built" bench)
	# shellcheck disable=SC2086 # lists of names
	need_packages_and_jdk $engine_packages $wanted
	build
	for argument in "$@"; do
		case $argument in
		--dry-run)
			"$dist/bin/drawbridge" install "$@"
			return
			;;
		esac
	done
	was_alive=$(if alive agent; then echo yes; fi)
	had_dockerd=$(if alive dockerd; then echo yes; fi)
	had_containerd=$(if alive containerd; then echo yes; fi)
	had_pins=$(there "$bpffs/drawbridge")
	had_mark=$(there "$run/bpffs-was-not-mounted")
	had_run=$(there "$run")
	had_state=$(there "$state")
	had_dist=$(there "$state/dist")
	had_config=$(there "$state/agent.json")
	trap undo_up EXIT
	mkdir -p "$run" "$state" "$etc/policy.d"
	chmod 750 "$run"
	chmod 700 "$state"
	start_engine
	# The agent must not run from a directory that the next build replaces.
	if ! alive agent; then
		rm -rf "$state/dist"
		cp -R "$dist" "$state/dist"
	fi
	grep -q " $bpffs bpf " /proc/mounts || : >"$run/bpffs-was-not-mounted"
	configure_agent
	start_agent
	client install "$@" || die 'the runtime could not be registered'
	trap - EXIT
	say 'up: docker run --runtime drawbridge starts a guarded container; ./drawbridge status shows it'
}

# Ends what up started.
halt() {
	stop agent
	detach
	stop dockerd
	stop containerd
	rm -rf "$run"
}

# What outlives the agent in the kernel.
detach() {
	if [ -d "$bpffs/drawbridge" ] && [ -x "$state/dist/libexec/drawbridge-agent" ]; then
		"$state/dist/libexec/drawbridge-agent" --detach --config "$state/agent.json" >/dev/null ||
			say 'the filters of running containers pass everything, and go with their interfaces'
	fi
	rm -rf "$bpffs/drawbridge"
	if [ -e "$run/bpffs-was-not-mounted" ]; then umount "$bpffs" 2>/dev/null || :; fi
	cgroup=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)/drawbridge
	if [ -d "$cgroup" ]; then rmdir "$cgroup" || say "$cgroup is still in use"; fi
}

# Undoes up. Containers that run go on, unguarded; those that remember the runtime can start again, unguarded too.
down() {
	purge=
	policies=
	for argument in "$@"; do
		case $argument in
		-h | --help)
			down_usage
			return
			;;
		--purge) purge=yes ;;
		--policies) policies=yes ;;
		*) die "down knows --purge and --policies, not $argument" ;;
		esac
	done
	[ -z "$policies" ] || [ -n "$purge" ] || die '--policies goes with --purge'
	need_root down
	# What a purge leaves so that another can finish it, or a build that is there.
	if [ ! -x "$state/dist/bin/drawbridge" ] && [ -x "$dist/bin/drawbridge" ] && [ -n "$(shims)" ]; then
		mkdir -p "$state"
		cp -R "$dist" "$state/dist"
	fi
	if [ -x "$state/dist/bin/drawbridge" ]; then
		client uninstall || say 'the registration could not be undone'
	elif [ -n "$(shims)" ]; then
		say "the registration cannot be undone without a build: ./drawbridge build, then ./drawbridge down"
	fi
	halt
	if [ -n "$purge" ]; then purge; fi
	say 'down'
}

# What containers start by that remember the runtime: Docker's, containerd's and Podman's.
shims() {
	for left in "$shim" "${shim%/*}/podman/${shim##*/}"; do
		if [ -e "$left" ]; then printf '%s ' "$left"; fi
	done
}

purge() {
	if [ -n "$policies" ]; then rm -rf "$etc/policy.d"; fi
	# While a container remembers the runtime, uninstall leaves a shim that passes everything through, its configuration,
	# and what the next purge needs.
	if [ -n "$(shims)" ]; then
		find "$state" -mindepth 1 -maxdepth 1 ! -name dist ! -name install.json -exec rm -rf {} +
		say "left for containers that remember the runtime: $(shims), what they read, and $state"
		say 'recreate those containers, then run again: ./drawbridge down --purge'
		return
	fi
	rm -rf "$state" "${shim%/*}" "$etc/shim.conf" "$daemon_json.before-drawbridge"
	if ls "$etc/policy.d/"*.policy >/dev/null 2>&1; then
		say "your policy files are left in $etc/policy.d; ./drawbridge down --purge --policies removes them"
	else
		rmdir "$etc/policy.d" 2>/dev/null || :
	fi
	if [ -e "$etc/drawbridge.yaml" ]; then say "your configuration is left: $etc/drawbridge.yaml"; fi
	rmdir "$etc" 2>/dev/null || :
}
