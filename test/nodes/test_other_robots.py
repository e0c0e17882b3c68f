"""Other robots: the whole graph as processes, driven by their scripted operator."""
from __future__ import annotations

from dataclasses import replace

from il_ros.bags.reader import Bag
from il_ros.contract import CommandInterface, Contract
from il_ros.datasets.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.types import ControlSource, Mode
from il_ros.workflow.session import Session, System
from nodes.harness import next_domain
import numpy as np
import pytest

DOMAIN = str(next_domain())
ARM = Contract.load('sim_arm')
ROBOTS = {'sim_two_arms': 'HandOver', 'sim_mobile': 'FetchCube', 'by_velocity': 'PickPlace'}


def by_velocity():
    """Return sim_arm with a controller of velocities, and one of positions for its gripper."""
    arm, gripper = ARM.joint_names[:6], ARM.joint_names[6:]
    return replace(ARM, command=None, command_hz=100.0, long_commands=(
        CommandInterface('arm/commands', 'std_msgs/Float64MultiArray', arm, interface='velocity'),
        CommandInterface('gripper/commands', 'std_msgs/Float64MultiArray', gripper)))


@pytest.mark.parametrize('robot', ['sim_two_arms', 'sim_mobile',
                                   pytest.param('by_velocity', marks=pytest.mark.slow)])
@pytest.mark.timeout(240)
def test_the_operator_does_the_task_and_every_part_is_in_the_dataset(tmp_path, monkeypatch, robot):
    if robot == 'sim_two_arms':
        pytest.importorskip('control_msgs')   # its right gripper is an action
    monkeypatch.setenv('ROS_DOMAIN_ID', DOMAIN)
    bags, blind = tmp_path / 'bags', tmp_path / 'blind.yaml'
    # The machine may be busy: no cameras, which are not what is new of two arms, and patience.
    contract = by_velocity() if robot == 'by_velocity' else Contract.load(robot)
    patient = tuple(replace(state, max_age_s=1.0) for state in contract.states)
    blind.write_text(replace(contract, cameras=(), state=None, long_states=patient).to_text())
    with Session(System(str(blind), ROBOTS[robot]), bags, tmp_path / 'logs') as session:
        episode = session.demonstrate(0, 120.0)
        # Who resumes a robot that goes on by itself is as far as whoever waited for it.
        session._resume((Mode.TELEOP,))
    assert episode.success
    contract = Contract.load(str(blind))
    with Bag(episode.bag) as bag:
        assert bag.contract.hash == contract.hash
        for state in contract.joint_states:
            assert bag.counts[state.topic.lstrip('/')] > 60
    convert([episode.bag], tmp_path / 'dataset')
    columns = Dataset(tmp_path / 'dataset').columns
    assert (columns['control_source'] == ControlSource.HUMAN).sum() > 60
    assert columns['observation.state'].shape[1] == len(contract.joint_names)
    # Each joint that the operator moves is there, measured and commanded, and it moved.
    for name in ('observation.state', 'action'):
        assert np.isfinite(columns[name]).all()
        assert (np.ptp(columns[name], axis=0) > 1e-3).mean() > 0.6
