"""Serves a LeRobot policy (ACT, Diffusion, SmolVLA, pi0, ...) to robots over openpi's protocol.

LeRobot pins its own PyTorch, so it runs in an environment of its own, often on a GPU machine:

    pip install 'lerobot[smolvla]' websockets msgpack
    PYTHONPATH=<this checkout> python -m il_ros.policies.remote.serve_lerobot \
        <checkpoint> --host 0.0.0.0

and on the robot `checkpoint:=ws://<that machine>:8000`. The observation's keys are LeRobot's, the
chunk is what LeRobot's own policy server (async_inference/policy_server.py, v0.4.4) would give:
preprocessor, `predict_action_chunk`, postprocessor, all of the checkpoint.

pi0, which was not run, refuses the released transformers: the extra `pi` of LeRobot's repository
names the fork that it wants.

A policy that looks at several observations gets those that were asked for, which come at the rate
of the inferences, not of its training data.
"""
from __future__ import annotations

import argparse
from collections.abc import Mapping
import logging
import os
from pathlib import Path
import sys
from typing import Any

from il_ros.errors import RemoteError
from il_ros.policies.remote.websocket_server import PORT, serve
import numpy as np

RESET, TASK = 'il_ros.reset', 'task'


class LeRobotPolicy:
    """Answers observations with the chunks of one LeRobot checkpoint."""

    def __init__(self, checkpoint: str, device: str, task: str = '') -> None:
        """Load policy and processors.

        Args:
            checkpoint: A `pretrained_model` folder, or what LeRobot finds on its hub.
            device: Of torch.
            task: The task in words, where an observation has none.
        """
        from lerobot.configs.policies import PreTrainedConfig
        from lerobot.policies.factory import get_policy_class, make_pre_post_processors
        from lerobot.utils.constants import OBS_IMAGES

        config = PreTrainedConfig.from_pretrained(checkpoint)
        config.device = device
        self._policy = get_policy_class(config.type).from_pretrained(checkpoint, config=config)
        self._before, self._after = make_pre_post_processors(
            config, pretrained_path=checkpoint,
            preprocessor_overrides={'device_processor': {'device': device}})
        self._policy.eval()
        self._device, self._task = device, task
        filled = {f'{OBS_IMAGES}.empty_camera_{i}'  # by the policy itself, where they are missing
                  for i in range(getattr(config, 'empty_cameras', 0))}
        self._inputs = {key: tuple(feature.shape)
                        for key, feature in config.input_features.items() if key not in filled}
        self.metadata = {'style': 'lerobot', 'reset_key': RESET, 'policy': config.type,
                         'inputs': {key: list(shape) for key, shape in self._inputs.items()}}

    def answer(self, observation: Mapping[str, Any]) -> dict[str, Any]:
        """Return {'actions': (H, A) float32} for LeRobot's keys.

        Raises:
            RemoteError: An input of the policy is missing or has the wrong size.
        """
        from lerobot.policies.utils import prepare_observation_for_inference
        import torch

        if observation.get(RESET):
            self._policy.reset()
        with torch.inference_mode():
            batch = self._before(prepare_observation_for_inference(
                select(observation, self._inputs), torch.device(self._device),
                observation.get(TASK) or self._task))
            chunk = self._policy.predict_action_chunk(self._with_history(batch))
            actions = self._after(chunk[0])  # rows are a batch to the postprocessor
        return {'actions': actions.float().cpu().numpy()}

    def _with_history(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Do what `select_action` does for policies that look at several observations."""
        from lerobot.policies.utils import populate_queues
        from lerobot.utils.constants import ACTION, OBS_IMAGES, OBS_STATE
        import torch

        queues = getattr(self._policy, '_queues', None)
        if not queues or OBS_STATE not in queues:
            return batch
        batch = {key: value for key, value in batch.items() if key != ACTION}
        if images := self._policy.config.image_features:
            batch = batch | {OBS_IMAGES: torch.stack([batch[key] for key in images], dim=-4)}
        self._policy._queues = populate_queues(queues, batch, exclude_keys=[ACTION])
        return batch


def select(observation: Mapping[str, Any], inputs: Mapping[str, tuple[int, ...]]
           ) -> dict[str, Any]:
    """Return the policy's inputs as writable arrays, images (H, W, 3) as uint8.

    Args:
        observation: What a client sent; more than the policy needs is ignored.
        inputs: Shape per key as the policy's configuration says; images (C, H, W).

    Raises:
        RemoteError: An input is missing, or has not the shape that the policy was trained with.
    """
    if missing := [key for key in inputs if not isinstance(observation.get(key), np.ndarray)]:
        raise RemoteError(f'the policy needs {", ".join(missing)}; got {", ".join(observation)}: '
                          'name cameras and keys in a .yaml file, see RemoteConfig')
    found = {}
    for key, shape in inputs.items():
        value = observation[key]
        image = len(shape) == 3
        if image and (value.ndim, value.shape[-1:], value.dtype) != (3, (3,), np.uint8):
            raise RemoteError(f'{key}: expected (height, width, 3) uint8, got {value.shape} '
                              f'{value.dtype}')
        if (value.shape[:2] != shape[1:]) if image else (value.shape != shape):
            wanted = (*shape[1:], 3) if image else shape
            hint = f'; `size: [{shape[1]}, {shape[2]}]` fits it' if image else ''
            raise RemoteError(f'{key}: expected shape {wanted}, got {value.shape}{hint}')
        found[key] = value.copy() if image else value.astype(np.float32)
    return found


def main(arguments: list[str] | None = None) -> int:
    """Load a policy and serve it until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser('serve_lerobot', description='Serves a LeRobot policy.')
    parser.add_argument('checkpoint', help='a pretrained_model folder or a name on the hub')
    parser.add_argument('--host', default='127.0.0.1', help='0.0.0.0 for other machines')
    parser.add_argument('--port', type=int, default=PORT, help='0 for any free one')
    parser.add_argument('--device', default='cpu', help='of torch')
    parser.add_argument('--task', default='', help='in words, where the robot says none')
    parser.add_argument('--api-key-variable', default='', metavar='NAME',
                        help='environment variable with the key that clients need')
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO)
    if given.api_key_variable and not os.environ.get(given.api_key_variable):
        sys.stderr.write(f'--api-key-variable: {given.api_key_variable} is not set\n')
        return 2
    folder = Path(given.checkpoint)
    if folder.is_dir() and not (folder / 'config.json').is_file():
        sys.stderr.write(f'{folder}: no config.json; expected a folder that LeRobot wrote, such '
                         'as outputs/train/x/checkpoints/last/pretrained_model\n')
        return 2
    try:
        policy = LeRobotPolicy(given.checkpoint, given.device, given.task)
        serve(policy.answer, policy.metadata, host=given.host, port=given.port,
              api_key=os.environ.get(given.api_key_variable, ''))
    except (ImportError, OSError, ValueError) as error:  # of LeRobot, and of a port that is taken
        sys.stderr.write(f'{given.checkpoint}: {error}\n')
        return 2
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
