#!/usr/bin/env bash
# Makes keys with which only your own processes can talk to each other: bash tools/sros2.sh [KEYSTORE]
# Needs a ROS 2 with sros2 (sudo apt install ros-jazzy-sros2). See docs/security.md.
set -euo pipefail
keystore=$(realpath -m "${1:-keystore}")
enclave=/il_ros

if ! ros2 security --help >/dev/null 2>&1; then
  echo 'sros2.sh: no "ros2 security": source ROS 2 Jazzy and sudo apt install ros-jazzy-sros2' >&2
  exit 2
fi
if [ -e "$keystore" ]; then
  echo "sros2.sh: $keystore exists already and is not overwritten; name another folder" >&2
  exit 2
fi
umask 077
ros2 security create_keystore "$keystore"
ros2 security create_enclave "$keystore" "$enclave"
cat <<END
Set this in every shell that starts a node, on every machine, and copy $keystore there (keep it
secret; keep $keystore/private off the robot):
  export ROS_SECURITY_KEYSTORE=$keystore
  export ROS_SECURITY_ENABLE=true
  export ROS_SECURITY_STRATEGY=Enforce
  export ROS_SECURITY_ENCLAVE_OVERRIDE=$enclave
END
