#!/usr/bin/env bash
# make test: what computes, on both cores; live processes that mostly wait for each other, two files
# side by side, each in a ROS domain of its own; those whose nodes are stopped and killed, one by
# one, and beside them more that computes and gives way; then, alone, the demo, whose cameras need
# what there is. With arguments, pytest as it is.
set -uo pipefail
cd "$(dirname "$0")/.."
run=(python -m pytest -m 'not slow')
if [ $# -gt 0 ]; then "${run[@]}" "$@"; exit; fi
side_by_side=("${run[@]}" -n 2 --dist loadfile --no-loadscope-reorder)
long=(test/policies test/test_install.py test/training test/commands test/execution test/inspection
  test/benchmarks)   # first, so that both end together
live=(test/workflow test/nodes test/launch test/panel)
killed=(test/faults)
demo=(test/workflow/test_demo.py)
beside=(test/teleop test/bags)
failed=0
OMP_NUM_THREADS=1 "${side_by_side[@]}" "${long[@]}" test "${live[@]/#/--ignore=}" \
  "${killed[@]/#/--ignore=}" "${beside[@]/#/--ignore=}" || failed=1
"${side_by_side[@]}" "${live[@]}" "${demo[@]/#/--ignore=}" || failed=1
output=$(mktemp)
OMP_NUM_THREADS=1 python tools/give_way.py "${run[@]}" -o timeout=1200 "${beside[@]}" > "$output" 2>&1 &
other=$!
trap 'kill -INT -- -$other 2> /dev/null; rm "$output"' EXIT
"${run[@]}" "${killed[@]}" || failed=1
wait $other || failed=1
cat "$output"
"${run[@]}" "${demo[@]}" || failed=1
exit $failed
