"""A rollout of a policy, labelled afterwards by the simulated expert."""
import bag_factory as bags
from checkpoint_factory import CONTRACT
from il_ros.commands.replay import replay
from il_ros.datasets.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.errors import ConfigError, DatasetError
from il_ros.evaluation.labelling import add_labels, read_rows
from il_ros.recording.metadata import EpisodeInfo
from il_ros.rights import Rights
from il_ros.teleop.scripted import ScriptedOperator
from il_ros.teleop.scripted.device import ScriptedDevice
from il_ros.types import ControlSource, LABELLED
import numpy as np
import pytest


@pytest.fixture
def rollout(tmp_path):
    """Return a bag in which a policy drove for a second, then a person."""
    script = bags.Script(bags.small_contract(), seconds=2.0, correct_s=1.0)
    return bags.write_bag(tmp_path / 'bags' / 'rollout', script, outcome='failure')


def test_rows_of_the_policy_become_the_experts_and_corrections_stay(rollout, tmp_path):
    found = read_rows(rollout)
    result = add_labels(found, ScriptedDevice(found.contract, 4), tmp_path / 'labelled')
    dataset = Dataset(tmp_path / 'labelled')
    control = dataset.columns['control_source']
    assert set(control) == {int(ControlSource.HUMAN), LABELLED}
    assert result.label_seconds == pytest.approx((control == LABELLED).sum() / 30)
    # An operator of the same habits who sees the same states says the same.
    expert = ScriptedOperator(found.contract, 4)
    for row, stored in zip(found.rows, dataset.columns['action'], strict=True):
        seen = row.observation
        said = expert.act(seen.state, seen.environment, row.tick * found.contract.period_ns)
        wanted = row.action if row.source == ControlSource.HUMAN else said
        np.testing.assert_array_equal(stored, wanted.astype(np.float32))
    assert (dataset.frames('scene', [3])[0].mean() > 20), 'its images came along'
    assert dataset.episodes[0]['outcome'] == 'failure'


def test_an_episode_of_a_dataset_can_be_labelled_into_the_same_dataset(rollout, tmp_path, capsys):
    convert([rollout], tmp_path / 'data')
    before = (tmp_path / 'data/data/chunk-000/file-000.parquet').read_bytes()
    for _ in range(2):   # the same labels twice are one episode
        replay(tmp_path / 'data', label=tmp_path / 'data', device='scripted')
    assert 's labelled by scripted, appended to' in capsys.readouterr().out
    dataset = Dataset(tmp_path / 'data')
    assert len(dataset.lengths) == 2
    assert (tmp_path / 'data/data/chunk-000/file-000.parquet').read_bytes() == before
    first, second = (dataset.columns['observation.state'][dataset.rows(k)] for k in (0, 1))
    np.testing.assert_array_equal(first, second)


def test_labels_are_under_the_rights_of_what_was_labelled(tmp_path):
    script = bags.Script(bags.small_contract(), seconds=2.0, correct_s=1.0)
    rights = Rights('MIT', '', 'withdrawn')
    info = EpisodeInfo(script.contract, outcome='failure', rights=rights)
    bag = bags.write_bag(tmp_path / 'bag', script, info=info)
    convert([bag], tmp_path / 'data')
    for place in (bag, tmp_path / 'data'):
        found, out = read_rows(place), tmp_path / f'{place.name}_labelled'
        add_labels(found, ScriptedDevice(found.contract, 4), out)
        assert Rights.of(Dataset(out).episodes[0]) == rights


def test_nothing_is_written_where_nobody_engages(rollout, tmp_path):
    found = read_rows(rollout)
    with pytest.raises(DatasetError, match='nothing was labelled: expected the device to engage'):
        add_labels(found, ScriptedDevice(CONTRACT, 0, 'never'), tmp_path / 'labelled')
    assert not (tmp_path / 'labelled').exists()


def test_by_hand_it_needs_a_display(rollout, tmp_path, monkeypatch):
    monkeypatch.delenv('DISPLAY', raising=False)
    monkeypatch.delenv('WAYLAND_DISPLAY', raising=False)
    with pytest.raises(ConfigError, match='needs a display.*use --device scripted'):
        replay(rollout, label=tmp_path / 'labelled')
