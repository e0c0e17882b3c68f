"""The grid of policy/chunk under load, beside what the machine can do and what is done naively.

ACT on three cameras 640x480 takes about 300 ms per inference; two busy loops take the rest of the
processor. Three times in a row: policy_inference as it is, the same without real-time priority,
and the network inside an rclpy timer. An independent process hears the chunks; beside it runs a
bare SCHED_FIFO loop, the floor, which publishes a message of that size, made beforehand, each time
it wakes.

Late is a message's arrival after its tick, less the median of policy_inference with priority, or
of the floor's own messages: that is what message and transport take. A wake-up of the floor is
one, an arrival takes three.
"""
from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
import re
import time
from typing import NamedTuple

from il_ros.contract import Contract
from il_ros.errors import IlRosError
from il_ros.policies.config import PolicyConfig
from il_ros.timing import MILLISECOND
from il_ros.training.config import TrainConfig
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray
import yaml

from benchmarks.capture import contract_of_three_cameras
from benchmarks.common import Line, node, process, untrained

QUANTILES = (50, 99, 99.9, 100)
LATE_MS = 2.0
GATE_MS = 2.0
START_S = 180.0
PROBES = 'benchmarks.grid_probes'


class Run(NamedTuple):
    """What one arrangement did.

    Attributes:
        stamps_ns: Ticks of the chunks that came.
        delays_ms: From tick to arrival.
        floor_ms: How late the bare loop woke at the same time.
        bare_ms: From its ticks to the arrival of its messages.
        reasons: Why it was silent meanwhile, as it logged.
    """

    stamps_ns: NDArray[np.int64]
    delays_ms: Floats
    floor_ms: Floats
    bare_ms: Floats
    reasons: tuple[str, ...]

    def missing(self, period_ns: int) -> int:
        """Return how many ticks between the first and the last chunk have none."""
        return int((np.round(np.diff(self.stamps_ns) / period_ns) - 1).sum())


def measure(folder: Path, seconds: float) -> list[Line]:
    """Measure the grid and the gate of one arm, then of two with everything twice."""
    return [*_one_arm(folder, seconds), *_two_arms(folder, seconds)]


def _two_arms(folder: Path, seconds: float) -> list[Line]:
    """Measure the bimanual ViperX: 14 joints, four cameras, four command topics."""
    robot, contract = folder / 'two_arms.yaml', Contract.load('aloha_vx300s')
    cameras = tuple(replace(camera, rate_hz=contract.rate_hz, max_age_s=0.5)
                    for camera in contract.cameras)
    robot.write_text(replace(contract, cameras=cameras, urdf='', command_hz=None).to_text())
    contract = Contract.load(str(robot))
    name = (f'{len(contract.joints)} joints, {len(cameras)} cameras, '
            f'{len(contract.commands)} command topics')
    checkpoint = untrained(folder / 'slow_act_of_two', _slow_act(contract), contract)
    run = _run(folder, robot, checkpoint, seconds, 10)
    return [*_of_run(name, run, float(np.median(run.delays_ms)), contract.period_ns),
            _gate(folder, robot, seconds, name)]


def _one_arm(folder: Path, seconds: float) -> list[Line]:
    robot = contract_of_three_cameras(folder)
    contract = Contract.load(str(robot))
    checkpoint = untrained(folder / 'slow_act', _slow_act(contract), contract)
    ours, ordinary = (_run(folder, robot, checkpoint, seconds, priority) for priority in (10, 0))
    naive = _run(folder, robot, checkpoint, seconds, None)
    transport_ms = float(np.median(ours.delays_ms))
    lines = []
    for name, run in (('policy_inference', ours),
                      ('without SCHED_FIFO', ordinary),
                      ('network in an rclpy timer', naive)):
        lines += _of_run(name, run, transport_ms, contract.period_ns)
    worst = _late_p99(naive, transport_ms)
    lines += [Line('network in an rclpy timer: late p99',
                   f'{worst / _late_p99(run, transport_ms):.0f}',
                   f'policy_inference {name} SCHED_FIFO', 'times later')
              for name, run in (('with', ours), ('without', ordinary))]
    return [*lines, _gate(folder, robot, seconds, 'one arm')]


def _of_run(name: str, run: Run, transport_ms: float, period_ns: int) -> list[Line]:
    late, floor = run.delays_ms - transport_ms, run.floor_ms
    bare = run.bare_ms - np.median(run.bare_ms)
    errors = np.abs(np.diff(run.stamps_ns + run.delays_ms * MILLISECOND)
                    - period_ns) / MILLISECOND
    return [
        Line(f'{name}: late p99 / p99.9 / max', _ratios(late, floor), 'a bare FIFO loop',
             f'{_ms(late)} against {_ms(floor)} ms'),
        Line(f'{name}: the same', _ratios(late, bare), 'messages of that loop',
             f'{_ms(late)} against {_ms(bare)} ms'),
        Line(f'{name}: share more than {LATE_MS:g} ms late',
             f'{(late > LATE_MS).mean():.2%}', f'{(floor > LATE_MS).mean():.2%} of that loop, '
             f'{(bare > LATE_MS).mean():.2%} of its messages',
             f'{len(late)} chunks'),
        Line(f'{name}: ticks without a chunk', f'{run.missing(period_ns)}',
             f'{len(floor)} ticks', '; '.join((f'period error {_ms(errors)} ms',
                                               *run.reasons)))]



def _slow_act(contract: Contract) -> PolicyConfig:
    policy = TrainConfig.preset('act').policy
    return replace(
        policy, inputs=('state', *(camera.name for camera in contract.cameras)), horizon=300,
        tool_actions=False, pose_differences=False,
        act=replace(policy.act, image_blocks=2, image_widths=(48, 96, 128, 128)))


def _run(folder: Path, robot: Path, checkpoint: Path, seconds: float,
         priority: int | None) -> Run:
    """Run policy_inference with a priority, or the naive node when None."""
    name = f'priority_{priority}'
    log, begin, heard, floor_heard, woke, stop = (folder / f'{name}.{end}' for end in (
        'txt', 'begin', 'npy', 'floor.npy', 'woke.npy', 'stop'))
    period_ns, before = Contract.load(str(robot)).period_ns, 0
    with ExitStack() as running:
        running.enter_context(process('benchmarks.probes', 'cameras', robot, stop, log=log))
        sender = running.enter_context(
            process(PROBES, 'naive', checkpoint, log=log) if priority is None else
            node('policy_inference', log, robot=robot, checkpoint=checkpoint, autostart=True,
                 priority=priority, deadline_s=30.0))
        probe, loop = (running.enter_context(process(PROBES, *arguments, log=log))
                       for arguments in (('chunks', heard, floor_heard, begin, seconds),
                                         ('floor', woke, begin, period_ns, seconds)))
        for _ in range(2):
            running.enter_context(process(PROBES, 'busy', log=log))
        end = time.monotonic() + START_S + seconds
        while (probe.poll(), loop.poll()) != (0, 0):
            if time.monotonic() > end or probe.poll() or loop.poll() or (
                    sender.poll() is not None):
                raise IlRosError(f'nothing to measure: {log.read_text()[-2000:]}')
            time.sleep(1.0)
            if not begin.exists():
                before = log.stat().st_size
        said = log.read_bytes()[before:].decode(errors='replace')
        stop.touch()
    chunks = np.load(heard)
    delays, bare, floor = (np.diff(np.load(file))[:, 0] / MILLISECOND
                           for file in (heard, floor_heard, woke))
    return Run(chunks[:, 0], delays, floor, bare,
               tuple(dict.fromkeys(re.findall(r'no chunk: (.*)', said)))[:3])


def _gate(folder: Path, robot: Path, seconds: float, name: str) -> Line:
    """Send commands through the gate beside two busy loops.

    It is patient: what follows on a machine that stood still for its watchdogs is no command.
    """
    log, out, patient = (folder / name for name in ('gate.txt', 'gate.npy', 'patient.yaml'))
    contract = Contract.load(str(robot))
    data = yaml.safe_load(contract.to_text())
    for state in data.get('states') or [data['state']]:
        state['max_age_s'] = 5.0
    patient.write_text(yaml.safe_dump(data))
    with (node('command_gate', log, robot=patient, armed=True, watchdog_s=5.0),
          process(PROBES, 'busy', log=log), process(PROBES, 'busy', log=log),
          process(PROBES, 'commands', out, patient, seconds, log=log) as probe):
        if probe.wait(START_S + seconds):
            raise IlRosError(f'a probe failed: {log.read_text()}')
    took = np.load(out)
    came = took[took >= 0] / MILLISECOND
    return Line(f'{name}, gate, in to out and back over DDS: p99',
                f'{np.percentile(came, 99) / GATE_MS:.2f}', f'{GATE_MS:g} ms',
                f'{_ms(came)} ms; {len(took) - len(came)} of {len(took)} commands unanswered')


def _late_p99(run: Run, transport_ms: float) -> float:
    return float(np.percentile(run.delays_ms - transport_ms, 99))


def _ratios(late: Floats, floor: Floats) -> str:
    # The median of a bare loop is near zero: only the tail makes a ratio.
    pairs = zip(np.percentile(late, QUANTILES[1:]), np.percentile(floor, QUANTILES[1:]),
                strict=True)
    return ' / '.join(f'{a / b:.1f}' for a, b in pairs)


def _ms(values: Floats) -> str:
    return ' / '.join(f'{value:.2f}' for value in np.percentile(values, QUANTILES))
