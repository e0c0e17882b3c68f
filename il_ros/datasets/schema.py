"""Names, shapes and files of a dataset: LeRobotDataset v3.0 with the columns of il_ros."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from il_ros.config import to_mapping
from il_ros.contract import Contract, Depth, SAYS_NOTHING
from il_ros.contract.parts import parts_of

VERSION = 'v3.0'
FILES_PER_CHUNK = 1000
STATE, ENVIRONMENT = 'observation.state', 'observation.environment_state'
ACTION, POLICY_ACTION = 'action', 'action.policy'
ASKED = ('help_requested', 'gate_score', 'gate_threshold', 'uncertainty')
LIMITED_BY = ('', 'position', 'velocity', 'acceleration', 'jerk', 'workspace', 'collision')
SOURCES = 'control_sources'
UNKNOWN = -1        # in `limited_by`: no gate reported
# Where nobody spoke these hold NaN in memory. On the disk they have names that LeRobot takes
# neither for an action nor for an observation (it goes by the beginning), zeros there, and a
# column beside them that tells: pandas, behind LeRobot's tools, turns NaN into null.
SILENT = {'policy_action': POLICY_ACTION,
          **{name: name for name in ('gate_score', 'gate_threshold', 'uncertainty')}}
VALID = '_valid'
CONTRACT = 'contract'   # key of the feature `action`, which LeRobot's tools carry along
IMAGES = 'observation.images.'
REDACTION, REQUIRED = 'redaction', 'required'     # of info.json: shown to nobody unredacted
CLOCKS = 'clocks'   # of the episode table: JSON, a `bags.clocks.StreamClock` per topic
DATA_PATH = 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet'
VIDEO_PATH = 'videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4'
EPISODES_PATH = 'meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet'
CONTRACT_FILE, INFO_FILE = Path('meta/contract.yaml'), Path('meta/info.json')
URDF_FILE = Path('meta/robot.urdf')     # where the contract names a topic in place of a file
STATS_FILE, TASKS_FILE = Path('meta/stats.json'), Path('meta/tasks.parquet')
POSE_FIELDS = ('x', 'y', 'z', 'qx', 'qy', 'qz', 'qw')


def features(contract: Contract) -> dict[str, dict[str, Any]]:
    """Return `features` of info.json.

    Beside LeRobot's own columns: `policy_action` (what the policy wanted), `control_source`
    (0 policy, 1 human, 2 hold, 3 the arbiter: it aligns or rewinds, 10 an expert's label beside
    the policy), `intervention`, `success` (of the episode), `tick` (index on the recording's
    grid, jumps at gaps), `sync_error` (age of the oldest sample behind the observation [s]),
    `help_requested` (whoever watches the policy wanted a person), `gate_score` and
    `gate_threshold` (what that watcher compared), `uncertainty` (what the policy said of its own
    action) and `limited_by` (the rule by which the gate changed the command, an index of
    `LIMITED_BY`). Where the robot has several parts, `control_sources` says of each joint what
    `control_source` says of the row: a person may have corrected one arm, and the policy gone on
    with the other; the row counts as the person's then. `policy_action_valid` and the like are 0
    where nobody said so.
    """
    found = {STATE: _vector('float32', contract.joint_names)}
    if contract.poses:
        found[ENVIRONMENT] = _vector('float32', [f'{pose}.{value}' for pose in contract.poses.names
                                                 for value in POSE_FIELDS])
    for camera in contract.cameras:
        found[IMAGES + camera.name] = {
            'dtype': 'video', 'shape': list(camera.shape),
            'names': ['height', 'width', 'channels'],
            **({'info': depth_info(camera.depth)} if camera.depth else {})}
    told = {key: value for key, value in to_mapping(contract).items() if key not in SAYS_NOTHING}
    found[ACTION] = _vector('float32', contract.joint_names) | {CONTRACT: told}
    found['policy_action'] = _vector('float32', contract.joint_names)
    if has_parts(contract):
        found[SOURCES] = _vector('int64', contract.joint_names)
    scalars = {'control_source': 'int64', 'intervention': 'int64', 'success': 'int64',
               'tick': 'int64', 'sync_error': 'float32', 'help_requested': 'int64',
               'gate_score': 'float32', 'gate_threshold': 'float32', 'uncertainty': 'float32',
               **{name + VALID: 'int64' for name in SILENT}, 'limited_by': 'int64',
               'timestamp': 'float32',
               'frame_index': 'int64', 'episode_index': 'int64', 'index': 'int64',
               'task_index': 'int64'}
    return found | {name: {'dtype': kind, 'shape': [1], 'names': None}
                    for name, kind in scalars.items()}


def has_parts(contract: Contract) -> bool:
    """Tell whether a person may correct a part of the robot alone."""
    return len(parts_of(contract)) > 1


def depth_info(depth: Depth) -> dict[str, Any]:
    """Return what LeRobot (0.6) wants to know of a video of distances.

    It reads `depth_min + code * (depth_max - depth_min) / 4095` [m], with `use_log` the same of
    the logarithms of the distances and `shift`, and its tools encode anew what they cut with these
    options. An unknown distance comes out as `depth_min` there.
    """
    return {'is_depth_map': True, 'depth_unit': 'm', 'video.codec': 'hevc',
            'video.pix_fmt': 'gray12le', 'video.channels': 1, 'video.depth_min': depth.zero_m,
            'video.depth_max': depth.range_m[1], 'video.shift': depth.shift_m or 0.0,
            'video.use_log': depth.shift_m is not None,
            'video.extra_options': {'x265-params': 'lossless=1'}}


def depth_of(contract: Contract, video: str) -> Depth | None:
    """Return which distances a video holds; None of one that holds colours."""
    return next((camera.depth for camera in contract.cameras if IMAGES + camera.name == video),
                None)


def info(contract: Contract, features: Mapping[str, Any], episodes: int, frames: int,
         tasks: int) -> dict[str, Any]:
    """Return the content of info.json."""
    rate = contract.rate_hz
    return {
        'codebase_version': VERSION,
        'robot_type': contract.robot,
        'total_episodes': episodes,
        'total_frames': frames,
        'total_tasks': tasks,
        'chunks_size': FILES_PER_CHUNK,
        'data_files_size_in_mb': 100,       # LeRobot 0.4 splits no dataset without these
        'video_files_size_in_mb': 200,
        'fps': int(rate) if rate == int(rate) else rate,
        'splits': {'train': f'0:{episodes}'},
        'data_path': DATA_PATH,
        'video_path': VIDEO_PATH if contract.cameras else None,
        'features': features,
    }


def file_place(number: int) -> dict[str, int]:
    """Return chunk and file index of the file of that number."""
    return dict(zip(('chunk_index', 'file_index'), divmod(number, FILES_PER_CHUNK), strict=True))


def file_number(path: Path) -> int:
    """Return the number of a file .../chunk-000/file-000.parquet."""
    chunk, file = (int(name.rsplit('-', 1)[-1]) for name in (path.parent.name, path.stem))
    return number_of({'chunk_index': chunk, 'file_index': file})


def number_of(place: Mapping[str, int]) -> int:
    """Return the number that `file_place` made a place of."""
    return place['chunk_index'] * FILES_PER_CHUNK + place['file_index']


def _vector(dtype: str, names: list[str]) -> dict[str, Any]:
    return {'dtype': dtype, 'shape': [len(names)], 'names': names}
