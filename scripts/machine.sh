# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What quickstart and check do to the machine: packages, subordinate ids, the AppArmor profile. Sourced by both.
#
# Both may be started by a user (who can sudo), through sudo, or as root. Packages want root; what is built and what runs
# belongs to the person who typed the command, who is $caller here.

# shellcheck disable=SC2034  # used by those who source this

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

# Where the kernel and the system keep what is read and written; other values are for the tests.
userns_switch=${SKIFF_TEST_USERNS_SWITCH:-/proc/sys/kernel/apparmor_restrict_unprivileged_userns}
apparmor_folder=${SKIFF_TEST_APPARMOR_FOLDER:-/etc/apparmor.d}
apparmor_parser=${SKIFF_TEST_APPARMOR_PARSER:-apparmor_parser}
etc=${SKIFF_TEST_ETC:-/etc}

build_packages=(
    g++ meson ninja-build pkg-config patch
    libcli11-dev libfmt-dev nlohmann-json3-dev libyaml-cpp-dev libseccomp-dev libcap-ng-dev
    libssl-dev libzstd-dev liblzma-dev zlib1g-dev
)
run_packages=(uidmap)

caller=$(id -un)
if [ "$(id -u)" = 0 ] && [ -n "${SUDO_USER:-}" ]; then caller=$SUDO_USER; fi

say() { printf '%s\n' "$*"; }
die() {
    printf 'Error: %s\n' "$*" >&2
    exit 1
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi; }

# As the person who typed the command, in their own environment as far as a session would set it.
as_caller() {
    if [ "$(id -un)" = "$caller" ]; then
        "$@"
    else
        local home uid runtime=()
        home=$(getent passwd "$caller" | cut -d: -f6)
        uid=$(id -u "$caller")
        [ -d "/run/user/$uid" ] && runtime=("XDG_RUNTIME_DIR=/run/user/$uid")
        runuser -u "$caller" -- env -u XDG_RUNTIME_DIR -u XDG_DATA_HOME -u XDG_CONFIG_HOME -u XDG_CACHE_HOME \
            HOME="$home" USER="$caller" LOGNAME="$caller" "${runtime[@]}" "$@"
    fi
}

# Who may write to the clone: usually the caller, but root where it was cloned as root.
as_owner() { if as_caller test -w "$top"; then as_caller "$@"; else "$@"; fi; }

missing_packages() { # PACKAGE…: those that are not installed
    local package
    for package; do
        [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
    done
}

# apt-get that never asks, and gives up on a mirror that does not answer instead of hanging.
apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 -o Acquire::http::Timeout=20 \
        -o Acquire::https::Timeout=20 -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 "$@" </dev/null
}

# Installs what is missing after saying so; no package manager is started when nothing is.
need_packages() { # PACKAGE…
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing packages: ${missing[*]}"
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        die "root is needed to install them, and there is no sudo; as root: apt-get install ${missing[*]}"
    fi
    # Lists that are already there are often enough, and a foreign source that is down must not stop us: so the
    # update is only insisted on when the packages cannot be had without it. Some networks have IPv6 in name only.
    apt install -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 && return 0
    apt update >/dev/null || say "(some package lists could not be refreshed)"
    apt install -y --no-install-recommends "${missing[@]}" >/dev/null ||
        apt -o Acquire::ForceIPv4=true install -y --no-install-recommends "${missing[@]}" >/dev/null ||
        die "apt-get could not install: ${missing[*]}"
}

# What no package has as an archive that links statically is built from source. Debian's mirrors have the releases, too: from
# there they come as the packages do (mirror, proxy); without them meson asks the internet. The wrap says which bytes are meant.
need_source() { # WRAP, one of whose URLs is in Debian's pool
    local wrap=$top/subprojects/$1.wrap cache=$top/subprojects/packagecache file hash pool site
    file=$(sed -n 's/^source_filename *= *//p' "$wrap")
    hash=$(sed -n 's/^source_hash *= *//p' "$wrap")
    pool=$(sed -n 's,^source_.*url *= .*/\(pool/.*\),\1,p' "$wrap")
    ! sha256sum --check --status <<<"$hash  $cache/$file" 2>/dev/null || return 0
    as_owner mkdir -p "$cache"
    while read -r site; do
        as_owner /usr/lib/apt/apt-helper -qq -o APT::Sandbox::User= -o Acquire::Retries=3 -o Acquire::http::Timeout=20 \
            download-file "$site/$pool" "$cache/$file" "SHA256:$hash" </dev/null >/dev/null 2>&1 && return 0
    done < <(debian_mirrors)
    as_owner rm -f "$cache/$file"
    say "(no mirror has the source $file; meson will look for it)"
}
# Those of this machine first.
debian_mirrors() {
    # shellcheck disable=SC2016  # apt's own variable
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 2>/dev/null | sed 's,/*$,,' | sort -u
    echo http://deb.debian.org/debian
}

check_system() {
    if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then return; fi
    die "this script knows Debian and Ubuntu (apt-get); elsewhere install a C++20 compiler, meson and the libraries listed in CONTRIBUTING.md, then: meson setup build && meson compile -C build"
}

# The first id after every granted range (and after the ids of people), so that nobody's ranges overlap.
next_subordinate_id() {
    cat "$etc/subuid" "$etc/subgid" 2>/dev/null |
        awk -F: 'BEGIN {next_id = 100000} $2 + $3 > next_id {next_id = $2 + $3} END {print next_id}'
}
has_subordinate_ids() { # FILE USER
    local uid
    uid=$(id -u "$2")
    awk -F: -v name="$2" -v uid="$uid" '($1 == name || $1 == uid) && $3 > 0 {found = 1} END {exit !found}' "$1" 2>/dev/null
}

# Rootless containers have the ids of a range granted here; root needs none.
need_subordinate_ids() { # USER
    [ "$(id -u "$1")" != 0 ] || return 0
    local first options=()
    first=$(next_subordinate_id)
    has_subordinate_ids "$etc/subuid" "$1" || options+=(--add-subuids "$first-$((first + 65535))")
    has_subordinate_ids "$etc/subgid" "$1" || options+=(--add-subgids "$first-$((first + 65535))")
    [ ${#options[@]} -gt 0 ] || return 0
    say "granting $1 the subordinate ids $first-$((first + 65535)) in /etc/subuid and /etc/subgid (usermod ${options[*]} $1)"
    as_root usermod "${options[@]}" "$1"
}

# Ubuntu gives user namespaces only to programs with an AppArmor profile that has the rule `userns`. The same text as
# skiff prints for those without root (src/runtime/userns/namespace_refusal.cc); a test compares the two.
apparmor_profile() { # PROGRAM
    cat <<PROFILE
abi <abi/4.0>,
include <tunables/global>
profile skiff "$1" flags=(unconfined) {
  userns,
}
PROFILE
}
need_apparmor_profile() { # PROGRAM
    [ "$(cat "$userns_switch" 2>/dev/null)" = 1 ] || return 0
    local file=$apparmor_folder/skiff
    [ "$(cat "$file" 2>/dev/null)" != "$(apparmor_profile "$1")" ] || return 0
    say "this machine gives user namespaces only to programs with an AppArmor profile; installing $file for $1:"
    apparmor_profile "$1" | sed 's/^/    /'
    apparmor_profile "$1" | as_root tee "$file" >/dev/null
    as_root "$apparmor_parser" -r "$file"
}
