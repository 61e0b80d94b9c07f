#!/usr/bin/env bash
# Tests with Debian's newest Pythons (3.14 and newer) and Node: makes a chroot of
# Debian sid in .cache/newest/, unless it is there already, copies the working
# tree into it and runs the tests there. Linux and root only.
#   newest.sh [VITEST ARGUMENT]...   the tests, or some of them
#   newest.sh --prepare              only makes the chroot
#   newest.sh --run COMMAND...       runs a command there, with this tree as it is, at its path
# ONLY=3.15 hides Debian's other Pythons. `rm -r .cache/newest` to get newer ones.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cache=$root/.cache/newest
chroot=$cache/root
log=$cache/prepare.log

exec 3>&2
say() { echo "newest: $*" >&3; }
die() { say "$*"; exit 1; }

# Runs this script again with mounts and process ids of its own: when that run
# ends, in whichever way, the kernel unmounts and ends what it leaves behind.
isolate() {
  local status=0
  [[ $(uname -s) == Linux && $(id -u) -eq 0 ]] || die "needs Linux and root, to mount and to chroot"
  command -v apt-get >/dev/null || die "needs a Debian: it uses the mirror that apt on this machine uses"
  unshare --mount --pid --fork true || die "may not make namespaces here; a container has to be privileged"
  set -m # a process group of its own, in which SIGINT is not ignored
  unshare --mount --pid --fork --kill-child --mount-proc "$0" --isolated "$@" </dev/null &
  # shellcheck disable=SC2064 # this process
  trap "kill -KILL $! 2>/dev/null || true" EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  wait $! || status=$?
  exit "$status"
}

# Debian's index of sid at times names files that its mirrors do not have (404).
patiently() {
  local try
  for try in 1 2 3; do
    if "$@"; then return; fi
    [[ $try -eq 3 ]] || { say "$1: attempt $try of 3 failed; the next one in 30 s"; sleep 30; }
  done
  ! grep -qE " 404 |Couldn't download" "$log" ||
    die "the mirror lacks files that Debian's index of sid names; try again in some hours; the log is $log"
  die "$1 failed; the log is $log"
}

bootstrap() {
  local mirror
  # shellcheck disable=SC2016 # apt expands REPO_URI
  read -r mirror < <(apt-get indextargets 'Created-By: Packages' \
    'Origin: Debian' 'Label: Debian' --format '$(REPO_URI)') ||
    die "apt on this machine knows no Debian mirror (has apt-get update been run?)"
  command -v debootstrap >/dev/null ||
    { apt-get update && apt-get install -y --no-install-recommends debootstrap; } || return
  eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
  [[ -z ${http_proxy-} ]] || export http_proxy
  rm -rf --one-file-system "$chroot" && mkdir -p "$chroot" &&
    debootstrap --variant=minbase --include=ca-certificates sid "$chroot" "$mirror"
}

install_packages() {
  local version packages=(nodejs npm procps libatomic1)
  inside apt-get update || return
  for version in $(inside apt-cache pkgnames libpython3. | sed -nE 's/^lib(python3\.(1[4-9]|[2-9].))$/\1/p'); do
    packages+=("$version" "lib$version" "$version-venv")
  done
  [[ ${packages[*]} == *python* ]] || die "Debian sid has no Python 3.14 or newer"
  inside apt-get install -y --no-install-recommends "${packages[@]}" && inside apt-get clean
}

# The chroot reaches the network as this machine does: apt's settings, and the
# files of the resolver, npm and certificates, each at the path that it has outside.
carry() {
  local file npm=(npm --loglevel=error config get)
  apt-config dump | grep -E '^Acquire::(https?|Retries|Check-)' >"$chroot/etc/apt/apt.conf.d/99outer" || true
  for file in /etc/resolv.conf /etc/hosts "${NODE_EXTRA_CA_CERTS-}" "${SSL_CERT_FILE-}" \
    "$("${npm[@]}" cafile)" "$("${npm[@]}" userconfig)" "$("${npm[@]}" globalconfig)"; do
    [[ ! -f $file ]] || install -D -m "$(stat -L -c %a "$file")" "$file" "$chroot$file"
  done
}

# CI is not set inside: the chroot has the newest Pythons, and lacks what CI must have outside.
inside() {
  env --unset=CI --unset=VIRTUAL_ENV --unset=CONDA_PREFIX --unset=PYENV_ROOT --unset=PYTHREADS_PYTHON --unset=TMPDIR \
    DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin chroot "$chroot" "$@"
}

mount_all() {
  mkdir -p "$chroot/dev/pts" "$chroot/dev/shm"
  mount -t proc proc "$chroot/proc"
  mount -t devpts -o newinstance,ptmxmode=0666 devpts "$chroot/dev/pts"
  mount -t tmpfs tmpfs "$chroot/dev/shm"
  mount -t tmpfs tmpfs "$chroot/tmp"
}

# The tree has the path that it has outside, so that the free-threaded Python,
# which Debian does not package, can be the one that was built for the tests outside.
copy_tree() {
  local tree=$chroot$root free=.cache/python/3.13t
  mkdir -p "$tree/.cache/python"
  find "$tree" -mindepth 1 -maxdepth 1 ! -name .cache ! -name node_modules -exec rm -rf {} +
  tar -C "$root" --exclude=./.cache --exclude=./.git --exclude=./node_modules --exclude=./bench/.peers -c . | tar -C "$tree" -x
  [[ ! -e $root/$free/.complete || -e $tree/$free/.complete ]] || cp -a "$root/$free" "$tree/.cache/python/"
}

# `python3` is the newest, or the only one that was asked for.
choose_python() {
  local python newest
  newest=$(cd "$chroot/usr/bin" && printf '%s\n' python3.?? | sort -V | tail -n 1)
  [[ -z ${ONLY-} ]] || newest=python$ONLY
  [[ -x $chroot/usr/bin/$newest ]] || die "the chroot has no $newest"
  ln -sfn "/usr/bin/$newest" "$chroot/usr/local/bin/python3"
  for python in "$chroot"/usr/bin/python3.??; do
    [[ -z ${ONLY-} || $python == */$newest ]] || mount --bind /dev/null "$python"
  done
}

[[ ${1-} == --isolated ]] || isolate "$@"
shift
mkdir -p "$cache"
chmod 700 "$cache" # it has copies of npm's configuration
exec 9>"$cache/lock"
flock 9
if [[ ! -e $cache/complete ]]; then
  say "making a chroot of Debian sid (some minutes, once)"
  SECONDS=0
  patiently bootstrap >"$log" 2>&1
  carry
  patiently install_packages >>"$log" 2>&1
  touch "$cache/complete"
  say "made it in $((SECONDS / 60)) min $((SECONDS % 60)) s"
fi
[[ ${1-} != --prepare ]] || exit 0
carry
mount_all
if [[ ${1-} == --run ]]; then
  # Node 26 needs it, and chroots of an earlier day lack it.
  compgen -G "$chroot/usr/lib/*/libatomic.so.1" >/dev/null ||
    inside apt-get install -y --no-install-recommends libatomic1 >>"$log" 2>&1 || die "no libatomic1; the log is $log"
  for folder in "$root" "$(realpath "$root/.cache/nodes")"; do
    mkdir -p "$chroot$folder"
    mount --bind "$folder" "$chroot$folder"
  done
  inside "${@:2}"
  exit
fi
copy_tree
choose_python
# shellcheck disable=SC2016 # the chroot's shell expands these
inside bash -c 'cd "$1" && shift && npm install --ignore-scripts --loglevel=error &&
  npm run --silent build && npx tsc -p test/fixtures/tsconfig.json && npx vitest run "$@"' bash "$root" "$@"
