"""The main job with few episodes: real nodes, real bags, a trained policy, a correction."""
import json
from pathlib import Path
import subprocess
import sys

from il_ros.bags.find import find_bags
from il_ros.bags.reader import Bag
from il_ros.datasets.reader import Dataset
from il_ros.policies.load import load
from il_ros.types import ControlSource
from nodes.harness import environment, ROOT
import numpy as np
import pytest

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope='module')
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp('demo') / 'out'
    command = [sys.executable, '-c', 'from il_ros.cli import main; main()', 'demo', '--quick',
               '--out', str(folder)]
    result = subprocess.run(command, env=environment(90), cwd=ROOT, capture_output=True,
                            text=True, timeout=580)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    assert 'equal time' in result.stdout
    return folder


def test_summary_names_every_round(out):
    summary = json.loads((out / 'summary.json').read_text())
    assert [r['name'] for r in summary['rounds']] == ['demonstrations', 'dagger_1']
    for entry in [*summary['rounds'], summary['equal_human_seconds']]:
        assert 0 <= entry['successes'] <= entry['episodes'] == 4
        assert entry['human_seconds'] > 0
    assert (summary['equal_human_seconds']['human_seconds']
            >= summary['rounds'][-1]['human_seconds'])


def test_every_episode_is_a_bag_with_its_contract(out):
    found = find_bags([out / 'bags' / 'demonstrations', out / 'bags' / 'dagger_1'])
    assert len(found.bags) == 4
    for path in found.bags:
        with Bag(path) as bag:
            assert bag.contract.robot == 'sim_arm'
            assert bag.counts['control/report'] > 30
            assert bag.counts['scene_camera/image_raw'] > 10


def test_dataset_has_demonstrations_and_rollouts(out):
    dataset = Dataset(out / 'dataset')
    source = dataset.columns['control_source'].reshape(-1)
    assert (source == ControlSource.HUMAN).sum() > 60
    assert (source == ControlSource.POLICY).sum() > 30
    # While the policy drives, what it wanted is what was asked of the gate.
    wanted = np.isfinite(dataset.columns['action.policy']).all(1)
    assert wanted[source == ControlSource.POLICY].mean() > 0.9
    assert dataset.frames('scene', [0]).shape == (1, 128, 128, 3)


def test_checkpoints_load(out):
    for name in ('demonstrations', 'dagger_1', 'demonstrations_of_equal_time'):
        assert load(out / 'checkpoints' / name / 'best').horizon == 16


def test_report_stands_alone(out):
    page = (out / 'report.html').read_text()
    assert '<svg' in page and 'dagger' in page and 'src="http' not in page
    assert (out / 'rollout.mp4').stat().st_size > 10_000


def test_a_second_run_moves_the_first_aside(tmp_path):
    from il_ros.commands.demo import free

    first = tmp_path / 'demo'
    (first / 'bags').mkdir(parents=True)
    (first / 'bags' / 'episode').write_text('recorded')
    assert free(first) == first and not first.exists()
    assert (tmp_path / 'demo.1' / 'bags' / 'episode').read_text() == 'recorded'
    assert Path(tmp_path / 'demo').exists() is False
