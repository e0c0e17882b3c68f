"""Rounds as a system: what a crash at any point leaves, who is promoted, what is counted."""
from dataclasses import replace
import json
import shutil
import signal

from il_ros.datasets.reader import Dataset
from il_ros.errors import ConfigError
from il_ros.types import LABELLED
from il_ros.workflow.promotion import promoted
import pytest
from workflow.small_rounds import at, in_process, prepare, run

pytestmark = pytest.mark.timeout(300)
NOTES = 9   # steps of a run of one round: three to start, two rollouts, four more


@pytest.fixture(scope='module')
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp('prepared')
    return folder, prepare(folder)


@pytest.fixture
def begun(prepared, tmp_path):
    """Return the rounds on a copy of the dataset, and where they go."""
    folder, config = prepared
    shutil.copytree(folder / 'dataset', tmp_path / 'dataset')
    return at(config, tmp_path), tmp_path / 'out'


@pytest.fixture(scope='module')
def undisturbed(prepared, tmp_path_factory):
    folder, config = prepared
    mine = tmp_path_factory.mktemp('undisturbed')
    shutil.copytree(folder / 'dataset', mine / 'dataset')
    assert in_process(at(config, mine), mine / 'out') == 0
    return mine


def files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob('*'))
            if p.is_file()}


def final_state(folder):
    """Return everything that a run leaves and that counts."""
    out, dataset = folder / 'out', Dataset(folder / 'dataset')
    steps = json.loads((out / 'journal.json').read_text())['steps']
    return {
        'dataset': {name: values.tobytes() for name, values in dataset.columns.items()},
        'weights': (out / 'checkpoints/dagger_1/best/model.safetensors').read_bytes(),
        'summary': (out / 'summary.json').read_text(),
        'steps': list(steps), 'rollouts': [steps[k] for k in steps if 'rollout' in k],
        'promoted': promoted(out).relative_to(out) if promoted(out).is_relative_to(out) else '',
    }


def test_a_round_grows_the_dataset_and_ends_in_a_verdict(undisturbed, prepared):
    dataset, out = Dataset(undisturbed / 'dataset'), undisturbed / 'out'
    assert len(dataset.lengths) == 4
    control = dataset.columns['control_source']
    assert (control[dataset.rows(0)] == 1).all()
    # beta of the first round is 0.75: the expert mostly acts, and labels everywhere.
    mine = control[dataset.rows(2)]
    assert 0.5 < (mine == 1).mean() < 0.95 and set(mine) == {1, LABELLED}
    summary = json.loads((out / 'summary.json').read_text())
    first, second = summary['rounds']
    assert [first['name'], second['name']] == ['start', 'dagger_1']
    assert second['human_seconds'] == pytest.approx(len(dataset) / 30, abs=0.01)
    assert second['label_seconds'] == pytest.approx((control == LABELLED).sum() / 30, abs=0.01)
    assert second['episodes'] == 2 and 0 <= second['p_value'] <= 1
    assert second['promoted'] == (second['successes'] >= first['successes'])
    assert (promoted(out) == out / 'checkpoints/dagger_1/best') == second['promoted']
    before = files(prepared[0] / 'dataset/data')
    after = files(undisturbed / 'dataset/data')
    assert {name: after[name] for name in before} == before and len(after) == len(before) + 2


def test_killed_in_training_and_before_a_rollout_is_noted_it_ends_the_same(begun, undisturbed):
    config, out = begun
    assert in_process(config, out, notes=4) == -signal.SIGKILL
    recorded = files(config.dataset / 'data')
    assert len(recorded) == 3   # closed, and not noted
    assert in_process(config, out, reports=3) == -signal.SIGKILL
    assert (out / 'checkpoints/dagger_1/state').is_dir()
    assert in_process(config, out) == 0
    assert final_state(out.parent) == final_state(undisturbed)
    assert recorded.items() <= files(config.dataset / 'data').items()

    done = files(out / 'checkpoints')
    assert in_process(config, out, count=2) == 0   # more rounds go on where the first ended
    assert done.items() <= files(out / 'checkpoints').items()
    assert len(Dataset(config.dataset).lengths) == 6
    rounds = json.loads((out / 'summary.json').read_text())['rounds']
    assert [r['name'] for r in rounds] == ['start', 'dagger_1', 'dagger_2']


@pytest.mark.slow
def test_killed_at_every_boundary_it_ends_the_same(begun, undisturbed):
    config, out = begun
    recorded = {}
    for death in range(NOTES):
        # One more step is noted each time; then the process dies with the next one done.
        assert in_process(config, out, notes=min(death, 1) + 1) == -signal.SIGKILL
        now = files(config.dataset / 'data')
        assert recorded.items() <= now.items(), f'lost before step {death}'
        recorded = now
    assert in_process(config, out) == 0
    assert final_state(out.parent) == final_state(undisturbed)


def test_other_settings_do_not_go_on_with_a_run(begun, undisturbed):
    config, _ = begun
    with pytest.raises(ConfigError, match='was begun with other settings: .*method: .vanilla., '
                                          'now .hg.*name a new folder with --out'):
        run(replace(config, method='hg', dataset=undisturbed / 'dataset'), undisturbed / 'out')
