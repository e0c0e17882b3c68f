"""A disk that fills while an episode is recorded, as a small tmpfs."""
from __future__ import annotations

import os
import subprocess

from faults.cell import contract_of
from il_ros.bags.reader import Bag
from nodes.harness import next_domain, running
from nodes.robot import Robot
import pytest
import yaml

DOMAIN = next_domain()
SIZE, FILLED = 1100 << 20, 1020 << 20   # above what an episode needs to start; below what it needs


@pytest.fixture
def disk(tmp_path):
    folder = tmp_path / 'disk'
    folder.mkdir()
    mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={SIZE}', 'tmpfs', str(folder)],
                             capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f'mounting a tmpfs takes root: {mounted.stderr.strip()}')
    yield folder
    subprocess.run(['umount', '--lazy', str(folder)], check=True)


def fill(disk):
    with (disk / 'filler').open('wb') as filler:
        os.posix_fallocate(filler.fileno(), 0, FILLED)


def test_a_full_disk_refuses_an_episode_and_closes_the_one_that_runs(tmp_path, disk):
    data = yaml.safe_load(contract_of('sim_arm', cameras=False, impatient=False).to_text())
    del data['poses']
    contract = tmp_path / 'robot.yaml'
    contract.write_text(yaml.safe_dump(data))
    fill(disk)
    with Robot(DOMAIN) as robot, running('teleop_capture', DOMAIN, tmp_path / 'log', parameters={
            'robot': contract, 'output': disk / 'bags'}) as recorder:
        refused = robot.until(lambda: 'GB free' in (text := robot.call(
            'capture/start').message) and text, 'refused for want of space', 60)
        assert 'expected at least 1.00 GB' in refused
        (disk / 'filler').unlink()
        robot.until(lambda: robot.call('capture/start').success, 'an episode', 60)
        file = disk / 'bags/episode_0001.partial/episode_0001_0.mcap'
        robot.until(lambda: file.stat().st_size > 30_000, 'states in it')
        fill(disk)
        robot.until(lambda: 'disk full: ' in recorder.output
                    and (disk / 'bags/episode_0001').exists(), 'the end of the episode', 60)
        assert recorder.process.poll() is None
        with Bag(disk / 'bags/episode_0001') as bag:
            assert bag.info.stop_reason.startswith('disk full: ')
            assert sum(1 for _ in bag.messages({'joint_states'})) > 20
