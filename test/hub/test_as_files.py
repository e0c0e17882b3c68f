"""hf:// where a bag, a dataset or a checkpoint is named: fetched through fsspec, from our hub."""
from pathlib import Path

import bag_factory as bags
from hub.server import OWNER, STRANGER
from il_ros.buckets.fetch import fetched, local
from il_ros.buckets.url import files_at
from il_ros.cli import app
from il_ros.datasets.reader import Dataset
from il_ros.errors import BucketError
from il_ros.hub.address import parse_address
from il_ros.hub.push import push
import pytest
from typer.testing import CliRunner

PLACE = 'hf://datasets/anna/pick'


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch):
    """What this process keeps of a URL is of one test."""
    pytest.importorskip('fsspec')
    monkeypatch.setenv('IL_ROS_CACHE', str(tmp_path / 'cache'))
    monkeypatch.setattr('il_ros.buckets.fetch._kept', {})


def contents(root):
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob('*') if p.is_file()}


def told(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments)])
    assert (result.exit_code, result.exception) == (0, None), result.output
    return result.output


@pytest.mark.parametrize('way', ['hub', 'xet_hub'])
def test_a_dataset_is_looked_at_where_it_lies(way, request, converted, monkeypatch):
    hub = request.getfixturevalue(way)
    push(converted, parse_address(PLACE))
    there = told('inspect', PLACE)
    assert there == told('inspect', converted) and '1 episodes, 28 rows' in there
    found = contents(local(Path(PLACE)))
    assert {name: found[name] for name in contents(converted)} == contents(converted)
    assert contents(local(Path(f'{PLACE}@v3.0'))) == found
    monkeypatch.setattr('il_ros.buckets.fetch._kept', {})
    count = len(hub.requests)
    assert Dataset(Path(PLACE)).lengths == [28]
    assert not [path for _, path, *_ in hub.requests[count:] if '/resolve/' in path], 'all is here'


def test_only_what_was_pushed_anew_is_fetched_again(hub, converted):
    files = contents(converted) | {'videos/note.mp4': b'one'}
    hub.put(('dataset', 'anna/pick'), files)
    with fetched(files_at(PLACE)):
        pass
    repository = hub.put(('dataset', 'anna/pick'), files | {'videos/note.mp4': b'two'})
    count = len(hub.requests)
    with fetched(files_at(PLACE)) as folder:
        assert (folder / 'videos/note.mp4').read_bytes() == b'two'
    assert [path for _, path, *_ in hub.requests[count:] if '/content/' in path] == [
        f'/content/{repository.files["videos/note.mp4"].oid}']


def test_bags_become_a_dataset(hub, tmp_path):
    recorded = bags.write_bags(tmp_path / 'bags', 2, contract=bags.small_contract(cameras=()),
                               seconds=1.0)
    hub.put(('dataset', 'anna/bags'), {f'raw/{name}': data for name, data in contents(
        recorded[0].parent).items()})
    told('convert', recorded[0].parent, '--out', tmp_path / 'here')
    told('convert', 'hf://datasets/anna/bags/raw', '--out', tmp_path / 'there')
    assert contents(tmp_path / 'there') == contents(tmp_path / 'here')
    one = f'hf://datasets/anna/bags/raw/{recorded[1].name}'
    file = next(recorded[1].glob('*.mcap')).name
    for number, url in enumerate((one, f'{one}/{file}')):
        told('convert', url, '--out', tmp_path / f'one_{number}')
        assert len(Dataset(tmp_path / f'one_{number}').lengths) == 1


@pytest.mark.parametrize('place', ['hf://anna/policy', 'hf://models/anna/policy'])
def test_a_checkpoint_is_loaded(hub, tmp_path, place):
    pytest.importorskip('torch')
    from checkpoint_factory import make_checkpoint
    from il_ros.policies.load import load
    make_checkpoint(tmp_path / 'best')
    push(tmp_path / 'best', parse_address(place))
    assert load(local(Path(place))).horizon == 12
    found = contents(local(Path(place)))
    assert {name: found[name] for name in contents(tmp_path / 'best')} == contents(
        tmp_path / 'best')


@pytest.mark.parametrize(('place', 'token'), [
    ('hf://datasets/anna/nothing', STRANGER), ('hf://datasets/anna/pick', STRANGER),
    ('hf://datasets/anna/pick', ''), ('hf://anna/pick', STRANGER)])
def test_what_is_not_there_or_private_is_told_in_one_line(hub, monkeypatch, place, token):
    hub.put(('dataset', f'{OWNER}/pick'), {'meta/info.json': b'{}'}, private=True)
    monkeypatch.setenv('HF_TOKEN', token)
    with pytest.raises(BucketError) as error:
        local(Path(place))
    assert str(error.value) == (
        f'{place}: there is no such repository or file, or it is private (hf auth login, or '
        'HF_TOKEN); a dataset is hf://datasets/OWNER/NAME')
