#!/usr/bin/env bash
# make test: what computes on both cores side by side, then what runs live processes, alone.
# With arguments, pytest as it is.
set -uo pipefail
cd "$(dirname "$0")/.."
if [ $# -gt 0 ]; then exec python -m pytest -m 'not slow' "$@"; fi
live=(test/faults test/launch test/nodes test/workflow)
OMP_NUM_THREADS=1 python -m pytest -m 'not slow' -n 2 --dist loadfile "${live[@]/#/--ignore=}"
computed=$?
python -m pytest -m 'not slow' "${live[@]}"
lived=$?
exit $((computed > lived ? computed : lived))
