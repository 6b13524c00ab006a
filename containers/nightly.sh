#!/bin/sh
# Refine the model every night at three (UTC), or now and only once: nightly.sh now
set -eu
refine() {
  mkdir -p "$DIGITS_OUTPUTS_DIR/notebooks"
  papermill notebooks/refine.ipynb "$DIGITS_OUTPUTS_DIR/notebooks/refine-$(date +%Y%m%d-%H%M%S).ipynb" \
    --log-output --no-progress-bar -p scheduler "${DIGITS_SCHEDULER:-}" "$@"
}
if [ "${1:-}" = now ]; then
  shift
  refine "$@"
  exit
fi
trap exit TERM
while :; do
  sleep $(($(date -d 'tomorrow 03:00' +%s) - $(date +%s))) & wait $!
  refine || echo "Refining failed; the next try is tomorrow."
done
