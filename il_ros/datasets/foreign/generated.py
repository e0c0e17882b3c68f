"""A contract made of a dataset that no contract describes, as LeRobot records them."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from il_ros.contract import Camera, CommandInterface, Contract, IMAGE_TYPES, Joint, Poses, Stream
from il_ros.datasets import schema
from il_ros.datasets.foreign import named
from il_ros.datasets.foreign.distances import depth_of, told
from il_ros.errors import DatasetError
import numpy as np
from numpy.typing import NDArray

MARGIN = 0.1        # of the range of the data, beyond which the limits lie
LEAST = 1e-3        # range of a joint that never moves
TOPIC = 'generated/'    # no robot publishes there
OWN = ('timestamp', 'frame_index', 'episode_index', 'index', 'task_index')
Columns = Mapping[str, NDArray[Any]]
Info = Mapping[str, Any]


class Joints(NamedTuple):
    """The joints of a dataset.

    Attributes:
        names: Of the values of `action`.
        state: Which values of `observation.state` they are, None for all in order.
        notes: What was assumed.
    """

    names: list[str]
    state: list[int] | None
    notes: list[str]


def joints_of(root: Path, features: Mapping[str, Any]) -> Joints:
    """Return the joints that `action` and `observation.state` name.

    Raises:
        DatasetError: One of the two is missing, or they cannot be of the same joints.
    """
    for name in (schema.STATE, schema.ACTION):
        if name not in features:
            raise DatasetError(f'{root}: no column {name!r} (positions or targets of the joints), '
                               f'got {", ".join(sorted(features))}')
    try:
        state, action = (named.value_names(name, features[name])
                         for name in (schema.STATE, schema.ACTION))
    except DatasetError as error:
        raise DatasetError(f'{root}: {error}') from None
    sizes = [int(features[name]['shape'][0]) for name in (schema.STATE, schema.ACTION)]
    if action and action != state and (places := named.chosen(state, action)) is not None:
        return Joints(action, places, [
            f'{schema.STATE}: those of its {sizes[0]} values that {schema.ACTION} names, too, in '
            'that order: ' + ', '.join(action)])
    if sizes[0] != sizes[1] or (state and action and state != action):
        raise DatasetError(
            f'{root}: {schema.STATE} and {schema.ACTION}: expected the same joints, or a state '
            f'that contains those of the action, got {_said(state, sizes[0])} and '
            f'{_said(action, sizes[1])}; what a policy learns is where its joints are to be')
    names, notes = action or state, []
    if names is None:
        names = [f'joint_{k}' for k in range(sizes[1])]
        notes = [f'nobody names the values of {schema.STATE} and {schema.ACTION}: they are called '
                 f'joint_0 to joint_{sizes[1] - 1}']
    elif not (state and action):
        silent = schema.STATE if state is None else schema.ACTION
        notes = [f'nobody names the values of {silent}: they count as those of the other, '
                 + ', '.join(names)]
    whole: list[str] = []
    for name in names:
        whole.append(named.unlike(name, whole))
    if whole != names:
        notes.append(f'names stand twice: the joints are called {", ".join(whole)}')
    return Joints(whole, None, notes)


def _said(names: list[str] | None, size: int) -> str:
    return f'{size} values ({", ".join(names) if names else "without names"})'


def contract_from(root: Path, info: Info, tasks: list[str], columns: Columns
                  ) -> tuple[Contract, list[str]]:
    """Return a contract that says what the data say, and what was assumed for it.

    Args:
        root: The dataset's folder.
        info: Content of info.json.
        tasks: Task texts.
        columns: The whole table; `observation.state` has the columns of `joints_of` already.

    Raises:
        ConfigError: A value of info.json is none for a contract.
        DatasetError: A vector is missing, or not as long as info.json says.
    """
    features, rate_hz = info['features'], float(info['fps'])
    if not rate_hz > 0:
        raise DatasetError(f'{root}: info.json: fps: expected more than 0, got {rate_hz:g}')
    names = joints_of(root, features).names
    version = f'a LeRobotDataset {info["codebase_version"]}'
    joints = _joints(root, names, columns, rate_hz)
    paced = rate_hz, 1 / rate_hz
    found, odd = named.pictures(features)
    depths = {name: depth_of(features[of.key]) for name, of in found.items()}
    cameras = tuple(Camera(
        TOPIC + name, IMAGE_TYPES[0], *paced, name=name, height=of.height, width=of.width,
        encoding='32FC1' if depths[name] else 'rgb8', depth=depths[name])
        for name, of in found.items())
    poses = named.pose_names(features.get(schema.ENVIRONMENT))
    first = np.asarray(columns[schema.STATE][0], np.float64)
    limits = np.array([joint.position for joint in joints])
    contract = Contract(
        str(info.get('robot_type') or 'unknown'), tasks[0] if tasks else '', rate_hz, joints,
        tuple(np.clip(np.nan_to_num(first), *limits.T).tolist()),
        Stream(TOPIC + 'joint_states', 'sensor_msgs/JointState', *paced),
        CommandInterface(TOPIC + 'command', 'trajectory_msgs/JointTrajectory'), cameras,
        Poses(TOPIC + 'poses', 'geometry_msgs/PoseArray', *paced, names=tuple(poses))
        if poses else None, generated=version)
    used = {schema.STATE, schema.ACTION, *OWN, *(of.key for of in found.values()),
            *([schema.ENVIRONMENT] if poses else [])}
    left = [key for key in features if key not in used]
    return contract, [
        f'no {schema.CONTRACT_FILE}: a contract was generated, of a robot {contract.robot!r} at '
        f'{rate_hz:g} Hz; nothing says in which units its values are (LeRobot records degrees, '
        'percent or what it normalised), so it drives no robot. The contract of the robot goes to '
        f'{schema.CONTRACT_FILE}',
        f'limits of the joints: the range of the data and {MARGIN:.0%} of it on either side, not '
        "the robot's; velocities and accelerations likewise",
        *(f'camera {name}: {of.key}' for name, of in found.items()
          if of.key != schema.IMAGES + name),
        *(f'camera {name}: distances [m], {told(depth)}'
          for name, depth in depths.items() if depth),
        *([f'not used: {", ".join(left)}'
           + (' (neither colours nor distances of a known range: ' + ', '.join(odd) + ')'
              if odd else '')] if left else [])]


def _joints(root: Path, names: list[str], columns: Columns, rate_hz: float
            ) -> tuple[Joint, ...]:
    tables = []
    for key in (schema.STATE, schema.ACTION):
        values = np.asarray(columns[key], np.float64)
        if values.shape[1:] != (len(names),):
            held = ' x '.join(map(str, values.shape[1:]))
            raise DatasetError(f'{root}: {key!r}: info.json says {len(names)} values in each row, '
                               f'the data files hold {held}')
        if not np.isfinite(values).any(axis=0).all():
            silent = names[int(np.argmin(np.isfinite(values).any(axis=0)))]
            raise DatasetError(f'{root}: {key!r}: no row holds a finite value of {silent}')
        tables.append(np.where(np.isfinite(values), values, np.nan))
    low = np.nanmin([np.nanmin(values, axis=0) for values in tables], axis=0)
    high = np.nanmax([np.nanmax(values, axis=0) for values in tables], axis=0)
    margin = np.maximum(MARGIN * (high - low), LEAST * np.maximum(1.0, np.abs(high)))
    within = np.diff(np.asarray(columns['episode_index']).reshape(-1)) == 0
    steps = [np.abs(np.diff(values, axis=0))[within] for values in tables]
    most = np.nanmax([np.zeros(len(names)), *(np.nanmax(step, axis=0, initial=0.0)
                                              for step in steps)], axis=0)
    speed = (1 + MARGIN) * rate_hz * np.maximum(most, LEAST * (high - low + 2 * margin))
    return tuple(Joint(name, (a, b), v, 2 * v * rate_hz) for name, a, b, v in zip(
        names, (low - margin).tolist(), (high + margin).tolist(), speed.tolist(), strict=True))
