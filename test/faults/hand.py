"""A person at a gamepad, as joy_node tells of them: `python -m faults.hand`."""
from __future__ import annotations

import math
import time

from il_ros.msg import ControlMode
from il_ros.nodes import shell
import rclpy
from sensor_msgs.msg import Joy

PERIOD_S = 0.05            # joy_node repeats itself 20 times a second
AXES, BUTTONS, DEAD_MAN = 6, 21, 10   # of game_controller_node
SWAY_S, TILT = 4.0, 0.4    # the left stick, to and fro
PRESS_S = 1.0              # for so long a switch that moves nothing stays pressed
DRIVES = (ControlMode.TELEOP, ControlMode.CORRECTING)


def main() -> None:
    """Take over and keep driving: sway the stick, press the dead-man switch anew after a hold."""
    shell.prepare_transport(images=False)
    rclpy.init()
    node = rclpy.create_node('game_controller_node')
    publisher = node.create_publisher(Joy, 'joy', 10)
    modes = [ControlMode.PAUSED]
    node.create_subscription(ControlMode, 'control/mode', lambda m: modes.append(m.mode),
                             shell.LATCHED)
    begin = due = time.monotonic()
    while True:
        due += PERIOD_S
        while (left := due - time.monotonic()) > 0:
            rclpy.spin_once(node, timeout_sec=left)
        since = due - begin
        held = modes[-1] in DRIVES or since % (2 * PRESS_S) > PRESS_S
        axes = [TILT * math.sin(2 * math.pi * since / SWAY_S), *[0.0] * (AXES - 1)]
        publisher.publish(Joy(axes=axes, buttons=[int(held and k == DEAD_MAN)
                                                  for k in range(BUTTONS)]))


if __name__ == '__main__':
    main()
