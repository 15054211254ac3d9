#!/usr/bin/env bash
# ./demo with a program in place of directclr that writes what the demo reads: one on the PATH is used and nothing is
# built, one that cannot train is not; every stage is timed and said; started again, the demo does only what is missing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*" >&2; sed 's/^/  /' "$work/said" >&2; exit 1; }
[ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ] || { echo "SKIPPED: no Fashion-MNIST here"; exit 77; }
mkdir -p "$work/clone/tools" "$work/bin"
cp "$SOURCE/demo" "$work/clone/demo"
printf '#!/bin/sh\necho "set-up was called"; exit 9\n' >"$work/clone/tools/setup"
cat >"$work/bin/directclr" <<'PROGRAM'
#!/usr/bin/env bash
words=("$@")
out=
while [ $# -gt 0 ]; do [ "$1" = --out ] && out=$2; shift; done
case "${words[0]}" in
  --version) echo 9.9; exit ;;
  knn) echo "directclr: ${CANNOT_TRAIN:-/: is no run directory}" >&2; exit 2 ;;
  train) mkdir -p "$out"; echo '{"images_per_second": 2000}' >"$out/metrics.jsonl"; touch "$out/DONE" "$out/config.toml" ;;
  evaluate)
    mkdir -p "${words[1]}/spectrum"
    echo '{"top1": 0.5}' | tee "${words[1]}/probe.json" >"${words[1]}/knn.json"
    echo '{"effective-rank": 12.5}' >"${words[1]}/spectrum/representation.json"
    touch "${words[1]}/evaluation.json" ;;
  report) mkdir -p "$(dirname "$out")"; touch "$out" ;;
esac
echo "called ${words[0]}"
PROGRAM
chmod +x "$work/clone/tools/setup" "$work/bin/directclr"
run() { status=0; (cd "$work/clone" && PATH="$work/bin:$PATH" ./demo "$@") >"$work/said" 2>&1 || status=$?; }

run --minutes 1
[ $status = 0 ] || fail "status $status"
[ -e "$work/clone/runs/demo/report.html" ] || fail "no report"
grep -q "using $work/bin/directclr, version 9.9: nothing to build" "$work/said" || fail "says not which program"
! grep -q "set-up was called" "$work/said" || fail "installs although all is there"
[ "$(grep -c "called evaluate" "$work/said")" = 4 ] || fail "not four evaluations"
for stage in "timing this machine" "training none" "evaluating direct" report; do
  grep -qE "^  $stage +[0-9]+:[0-9]{2}$" "$work/said" || fail "no time of '$stage'"
done
# 60,000 images at the 2,000 a second that the log says, and a third of the time for the evaluation.
grep -q "training 'mlp' for 1 epoch: with its evaluation about 0:46" "$work/said" || fail "another estimate"
grep -q "linear probe, top-1 %:  none 50.0  linear 50.0  mlp 50.0  direct 50.0" "$work/said" || fail "no accuracies"
grep -q "effective rank of the representation, of 512:  none 12.5" "$work/said" || fail "no ranks"

rm "$work/clone/runs/demo/mlp/evaluation.json"
run --minutes 1
[ "$(grep -c "called evaluate" "$work/said")" = 1 ] || fail "not only what is missing"
! grep -q "called train" "$work/said" || fail "trains again"

CANNOT_TRAIN="libtorch: this build leaves it out" run --minutes 1
[ $status = 9 ] && grep -q "cannot train" "$work/said" || fail "a program without libtorch is used"
run --minutes x
[ $status = 2 ] || fail "a wrong number passes"
