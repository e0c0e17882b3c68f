"""Processes that a benchmark runs beside the nodes: `python -m benchmarks.probes NAME ...`."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import struct
import sys
import time
from typing import Any

from il_ros.contract import Contract, State
from il_ros.scheduling import run_first
from il_ros.types import Floats
import numpy as np

from benchmarks.frames import picture


def drivers(node: Any, contract: Contract) -> list[Callable[[Floats, int], None]]:
    """Return what publishes a robot's joint states, one per topic: positions (J,), stamp [ns]."""
    from il_ros.nodes import shell
    from sensor_msgs.msg import JointState

    def make(state: State) -> Callable[[Floats, int], None]:
        publisher = node.create_publisher(JointState, state.topic, shell.STREAM)
        columns = contract.indices(state.joints)

        def publish(positions: Floats, stamp_ns: int) -> None:
            message = JointState(name=list(state.told), position=positions[columns].tolist())
            message.header.stamp = shell.to_stamp(stamp_ns)
            publisher.publish(message)
        return publish
    return [make(state) for state in contract.joint_states]


def cameras(robot: str, stop: str) -> None:
    """Publish a robot's streams until the file `stop` exists; a camera waits for no processor.

    Images are packed CDR bytes in which stamp and frame number are replaced in place.
    """
    run_first()
    from il_ros.nodes import shell
    import rclpy
    from rclpy.serialization import serialize_message
    from sensor_msgs.msg import Image
    from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
    contract = Contract.load(robot)
    shell.prepare_transport()
    rclpy.init()
    node = rclpy.create_node('cameras')
    told = drivers(node, contract)
    commands = [(node.create_publisher(JointTrajectory, c.topic, shell.STREAM), list(c.told),
                 contract.indices(c.joints or ())) for c in contract.commands]
    images = []
    for camera in contract.cameras:
        packed = []
        for number in range(30):
            message = Image(height=camera.height, width=camera.width, encoding='rgb8',
                            step=3 * camera.width)
            message.header.frame_id = '0' * 8
            message.data = picture(camera.height, camera.width, number).tobytes()
            packed.append(bytearray(serialize_message(message)))
        images.append((node.create_publisher(Image, camera.topic, shell.STREAM), packed))
    start = np.array(contract.start)
    count, due = 0, time.monotonic_ns()
    # Four samples of the state per frame, so that both keep their rates.
    while not Path(stop).exists():
        due += contract.period_ns // 4
        time.sleep(max(0, due - time.monotonic_ns()) / 1e9)
        now = time.time_ns()
        positions = start + 0.1 * np.sin(now / 1e9)
        for publish in told:
            publish(positions, now)
        count += 1
        if count % 4:
            continue
        for publisher, packed in images:
            data = packed[count // 4 % len(packed)]
            data[4:12] = struct.pack('<iI', now // 10 ** 9, now % 10 ** 9)
            data[16:24] = b'%08d' % (count // 4)
            publisher.publish(bytes(data))
        for publisher, names, columns in commands:
            publisher.publish(JointTrajectory(joint_names=names, points=[
                JointTrajectoryPoint(positions=positions[columns].tolist())]))


def listen(robot: str, seconds: str, out: str) -> None:
    """Write how many frames a best effort subscriber of the cameras got and how many it missed.

    So policy_inference subscribes. It counts from the first frame of each camera on.
    """
    from il_ros.nodes import shell
    import rclpy
    from sensor_msgs.msg import Image
    shell.prepare_transport()
    rclpy.init()
    node = rclpy.create_node('listener')
    numbers: dict[str, list[int]] = {c.topic: [] for c in Contract.load(robot).cameras}
    for topic, seen in numbers.items():
        node.create_subscription(Image, topic, lambda data, seen=seen: seen.append(
            int(data[16:24])), shell.SENSOR, raw=True)
    while not all(numbers.values()):
        rclpy.spin_once(node, timeout_sec=1.0)
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        rclpy.spin_once(node, timeout_sec=0.1)
    newest = max(seen[-1] for seen in numbers.values())
    missed = sum(newest - seen[0] + 1 - len(seen) for seen in numbers.values())
    Path(out).write_text(f'{sum(map(len, numbers.values()))} {missed}')


PROBES: dict[str, Callable[..., None]] = {p.__name__: p for p in (cameras, listen)}

if __name__ == '__main__':
    PROBES[sys.argv[1]](*sys.argv[2:])
