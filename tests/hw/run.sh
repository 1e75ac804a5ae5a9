#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs cmocka programs and sums their results: run.sh PROGRAM...
# A program that dies or says nothing counts as one failure.
passed=0
failed=0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM
export ASAN_OPTIONS="${ASAN_OPTIONS:-abort_on_error=0:detect_leaks=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"

for prog in "$@"; do
	echo "== ${prog##*/}"
	timeout "${TEST_TIMEOUT:-300}" "$prog" >"$log" 2>&1
	rc=$?
	p=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
	f=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test.*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
	if [ "$rc" -ne 0 ] && [ "$f" -eq 0 ]; then
		echo "${prog##*/}: exit status $rc"
		f=1
	fi
	if [ "$((p + f))" -eq 0 ]; then
		echo "${prog##*/}: no tests"
		f=1
	fi
	if [ "$f" -ne 0 ] || [ -n "$VERBOSE" ]; then
		cat "$log"
	else
		grep -E "^(\[ (      OK|  PASSED|  SKIPPED)|counted:)" "$log"
	fi
	passed=$((passed + p))
	failed=$((failed + f))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
