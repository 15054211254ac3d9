#!/usr/bin/env bash
# Every recipe resolves without complaint, and one is run.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for recipe in "$SOURCE"/recipes/*.toml; do
  echo "+ $recipe"
  "$DIRECTCLR" train --config "$recipe" --dry-run >"$work/resolved.toml"
  # Resolved settings resolve to themselves.
  "$DIRECTCLR" train --config "$work/resolved.toml" --dry-run >"$work/again.toml"
  cmp "$work/resolved.toml" "$work/again.toml"
done
for script in "$SOURCE"/recipes/*.slurm "$SOURCE"/recipes/*.torchrun; do bash -n "$script"; done
expect() { grep -qF "$2 = $3  #" "$work/paper.toml" || { echo "paper-imagenet: expected $2 = $3, has: $(grep "^$2 " "$work/paper.toml")"; exit 1; }; }
"$DIRECTCLR" train --config "$SOURCE/recipes/paper-imagenet.toml" --dry-run >"$work/paper.toml"
while read -r section key value; do expect "$section" "$key" "$value"; done <<'TABLE'
train epochs 100
train batch_size 4096
encoder arch "resnet50"
projector d0 360
loss tau 0.1
optimizer lr 4.8
optimizer momentum 0.9
optimizer weight_decay 1e-06
optimizer lars_eta 0.001
optimizer warmup_epochs 10.0
augment crop_scale_min 0.08
augment crop_scale_max 1.0
augment interpolation "bicubic"
augment jitter_saturation 0.2
augment blur_probability_a 1.0
augment blur_probability_b 0.1
augment solarize_probability_b 0.2
TABLE
source "$SOURCE/tests/docs/small_set.sh"
small_set "$work/data" 512 100
"$DIRECTCLR" train --config "$SOURCE/recipes/fashion.toml" --data "fashion-mnist:$work/data" --epochs 1 --out "$work/run"
