#!/usr/bin/env bash
# Two small runs, their report, and the report in a real browser.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
source "$SOURCE/tests/docs/small_set.sh"
small_set "$work/data" 2048 500
for projector in none direct; do
  "$DIRECTCLR" train --data "fashion-mnist:$work/data" --arch bottleneck:1,1,1,1:16 --stem small --epochs 1 --batch-size 256 --log-every 2 \
    --projector $projector --out "$work/$projector"
  "$DIRECTCLR" probe "$work/$projector" --cached
  "$DIRECTCLR" spectrum "$work/$projector"
  "$DIRECTCLR" spectrum "$work/$projector" --layer embedding
done
"$DIRECTCLR" report "$work/none" "$work/direct" --out "$work/page/report.html"
"$SOURCE/tests/cli/browser.sh" "$work/page/report.html" representation representation-1 representation-2 embedding views \
  over-time-spectrum-1 over-time-spectrum-2 over-time-loss over-time-rank_r over-time-rank_z over-time-online_top1
