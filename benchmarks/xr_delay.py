"""From an event at the operator to a command that the gate lets through, in control periods.

The headset: a real Chromium with iwer, over TLS, to teleop, arbiter and gate; the event is a move
of the emulated controller by 4 mm. Beside it the keyboard: a byte through a pseudo-terminal. And
what each device costs of a core. Needs what `make xr-test` does:

    PYTHONPATH=test python -m benchmarks.xr_delay 150
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import pty
import sys
import tempfile
import threading
import time

from geometry_msgs.msg import Pose, PoseArray, Quaternion
from il_ros.nodes import shell
from nodes.harness import NodeProcess, running, wait_for
from nodes.robot import CONTRACT, patient, Robot
import numpy as np
from teleop.xr.browser import chromium, MISSING
from teleop.xr.page_messages import HOME

EVENTS = 150
TIME_S = 400.0        # for the headset; a starved browser is let go again and again
STEP_M = 0.004
MOVED = 1e-5           # of a joint [rad]
STILL_S = 0.4          # without a change before an event
DOMAIN = 77


class Watched(Robot):
    """Keeps when each command came."""

    def __init__(self) -> None:
        super().__init__(DOMAIN)
        self._poses = self.node.create_publisher(PoseArray, CONTRACT.poses.topic, shell.STREAM)
        self.node.create_timer(0.01, self._publish_poses)
        self.came: list[tuple[float, np.ndarray]] = []
        self._going = True
        self._spinner = threading.Thread(target=self._spin, daemon=True)
        self._spinner.start()

    def _publish_poses(self) -> None:
        message = PoseArray(poses=[Pose(orientation=Quaternion(w=1.0))] * 3)
        message.header.stamp = self.node.get_clock().now().to_msg()
        self._poses.publish(message)

    def _spin(self) -> None:
        while self._going:
            self.spin()

    def __exit__(self, *arguments: object) -> None:
        self._going = False
        self._spinner.join()
        super().__exit__(*arguments)

    def _on_command(self, message) -> None:
        super()._on_command(message)
        self.came.append((time.time(), self.commands[-1]))

    def still(self) -> np.ndarray:
        """Wait until the commands stand; return the last one."""
        def stands() -> bool:
            newest = [row for at, row in self.came if at > time.time() - STILL_S]
            return len(newest) > 5 and float(np.ptp(newest, axis=0)[:6].max()) < MOVED / 10
        wait_for(stands, 'commands that stand')
        return self.came[-1][1]

    def moved(self, since: float, before: np.ndarray) -> float:
        """Return when the first command other than before came."""
        def first() -> float | None:
            return next((at for at, row in self.came if at > since
                         and np.abs(row - before)[:6].max() > MOVED), None)
        return wait_for(first, 'a command that moves', 3.0)


@contextmanager
def graph(folder: Path, robot: Path, device: str, **more: object) -> Iterator[NodeProcess]:
    """Run gate, arbiter and teleop with a device; yield teleop."""
    with running('command_gate', DOMAIN, folder / 'gate.txt',
                 parameters={'robot': robot, 'armed': True, 'watchdog_s': 0.5}), \
            running('dagger_intervention', DOMAIN, folder / 'arbiter.txt',
                    parameters={'robot': robot, 'mode': 'teleop', 'silent_s': 0.5}), \
            running('teleop', DOMAIN, folder / f'{device}.txt', parameters={
                'robot': robot, 'device': device, **more.pop('parameters', {})},
                **more) as teleop:
        yield teleop


def cpu(process: NodeProcess, seconds: float, meanwhile: Callable[[], object]) -> float:
    """Return the share of a core that a process takes."""
    def used() -> float:
        fields = Path(f'/proc/{process.process.pid}/stat').read_text().rpartition(')')[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf('SC_CLK_TCK')
    began, before = time.monotonic(), used()
    while time.monotonic() < began + seconds:
        meanwhile()
    return (used() - before) / (time.monotonic() - began)


def headset(folder: Path, path: Path, events: int) -> tuple[list[float], float]:
    """Return delays of the headset [s], and the share of a core."""
    settings = folder / 'xr.yaml'
    settings.write_text('port: 18443')
    with Watched() as robot, graph(folder, path, 'xr', env={'IL_ROS_CACHE': str(folder)},
                                   parameters={'settings': settings}) as teleop:
        address = folder / 'xr/address'
        wait_for(lambda: address.is_file() and 'no page is open' in teleop.output, 'the page', 60)
        with chromium(folder / 'xr/certificate.pem') as browser:
            browser.open(address.read_text().splitlines()[0])
            browser.enter()
            squeeze = "device.controllers.right.updateButtonValue('squeeze', {})"

            def drive() -> bool:
                for value in (0, 1):
                    browser.run(squeeze.format(value))
                    time.sleep(0.3)
                return bool(robot.came)
            wait_for(drive, lambda: f'driving: {teleop.output[-500:]}')
            found, side = [], 1
            end = time.monotonic() + TIME_S
            while len(found) < events and time.monotonic() < end:
                before = robot.still()
                x = HOME['right'][0] + side * STEP_M / 2
                since = browser.run(
                    f'device.controllers.right.position.set({x}, 1, -0.4), '
                    '(performance.timeOrigin + performance.now()) / 1000')
                try:
                    found.append(robot.moved(since, before) - since)
                except AssertionError:      # let go by a stall of the browser: squeeze anew
                    drive()
                side = -side
            return found, cpu(teleop, 10, lambda: time.sleep(0.1))


def keyboard(folder: Path, path: Path, events: int) -> tuple[list[float], float]:
    """Return delays of the keyboard [s], and the share of a core."""
    master, slave = pty.openpty()
    with Watched() as robot, graph(folder, path, 'keyboard', stdin=slave) as teleop:
        wait_for(lambda: len(robot.came) > 50, 'commands', spin=lambda: (os.write(master, b'w'),
                                                               time.sleep(0.03)))
        found: list[float] = []
        while len(found) < events:
            before = robot.still()
            since = time.time()
            os.write(master, b'ws'[len(found) % 2:len(found) % 2 + 1])
            try:
                found.append(robot.moved(since, before) - since)
            except AssertionError:      # a stall of this machine held the arm: let go, take anew
                for key in (b't', b'w'):
                    os.write(master, key)
                    time.sleep(0.3)
        return found, cpu(teleop, 10, lambda: time.sleep(0.1))


def main(events: int, *devices: str) -> int:
    """Measure the devices of these names, both when there are none."""
    if MISSING:
        sys.stderr.write(f'needs {MISSING}\n')
        return 2
    period_s = CONTRACT.period_ns * 1e-9
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for device in (keyboard, headset):
            if devices and device.__name__ not in devices:
                continue
            delays, share = device(folder, patient(folder), events)
            ticks = np.array(delays) / period_s
            p50, p99, most = np.percentile(ticks, (50, 99, 100))
            sys.stdout.write(f'{device.__name__}: {len(ticks)} events, p50 {p50:.2f}, p99 '
                             f'{p99:.2f}, most {most:.2f} ticks; teleop takes {100 * share:.1f} '
                             '% of a core\n')
            sys.stdout.flush()
    return 0


if __name__ == '__main__':
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS, *sys.argv[2:]))
