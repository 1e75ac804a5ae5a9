# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the set-up scripts share: places, messages, steps with progress.
# Sourced, never run. A script that sources it gets "set -euo pipefail".

set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
O=${O:-$TOP/build}
case $O in /*) ;; *) O=$TOP/$O ;; esac
CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/nouveau-svm
PROG=$(basename "$0")

say() { printf '%s\n' "$*" >&2; }
die() { say "$PROG: $*"; exit 1; }

# key FILE...: names what was made from these files.
key() { cat "$@" | sha256sum | cut -c1-12; }

# Everything a script must undo on its way out, Ctrl-C included.
cleanup_paths=()
step_pid=
on_exit() {
	local rc=$?

	trap - EXIT INT TERM HUP
	if [ -n "$step_pid" ]; then
		kill -TERM -- "-$step_pid" 2>/dev/null || :
		wait "$step_pid" 2>/dev/null || :
	fi
	for p in ${cleanup_paths[@]+"${cleanup_paths[@]}"}; do
		chmod -R u+w "$p" 2>/dev/null || :
		rm -rf --one-file-system "$p" || :
	done
	exit "$rc"
}
trap on_exit EXIT
trap 'say ""; say "$PROG: interrupted"; exit 130' INT
trap 'exit 143' TERM HUP

# step LABEL LOG CMD...: run CMD with its output in LOG. A terminal sees a line
# that moves, a file gets one line every 15 s; a failure shows the log's end.
step() {
	local label=$1 log=$2 start=$SECONDS last=0 rc=0
	shift 2

	mkdir -p "$(dirname "$log")"
	setsid "$@" >"$log" 2>&1 </dev/null &
	step_pid=$!
	while kill -0 "$step_pid" 2>/dev/null; do
		local t=$((SECONDS - start))

		if [ -t 2 ]; then
			printf '\r\033[K%s … %ds  %.60s' "$label" "$t" \
				"$(tail -n1 "$log" | tr -cd '[:print:]')" >&2
		elif [ $((t / 15)) -gt "$last" ]; then
			last=$((t / 15))
			say "$label … ${t}s  $(tail -n1 "$log" |
				tr -cd '[:print:]' | cut -c1-60)"
		fi
		sleep 0.2
	done
	wait "$step_pid" || rc=$?
	step_pid=
	[ -t 2 ] && printf '\r\033[K' >&2
	if [ "$rc" -ne 0 ]; then
		say "$label: failed (exit $rc); the end of $log:"
		tail -n 15 "$log" | sed 's/^/    /' >&2
		grep -qs 'No space left on device' "$log" &&
			say "The disk is full: $(df -h --output=avail,target "$CACHE" | tail -n1)"
		grep -qsE 'Temporary failure resolving|Could not (connect|resolve)|Network is unreachable' "$log" &&
			say "The network or the mirror is out of reach; MIRROR=<url> names another mirror."
		exit "$rc"
	fi
	say "$label: done in $((SECONDS - start)) s"
}

# need_space DIR MIB: stop early rather than in the middle of a download.
need_space() {
	local have

	mkdir -p "$1"
	have=$(df --output=avail -BM "$1" | tail -n1 | tr -cd 0-9)
	[ "$have" -ge "$2" ] ||
		die "$1: $2 MiB are needed, $have MiB are free"
}

# cache_lock [WHAT]: one builder of it at a time; a second one waits and then finds
# the result.
cache_lock() {
	local what=${1:-cache}

	mkdir -p "$CACHE"
	exec 9>"$CACHE/.lock-$what"
	flock -n 9 && return
	say "waiting for another run that is building the $what"
	flock 9
}

# mirror: MIRROR, or the first Debian archive that the host's apt is set up for.
mirror() {
	local m=${MIRROR:-}

	[ -n "$m" ] || m=$(apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' \
		'Created-By: Packages' 2>/dev/null |
		awk -F'|' '$1 == "Debian" && $2 == "Debian" { print $3; exit }')
	[ -n "$m" ] ||
		die "apt on this host names no Debian mirror; run apt-get update, or set MIRROR=<url>"
	echo "${m%/}"
}

# apt_options: fills the array of that name with what mmdebstrap needs to use
# mirrors as the host's apt does.
apt_options() {
	local o

	apt_options=(
		--aptopt='APT::Install-Recommends "false"'
		# A mirror may lag behind; signatures are still checked.
		--aptopt='Acquire::Check-Valid-Until "false"'
	)
	while read -r o; do
		apt_options+=(--aptopt="${o%;}")
	done < <(apt-config dump | grep -E '^Acquire::(http|https|ftp|Retries)\b.*"[^"]+";' || :)
}
