"""LeRobot's part of `against_lerobot`, run by LeRobot's own Python; knows nothing of il_ros.

Both commands take a JSON object and print one, with the number of weights, first.
- infer: {kind, vectors, cameras, horizon, values, threads}. For each line of input, one inference
  with untrained weights, and a line with the time that it took [ns]: of one thread that of the
  processor, of more that of the clock.
- train: the same with {dataset, fps, batch, size, warm_up, steps, threads}. LeRobot's training
  step (scripts/lerobot_train.py, update_policy) with its default data loader: samples per second
  and processor time per sample, that of the loader's processes included.
"""
from __future__ import annotations

import json
import os
from pathlib import Path
import sys
import time
from typing import Any

from lerobot.configs.types import FeatureType, PolicyFeature
from lerobot.policies.factory import get_policy_class, make_policy_config, make_pre_post_processors
import torch

WORKERS, PREFETCH = 4, 2  # LeRobot's defaults


def make(given: dict[str, Any]) -> Any:
    """Return the untrained policy."""
    kinds = {'observation.state': FeatureType.STATE,
             'observation.environment_state': FeatureType.ENV}
    features = {key: PolicyFeature(kinds[key], (size,)) for key, size in given['vectors'].items()}
    features |= {f'observation.images.{name}': PolicyFeature(FeatureType.VISUAL, (3, *size))
                 for name, size in given['cameras'].items()}
    config = make_policy_config(
        given['kind'], input_features=features, device='cpu', push_to_hub=False,
        output_features={'action': PolicyFeature(FeatureType.ACTION, (given['actions'],))},
        **given['values'])
    torch.manual_seed(0)
    policy = get_policy_class(given['kind'])(config)
    say({'weights': sum(p.numel() for p in policy.parameters())})
    return policy


def say(what: Any) -> None:
    """Write a line for the other side."""
    print(json.dumps(what), flush=True)


@torch.no_grad()
def infer(given: dict[str, Any]) -> None:
    """Infer once per line of input; the network alone, without LeRobot's processors."""
    torch.set_num_threads(given['threads'])
    now = time.process_time_ns if given['threads'] == 1 else time.perf_counter_ns
    policy = make(given).eval()
    batch = {key: torch.zeros(1, size) for key, size in given['vectors'].items()}
    batch |= {f'observation.images.{name}': torch.zeros(1, 3, *size)
              for name, size in given['cameras'].items()}
    if given['kind'] == 'diffusion':  # which wants the axis of its one observation
        batch = {key: value[:, None] for key, value in batch.items()}
        run = policy.diffusion.generate_actions
    else:
        run = policy.predict_action_chunk
    for _ in sys.stdin:
        began = now()
        chunk = run(batch)
        passed = now() - began
        assert chunk.shape[1:] == (given['horizon'], given['actions']), chunk.shape
        say(passed)


def train(given: dict[str, Any]) -> None:
    """Train for some steps."""
    from lerobot.datasets.lerobot_dataset import LeRobotDataset
    from torchvision.transforms import v2

    torch.set_num_threads(given['threads'])
    policy = make(given).train()
    resize = v2.Resize(given['size'], v2.InterpolationMode.BILINEAR) if given['size'] else None
    dataset = LeRobotDataset(
        'local/bench', root=given['dataset'], video_backend='pyav', image_transforms=resize,
        delta_timestamps={'action': [k / given['fps'] for k in range(given['horizon'])]})
    before, _ = make_pre_post_processors(policy.config, dataset_stats=dataset.meta.stats)
    optimizer = policy.config.get_optimizer_preset().build(policy.get_optim_params())
    rows = iter(torch.utils.data.DataLoader(dataset, given['batch'], shuffle=True,
                                            num_workers=WORKERS, prefetch_factor=PREFETCH))
    spent = began = 0.0
    for step in range(given['warm_up'] + given['steps']):
        if step == given['warm_up']:
            spent, began = processor_s(rows), time.perf_counter()
        batch = before(next(rows))
        loss, _ = policy.forward(batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(policy.parameters(), 10.0)
        optimizer.step()
        optimizer.zero_grad()
    samples = given['steps'] * given['batch']
    say({'rate': samples / (time.perf_counter() - began),
         'cpu_s': (processor_s(rows) - spent) / samples})


def processor_s(rows: Any) -> float:
    """Return the processor time of this process and the loader's [s]."""
    total = time.process_time()
    for worker in rows._workers:
        fields = Path(f'/proc/{worker.pid}/stat').read_text().rpartition(')')[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
    return total


if __name__ == '__main__':
    {'infer': infer, 'train': train}[sys.argv[1]](json.loads(sys.argv[2]))
