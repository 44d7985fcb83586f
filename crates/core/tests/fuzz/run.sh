#!/usr/bin/env bash
# Runs tests of fuzz/ for so long each, several at a time, with little memory: run.sh SECONDS JOBS [TEST…]
# Called after they were built, with the list of binaries that `cargo nextest list` prints as its input.
set -euo pipefail
seconds=$1 jobs=$2
shift 2

# Cookies are read in another crate; all else is in core.
programs=$("${PYTHON:-python3}" -c '
import json, sys
binaries = json.load(sys.stdin)["rust-binaries"]
print(binaries["steadflow-core::fuzz"]["binary-path"], binaries["steadflow-api"]["binary-path"])')
read -r core api <<<"$programs"

tests() {
  "$core" --list --format terse | sed -n "s|^\(.*\): test\$|$core \1|p"
  echo "$api cookie::tests::a_cookie_is_one_value_of_that_name_or_none"
}
export seconds
chosen=$(tests | grep -E "(${*:+$(IFS='|'; echo "$*")})\$")
# Tests read examples and the corpus below their crate.
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
xargs -P "$jobs" -L 1 bash -c '
  status=0
  output=$(ulimit -v 500000; PROPTEST_CASES=1000000000 timeout "$seconds" "$0" --exact "$1" 2>&1) || status=$?
  # A test that is still running has found nothing.
  if [ $status -eq 124 ]; then echo "$1: nothing found in $seconds s"; else echo "$output"; echo "$1: status $status"; exit 255; fi
' <<<"$chosen"
