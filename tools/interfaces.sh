#!/usr/bin/env bash
# Builds what the tests need of some packages into the environment that is on, where they are
# missing, or were built before one of them was added here: ROS 2's PyPI wheels have none of them.
set -euo pipefail
cd "$(dirname "$0")/.."
prefix=$(python -c 'import sys; print(sys.prefix)')
export AMENT_PREFIX_PATH="$prefix${AMENT_PREFIX_PATH:+:$AMENT_PREFIX_PATH}"
export CMAKE_PREFIX_PATH=$AMENT_PREFIX_PATH
site=$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
for name in control_msgs controller_manager_msgs foxglove_msgs ffmpeg_image_transport_msgs \
            xarm_msgs; do
  wanted=$(cd test/interfaces/$name && for file in msg/*.msg srv/*.srv action/*.action; do
    [ -f "$file" ] && echo "from $name.${file%%/*} import $(basename "${file%.*}")"; done; true)
  python -c "$wanted" 2>/dev/null && continue
  source=build/interfaces/$name
  rm -rf "$source" && mkdir -p "$source"
  cp -r test/interfaces/$name/. test/interfaces/CMakeLists.txt "$source"
  cmake -S "$source" -B "$source/build" -DNAME=$name "-DCMAKE_INSTALL_PREFIX=$prefix" \
    "-DPython3_EXECUTABLE=$(command -v python)" "-DPYTHON_INSTALL_DIR=${site#"$prefix"/}" \
    '-DCMAKE_INSTALL_RPATH=$ORIGIN;$ORIGIN/../../..'
  cmake --build "$source/build" --parallel "$(nproc)"
  cmake --install "$source/build"
done
