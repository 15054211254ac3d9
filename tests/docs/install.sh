#!/usr/bin/env bash
# Installs the library to a temporary place, builds the example project against it as a stranger would, runs both.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$BUILD" --prefix "$work/prefix" >/dev/null
"$work/prefix/bin/directclr" --version
source "$SOURCE/tests/docs/small_set.sh"
small_set "$work/data" 512 100
"$work/prefix/bin/directclr" train --data "fashion-mnist:$work/data" --arch bottleneck:1,1,1,1:16 --stem small --epochs 1 \
  --batch-size 256 --out "$work/run"
cmake -G Ninja -S "$SOURCE/examples" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_BUILD_TYPE=Debug >/dev/null
cmake --build "$work/build"
"$work/build/collapse_in_50_lines" | tee "$work/out"
grep -q "effective rank" "$work/out"
"$work/build/own_training_loop" "fashion-mnist:$work/data" | grep "last loss"
"$work/build/train_own_encoder" "fashion-mnist:$work/data" "$work/own" | tee "$work/out"
grep -q "epoch 2: loss" "$work/out"
if "$work/prefix/bin/directclr" knn "$work/own" 2>"$work/refusal"; then exit 1; fi
grep "own encoder" "$work/refusal"
"$work/build/monitor_in_your_loop" | tee "$work/out"
grep -q "effective rank" "$work/out"
