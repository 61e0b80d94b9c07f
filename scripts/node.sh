#!/usr/bin/env bash
# Prints the path of the newest Node of a major version, or of one version, from the npm package
# node-<platform>-<arch>, which it keeps in .cache/nodes/: node.sh 24, node.sh 22.11.0.
# Prints the one that is there when npm cannot say which is the newest, and fails where there is none.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
package=node-$(node -p 'process.platform + "-" + process.arch')
folder=$root/.cache/nodes/$1
node=$folder/node_modules/$package/bin/node
mkdir -p "$folder"
[[ -e $folder/package.json ]] || echo '{ "private": true }' >"$folder/package.json"
npm install --prefix "$folder" --no-save --no-audit --no-fund --loglevel=error "$package@$1" >&2 || true
[[ -x $node ]] || { echo "npm cannot install $package@$1" >&2; exit 1; }
echo "$node"
