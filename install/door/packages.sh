# shellcheck shell=sh
# Sourced by the front door: Debian's packages. Only functions and lists.

# PACKAGE, or PACKAGE=PROGRAM where it is the program that counts: an engine may come from Docker's own packages, which
# Debian's would throw out. A question mark at the end: only where this Debian has such a package.
# Every program that a command or a test names is of a list here, or of an essential package.
build_packages='maven clang llvm gcc libc6-dev libbpf-dev linux-libc-dev make'
# All that an agent from a built distribution needs, beside Java and an engine: nothing compiles on that machine.
run_packages='libbpf1 iproute2=ip util-linux curl=curl ca-certificates'
engine_packages="docker.io=dockerd docker-cli=docker? containerd=containerd runc=runc iptables=iptables $run_packages"
kernel_packages='bpftool=bpftool iproute2=ip util-linux'
lab_packages='busybox-static nginx-light gcc libc6-dev'
# The second machine of the tests of names, and clients of every kind.
names_packages='mariadb-server-core mariadb-client-core unbound dnsmasq-base bind9-dnsutils python3 musl-tools'
podman_packages='podman=podman netavark conmon=conmon catatonit=catatonit'
it_packages="docker-compose docker-buildx? apache2-bin nodejs crun=crun $podman_packages shellcheck clang-format $kernel_packages $names_packages"
bench_packages='haproxy wrk iperf3 sockperf dnsperf unbound'
fresh_packages='debootstrap=debootstrap debian-archive-keyring git=git curl=curl util-linux'

installed() { # PACKAGE[=PROGRAM]
	case $1 in
	*=*) command -v "${1#*=}" >/dev/null ;;
	*) [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null)" = 'ii ' ] ;;
	esac
}

known() { apt-cache show "$1" >/dev/null 2>&1; }

# Adds to $missing what is not there; what this Debian does not have is left out where it may be.
look_for_packages() {
	missing=
	for package in "$@"; do
		optional=
		case $package in *'?') optional=yes package=${package%'?'} ;; esac
		if installed "$package"; then continue; fi
		name=${package%%=*}
		if [ -n "$optional" ] && ! known "$name"; then continue; fi
		case " $missing " in *" $name "*) ;; *) missing="$missing $name" ;; esac
	done
}

need_packages() {
	# A machine whose package lists were thrown away knows no package at all.
	if [ "$(id -u)" = 0 ] && ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; then
		say 'reading the package lists'
		apt-get -qq update >>"$package_log" 2>&1 || :
	fi
	look_for_packages "$@"
	[ -n "$missing" ] || return 0
	[ "$(id -u)" = 0 ] || die "these packages are missing: apt-get install$missing"
	say "installing$missing (log: $package_log)"
	# nginx, haproxy and dockerd would start at installation. Nothing here may start a service that nobody asked for.
	policy=/usr/sbin/policy-rc.d
	written=
	if [ ! -e "$policy" ]; then
		written=yes
		# Left behind by an interrupt it would keep every later package from starting its service.
		trap 'rm -f /usr/sbin/policy-rc.d; exit 130' INT TERM HUP
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	status=0
	# shellcheck disable=SC2086 # a list of names
	apt_install $missing || { apt-get -qq update >>"$package_log" 2>&1 && apt_install $missing; } || status=$?
	if [ -n "$written" ]; then
		rm -f "$policy"
		trap - INT TERM HUP
	fi
	if [ "$status" != 0 ]; then
		tail -n 5 "$package_log" >&2
		die "apt-get could not install:$missing"
	fi
	took "packages"
}

apt_install() {
	DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends -o Dpkg::Use-Pty=0 "$@" \
		</dev/null >>"$package_log" 2>&1
}
