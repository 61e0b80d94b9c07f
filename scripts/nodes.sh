#!/usr/bin/env bash
# Runs the tests whose result depends on the release of Node (how it starts and
# ends, arrays, worker_threads, the package) on the newest Node of each major version, from
# the npm packages node-<platform>-<arch>, which it keeps in .cache/nodes/.
#   nodes.sh [MAJOR]... [-- VITEST ARGUMENT...]    e.g. nodes.sh 24 -- test/lifecycle/process.exit
# Where a package cannot be installed that Node is left out; a failure if CI is set.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root"
majors=()
while [[ $# -gt 0 && $1 != -- ]]; do majors+=("$1"); shift; done
shift $(($# > 0 ? 1 : 0))
[[ ${#majors[@]} -gt 0 ]] || majors=(22 24 26)
tests=(lifecycle/runtime.start lifecycle/systems.permission lifecycle/process.exit /arrays. lifecycle/worker-threads tooling/package. api/packaged.)
[[ $# -eq 0 ]] || tests=("$@")

status=0
# Nodes that cannot require an ES module, for the test of the package, which runs programs with all that are in .cache/nodes/.
for version in 20.0.0 22.11.0; do
  scripts/node.sh "$version" >/dev/null || echo "Not tested here: Node $version" >&2
done
for major in "${majors[@]}"; do
  if ! node=$(scripts/node.sh "$major"); then
    echo "Not tested here: Node $major (npm cannot install it)" >&2
    [[ -z ${CI-} ]] || status=1
    continue
  fi
  echo "Node $("$node" --version)"
  # Programs that the tests start by name find this Node, too.
  PATH=$(dirname "$node"):$PATH "$node" node_modules/vitest/vitest.mjs run "${tests[@]}" || status=1
done
exit "$status"
