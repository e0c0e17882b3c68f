"""What training sees is what the video holds, in bounded memory."""
from dataclasses import replace
import os
from pathlib import Path
import shutil
import subprocess
import sys

import bag_factory as bags
from checkpoint_factory import SMALL
from il_ros.datasets.convert import convert
from il_ros.datasets.files.frames import read_frames
from il_ros.datasets.reader import Dataset
from il_ros.errors import ConfigError, DatasetError
from il_ros.training.config import TrainConfig
from il_ros.training.frame_files import FrameFile, FrameFiles
from il_ros.training.image_cache import cached_images
from il_ros.training.samples import Samples
import numpy as np
import pytest


def test_samples_equal_reading_frame_by_frame(tmp_path):
    convert(bags.write_bags(tmp_path / 'bags', 2, seconds=1.0), tmp_path / 'dataset')
    dataset = Dataset(tmp_path / 'dataset')
    policy = replace(SMALL, inputs=('state', 'scene'))
    samples = Samples.of(dataset, TrainConfig(policy, validation_share=0.0),
                         cached_images(dataset, policy, FrameFiles(tmp_path / 'cache')))
    rows = np.random.default_rng(0).permutation(samples.training)
    got = samples.batch(rows)[0]['images.scene']
    assert len(rows) > 40 and len(np.unique(got.reshape(len(got), -1), axis=0)) > 20
    for image, row in zip(got, rows, strict=True):
        episode = dataset.episodes[int(dataset.columns['episode_index'][row])]
        key = 'videos/observation.images.scene'
        path = tmp_path / 'dataset' / (
            f'videos/observation.images.scene/chunk-{episode[f"{key}/chunk_index"]:03d}/'
            f'file-{episode[f"{key}/file_index"]:03d}.mp4')
        first = round(episode[f'{key}/from_timestamp'] * dataset.fps)
        number = first + int(dataset.columns['frame_index'][row])
        np.testing.assert_array_equal(image, read_frames(path, [number])[0])


def test_distances_are_kept_as_metres(tmp_path):
    contract = bags.with_depth(bags.small_contract(), 'scene')
    convert(bags.write_bags(tmp_path / 'bags', 1, seconds=0.5, contract=contract),
            tmp_path / 'dataset')
    dataset, cache = Dataset(tmp_path / 'dataset'), FrameFiles(tmp_path / 'cache')
    rows = np.arange(len(dataset))
    whole, small = (cached_images(dataset, replace(SMALL, inputs=('scene',), image_size=size),
                                  cache)['scene'] for size in (None, (12, 16)))
    np.testing.assert_array_equal(whole[rows], dataset.frames('scene', rows))
    assert small[rows].dtype == np.float32 and small[rows].shape[1:] == (12, 16, 1)
    assert set(np.unique(small[rows])) <= set(np.unique(whole[rows]))


@pytest.fixture(scope='module')
def recorded(tmp_path_factory):
    return bags.write_bags(tmp_path_factory.mktemp('bags'), 3, seconds=0.5)


def test_what_is_decoded_once_serves_every_copy_and_every_longer_dataset(
        recorded, tmp_path, monkeypatch):
    decoded = []
    frames = Dataset.frames
    monkeypatch.setattr(Dataset, 'frames', lambda self, camera, rows: (
        decoded.extend(rows), frames(self, camera, rows))[1])
    cache, policy = FrameFiles(tmp_path / 'cache'), replace(SMALL, inputs=('state', 'scene'))
    convert(recorded[:2], tmp_path / 'a')
    first = cached_images(Dataset(tmp_path / 'a'), policy, cache)['scene']
    count = len(Dataset(tmp_path / 'a'))
    assert decoded == list(range(count))
    shutil.copytree(tmp_path / 'a', tmp_path / 'b')
    copy = cached_images(Dataset(tmp_path / 'b'), policy, cache)['scene']
    assert len(decoded) == count
    np.testing.assert_array_equal(copy[np.arange(count)], first[np.arange(count)])

    convert(recorded, tmp_path / 'b', append=True)
    longer = Dataset(tmp_path / 'b')
    images = cached_images(longer, policy, cache)['scene'][np.arange(len(longer))]
    assert decoded[count:] == list(range(count, len(longer))), 'only the new episode'
    np.testing.assert_array_equal(images, frames(longer, 'scene', np.arange(len(longer))))

    small = cached_images(longer, replace(policy, image_size=(16, 16)), cache)['scene']
    assert small[np.array([1])].shape == (1, 16, 16, 3)
    assert len(decoded) == 2 * len(longer), 'another size is other images'


SHAPE = (8, 2, 2, 3)
CHILD = """
from pathlib import Path
import sys, time
import numpy as np
from il_ros.training.frame_files import FrameFiles
folder, mark = Path(sys.argv[1]), sys.argv[2]
def make(_):
    with (folder / 'makers').open('a') as log:
        log.write(mark)
    yield np.full((4, 2, 2, 3), 1, np.uint8)
    print('half', flush=True)
    sys.stdin.readline()
    yield np.full((4, 2, 2, 3), 2, np.uint8)
print('asks', flush=True)
images = FrameFiles(folder / 'cache').get('a', (8, 2, 2, 3), {}, make)
print(images[np.arange(8)].sum(), flush=True)
"""


def child(folder, mark):
    process = subprocess.Popen([sys.executable, '-c', CHILD, str(folder), mark], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == 'asks\n'
    return process


def test_of_two_trainings_one_decodes_and_a_killed_one_is_replaced(tmp_path):
    killed = child(tmp_path, 'k')
    assert killed.stdout.readline() == 'half\n'
    waiting = child(tmp_path, 'w')
    killed.kill()
    killed.wait()
    assert waiting.stdout.readline() == 'half\n', 'it takes over'
    third = child(tmp_path, 't')
    waiting.communicate('\n')
    assert waiting.returncode == 0
    assert third.communicate('\n')[0] == f'{12 * (4 * 1 + 4 * 2)}\n'
    assert (tmp_path / 'makers').read_text() == 'kw', 'the third one found it'
    assert {p.name for p in (tmp_path / 'cache').iterdir()} == {'a.npy', 'a.json'}


def filled(value):
    return lambda _: iter([np.full(SHAPE, value, np.uint8)])


def test_the_cache_is_bounded_and_what_is_open_stays(tmp_path):
    cache = FrameFiles(tmp_path, most_bytes=760)  # 96 bytes each, and 128 of a header
    files = {}
    for number, name in enumerate('abc'):
        files[name] = cache.get(name, SHAPE, {}, filled(number))
        os.utime(tmp_path / f'{name}.npy', ns=(number, number))
    again = cache.get('a', SHAPE, {}, filled(9))  # used, so b is the oldest now
    assert again[np.arange(8)].max() == 0
    (tmp_path / 'z.partial').write_bytes(b'left by a kill')
    cache.get('d', SHAPE, {}, filled(3))
    assert sorted(p.stem for p in tmp_path.glob('*.npy')) == ['a', 'c', 'd']
    assert sorted(p.name for p in tmp_path.glob('*.*')) == sorted(
        f'{name}.{kind}' for name in 'acd' for kind in ('npy', 'json'))
    assert files['b'][np.arange(8)].min() == 1, 'deleted, but open'
    with pytest.raises(DatasetError, match='the images take 0.0 GB, there may be 0.0 GB; take a '
                                           'smaller image_size, free the disk, or set IL_ROS_CA'):
        FrameFiles(tmp_path, most_bytes=90).get('e', SHAPE, {}, filled(4))
    (tmp_path / 'c.npy').write_bytes((tmp_path / 'c.npy').read_bytes()[:-1])
    assert cache.get('c', SHAPE, {}, filled(7))[np.arange(8)].min() == 7, 'a damaged one is remade'


def test_the_folder_and_the_bound_are_settings(tmp_path, monkeypatch):
    monkeypatch.setenv('IL_ROS_CACHE', str(tmp_path))
    monkeypatch.setenv('IL_ROS_CACHE_GB', '2.5')
    assert FrameFiles.of_this_machine() == FrameFiles(tmp_path / 'frames', 2_500_000_000)
    monkeypatch.setenv('IL_ROS_CACHE_GB', 'much')
    with pytest.raises(ConfigError, match="IL_ROS_CACHE_GB: expected gigabytes, got 'much'"):
        FrameFiles.of_this_machine()
    monkeypatch.delenv('IL_ROS_CACHE')
    monkeypatch.delenv('IL_ROS_CACHE_GB')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    assert FrameFiles.of_this_machine() == FrameFiles(tmp_path / 'il_ros/frames')


def resident_bytes():
    return int(Path('/proc/self/statm').read_text().split()[1]) * 4096


def test_reading_a_large_file_takes_no_memory_of_its_size(tmp_path):
    shape = (4000, 128, 128, 3)  # 197 MB, a hole on the disk but for the last row
    with (tmp_path / 'a.npy').open('wb') as file:
        np.lib.format.write_array_header_1_0(
            file, {'descr': '|u1', 'fortran_order': False, 'shape': shape})
        file.seek(np.prod(shape[1:]) * 3999, 1)
        file.write(b'\7' * int(np.prod(shape[1:])))
    frames = FrameFile(tmp_path / 'a.npy')
    assert frames.shape == shape
    frames[np.arange(50)]
    before = resident_bytes()
    for start in range(0, 4000, 50):
        images = frames[np.arange(start, start + 50)]
    assert images[-1].min() == 7 and not images[:-1].any()
    assert resident_bytes() - before < 20e6
    with (tmp_path / 'a.npy').open('r+b') as file:
        file.truncate(1_000_000)
    with pytest.raises(DatasetError, match='a.npy: no row 3999; delete the file, it is made anew'):
        frames[np.array([3999])]
