#!/usr/bin/env bash
# The shared libraries show names of directclr:: alone, and the engine its one entry.
set -euo pipefail
fail() { echo "FAILED: $*" >&2; exit 1; }
# shown LIBRARY: the demangled names that it defines, without its version's own
shown() { nm -D --defined-only -C "$1" | cut -d' ' -f2- | sed 's/@@DIRECTCLR_[0-9.]*//' | grep -v '^A DIRECTCLR_' || true; }
own='^. ((typeinfo|typeinfo name|vtable|VTT|construction vtable|guard variable) for |(virtual|non-virtual) thunk to )?directclr::'
libraries=(directclr_base directclr_console)
[ "$TORCH" = ON ] && libraries+=(directclr)
for name in "${libraries[@]}"; do
  library=$BUILD/lib/lib$name.so
  ! shown "$library" | grep -Ev "$own" || fail "$library shows these"
  count=$(shown "$library" | grep -Ec "$own") || fail "$library shows nothing"
  readelf -d "$library" | grep -q "SONAME.*lib$name\.so\.[0-9]*\.[0-9]*\]" || fail "$library: no version in its name"
  echo "$library: $count names"
done
if [ "$TORCH" = ON ]; then
  [ "$(shown "$BUILD/lib/libdirectclr_engine.so")" = "T directclr_engine" ] || fail "the engine shows more than its entry"
fi
