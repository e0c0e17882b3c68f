"""Datasets that another program recorded: settings for their features, and their units."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from il_ros.contract import Contract
from il_ros.datasets.reader import Dataset
from il_ros.datasets.units import unit_problems
from il_ros.errors import DatasetError
from il_ros.policies.action_space import JOINT_POSITION
from il_ros.training.config import TrainConfig
from il_ros.training.joined import Joined, Part
from il_ros.training.samples import Source

IMAGE_SIZE = 96, 128    # height and width that pictures are made smaller to


def of_features(config: TrainConfig, contract: Contract, cameras: Sequence[str]) -> TrainConfig:
    """Return settings that need neither a URDF nor units: all features in, `action` out.

    Actions are learned as they are, not as motions from the measured state: nothing says that both
    are the same quantity.

    Args:
        config: A preset, of whose policy the kind, the networks and the horizon stay.
        contract: Generated from the dataset.
        cameras: What to learn from beside the state.
    """
    policy = config.policy
    inputs = ('state', *(['environment'] if contract.poses else []), *cameras,
              *(['task'] if 'task' in policy.inputs else []))
    size = None
    if cameras:
        of = [contract.camera(name) for name in cameras]
        size = policy.image_size or (min(IMAGE_SIZE[0], *(c.height for c in of)),
                                     min(IMAGE_SIZE[1], *(c.width for c in of)))
    return replace(config, policy=replace(
        policy, inputs=inputs, image_size=size, relative_actions=True, tool_actions=False,
        action_space=JOINT_POSITION, delta_from=None, delta_axes=None,
        pose_differences=bool(contract.poses), difference_scales=(),
        augmentation=replace(policy.augmentation, scene_motion=False, tool_stray=(0.0, 0.0))))


def require_units(source: Source) -> None:
    """Check that a policy for a robot is not trained on values in other units than the robot's.

    Raises:
        DatasetError: Another program recorded the dataset, and its values do not fit the contract.
    """
    parts = source.parts if isinstance(source, Joined) else (Part('', source),)
    for dataset in (part.source for part in parts if not part.columns):
        if isinstance(dataset, Dataset) and dataset.elsewhere and (
                problems := unit_problems(dataset.contract, dataset.columns)):
            raise DatasetError(
                f'{dataset.root}: {problems[0]}'
                + (f' ({len(problems) - 1} more likewise)' if problems[1:] else '')
                + '; il_ros did not record it, and a robot of this contract would be told such '
                  'values')
