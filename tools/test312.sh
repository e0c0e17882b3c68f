#!/usr/bin/env bash
# Tests on Python 3.12, Jazzy's own, what needs no PyTorch: in a copy of the tree with an environment
# of its own under .venv. Does nothing where there is no python3.12 (PYTHON312 names another).
set -euo pipefail
cd "$(dirname "$0")/.."
found=
for python in "${PYTHON312:-}" python3.12 ~/.pyenv/versions/3.12.*/bin/python3.12; do
  if "${python:-false}" -c 'import venv, ensurepip' 2>/dev/null; then found=$python; break; fi
done
if [ -z "$found" ]; then
  echo 'il_ros: no python3.12 with venv here: nothing was tested on it'
  exit 0
fi
copy=.venv/python3.12
mkdir -p $copy
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
  [ ! -f "$file" ] || cp --parents --update "$file" $copy
done
cd $copy
PYTHON=$found TORCH=none bash tools/setup.sh
. tools/env.sh
# The live graph of test/nodes, test/faults and test/workflow is run by `make test`.
OMP_NUM_THREADS=1 exec timeout 1200 python -m pytest -m 'not slow' -n 2 --dist loadfile \
  --ignore test/faults --ignore test/workflow --ignore test/launch --ignore test/benchmarks \
  --ignore test/test_layers.py --ignore test/nodes --ignore test/panel \
  test test/nodes/test_bag_converter.py test/nodes/test_teleop_capture.py "$@"
