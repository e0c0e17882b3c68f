"""What a checkpoint says of its data, and data that must not be learned from."""
from dataclasses import replace
import json

import bag_factory as bags
from il_ros.commands.export import export
from il_ros.commands.train import train
from il_ros.datasets.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.errors import DatasetError
from il_ros.recording.metadata import EpisodeInfo
from il_ros.rights import Rights
from il_ros.training.provenance import provenance
import pyarrow.parquet as pq
import pytest

CONTRACT = bags.small_contract(cameras=())
OPEN, CLOSED = Rights('CC-BY-4.0', 'the lab', 'given'), Rights(consent='withheld')


def recorded(folder, rights, seed):
    info = EpisodeInfo(CONTRACT, CONTRACT.task, 'anna', 'success', rights=rights)
    return bags.write_bag(folder, bags.Script(CONTRACT, 1.0, seed=seed), info=info)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('rights')
    for number, rights in enumerate((OPEN, OPEN, CLOSED, Rights())):
        recorded(folder / f'bags/episode_{number}', rights, number)
    convert([folder / 'bags'], folder / 'all')
    convert([folder / 'bags/episode_0', folder / 'bags/episode_1'], folder / 'open')
    return folder


def test_rights_travel_from_the_bag_to_the_dataset(folder):
    assert [Rights.of(row) for row in Dataset(folder / 'all').episodes] == [
        OPEN, OPEN, CLOSED, Rights()]


def test_what_is_forbidden_is_refused_with_the_way_out(folder):
    with pytest.raises(DatasetError) as error:
        train(folder / 'all', folder / 'refused', steps=2)
    assert str(error.value) == (
        'all: 1 of 4 episodes must not be trained on: consent withheld (1); take them out (il_ros '
        'dataset filter DATASET "trainable"), or say why it is allowed: il_ros train --despite '
        'REASON')
    assert not (folder / 'refused').exists()


def test_a_checkpoint_carries_rights_hashes_versions_and_the_reason(folder, capsys):
    pytest.importorskip('torch')
    train(folder / 'all', folder / 'run', steps=2, despite='a letter of 3 November')
    said = json.loads((folder / 'run/best/training.json').read_text())
    data = said['trained_on']['all']
    assert data['rights'] == [{**OPEN.row, 'episodes': 2}, {**CLOSED.row, 'episodes': 1},
                              {**Rights().row, 'episodes': 1}]
    assert (data['episodes'], data['version'], len(data['hash'])) == (4, 0, 64)
    assert said['despite'] == 'a letter of 3 November' and 'torch' in said['versions']
    printed = capsys.readouterr().out
    assert 'all: 2 episodes: licence CC-BY-4.0, owner the lab, consent given\n' in printed
    assert 'all: 1 episodes: licence not stated, owner not stated, consent not stated\n' in printed


def test_an_exported_policy_carries_them_too(folder):
    onnx = pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    train(folder / 'open', folder / 'exported', steps=2)
    export(folder / 'exported/best', folder / 'policy.onnx')
    held = {one.key: one.value for one in onnx.load(folder / 'policy.onnx').metadata_props}
    data = json.loads(held['il_ros.trained'])['trained_on']['open']
    assert data['rights'] == [{**OPEN.row, 'episodes': 2}]


def test_what_a_run_starts_from_counts_as_well(folder):
    pytest.importorskip('torch')
    train(folder / 'open', folder / 'first', steps=2, despite='not needed')
    found = provenance(Dataset(folder / 'open'), str(folder / 'first/best'))
    assert list(found['started_from']['trained_on']) == ['open']
    assert 'despite' not in found


def test_rights_are_not_lost_to_a_dataset_from_before_them(folder, tmp_path):
    root = tmp_path / 'old'
    convert([folder / 'bags/episode_0'], root)
    table = next((root / 'meta/episodes').rglob('*.parquet'))
    pq.write_table(pq.read_table(table).drop_columns(['licence', 'owner', 'consent']), table)
    assert [Rights.of(row) for row in Dataset(root).episodes] == [Rights()]
    recorded(tmp_path / 'silent', Rights(), 7)
    convert([tmp_path / 'silent'], root, append=True)
    assert 'consent' not in Dataset(root).episodes[1]
    convert([folder / 'bags/episode_2'], root, append=True)
    assert [Rights.of(row) for row in Dataset(root).episodes] == [Rights(), Rights(), CLOSED]
    columns = {tuple(pq.read_schema(file).names)
               for file in (root / 'meta/episodes').rglob('*.parquet')}
    assert len({frozenset(names) for names in columns}) == 1


def test_pieces_of_one_recording_are_no_freer_than_the_least_of_them(folder, tmp_path):
    convert([folder / 'bags/episode_0', folder / 'bags/episode_2'], tmp_path / 'joined',
            joined_s=10.0)
    found, = (Rights.of(row) for row in Dataset(tmp_path / 'joined').episodes)
    assert found == replace(OPEN, consent='withheld')
