#!/usr/bin/env bash
# Runs every `directclr` command of the README, in order, in an empty folder with small data under the names it uses.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir bin && ln -s "$DIRECTCLR" bin/directclr
# `folder:photos` of the README: the fixtures, in two classes, enough for a batch.
for split in train val; do
  for class in cats dogs; do
    mkdir -p "photos/$split/$class"
    for i in $(seq 20); do cp "$SOURCE/tests/fixtures/rgb_444.jpg" "photos/$split/$class/$i.jpg"; done
  done
done
source "$SOURCE/tests/docs/small_set.sh"
small_set fashion 2048 500
ln -s "$SOURCE/recipes" recipes
export PATH="$work/bin:$PATH"
count=0
while IFS= read -r command; do
  echo "+ $command"
  # The README trains for real; here a later option shortens what only takes time.
  case "$command" in
    "directclr train --data fashion-mnist"*) command+=" --data fashion-mnist:$work/fashion --epochs 1" ;;
    "directclr evaluate encoder.safetensors"*) command+=" --data fashion-mnist:$work/fashion" ;;
    "directclr train --data folder:photos"*) command+=" --image-size 32 --arch bottleneck:1,1,1,1:16 --epochs 1 --batch-size 16" ;;
    "directclr watch"*) command+=" --once" ;;
    "directclr reproduce all --scale smoke"*) command+=" --data fashion-mnist:$work/fashion --limit 256 --epochs 1 --seeds 1" ;;
    "directclr experiment"*) command+=" --data fashion-mnist:$work/fashion" ;;
    "directclr reproduce table1"*) command="${command/cifar10:DIR/folder:photos} --image-size 32 --arch basic:1,1,1,1:16 --epochs 1 --batch-size 16" ;;
  esac
  bash -euo pipefail -c "$command"
  count=$((count + 1))
done < <(awk '/^```/ { inside = !inside; next } inside && /^directclr / { sub(/ +#.*/, ""); print }' "$SOURCE/README.md")
[ "$count" -ge 8 ] || { echo "only $count commands found in the README"; exit 1; }
echo "$count commands ran"
