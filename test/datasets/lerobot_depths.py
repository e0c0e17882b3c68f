"""Runs inside LeRobot's own Python: records distances with it and reads them, knows no il_ros.

Arguments: the dataset's folder, 'video' or 'image', and a file for what was measured [m] and what
LeRobot makes of the dataset [m].
"""
from pathlib import Path
import sys

from lerobot.datasets.lerobot_dataset import LeRobotDataset
import numpy as np

root, kind, rows = Path(sys.argv[1]), sys.argv[2], 24
key, vector = 'observation.images.depth', {'dtype': 'float32', 'shape': (2,), 'names': ['a', 'b']}
dataset = LeRobotDataset.create(
    'local/depths', fps=30, root=root, robot_type='arm', use_videos=kind == 'video',
    features={'observation.state': vector, 'action': vector, key: {
        'dtype': kind, 'shape': (64, 80, 1), 'names': ['height', 'width', 'channels'],
        'info': {'is_depth_map': True}}})
measured = []
for row in range(rows):
    millimetres = np.linspace(20, 9000, 64 * 80).reshape(64, 80, 1) + 10 * row
    measured.append(millimetres.astype(np.uint16))
    state = np.array([row, 1], np.float32)
    dataset.add_frame({'observation.state': state, 'action': state, key: measured[-1],
                       'task': 'look'})
dataset.save_episode()
dataset.finalize()
found = LeRobotDataset('local/depths', root=root, video_backend='pyav', depth_output_unit='m')
seen = np.stack([found[row][key].numpy() for row in range(rows)])
np.savez(sys.argv[3], measured=np.array(measured)[..., 0] / 1000, seen=seen[:, 0])
