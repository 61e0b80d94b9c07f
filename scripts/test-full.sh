#!/usr/bin/env bash
# Everything: all tests with full counts on every Python, those that depend on
# Node on the newest Node 22, 24 and 26, and those that depend on Python on
# Debian's newest, and the smoke suite on a quarter of all pairs of Node and
# Python. Builds and installs what is missing. Where that is impossible, it is
# left out; a failure if CI is set. Its last line adds up the counts of all runs.
#
# PYTHREADS_PASSED names a file that `npm test` has written: what has passed
# there and is no larger here is left out, and so are the build and the linters.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# part NAME COMMAND...: the other parts run after a failure too, so that one run tells of all.
status=0
part() {
  echo "== $1"
  "${@:2}" || { echo "$1 failed" >&2; status=1; }
}

everything() {
  # For the sandboxes of docs/security.md. Where there is none, the end of the run says so.
  command -v bwrap >/dev/null || apt-get install -y --no-install-recommends bubblewrap >/dev/null 2>&1
  part 'full counts' env PYTHREADS_TESTS=full npx vitest run --project '!bench'
  part 'the benchmark and its report' env PYTHREADS_TESTS=full npx vitest run --project bench
  unset PYTHREADS_PASSED
  part 'other versions of Node' scripts/nodes.sh
  if scripts/newest.sh --prepare; then
    part 'the newest Pythons' scripts/newest.sh test/lifecycle/runtime.start.test.ts \
      test/api/{callbacks,context,elastic,error-data,inline,iterators,made,names,objects,pool,recovery,values}.test.ts \
      --project lifecycle --project thread --project subinterpreter --project process \
      -t 'starting|a pool|runtime|worker thread|objects'
  else
    # A sid that is broken today is no fault of a change, but CI must not pass because of it.
    echo 'Not tested here: the newest Pythons (no chroot of Debian sid)'
    [[ -z ${CI-} ]] || status=1
  fi
  part 'the smoke suite on a quarter of the matrix' npm run --silent matrix -- --turn
  return "$status"
}

[[ -e ${PYTHREADS_PASSED-} ]] || npm run --silent pretest || exit
everything 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
grep -aE '^[0-9]+ passed, ' "$log" |
  awk '{ passed += $1; failed += $3; skipped += $5 } END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }'
exit "$status"
