"""Every combination of settings, trained by Ray."""
import json

import bag_factory as bags
from il_ros.commands.sweep import sweep
from il_ros.datasets.convert import convert
from il_ros.errors import ConfigError
from il_ros.training.config import TrainConfig
from il_ros.training.sweep import combinations
import pytest


def test_every_combination_is_one_run():
    base = TrainConfig.preset('bc')
    runs = combinations(base, {'seed': [0, 1], 'policy.bc.hidden': [8, 16, 32]})
    assert [values for values, _ in runs] == [
        {'seed': s, 'policy.bc.hidden': h} for s in (0, 1) for h in (8, 16, 32)]
    assert [(c.seed, c.policy.bc.hidden) for _, c in runs] == [
        (s, h) for s in (0, 1) for h in (8, 16, 32)]
    assert runs[0][1].policy.bc.layers == base.policy.bc.layers


@pytest.mark.parametrize(('choices', 'text'), [
    ({'policy.bc.hiden': [8]}, "hiden.*did you mean 'hidden'"),
    ({'steps.x': [8]}, "steps.x: 'steps' is one value, no group"),
    ({'steps': [0]}, 'steps: expected more than 0, got 0')])
def test_a_wrong_setting_is_named(choices, text):
    with pytest.raises(ConfigError, match=text):
        combinations(TrainConfig.preset('bc'), choices)


def test_wrong_options_are_refused(tmp_path):
    with pytest.raises(ConfigError, match='--set: expected a setting and values, as in seed'):
        (tmp_path / 'meta').mkdir()
        (tmp_path / 'meta/info.json').touch()
        sweep(tmp_path, tmp_path / 'out', ['seed'])
    with pytest.raises(ConfigError, match='nothing: expected a dataset'):
        sweep(tmp_path / 'nothing', tmp_path / 'out', ['seed=1'])


def test_ray_trains_them_and_the_best_is_first(tmp_path):
    pytest.importorskip('ray')
    dataset = tmp_path / 'dataset'
    convert(bags.write_bags(tmp_path / 'bags', 3, seconds=0.5), dataset)
    sweep(dataset, tmp_path / 'out', ['steps=5,40', 'policy.bc.hidden=8'])
    results = json.loads((tmp_path / 'out/sweep.json').read_text())
    assert [r['values']['steps'] for r in results] == [40, 5], 'the one that learned'
    for result in results:
        record = json.loads((tmp_path / 'out' / result['folder'].split('/')[-1]
                             / 'best/training.json').read_text())
        assert result['validation'] == record['validation']
        assert record['config']['policy']['bc']['hidden'] == 8 and not result['error']
