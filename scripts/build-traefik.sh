#!/bin/sh
# Builds the real Traefik that `npm run parity` compares gateway/router with, and prints the path of the binary.
#
#   TRAEFIK=$(scripts/build-traefik.sh)
#
# From the Go module proxy, about three minutes and 1.5 GB of module and build cache the first time. The
# binary goes to a cache outside the repository ($GLIMMR_CACHE, else $XDG_CACHE_HOME/glimmr, else
# ~/.cache/glimmr) and is never committed. Exit code 3: there is no Go here.
#
# `go install …@v3.7.9` refuses a module that has `replace` lines, so a scratch module repeats them. Traefik's
# web UI is not part of the module: nothing here needs it.
set -eu

version=${TRAEFIK_VERSION:-3.7.9}
cache=${GLIMMR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/glimmr}/traefik-$version
binary=$cache/traefik

if [ -x "$binary" ]; then
  echo "$binary"
  exit 0
fi
if ! command -v go >/dev/null 2>&1; then
  echo 'build-traefik: there is no Go here' >&2
  exit 3
fi

mkdir -p "$cache"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/build-traefik.XXXXXX")
trap 'rm -rf "$scratch"' EXIT INT TERM
cd "$scratch"

mkdir ext
printf 'module github.com/traefik/traefik/dynamic/ext\n\ngo 1.25\n' > ext/go.mod
printf 'package ext\n\ntype HTTP struct{}\n\ntype Router struct{}\n' > ext/ext.go

printf 'module build\n\ngo 1.25\n' > go.mod
upstream=$(GOFLAGS=-mod=mod go mod download -json "github.com/traefik/traefik/v3@v$version" | sed -n 's/.*"GoMod": "\(.*\)".*/\1/p')
{
  printf 'module build\n\n'
  sed -n '/^go /p' "$upstream"
  printf '\nrequire github.com/traefik/traefik/v3 v%s\n\n' "$version"
  # The replace block (or single lines) as they stand; the local folder of Traefik's tree is ours.
  awk '/^replace \(/ {inside=1} inside {print} inside && /^\)/ {inside=0} /^replace [^(]/ {print}' "$upstream" |
    grep -v 'traefik/dynamic/ext' || true
  printf '\nreplace github.com/traefik/traefik/dynamic/ext => ./ext\n'
} > go.mod
# -mod=mod writes go.sum as it goes: `go mod tidy` would also fetch the tests of every dependency.
CGO_ENABLED=0 GOFLAGS=-mod=mod go build -trimpath -ldflags "-s -w -X github.com/traefik/traefik/v3/pkg/version.Version=$version" \
  -o "$binary.part" github.com/traefik/traefik/v3/cmd/traefik >&2
mv "$binary.part" "$binary"
echo "$binary"
