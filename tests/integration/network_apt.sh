#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What people do first with a network: install a package in a Debian container, from the mirror that this machine uses.
# Only with check --long: everything else of the check stays on this machine.
. "${0%/*}/lib.sh"
need_mirror
image debian
options='-qq -o Acquire::Retries=2 -o Acquire::http::Timeout=20 -o Dpkg::Use-Pty=0 -o APT::Sandbox::User=root'
has "apt-get update and install, with the default network" 'Hello, world!' skiff run --rm debian sh -c "
    echo 'deb [trusted=yes] $mirror bookworm main' >/etc/apt/sources.list && rm -f /etc/apt/sources.list.d/*
    export DEBIAN_FRONTEND=noninteractive
    apt-get $options update && apt-get $options install -y --no-install-recommends hello >/dev/null 2>&1 && hello"
finish
