"""Time of the pure gate per command, with what it checks added one after the other."""
from __future__ import annotations

from collections.abc import Callable
import time

from il_ros.contract import Contract
from il_ros.kinematics import find_urdf
from il_ros.planning.pinocchio_collisions import PinocchioCollisions
from il_ros.safety.gate import Gate
from il_ros.safety.rules import Command
from il_ros.safety.workspace import Workspace
from il_ros.timing import Now
from il_ros.types import ControlSource, Floats
import numpy as np

from benchmarks.common import Line

ROBOTS = ('sim_arm', 'ur5e_realsense')
COMMANDS, WARM_UP = 1200, 50
ROWS = 100     # of a chunk
ROS_NS = 10**18


def measure() -> list[Line]:
    """Time commands of a swinging arm, and a look at a whole chunk."""
    lines = []
    for robot in ROBOTS:
        contract = Contract.load(robot)
        checker = PinocchioCollisions(contract, find_urdf(contract))
        gates = {'limits': Gate(contract),
                 'and workspace': Gate(contract, workspace=Workspace(contract)),
                 'and collisions': Gate(contract, workspace=Workspace(contract),
                                        collisions=checker)}
        for what, gate in gates.items():
            lines.append(_line(f'gate, {robot}: {what}', contract, _commands(contract, gate)))
        lines.append(_line(f'gate, {robot}: chunk of {ROWS} rows ahead', contract,
                           _chunks(contract, gates['and collisions'])))
    return lines


def _swing(contract: Contract, k: int) -> Floats:
    away = 0.2 * np.sin(k / 20) * np.ones(len(contract.joints))
    away[next(iter(contract.grippers))] = 0.0
    swung: Floats = np.array(contract.start) + away
    return swung


def _commands(contract: Contract, gate: Gate) -> Floats:
    measured = np.array(contract.start)

    def now(k: int) -> Now:
        steady_ns = 10**9 + k * contract.period_ns
        return Now(steady_ns, ROS_NS + steady_ns)

    gate.measure(measured, now(-1).ros_ns, now(-1))
    gate.arm(now(-1))

    def send(k: int) -> None:
        nonlocal measured
        at = now(k)
        gate.measure(measured, at.ros_ns, at)
        decision = gate.receive(Command(
            contract.joint_names, _swing(contract, k).tolist(), ControlSource.HUMAN, b'bench', k,
            0, at.ros_ns), at)
        assert decision.sent is not None, decision
        measured = decision.sent

    return _times(send, COMMANDS)


def _chunks(contract: Contract, gate: Gate) -> Floats:
    rows = np.array([_swing(contract, k) for k in range(ROWS)])

    def look(k: int) -> None:
        gate.foresee(rows, 0)

    return _times(look, WARM_UP + ROWS)


def _times(act: Callable[[int], None], number: int) -> Floats:
    """Return the processor time of each call but the first [ns]: others may use the machine."""
    times = []
    for k in range(number):
        began = time.thread_time_ns()
        act(k)
        times.append(time.thread_time_ns() - began)
    return np.array(times[WARM_UP:], dtype=np.float64)


def _line(what: str, contract: Contract, times: Floats) -> Line:
    p50, p99 = np.percentile(times, (50, 99))
    return Line(f'{what}: p50 / p99', f'{p50 / contract.period_ns:.4f} / '
                                      f'{p99 / contract.period_ns:.4f}',
                'the control period', f'{p50 / 1e6:.2f} / {p99 / 1e6:.2f} ms')
