#!/usr/bin/env bash
# The installed headers: those that the two guides include, directly or not, and no others; each compiles alone, those of
# the base part without libtorch; none shows the libraries that are behind them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
cmake --install "$BUILD" --prefix "$work/prefix" >/dev/null
include=$work/prefix/include
(cd "$include" && find . -type f -printf '%P\n' | sort) >"$work/installed"

# What the compiler opens for the guide of the base part.
echo '#include <directclr/directclr.h>' >"$work/guide.cpp"
g++ -std=c++20 -M -I "$include" "$work/guide.cpp" | tr ' \\' '\n\n' | sort >"$work/opened"
! grep -E '/(nlohmann|toml\+\+|eigen3|CLI|torch|ATen|c10)/' "$work/opened" || fail "these show in the public headers"
sed -n "s,^$include/,,p" "$work/opened" >"$work/base"
grep -Fxvf "$work/base" "$work/installed" >"$work/full" || true

mkdir "$work/project"
sources() {  # sources LIST PREFIX: a file for each header
  local header name
  while read -r header; do
    name=$2_$(tr '/.' '__' <<<"$header").cpp
    printf '#include <%s>\n#include <%s>\n' "$header" "$header" >"$work/project/$name"
    echo "$name"
  done <"$1"
}
{
  printf 'cmake_minimum_required(VERSION 3.25)\nproject(headers LANGUAGES CXX)\nfind_package(directclr REQUIRED)\n'
  echo "add_library(base OBJECT $(sources "$work/base" base | tr '\n' ' '))"
  echo "target_link_libraries(base PRIVATE directclr::base)"
  if [ "$TORCH" = ON ]; then
    echo "add_library(full OBJECT $(sources "$work/full" full | tr '\n' ' '))"
    echo "target_link_libraries(full PRIVATE directclr::directclr)"
  fi
} >"$work/project/CMakeLists.txt"
export CCACHE_BASEDIR=$work CCACHE_NOHASHDIR=1
cmake -G Ninja -S "$work/project" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/prefix" \
  -DCMAKE_CXX_COMPILER_LAUNCHER="$(command -v ccache || true)" >/dev/null
cmake --build "$work/build" || fail "a public header does not compile alone"

# What is installed is what the guides open.
if [ "$TORCH" = ON ]; then
  (cd "$work/build" && ninja -t deps CMakeFiles/full.dir/full_directclr_torch_h.cpp.o) >"$work/dependencies"
  sed -n 's,^.*/prefix/include/,,p' "$work/dependencies" | sort -u >"$work/wanted"
else
  [ ! -s "$work/full" ] || fail "not of the base part: $(cat "$work/full")"
  cp "$work/base" "$work/wanted"
fi
diff "$work/wanted" "$work/installed" || fail "< opened by the guides, > installed"
echo "$(wc -l <"$work/installed") headers"
