"""Merging datasets beside copying their files."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
import shutil
import time

from il_ros.contract import Contract
from il_ros.datasets.extend import extend, NewEpisode
from il_ros.datasets.from_bags.rows import Row
from il_ros.datasets.reader import Dataset
from il_ros.types import ControlSource, Observation
from il_ros.workbench.session import change, merge
from il_ros.workbench.takes import takes_of
import numpy as np

from benchmarks.common import Line

DATASETS, EPISODES, ROWS, SIZE = 10, 100, 150, 64


def measure(folder: Path) -> list[Line]:
    """Merge ten datasets of a hundred episodes, and delete one from what comes out."""
    contract = Contract.load('sim_arm')
    contract = replace(contract, cameras=tuple(
        replace(camera, height=SIZE, width=SIZE) for camera in contract.cameras[:1]))
    roots = [folder / f'part_{number}' for number in range(DATASETS)]
    for number, root in enumerate(roots):
        extend(root, contract, [NewEpisode(_rows(contract, k), f'{number}_{k}', f'{number}_{k}',
                                           'a task', success=True) for k in range(EPISODES)])
    copy_s = _timed(lambda: [shutil.copytree(root, folder / f'copy_{root.name}')
                             for root in roots])
    merge_s = _timed(lambda: merge(roots, folder / 'merged'))
    name = takes_of(Dataset(folder / 'merged'))[0].key
    delete_s = _timed(lambda: change(folder / 'merged', 'delete', {'episodes': [name]}))
    what = f'{DATASETS} datasets of {EPISODES} episodes of {ROWS} rows'
    return [Line('dataset merge: wall time', f'{merge_s / copy_s:.1f}', 'copying the same files',
                 f'{what}: {merge_s:.1f} s; copying {copy_s:.1f} s'),
            Line('dataset delete: wall time', f'{delete_s / merge_s:.2f}', 'that merge',
                 f'one of {DATASETS * EPISODES} episodes, old version kept: {delete_s:.1f} s')]


def _rows(contract: Contract, seed: int) -> Iterator[Row]:
    rng = np.random.default_rng(seed)
    path = np.array(contract.start) + np.cumsum(
        rng.normal(0, 1e-3, (ROWS, len(contract.joints))), axis=0)
    pictures = {contract.cameras[0].name: rng.integers(0, 255, (SIZE, SIZE, 3), dtype=np.uint8)}
    for tick, state in enumerate(path):
        yield Row(tick, Observation(tick, state, np.zeros(contract.environment_size), pictures,
                                    {'state': 0}), state, state, ControlSource.HUMAN, False)


def _timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began
