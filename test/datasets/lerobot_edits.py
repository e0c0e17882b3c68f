"""Runs inside LeRobot's own Python: edits datasets of il_ros with its tools, tells what came out.

Arguments: the datasets a and b, and a folder for what is made of them. One dataset, given twice,
is split only.
"""
import json
from pathlib import Path
import sys

from lerobot.datasets import dataset_tools as tools
from lerobot.datasets.lerobot_dataset import LeRobotDataset
import numpy as np

try:
    from lerobot.utils.feature_utils import dataset_to_policy_features
except ImportError:     # 0.4
    from lerobot.datasets.utils import dataset_to_policy_features


def opened(root):
    return LeRobotDataset(f'local/{root.name}', root=root, video_backend='pyav')


def described(dataset):
    """Return every column and one pixel per image, read through LeRobot."""
    rows = [dataset[i] for i in range(len(dataset))]
    values = {key: [row[key].reshape(-1).tolist() for row in rows]
              for key, feature in dataset.features.items() if feature['dtype'] != 'video'}
    stats = {key: {name: np.asarray(part, float).reshape(-1).tolist()
                   for name, part in parts.items()} for key, parts in dataset.meta.stats.items()}
    return {'values': values, 'stats': stats, 'tasks': [row['task'] for row in rows],
            'images': {key: [row[key].mean().item() for row in rows]
                       for key in dataset.meta.video_keys},
            'policy': {key: feature.type.value for key, feature in
                       dataset_to_policy_features(dataset.features).items()}}


a, b, out = map(Path, sys.argv[1:])
first, second = opened(a), opened(b)
reward = (np.zeros(len(first), np.float32), {'dtype': 'float32', 'shape': (1,), 'names': None})
made = {'a': first}
made |= tools.split_dataset(first, {'train': [0, 2], 'val': [1]}, out / 'split')
if a == b:
    sys.exit()
made['deleted'] = tools.delete_episodes(first, [0], out / 'deleted', 'local/deleted')
made['merged'] = tools.merge_datasets([first, second], 'local/merged', out / 'merged')
made['cleaned_merged'] = tools.merge_datasets(
    [opened(out / 'deleted'), second], 'local/cleaned_merged', out / 'cleaned_merged')
made['deleted_of_merged'] = tools.delete_episodes(
    opened(out / 'merged'), [1], out / 'deleted_of_merged', 'local/deleted_of_merged')
made['modified'] = tools.modify_features(
    first, {'reward': reward}, ['tick', 'sync_error', 'observation.images.wrist'],
    out / 'modified', 'local/modified')
(out / 'seen.json').write_text(json.dumps({name: described(d) for name, d in made.items()}))
