#!/usr/bin/env bash
# The smoke suite as a newcomer runs it, on Fashion-MNIST, interrupted in the middle, and its page in a real browser; and
# the pages of the results in docs/, made anew from their files.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
suite=("$DIRECTCLR" reproduce all --scale smoke --seeds 1 --out "$work/smoke")
"${suite[@]}" &
child=$!
until ls "$work"/smoke/runs/*/evaluation.json >/dev/null 2>&1; do sleep 0.2; done
kill -INT $child
status=0
wait $child || status=$?
[ $status = 3 ] || { echo "expected exit status 3 after an interruption, got $status"; exit 1; }
"${suite[@]}"
grep -q "10 of 10 runs finished" "$work/smoke/results.md"
! grep -q "not run\|failed" "$work/smoke/results.md"
"$SOURCE/tests/cli/browser.sh" "$work/smoke/results.html" fig2 fig7 fig9 fig12

# A run alone, never interrupted, comes to the same.
"$DIRECTCLR" reproduce fig2 --scale smoke --seeds 1 --out "$work/alone"
run=$(basename "$work"/alone/runs/mlp-s0-????????)
cmp "$work/alone/runs/$run/encoder.safetensors" "$work/smoke/runs/$run/encoder.safetensors"

for part in docs:all docs/results-40-epochs:all docs/results-40-epochs-cpu:all docs/results-cpu-scale:table1; do
  folder=${part%:*}
  "$DIRECTCLR" reproduce "${part#*:}" --from "$SOURCE/$folder/results.json" --out "$work/$folder" >/dev/null
  diff "$SOURCE/$folder/results.md" "$work/$folder/results.md"
done
"$DIRECTCLR" experiment "$SOURCE/recipes/experiments/relatives.toml" --from "$SOURCE/docs/results-relatives/results.json" --out "$work/relatives" >/dev/null
diff "$SOURCE/docs/results-relatives/results.md" "$work/relatives/results.md"
"$SOURCE/tools/regimes_tables" --check
"$SOURCE/tools/claims_table" --check
