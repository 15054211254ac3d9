#!/usr/bin/env bash
# Two small runs, their report, and the report in a real browser.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for projector in none direct; do
  "$DIRECTCLR" train --data fashion-mnist --arch basic:1,1,1,1:4 --stem small --epochs 1 --batch-size 4096 --log-every 2 \
    --projector $projector --out "$work/$projector"
  "$DIRECTCLR" probe "$work/$projector" --cached
  "$DIRECTCLR" spectrum "$work/$projector" --limit 2000
  "$DIRECTCLR" spectrum "$work/$projector" --layer embedding --limit 2000
done
"$DIRECTCLR" report "$work/none" "$work/direct" --out "$work/page/report.html"
"$SOURCE/tests/cli/browser.sh" "$work/page/report.html" representation representation-1 representation-2 embedding views \
  over-time-loss over-time-rank_r over-time-rank_z over-time-online_top1
