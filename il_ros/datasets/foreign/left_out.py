"""What other programs leave out of a dataset: what il_ros takes in its place, and says so.

LeRobot's tools keep the columns and `features` of info.json, and drop meta/contract.yaml; deleting
and splitting drop what il_ros wrote of each episode, too. Where nothing at all says which robot it
is, `generated` makes a contract.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from il_ros.config import build
from il_ros.contract import Camera, Contract
from il_ros.datasets import schema
from il_ros.datasets.foreign.distances import depth_of, same, told
from il_ros.datasets.foreign.generated import Joints
from il_ros.datasets.foreign.named import chosen, flat_names, PictureFeature, pictures
from il_ros.errors import DatasetError
from il_ros.types import ControlSource
import numpy as np
from numpy.typing import NDArray

# What rows without the column count as.
DEFAULTS: dict[str, tuple[int, str]] = {
    'control_source': (int(ControlSource.HUMAN), "a person's demonstrations"),
    'intervention': (0, 'without corrections'),
    'success': (0, 'not labelled a success'),
}


def contract_of(root: Path, info: Mapping[str, Any], tasks: list[str]
                ) -> tuple[Contract | None, list[str]]:
    """Return the robot of a dataset with the URDF that lies there, and what was assumed.

    Returns:
        The contract is None where nothing says which robot it is.

    Raises:
        ConfigError: Its contract is not valid.
    """
    contract, notes = _without_urdf(root, info, tasks)
    if contract and contract.urdf_topic and (urdf := root / schema.URDF_FILE).is_file():
        contract = replace(contract, urdf_text=urdf.read_text('utf-8'))
    return contract, notes


def _without_urdf(root: Path, info: Mapping[str, Any], tasks: list[str]
                  ) -> tuple[Contract | None, list[str]]:
    file = root / schema.CONTRACT_FILE
    if file.is_file():
        return Contract.from_text(file.read_text('utf-8'), str(file)), []
    held = info['features'].get(schema.ACTION, {}).get(schema.CONTRACT)
    if held is None:
        return None, []
    contract = build(Contract, {'task': tasks[0] if tasks else '', **held}, str(root))
    return contract, [f'no {schema.CONTRACT_FILE}: the robot is taken from info.json, where it is '
                      'without workspace and scene']


def fit(root: Path, info: Mapping[str, Any], contract: Contract) -> Joints:
    """Return which columns are those of the robot.

    Raises:
        DatasetError: A column is missing, or has other joints, or the rate is another.
    """
    joints, places = contract.joint_names, None
    for name in (schema.STATE, schema.ACTION):
        feature = info['features'].get(name)
        if feature is None:
            raise DatasetError(f'{root}: no column {name!r} (positions or targets of the joints), '
                               f'got {", ".join(sorted(info["features"]))}')
        names, shape = flat_names(feature), list(feature['shape'])
        if shape == [len(joints)] and (names == joints or sorted(names) != sorted(joints)):
            continue
        places = chosen(names, joints) if name == schema.STATE and shape == [len(names)] else None
        if places is None or len(names) == len(joints):
            raise DatasetError(f'{root}: {name!r}: the contract of {contract.robot} expects '
                               f'{len(joints)} joints ({", ".join(joints)}), got shape '
                               f'{shape} ({feature.get("names")})')
    if abs(float(info['fps']) - contract.rate_hz) > 1e-6 * contract.rate_hz:
        raise DatasetError(f'{root}: {info["fps"]} rows per second, but the contract of '
                           f'{contract.robot} says rate_hz: {contract.rate_hz:g}')
    return Joints(joints, places, [] if places is None else [
        f'{schema.STATE}: of its {info["features"][schema.STATE]["shape"][0]} values those of the '
        f'joints of {contract.robot}'])


def cameras_of(root: Path, info: Mapping[str, Any], contract: Contract
               ) -> tuple[dict[str, PictureFeature], list[str]]:
    """Return the features of the contract's cameras that have images, and what is missing.

    Raises:
        DatasetError: Its pictures have another size than the contract says, or are distances in
            another range, or none.
    """
    all_found, _ = pictures(info['features'])
    by_key = {feature.key: feature for feature in all_found.values()}
    found = {camera.name: feature for camera in contract.cameras if (
        feature := by_key.get(schema.IMAGES + camera.name) or all_found.get(camera.name))}
    for name, feature in found.items():
        camera = contract.camera(name)
        if (feature.height, feature.width) != (camera.height, camera.width):
            raise DatasetError(
                f'{root}: {feature.key!r}: pictures of {feature.height}x{feature.width}, but the '
                f'contract of {contract.robot} says {camera.height}x{camera.width} of camera '
                f'{name!r}')
        _require_distances(root, feature.key, info['features'][feature.key], camera)
    return found, [f'camera {camera.name}: no images' for camera in contract.cameras
                   if camera.name not in found]


def _require_distances(root: Path, key: str, feature: Mapping[str, Any], camera: Camera) -> None:
    """Check that pictures are distances where the contract says so, of its range."""
    held, wanted = depth_of(feature), camera.depth
    if (held is None) == (wanted is None) and (
            not (held and wanted) or feature['dtype'] == 'image' or same(held, wanted)):
        return
    raise DatasetError(
        f'{root}: {key!r}: holds {told(held) if held else "no distances of a known range"}, but '
        f'the contract says {told(wanted) if wanted else "no depth"} of camera {camera.name!r}; '
        f'correct {schema.CONTRACT_FILE}, or convert the bags again')


def joint_columns(columns: dict[str, NDArray[Any]], joints: Joints) -> None:
    """Leave what is of the joints in the state; a single joint is a vector of one value, too."""
    for name in {schema.STATE, schema.ACTION} & columns.keys():
        columns[name] = columns[name].reshape(len(columns[name]), -1)
    if joints.state is not None and schema.STATE in columns:
        columns[schema.STATE] = columns[schema.STATE][:, joints.state]


def completed(columns: dict[str, NDArray[Any]]) -> list[str]:
    """Add the columns of il_ros that are missing, and return what was assumed."""
    rows = len(columns['index'])
    missing = [name for name in (*DEFAULTS, 'tick', 'sync_error') if name not in columns]
    meanings = []
    for name in missing:
        if name in DEFAULTS:
            value, meaning = DEFAULTS[name]
            columns[name] = np.full(rows, value, np.int64)
            meanings.append(meaning)
    if 'tick' in missing:
        columns['tick'] = np.asarray(columns['frame_index'], np.int64)
        meanings.append('without gaps')
    if 'sync_error' in missing:
        columns['sync_error'] = np.full(rows, np.nan, np.float32)
        meanings.append('of unknown sync error')
    columns.setdefault(schema.POLICY_ACTION,
                       np.full_like(columns[schema.ACTION], np.nan, dtype=np.float32))
    return [f'no column {", ".join(missing)}: its rows count as {", ".join(meanings)}'
            ] if missing else []


def require_extensible(root: Path, info: Mapping[str, Any], contract: Contract | None,
                       episodes: list[dict[str, Any]]) -> Contract:
    """Return the robot, where new episodes can be added to what another program may have edited.

    Raises:
        DatasetError: It does not say which robot it is or which bags are in it, or has columns
            that no bag fills.
    """
    advice = ('convert the new bags into a folder of their own, and merge the two with '
              "LeRobot's merge_datasets")
    if contract is None or contract.generated:
        raise DatasetError(f'{root}: {schema.CONTRACT_FILE} is missing or generated: nothing says '
                           'which robot this is, so that nothing is added; convert the new bags '
                           'into a folder of their own')
    if nameless := [row['episode_index'] for row in episodes if 'source_hash' not in row]:
        raise DatasetError(
            f'{root}: nothing says from which bags {len(nameless)} of its {len(episodes)} '
            'episodes come (no source_hash: LeRobot drops it when it deletes or splits), so that '
            f'one might be added twice; {advice}')
    if strange := sorted(set(info['features']) - set(schema.features(contract))
                         - {schema.POLICY_ACTION}):
        raise DatasetError(f'{root}: no bag fills its column {", ".join(strange)}; {advice}, '
                           'after removing that column there')
    if unknown := [name for name in info['features'] for row in episodes
                   if f'stats/{name}/count' not in row]:
        raise DatasetError(f'{root}: no statistics of {unknown[0]} per episode; {advice}')
    return contract
