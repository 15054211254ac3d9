#!/usr/bin/env bash
# Opens a report in headless Chromium and asks the page itself: all figures there, drawn, no script or resource errors.
#
#   tests/cli/browser.sh REPORT.html FIGURE...
set -euo pipefail
report=$(realpath "$1")
shift
chromium=$(command -v chromium || command -v chromium-browser || true)
if [ -z "$chromium" ]; then echo "SKIPPED: no chromium here"; exit 77; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$chromium" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$work/profile" \
  --enable-logging=stderr --v=0 --virtual-time-budget=5000 --dump-dom "file://$report" >"$work/dom.html" 2>"$work/log"
if grep -E "CONSOLE|Failed to load resource" "$work/log"; then echo "the page has errors"; exit 1; fi
for figure in "$@"; do
  grep -q "id=\"figure-$figure\"" "$work/dom.html" || { echo "no figure '$figure' in the page"; exit 1; }
done
if grep -oE '(src|href)="https?://[^"]*"' "$work/dom.html"; then echo "the page needs the network"; exit 1; fi
"$chromium" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$work/profile" \
  --window-size=400,900 --screenshot="$work/phone.png" "file://$report" 2>/dev/null >&2
[ "$(stat -c %s "$work/phone.png")" -gt 10000 ] || { echo "the screenshot is empty"; exit 1; }
echo "the page shows all $# figures"
