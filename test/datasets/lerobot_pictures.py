"""Runs inside LeRobot's own Python: opens a dataset by each of its decoders, knows no il_ros.

Arguments: the dataset's folder and a file for what it saw: per decoder and camera the pictures of
all rows, read in a shuffled order, and which cameras it takes for depth.
"""
from pathlib import Path
import sys

from lerobot.datasets.lerobot_dataset import LeRobotDataset
import numpy as np

root, seen, decoders = Path(sys.argv[1]), {}, ['pyav']
try:
    import torchcodec  # noqa: F401
    decoders.append('torchcodec')
except (ImportError, RuntimeError):     # it finds no FFmpeg: LeRobot itself then takes PyAV
    pass
for backend in decoders:
    found = LeRobotDataset('local/set', root=root, video_backend=backend)
    order = np.random.default_rng(0).permutation(len(found)).tolist()
    rows = {row: found[row] for row in order}
    for key in found.meta.video_keys:
        seen[f'{backend} {key}'] = np.stack([rows[row][key].numpy() for row in sorted(order)])
    seen['depth'] = np.array(found.meta.depth_keys)
np.savez(sys.argv[2], **seen)
