#!/usr/bin/env bash
# make test: what computes, on both cores; live processes that mostly wait for each other, two files
# side by side, each in a ROS domain of its own; then, alone, those whose nodes are stopped and
# killed, and the demo, whose episodes fail where a starved robot is held.
# With arguments, pytest as it is.
set -uo pipefail
cd "$(dirname "$0")/.."
run() { python -m pytest -m 'not slow' "$@"; }
if [ $# -gt 0 ]; then run "$@"; exit; fi
live=(test/workflow test/nodes test/launch)
alone=(test/faults test/workflow/test_demo.py)
failed=0
OMP_NUM_THREADS=1 run -n 2 --dist loadfile "${live[@]/#/--ignore=}" "${alone[@]/#/--ignore=}" || failed=1
run -n 2 --dist loadfile "${live[@]}" "${alone[@]/#/--ignore=}" || failed=1
run "${alone[@]}" || failed=1
exit $failed
