"""Run in LeRobot's environment: writes checkpoints and what LeRobot itself makes of observations.

python lerobot_checkpoint.py FOLDER OBSERVATIONS.npz; for each policy, FOLDER/<name>/ and the
chunks FOLDER/<name>.npy (tasks, observations, H, A), computed as LeRobot's policy_server.py does.
SmolVLA only where transformers and num2words are there, too.
"""
from importlib.util import find_spec
from pathlib import Path
import sys

from lerobot.configs.types import FeatureType, PolicyFeature
from lerobot.policies.factory import get_policy_class, make_policy_config, make_pre_post_processors
from lerobot.policies.utils import prepare_observation_for_inference
import numpy as np
import torch

VECTORS = {'observation.state': (7,), 'observation.environment_state': (21,)}
TASKS = ('lift', 'open the drawer')
IMAGE = {'observation.images.wrist': (3, 48, 64)}
POLICIES = {
    'act': ('act', {**VECTORS, **IMAGE}, {
        'chunk_size': 10, 'n_action_steps': 10, 'dim_model': 32, 'n_heads': 4,
        'dim_feedforward': 64, 'n_encoder_layers': 1, 'pretrained_backbone_weights': None}),
    'diffusion': ('diffusion', {**VECTORS, **IMAGE}, {
        'horizon': 8, 'n_action_steps': 6, 'down_dims': (16, 32), 'num_inference_steps': 2,
        'noise_scheduler_type': 'DDIM', 'pretrained_backbone_weights': None,
        'crop_shape': None, 'spatial_softmax_num_keypoints': 4}),
    'smolvla': ('smolvla', {'observation.state': (7,), **IMAGE}, {
        'chunk_size': 9, 'n_action_steps': 6, 'num_steps': 3, 'num_vlm_layers': 2,
        'resize_imgs_with_padding': (64, 64), 'empty_cameras': 1}),
}


def features(shapes):
    return {key: PolicyFeature(FeatureType.VISUAL if 'images' in key else
                               FeatureType.ENV if 'environment' in key else FeatureType.STATE,
                               shape) for key, shape in shapes.items()}


def statistics(shapes):
    generator = torch.Generator().manual_seed(1)
    found = {}
    for key, shape in shapes.items():
        size = (3, 1, 1) if 'images' in key else shape
        low = torch.rand(size, generator=generator) - 1
        found[key] = {'mean': low + 0.5, 'std': torch.full(size, 0.7), 'min': low, 'max': low + 2}
    return found


def main(folder, observations):
    given = np.load(observations)
    for name, (kind, shapes, values) in POLICIES.items():
        if kind == 'smolvla':
            if not (find_spec('transformers') and find_spec('num2words')):
                continue
            from lerobot_vlm import write_smolvlm
            write_smolvlm(Path(folder, 'vlm'))
            values = {**values, 'vlm_model_name': str(Path(folder, 'vlm'))}
        torch.manual_seed(0)
        config = make_policy_config(
            kind, input_features=features(shapes), device='cpu', push_to_hub=False,
            output_features={'action': PolicyFeature(FeatureType.ACTION, (7,))}, **values)
        policy = get_policy_class(kind)(config).eval()
        before, after = make_pre_post_processors(
            config, dataset_stats=statistics({**shapes, 'action': (7,)}))
        for part in (policy, before, after):
            part.save_pretrained(Path(folder, name))
        chunks = [own_chunk(policy, before, after, {key: given[key][i].copy() for key in shapes},
                            task)
                  for task in TASKS for i in range(len(given['observation.state']))]
        np.save(Path(folder, f'{name}.npy'),
                np.stack(chunks).reshape(len(TASKS), -1, *chunks[0].shape))


def own_chunk(policy, before, after, observation, task):
    """Return LeRobot's own chunk, shape (H, A)."""
    batch = before(prepare_observation_for_inference(observation, torch.device('cpu'), task))
    policy.reset()
    torch.manual_seed(0)
    if policy.config.type == 'diffusion':  # one action at a time, until the queue is empty
        rows = [after(policy.select_action(batch)) for _ in range(policy.config.n_action_steps)]
    else:
        chunk = policy.predict_action_chunk(batch)
        rows = [after(chunk[:, row]) for row in range(chunk.shape[1])]
    return torch.cat(rows).numpy()


if __name__ == '__main__':
    main(*sys.argv[1:])
