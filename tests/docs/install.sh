#!/usr/bin/env bash
# Installs the library to a temporary place, builds the example project and the snippets of docs/cpp.md against it as a
# stranger would, runs the examples and the installed program.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
cmake --install "$BUILD" --prefix "$work/prefix" >/dev/null
"$work/prefix/bin/directclr" --version
export CCACHE_BASEDIR=$work CCACHE_NOHASHDIR=1

build() {  # build PROJECT FOLDER OPTIONS...: a project against what is installed
  cmake -G Ninja -S "$1" -B "$2" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_CXX_COMPILER_LAUNCHER="$(command -v ccache || true)" "${@:3}" >/dev/null
  cmake --build "$2"
}

# snippets FOLDER: makes docs/cpp.md's pieces of C++ a project: each a file, its includes and then a function with the rest.
snippets() {
  mkdir -p "$1"
  awk -v folder="$1" '/^```cpp$/ { n++; head = body = ""; inside = 1; next }
    /^```$/ && inside { inside = 0; print head "void snippet() {\n" body "}" >(folder "/" n ".cpp"); next }
    inside && /^#include/ { head = head $0 "\n"; next }
    inside { body = body $0 "\n" }' "$SOURCE/docs/cpp.md"
  local full base
  full=$(cd "$1" && grep -lE 'directclr/(torch\.h|tensor|distributed|model|loss|optim|eval|explain|train)' ./*.cpp || true)
  base=$(cd "$1" && grep -LE 'directclr/(torch\.h|tensor|distributed|model|loss|optim|eval|explain|train)' ./*.cpp)
  [ -n "$base" ] || fail "no snippets in docs/cpp.md"
  {
    printf 'cmake_minimum_required(VERSION 3.25)\nproject(snippets LANGUAGES CXX)\nfind_package(directclr 0.1 REQUIRED)\n'
    printf 'add_library(base OBJECT %s)\ntarget_link_libraries(base PRIVATE directclr::base)\n' "${base//$'\n'/ }"
    [ "$TORCH" = OFF ] || [ -z "$full" ] ||
      printf 'add_library(full OBJECT %s)\ntarget_link_libraries(full PRIVATE directclr::directclr)\n' "${full//$'\n'/ }"
  } >"$1/CMakeLists.txt"
}

# The base part, without looking for libtorch.
build "$SOURCE/examples" "$work/base" -DBASE_ONLY=ON
[ ! -e "$work/base/collapse_in_50_lines" ] || fail "the base part found libtorch"
printf '1,2\n3,5\n-1,0.5\n4,4\n0,1\n' >"$work/rows.csv"
"$work/base/spectrum_of_npy" "$work/rows.csv" | tee "$work/out"
grep -q "^effective-rank .* of 2" "$work/out" || fail "no effective rank"
# An error of the library is caught by its type in a program of its own.
status=0
"$work/base/spectrum_of_npy" "$work/absent.npy" 2>"$work/error" || status=$?
[ $status = 2 ] || fail "an absent file ends with status $status"
grep -q "absent.npy: " "$work/error" || fail "the error names no file"

snippets "$work/snippets"
build "$work/snippets" "$work/snippets/build"

source "$SOURCE/tests/docs/small_set.sh"
[ -e "$fashion/train-images-idx3-ubyte.gz" ] || { echo "no Fashion-MNIST: the rest is left out"; exit 0; }
small_set "$work/data" 512 100
"$work/base/two_view_loader" "fashion-mnist:$work/data" | tee "$work/out"
[ "$(grep -c "128 images" "$work/out")" = 4 ] || fail "512 images are not four batches"

[ "$TORCH" = ON ] || exit 0
"$work/prefix/bin/directclr" train --data "fashion-mnist:$work/data" --arch bottleneck:1,1,1,1:16 --stem small --epochs 1 \
  --batch-size 256 --out "$work/run"
build "$SOURCE/examples" "$work/full"
"$work/full/collapse_in_50_lines" | tee "$work/out"
grep -q "effective rank" "$work/out" || fail "no effective rank"
"$work/full/own_training_loop" "fashion-mnist:$work/data" | grep "last loss"
"$work/full/train_own_encoder" "fashion-mnist:$work/data" "$work/own" | tee "$work/out"
grep -q "epoch 2: loss" "$work/out" || fail "no second epoch"
if "$work/prefix/bin/directclr" knn "$work/own" 2>"$work/refusal"; then fail "k-NN of an own encoder"; fi
grep "own encoder" "$work/refusal"
"$work/full/monitor_in_your_loop" | tee "$work/out"
grep -q "effective rank" "$work/out" || fail "no effective rank while training"
