#!/bin/sh
# First process of a caller: carries out each line written into /lab/ask as "NUMBER COMMAND", one after another.
# /lab/NUMBER.out, .err and, when it is done, .status hold what came of it.
trap 'exit 0' TERM
[ -p /lab/ask ] || mkfifo /lab/ask
exec 3<>/lab/ask
while read -r number command <&3; do
	sh -c "$command" >"/lab/$number.out" 2>"/lab/$number.err" 3<&- </dev/null
	echo $? >"/lab/$number.new"
	mv "/lab/$number.new" "/lab/$number.status"
done
