"""The real LeRobot on the same hub: opens what il_ros pushed, pushes what il_ros pulls.

LEROBOT_PYTHON=<its python> runs this; its client is huggingface_hub 1.
"""
import json
import os
from pathlib import Path
import subprocess

from il_ros.datasets.reader import Dataset
from il_ros.hub.address import parse_address
from il_ros.hub.pull import pull
from il_ros.hub.push import push
import numpy as np
import pytest

LEROBOT = os.environ.get('LEROBOT_PYTHON', '')
pytestmark = [pytest.mark.skipif(not LEROBOT, reason='set LEROBOT_PYTHON=<python with lerobot>'),
              pytest.mark.timeout(200)]


@pytest.mark.parametrize('way', ['hub', 'xet_hub'])
def test_lerobot_opens_what_was_pushed_and_its_own_comes_back(way, request, converted, tmp_path):
    hub = request.getfixturevalue(way)
    push(converted, parse_address('hf://anna/pick'))
    clean = {k: v for k, v in os.environ.items() if k != 'PYTHONPATH'} | {
        'HF_HUB_DISABLE_XET': str(int(not hub.xet))}
    done = subprocess.run(
        [LEROBOT, str(Path(__file__).with_name('lerobot_hub.py')), 'anna/pick',
         str(tmp_path / 'seen.json'), 'anna/own'], env=clean, capture_output=True, text=True,
        check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    seen, ours = json.loads((tmp_path / 'seen.json').read_text()), Dataset(converted)
    np.testing.assert_array_equal(np.float32(seen['rows']), ours.columns['observation.state'])
    assert seen['picture'] == [3, 48, 64] and seen['task'] == ours.tasks[0]
    assert seen['revision'] == 'v3.0'
    assert hub.repositories['dataset', 'anna/own'].private
    pull(parse_address('hf://anna/own@v3.0'), tmp_path / 'own')
    own = Dataset(tmp_path / 'own')
    np.testing.assert_array_equal(own.columns['action'], ours.columns['action'])
    np.testing.assert_array_equal(own.frames('scene', [0, 27]), ours.frames('scene', [0, 27]))
