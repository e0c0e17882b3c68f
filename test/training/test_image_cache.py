"""What training sees is what the video holds, in bounded memory."""
from dataclasses import replace
from pathlib import Path

import bag_factory as bags
from checkpoint_factory import SMALL
from il_ros.datasets.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.datasets.video import read_frames
from il_ros.errors import DatasetError
from il_ros.training.config import TrainConfig
from il_ros.training.image_cache import cached_images, FrameFile
from il_ros.training.samples import Samples
import numpy as np
import pytest


def test_samples_equal_reading_frame_by_frame(tmp_path):
    convert(bags.write_bags(tmp_path / 'bags', 2, seconds=1.0), tmp_path / 'dataset')
    dataset = Dataset(tmp_path / 'dataset')
    policy = replace(SMALL, inputs=('state', 'scene'))
    samples = Samples.of(dataset, TrainConfig(policy, validation_share=0.0),
                         cached_images(dataset, policy, tmp_path / 'images'))
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
