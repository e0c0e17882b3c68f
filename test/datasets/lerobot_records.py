"""Runs inside LeRobot's own Python: records a dataset as its teleoperation does, knows no il_ros.

Arguments: the dataset's folder, 'video' or 'image', and a file for the states that were recorded.
"""
from pathlib import Path
import sys

from lerobot.datasets.lerobot_dataset import LeRobotDataset
import numpy as np

root, kind, states = Path(sys.argv[1]), sys.argv[2], []
names = [f'{name}.pos' for name in ('shoulder_pan', 'shoulder_lift', 'elbow_flex', 'wrist_flex',
                                    'wrist_roll', 'gripper')]
dataset = LeRobotDataset.create(
    'local/recorded', fps=30, root=root, robot_type='so101_follower', use_videos=kind == 'video',
    features={'observation.state': {'dtype': 'float32', 'shape': (6,), 'names': names},
              'action': {'dtype': 'float32', 'shape': (6,), 'names': names},
              'observation.images.front': {'dtype': kind, 'shape': (64, 80, 3),
                                           'names': ['height', 'width', 'channels']}})
for episode, length in enumerate((12, 9, 14)):
    for _ in range(length):
        states.append((90 * np.sin(len(states) / 7 + np.arange(6))).astype(np.float32))
        picture = np.full((64, 80, 3), 5 * (len(states) - 1), np.uint8)
        dataset.add_frame({'observation.state': states[-1], 'action': states[-1] + 1,
                           'observation.images.front': picture, 'task': f'task {episode % 2}'})
    dataset.save_episode()
dataset.finalize()
np.save(sys.argv[3], np.array(states))
