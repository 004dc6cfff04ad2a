#!/bin/sh
# Starts the forty services, has everybody ask everybody everything that expected.txt knows, and prints what was expected
# and what came: sh everybody.sh [RESULTS]. Exit code 1 if a row differs. RESULTS gets a line a row.
#   FORTY_HOST   a command before what runs on the host, FORTY_WORLD before what runs on another machine (its rows, and those
#                of callees beyond the host, are left out without it), FORTY_PUBLISHED the host's address as that one sees it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
results=${1:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
image=${FORTY_IMAGE:-local/forty}
export FORTY_IMAGE="$image"
host=${FORTY_HOST:-}
world=${FORTY_WORLD:-}
published=${FORTY_PUBLISHED:-127.0.0.1}

# shellcheck disable=SC2015 # the second is for where the first is missing
compose() {
	if command -v docker-compose >/dev/null; then
		docker-compose -p home -f "$here/compose.yaml" "$@"
	else
		docker compose -p home -f "$here/compose.yaml" "$@"
	fi
}

"${CC:-gcc}" -static -O1 -std=gnu11 -D_GNU_SOURCE -o "$work/everybody" "$here/everybody.c"
if ! docker image inspect "$image" >/dev/null 2>&1; then
	mkdir "$work/image"
	cp "$work/everybody" "$work/image/"
	tar -C "$work/image" -c . | docker import --change 'ENTRYPOINT ["/everybody"]' - "$image" >/dev/null
fi
compose up -d >"$work/up" 2>&1 || { cat "$work/up" >&2; exit 2; }

# SERVICE CONTAINER ADDRESS
format='{{index .Config.Labels "com.docker.compose.service"}} {{.Id}}{{range .NetworkSettings.Networks}} {{.IPAddress}}{{end}}'
compose ps -q | xargs docker inspect --format "$format" | sort >"$work/services"
# SERVICE/PORT/PROTOCOL ADDRESS-PORT, of what is published
while read -r service container _; do
	docker port "$container" | sed -n "s|^\\([0-9]*/[a-z]*\\) -> 0.0.0.0:\\([0-9]*\\)\$|$service/\\1 \\2|p"
done <"$work/services" >"$work/published"

# Every row: CALLER CALLEE ADDRESS PORT KIND METHOD TARGET EXPECTED
awk -v world="$world" -v published="$published" -v directory="$work" '
	function may(row, caller,   words, i, count, yes) {
		count = split(who[row], words, " ")
		for (i = 1; i <= count; i++) {
			if (words[i] == caller || (words[i] == "everyone" && caller != "host" && caller != "world")) yes = 1
			if (words[i] == "-" caller) yes = 0
		}
		return yes || callee[row] == caller
	}
	FILENAME ~ /services$/ { address[$1] = $3; callers[++services] = $1; next }
	FILENAME ~ /published$/ { outside[$1] = $2; next }
	/^#/ || NF == 0 { next }
	{
		colon = index($0, " :")
		split(substr($0, 1, colon - 1), part, " ")
		rows++
		callee[rows] = part[1]; port[rows] = part[2]; kind[rows] = part[3]
		method[rows] = part[3] == "http" ? part[4] : "-"; target[rows] = part[3] == "http" ? part[5] : "-"
		who[rows] = substr($0, colon + 2)
		delete part
	}
	END {
		callers[++services] = "host"
		if (world != "") callers[++services] = "world"
		for (c = 1; c <= services; c++) for (row = 1; row <= rows; row++) {
			caller = callers[c]; name = callee[row]; to = address[name]; at = port[row]
			if (name ~ /^@/) {
				if (world == "" || caller == "host" || caller == "world") continue
				split(name, beyond, "="); name = beyond[1]; to = beyond[2]
			} else if (to == "") {
				print "everybody.sh: there is no service " name > "/dev/stderr"; exit 2
			}
			if (caller == "world") {
				key = name "/" at "/" (kind[row] == "udp" ? "udp" : "tcp")
				if (!(key in outside)) continue
				to = published; at = outside[key]
			}
			expected = "no"
			if (may(row, caller)) expected = "yes"
			else if (kind[row] == "http") for (other = 1; other <= rows; other++)
				if (callee[other] == callee[row] && port[other] == port[row] && may(other, caller)) expected = "403"
			print caller, name, to, port[row], kind[row], method[row], target[row], expected, ++id > (directory "/rows")
			print id, name ":" port[row], to, at, kind[row], method[row], target[row] > (directory "/ask." caller)
		}
	}
' "$work/services" "$work/published" "$here/expected.txt"

while read -r service container _; do
	docker exec -i "$container" /everybody ask <"$work/ask.$service"
done <"$work/services" >"$work/answers"
# shellcheck disable=SC2086 # several words
$host "$work/everybody" ask <"$work/ask.host" >>"$work/answers"
if [ -n "$world" ]; then
	# shellcheck disable=SC2086 # several words
	$world "$work/everybody" ask <"$work/ask.world" >>"$work/answers"
fi

# CALLER CALLEE ADDRESS PORT KIND METHOD TARGET EXPECTED ACTUAL. A container's connect fails, with EPERM. Whoever is no
# container is refused where it arrives: by a reset, or, where UDP has none, by silence.
awk 'NR == FNR { id = $1; sub(/^[^ ]* /, ""); gsub(/ /, "_"); answer[id] = $0; next }
	{
		what = ($9 in answer ? answer[$9] : "unanswered")
		if (($1 == "host" || $1 == "world") && what == ($5 == "udp" ? "silent" : "nobody")) what = "no"
		print $1, $2, $3, $4, $5, $6, $7, $8, what
	}' \
	"$work/answers" "$work/rows" >"$work/results"
[ -z "$results" ] || cp "$work/results" "$results"

# A line a question: how many of whom, and each row that differs
awk '
	function short(list,   count, words) { count = split(list, words, " "); return count > 9 ? count " of them" : list }
	{
		question = $2 " " $4 ($5 == "http" ? " " $6 " " $7 : "/" $5)
		if (!(question in seen)) { seen[question] = 1; order[++questions] = question }
		got[question, $9] = got[question, $9] " " $1
		count[$8]++; total++
		if ($8 != $9) { wrong[++wrongs] = $1 " -> " question ": expected " $8 ", actual " $9; differs[question]++ }
	}
	END {
		printf "%-58s %-44s %-14s %s\n", "question", "answered", "403", "as expected"
		for (i = 1; i <= questions; i++) {
			q = order[i]
			printf "%-58s %-44s %-14s %s\n", q, short(got[q, "yes"]), short(got[q, "403"]), differs[q] ? "NO: " differs[q] : "yes"
		}
		printf "%d rows: %d answered, %d with 403, %d refused by connect; %d are not as expected\n", total, count["yes"], count["403"], count["no"], wrongs
		for (i = 1; i <= wrongs; i++) print "  " wrong[i]
		exit wrongs > 0
	}
' "$work/results"
