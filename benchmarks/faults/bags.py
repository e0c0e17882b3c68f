"""The recorder killed and stopped, and bags with flipped bits."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
import random
import signal
import time

import bag_factory
from il_ros.bags.integrity import check_mcap
from il_ros.bags.reader import Bag
from il_ros.contract import Contract
from il_ros.errors import BagError
from il_ros.nodes.clients.client import Client
from il_ros.recording import cdr
from il_ros.recording.recover import recover
from il_ros.timing import SECOND
from mcap.reader import make_reader

from benchmarks.capture import contract_of_three_cameras, count, reported
from benchmarks.common import DOMAIN, node, process
from benchmarks.faults.promise import none, Promise

KILLS = 5          # of each kind
FRAME_NS = SECOND // 30
STOPPED_S = 3.0


def measure(folder: Path, flips: int) -> list[Promise]:
    """Return what was lost, what was not reported, and what was not noticed."""
    large = contract_of_three_cameras(folder)
    blind = folder / 'blind.yaml'
    blind.write_text(replace(Contract.load(str(large)), cameras=()).to_text())
    small = folder / 'small.yaml'
    small.write_text(replace(Contract.load(str(large)), cameras=tuple(
        replace(camera, height=120, width=160)
        for camera in Contract.load(str(large)).cameras)).to_text())
    frames = [_lost(folder, robot, 'image_raw') for robot in (large, small)]
    states = _lost(folder, blind, 'joint_states')
    unreported, gaps = _drops(folder, large)
    return [
        Promise('frames lost on kill -9 of the recorder', '<= 2',
                f'{max(frames[0][0])} (640x480), {max(frames[1][0])} (160x120) of {KILLS} kills',
                max(frames[0][0] + frames[1][0]) <= 2),
        Promise('state lost on kill -9 of the recorder', '<= 1 s (30 samples)',
                f'{max(states[0])} samples at 30 Hz of {KILLS} kills', max(states[0]) <= 30),
        none('closed episodes lost on kill -9', sum(x[1] for x in (*frames, states)),
             f'{3 * KILLS}'),
        Promise('reported drops = gaps in the bag', 'always',
                f'{gaps - unreported} reported, {gaps} missing', not unreported and gaps > 0),
        none('bit flips that nobody noticed', *_flips(folder, flips))]


def _recording(folder: Path, robot: Path, act: Callable[[object, Client], None]) -> Path:
    """Record the probe's streams, do something and return the folder of episodes."""
    bags = folder / f'{robot.stem}_{time.monotonic_ns()}'
    log, stop = folder / f'{bags.name}.txt', folder / f'{bags.name}.stop'
    with (process('benchmarks.probes', 'cameras', robot, stop, log=log),
          node('teleop_capture', log, robot=robot, output=bags) as recorder):
        client = Client(domain=DOMAIN)
        try:
            client.trigger_until_accepted('capture/start', 60.0)
            act(recorder, client)
        finally:
            client.close()
        stop.touch()
    return bags


def _lost(folder: Path, robot: Path, topic: str) -> tuple[list[int], int]:
    """Return lost frames per kill, and how many closed episodes were lost."""
    lost, gone, draw = [], 0, random.Random(0)
    for _ in range(KILLS):
        killed = []

        def act(recorder, client, killed=killed):
            client.wait(lambda: False, 1.0)
            client.stop_capture('success')
            client.trigger_until_accepted('capture/start', 60.0)
            client.wait(lambda: False, 1.5 + draw.random())
            recorder.send_signal(signal.SIGKILL)
            killed.append(time.time_ns())
            recorder.wait()
        bags = _recording(folder, robot, act)
        closed, partial = sorted(bags.glob('episode_*'))
        try:
            Bag(closed).close()
        except BagError:
            gone += 1
        newest = _newest_stamps(recover(partial).path, topic)
        lost.append(max(0, *((killed[0] - at) // FRAME_NS for at in newest)))
    return lost, gone


def _newest_stamps(bag: Path, topic: str) -> list[int]:
    newest: dict[str, int] = {}
    for path in bag.glob('*.mcap'):
        with path.open('rb') as file:
            for _, channel, message in make_reader(file).iter_messages():
                if channel.topic.endswith(topic):
                    newest[channel.topic] = cdr.stamp_ns(message.data) or 0
    return list(newest.values())


def _drops(folder: Path, robot: Path) -> tuple[int, int]:
    """Stop the recorder until the transport loses frames; return unreported and missing ones."""
    found = []

    def act(recorder, client):
        client.wait(lambda: False, 1.0)
        recorder.send_signal(signal.SIGSTOP)
        time.sleep(STOPPED_S)
        recorder.send_signal(signal.SIGCONT)
        client.wait(lambda: False, 1.0)
        found.append(client.stop_capture('success'))
    _recording(folder, robot, act)
    _, gaps, _ = count(found[0])
    return abs(gaps - reported(found[0])), gaps


def _flips(folder: Path, number: int) -> tuple[int, str]:
    script = bag_factory.Script(bag_factory.small_contract(), seconds=1.0, correct_s=0.5)
    file, = bag_factory.write_bag(folder / 'flipped', script).glob('*.mcap')
    original, draw, unnoticed = file.read_bytes(), random.Random(0), 0
    with file.open('r+b') as stream:
        for _ in range(number):
            place = draw.randrange(len(original))
            for byte in (original[place] ^ 1 << draw.randrange(8), original[place]):
                stream.seek(place)
                stream.write(bytes([byte]))
                stream.flush()
                if byte != original[place]:
                    try:
                        check_mcap(file)
                        unnoticed += 1
                    except BagError:
                        pass
    return unnoticed, f'{number}'
