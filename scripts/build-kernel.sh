#!/bin/sh
# Compiles services/pipeline/kernel/source/*.as.ts into kernel.wasm beside them, or into the file that is named.
#
#   scripts/build-kernel.sh [FILE]
#
# The compiler comes from npm for the occasion (100 MB, most of it Binaryen), because who uses or changes anything else does not
# need it. Its version is fixed, Binaryen's with it: the same source gives the same bytes.
set -eu

usage='Compiles services/pipeline/kernel to kernel.wasm beside its source, or into FILE.

  npm run kernel -- [FILE]'
case ${1-} in
-h | --help)
  echo "$usage"
  exit
  ;;
-*)
  printf 'There is no option %s\n\n%s\n' "$1" "$usage" >&2
  exit 2
  ;;
esac

version=0.28.20
here=$(cd "$(dirname "$0")/.." && pwd)
folder=$here/services/pipeline/kernel
out=${1:-$folder/kernel.wasm}
case $out in /*) ;; *) out=$PWD/$out ;; esac
cd "${TMPDIR:-/tmp}"
# The memory is made by kernel.ts, 54 pages of 64 KiB.
npx --yes --package "assemblyscript@$version" -- asc main.as.ts --baseDir "$folder/source" --outFile "$out" \
  -O3 --noAssert --runtime stub --enable simd,bulk-memory --importMemory --initialMemory 54 --maximumMemory 54
