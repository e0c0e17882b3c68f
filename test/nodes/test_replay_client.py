"""`il_ros replay --ros`: a recorded episode through the real arbiter and gate."""
import re
import subprocess
import sys

import bag_factory as bags
from il_ros.contract import Contract
from il_ros.evaluation.recording import read_recording
from nodes.harness import environment, next_domain, ROOT, running
from nodes.robot import Robot, stopped
import numpy as np
import pytest

DOMAIN = next_domain()
COMMAND = 'from il_ros.cli import main; main()'


@pytest.fixture
def robot(tmp_path):
    with (running('command_gate', DOMAIN, tmp_path / 'gate.txt'),
          running('dagger_intervention', DOMAIN, tmp_path / 'arbiter.txt'),
          Robot(DOMAIN) as robot):
        robot.position = np.array(Contract.load('sim_arm').start)
        robot.until(lambda: robot.modes, 'the mode of the arbiter')
        yield robot


def replay(robot, bag, out):
    """Return the exit status of the command."""
    with out.open('w') as sink:
        process = subprocess.Popen([sys.executable, '-c', COMMAND, 'replay', str(bag), '--ros'],
                                   env=environment(DOMAIN), cwd=ROOT, stdout=sink,
                                   stderr=subprocess.STDOUT)
    try:
        robot.until(lambda: process.poll() is not None, 'the end of the replay', 60.0)
    finally:
        process.kill()
        process.wait()
    return process.returncode


def test_the_robot_repeats_the_episode(robot, tmp_path):
    [bag] = bags.write_bags(tmp_path / 'bags', 1, seconds=1.0)
    recording = read_recording(bag)
    out = tmp_path / 'out.txt'
    for _ in range(5):  # a busy machine may starve the gate, which then stops the arm
        robot.until(lambda: robot.call('gate/arm').success, 'armed')
        status = replay(robot, bag, out)
        printed = out.read_text()
        if status == 0 or not stopped(printed):
            break
    assert status == 0, printed
    found = re.search(rf'{len(recording.states)} ticks on the robot; largest difference of a '
                      r'joint ([0-9.]+)', printed)
    assert found and float(found[1]) < 0.3, printed
    np.testing.assert_allclose(robot.commands[-1], recording.actions[-1], atol=0.05)
