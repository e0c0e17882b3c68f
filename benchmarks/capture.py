"""Three cameras 640x480 rgb8 at 30 Hz through the real recorder: what arrives, what is lost."""
from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
import json
import os
from pathlib import Path
import time

from il_ros.contract import Camera, Contract
from il_ros.errors import IlRosError
from il_ros.nodes.clients.client import Client
from il_ros.transport import PROFILES
from il_ros.workflow.graph import environment
from mcap.reader import make_reader
import yaml

from benchmarks.common import cpu_s, DOMAIN, Line, node, process, ROOT

WITH_PROFILE = 'config/transport/local.xml'
PROFILE = ROOT / WITH_PROFILE


def contract_of_three_cameras(folder: Path) -> Path:
    """Write the contract of the benchmark's robot and return its file."""
    contract = Contract.load('sim_arm')
    cameras = tuple(Camera(f'{name}/image_raw', 'sensor_msgs/Image', 30.0, 0.5, name, 'rgb8',
                           480, 640) for name in ('left', 'right', 'wrist'))
    path = folder / 'three_cameras.yaml'
    path.write_text(replace(contract, cameras=cameras, poses=None).to_text())
    return path


def measure(folder: Path, seconds: float) -> list[Line]:
    """Listen and record with and without the Fast DDS profile."""
    robot = contract_of_three_cameras(folder)
    profiles = (('default Fast DDS', dict.fromkeys(PROFILES, '')),
                (WITH_PROFILE, dict.fromkeys(PROFILES, str(PROFILE))))
    return [take(folder, robot, seconds, name, env) for take in (_listen, _record)
            for name, env in profiles]


def _file(name: str) -> str:
    return name.replace(' ', '_').replace('/', '_')


def _listen(folder: Path, robot: Path, seconds: float, name: str, env: dict[str, str]) -> Line:
    heard = folder / f'{_file(name)}.heard'
    stop, log = folder / f'{heard.name}.stop', folder / f'{heard.name}.txt'
    with (process('benchmarks.probes', 'cameras', robot, stop, log=log, **env),
          process('benchmarks.probes', 'listen', robot, seconds, heard, log=log, **env) as probe):
        if probe.wait(60 + seconds):
            raise IlRosError(f'a probe failed: {log.read_text()}')
        stop.touch()
    got, missed = map(int, heard.read_text().split())
    return Line(f'3 cameras, best effort subscriber, {name}: frames lost',
                f'{missed / (got + missed):.1%}', f'{got + missed} published',
                f'{got} frames heard in {seconds:g} s')


def _record(folder: Path, robot: Path, seconds: float, name: str, env: dict[str, str]) -> Line:
    bags = folder / 'bags' / _file(name)
    stop, log = folder / f'{bags.name}.stop', folder / f'{bags.name}.txt'
    with (process('benchmarks.probes', 'cameras', robot, stop, log=log, **env),
          node('teleop_capture', log, env, robot=robot, output=bags) as recorder):
        os.environ.update(environment(DOMAIN))
        client = Client(domain=DOMAIN)
        try:
            client.trigger_until_accepted('capture/start', 60.0)
            before, began = cpu_s(recorder.pid), time.monotonic()
            client.wait(lambda: False, seconds)
            used, lasted = cpu_s(recorder.pid) - before, time.monotonic() - began
            bag = client.stop_capture('success')
        finally:
            client.close()
        stop.touch()
    frames, gaps, size = count(bag)
    return Line(f'3 cameras, recorder, {name}: frames lost',
                f'{gaps / (frames + gaps):.1%}', f'{frames + gaps} published while it recorded',
                f'{size / lasted / 1e6:.0f} MB/s, {gaps} frames missing, '
                f'{reported(bag)} reported, '
                f'{used / lasted:.0%} of a core')


def count(bag: Path) -> tuple[int, int, int]:
    """Return frames, missing frames and bytes of a bag that the probe's cameras filled."""
    numbers, size = defaultdict(list), 0
    for path in sorted(bag.glob('*.mcap')):
        with path.open('rb') as file:
            for _, channel, message in make_reader(file).iter_messages():
                size += len(message.data)
                if channel.topic.endswith('image_raw'):
                    numbers[channel.topic].append(int(message.data[16:24]))
    frames = sum(map(len, numbers.values()))
    return frames, sum(n[-1] - n[0] + 1 - len(n) for n in numbers.values()), size


def reported(bag: Path) -> int:
    """Return how many frames the recorder says were dropped."""
    information = yaml.safe_load((bag / 'metadata.yaml').read_text())[
        'rosbag2_bagfile_information']
    drops = json.loads(information['custom_data']['drops'])
    return sum(count for topic, count in drops.items() if topic.endswith('image_raw'))
