#!/usr/bin/env bash
# Builds CPython with a shared libpython from Debian's source tarball into
# .cache/python/<tag>/, unless it is there already, and prints the path of its
# bin/python3. Tags: 3.13, 3.13t, 3.14, 3.14t (t = free-threaded).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
pythons=$root/.cache/python
apt_dir=$root/.cache/apt
build_deps=(build-essential xz-utils libssl-dev zlib1g-dev libffi-dev libsqlite3-dev
  libbz2-dev liblzma-dev uuid-dev libreadline-dev)

log=
exec 3>&2
say() { echo "build-python: $*" >&3; }
die() { say "$*"; exit 1; }
trap '[[ $? -eq 0 || -z $log ]] || say "failed; the log is $log"' EXIT

install_build_deps() {
  local package missing=()
  for package in "${build_deps[@]}"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null) == *installed* ]] ||
      missing+=("$package")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  [[ $(id -u) -eq 0 ]] || die "missing packages; as root run: apt-get install ${missing[*]}"
  say "installing ${missing[*]}"
  apt-get update
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
    install -y --no-install-recommends "${missing[@]}"
}

# fetch_from SUITE PACKAGE FOLDER: downloads the package's .orig tarball into
# FOLDER with an apt that shares the machine's mirror, keys and proxy settings
# but none of its sources, lists, caches or hooks.
fetch_from() {
  local suite=$1 package=$2 folder=$3 private=$apt_dir/$1 mirror
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  # shellcheck disable=SC2016 # apt expands REPO_URI
  read -r mirror < <(apt-get indextargets 'Created-By: Packages' \
    'Origin: Debian' 'Label: Debian' --format '$(REPO_URI)') ||
    die "apt on this machine knows no Debian mirror (has apt-get update been run?)"

  mkdir -p "$private/lists/partial" "$private/cache/archives/partial"
  # Where it is missing, apt's default keys apply.
  [[ -e $keyring ]] || keyring=
  echo "deb-src ${keyring:+[signed-by=$keyring] }$mirror $suite main" >"$private/sources.list"
  cat >"$private/apt.conf" <<CONF
Dir::Etc::sourcelist "$private/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "$private/lists";
Dir::Cache "$private/cache";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
CONF
  say "looking for $package in Debian $suite"
  apt-get -c "$private/apt.conf" update &&
    (cd "$folder" && apt-get -c "$private/apt.conf" source \
      --only-source --download-only --tar-only "$package")
}

# Sets $tarball. One already downloaded is used again, so that 3.x and 3.xt match.
fetch_source() {
  local package=python$1 suites suite folder=$apt_dir/source
  case $1 in
    3.13) suites=(trixie) ;;
    *) suites=(forky sid) ;;
  esac
  mkdir -p "$folder"
  exec 8>"$apt_dir/lock"
  flock 8
  if ! tarball=$(compgen -G "$folder/${package}_*.orig.tar.*"); then
    rm -rf "$folder/partial"
    mkdir "$folder/partial"
    for suite in "${suites[@]}"; do
      if fetch_from "$suite" "$package" "$folder/partial"; then
        mv "$folder/partial/${package}"_*.orig.tar.?z "$folder"
        break
      fi
    done
    rm -rf "$folder/partial"
    tarball=$(compgen -G "$folder/${package}_*.orig.tar.*") ||
      die "could not download the source of $package from Debian ${suites[*]}"
  fi
  exec 8>&-
}

check() {
  local python=$1 version=$2 gil_disabled=$3 scratch=$4
  "$python" - "$version" "$gil_disabled" <<'PY'
import sys, sysconfig, ctypes, os, ssl, sqlite3, zlib
assert "%d.%d" % sys.version_info[:2] == sys.argv[1], sys.version
assert (sysconfig.get_config_var("Py_GIL_DISABLED") or 0) == int(sys.argv[2])
ctypes.CDLL(os.path.join(sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("INSTSONAME")))
PY
  "$python" -m venv "$scratch/venv"
  "$scratch/venv/bin/python" -m pip --version
}

build() {
  local tag=$1 version=${1%t} prefix=$pythons/$1 tree=$pythons/$1.build
  local gil_disabled=0 options=() tarball
  [[ $tag == "$version" ]] || gil_disabled=1 options=(--disable-gil)

  install_build_deps
  fetch_source "$version"
  rm -rf "$prefix" "$tree"
  mkdir "$tree"
  tar -xf "$tarball" -C "$tree" --strip-components=1
  cd "$tree"
  say "building $tag from $(basename "$tarball")"
  ./configure --prefix="$prefix" --enable-shared --with-ensurepip=install \
    --without-static-libpython --disable-test-modules \
    LDFLAGS="-Wl,-rpath,$prefix/lib" "${options[@]}"
  make -j"$(nproc)"
  say "installing $tag"
  make install
  check "$prefix/bin/python3" "$version" "$gil_disabled" "$tree"
  touch "$prefix/.complete"
  cd "$root"
  rm -rf "$tree"
}

[[ $# -gt 0 ]] || die "usage: build-python.sh TAG... (3.13, 3.13t, 3.14, 3.14t)"
for tag in "$@"; do
  [[ $tag =~ ^3\.1[34]t?$ ]] || die "unknown tag $tag (known: 3.13, 3.13t, 3.14, 3.14t)"
done

mkdir -p "$pythons"
for tag in "$@"; do
  if [[ ! -e $pythons/$tag/.complete ]]; then
    exec 9>"$pythons/$tag.lock"
    flock 9
    # Another run may have built it while this one waited.
    if [[ ! -e $pythons/$tag/.complete ]]; then
      log=$pythons/$tag.log
      SECONDS=0
      build "$tag" >"$log" 2>&1
      log=
      say "built $tag in $((SECONDS / 60)) min $((SECONDS % 60)) s"
    fi
    exec 9>&-
  fi
  echo "$pythons/$tag/bin/python3"
done
