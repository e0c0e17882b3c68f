"""A camera of distances from the simulation to a policy: the whole graph as processes."""
from dataclasses import replace

from il_ros.contract import Contract, Depth
from il_ros.datasets.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.evaluation.rollout import Conditions
from il_ros.training.config import TrainConfig
from il_ros.training.train import fit
from il_ros.workflow.session import Session, System
from nodes.harness import next_domain
import numpy as np
import pytest

DOMAIN = str(next_domain())
RANGE_M = (0.2, 2.0)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_distances_are_recorded_learnt_from_and_seen(tmp_path, monkeypatch):
    monkeypatch.setenv('ROS_DOMAIN_ID', DOMAIN)
    arm, robot = Contract.load('sim_arm'), tmp_path / 'deep.yaml'
    scene = replace(arm.cameras[0], encoding='16UC1', depth=Depth(RANGE_M), max_age_s=0.5)
    patient = tuple(replace(state, max_age_s=1.0) for state in arm.states)
    robot.write_text(replace(arm, cameras=(scene,), state=None, long_states=patient).to_text())
    with Session(System(str(robot)), tmp_path / 'bags', tmp_path / 'logs') as session:
        episode = session.demonstrate(0, 120.0)
    assert episode.success
    convert([episode.bag], tmp_path / 'dataset')
    dataset = Dataset(tmp_path / 'dataset')
    metres = dataset.frames('scene', range(0, len(dataset), 10))
    assert metres.dtype == np.float32 and metres.shape[1:] == (scene.height, scene.width, 1)
    assert RANGE_M[0] <= metres[metres > 0].min() <= metres.max() <= RANGE_M[1]
    assert (metres > 0).mean() > 0.9
    moved = np.ptp(metres, axis=0)
    assert (moved < 0.002).mean() > 0.3 and moved.max() > 0.1, 'a room that stands, an arm'
    config = TrainConfig.preset('bc')
    run = fit(dataset, tmp_path / 'run', replace(config, steps=5, policy=replace(
        config.policy, inputs=('state', 'scene'), image_size=(64, 64))))
    with Session(System(str(robot), checkpoint=run), tmp_path / 'more', tmp_path) as session:
        assert session.roll_out(0, Conditions(), 4.0).duration_s > 3.0
