# shellcheck shell=sh
# Sourced by the launchers and by the front door of a checkout: which Java 25 may run here. Only functions.

# Who else could change what stands there: one sentence about the first of its directories and files, or of those that
# lead to it, that belongs to neither root nor $2, or that others may write to. Nothing printed: nobody else could.
jdk_foreign() { # directory of a JDK or JRE without a link in its path, our uid, [directory that is taken for granted, with what is above it]
	jdk_place=$1
	jdk_parts=
	jdk_above=$jdk_place
	while jdk_above=${jdk_above%/*} && [ "$jdk_above" != "${3:-}" ] && [ -n "$jdk_above" ]; do
		jdk_parts="$jdk_above $jdk_parts"
	done
	[ -n "${3:-}" ] || jdk_parts="/ $jdk_parts"
	# shellcheck disable=SC2086 # a list; a name with a blank in it is not found, and then not trusted
	{ [ -z "$jdk_parts" ] || find $jdk_parts -maxdepth 0 -printf '%U %m %y %p\n'; find "$jdk_place" -printf '%U %m %y %p\n'; } 2>&1 |
		awk -v ours="$2" '
			!/^[0-9]+ [0-7]+ [a-zA-Z] / { print "it cannot be looked at: " $0; exit }
			$1 != 0 && $1 != ours { print $4 " belongs to uid " $1; exit }
			$3 != "l" && $2 ~ /([2367].|[2367])$/ { print $4 " may be written to by others (mode " $2 ")"; exit }'
}

jdk_is_25() { # directory, program
	[ -x "$1/bin/$2" ] && grep -q '^JAVA_VERSION="25[.".+]' "$1/release" 2>/dev/null
}

# Where distributions, unpackers and their installers put one, below a prefix. No home directory is among them.
jdk_usual() { # prefix
	for jdk_home in "$1"/usr/lib/jvm/*25* "$1"/opt/*jdk*25* "$1"/opt/*java*25* "$1"/opt/*temurin*25* "$1"/opt/*25* "$1"/opt/java* \
		"$1"/opt/java/* "$1"/opt/jdk* "$1"/usr/local/*jdk*25* "$1"/usr/local/lib/jvm/*25* "$1"/usr/java/*25*; do
		if [ -d "$jdk_home" ]; then printf '%s\n' "$jdk_home"; fi
	done
}

# Sets jdk_home to a 25 that has the program: one that was named, whatever its owner, else the first trusted one of the
# usual places and of more. What was passed over, and why, is in jdk_passed.
jdk_find() { # program (java or javac), directories that were named, directories to look at after the usual ones
	jdk_passed=
	for jdk_home in $2; do
		if jdk_is_25 "$jdk_home" "$1"; then return 0; fi
	done
	jdk_candidates=$(jdk_usual '')
	for jdk_home in $jdk_candidates $3; do
		jdk_is_25 "$jdk_home" "$1" || continue
		# What was looked at is what is used: a link can be turned meanwhile.
		jdk_home=$(readlink -e -- "$jdk_home") || continue
		jdk_why=$(jdk_foreign "$jdk_home" "$(id -u)")
		[ -n "$jdk_why" ] || return 0
		jdk_passed="$jdk_passed; $jdk_home was passed over: $jdk_why"
	done
	jdk_home=
	return 1
}
