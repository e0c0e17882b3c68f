"""The file of a motion that nobody has done yet: joints, one row per period.

It is neither a bag nor a dataset, so nothing counts it as an episode: `il_ros replay --ros
--record` drives it through the gate, and what is recorded then is one.
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from il_ros.contract import Contract
from il_ros.errors import DatasetError
from il_ros.teaching.hands.keypoints import UNREADABLE
from il_ros.types import Floats
import numpy as np

SUFFIX = '.npz'


@dataclass(frozen=True, eq=False)
class Motion:
    """Joint positions for one robot.

    Attributes:
        contract: The robot.
        rows: [rad] or [m], at the contract's rate. Shape (N, J).
        told: Where it comes from, and how it was brought to the robot.
    """

    contract: Contract
    rows: Floats
    told: str

    def write(self, path: Path) -> None:
        """Write a new file.

        Raises:
            DatasetError: It is there already, or cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open('xb') as file:
                np.savez_compressed(file, contract=self.contract.to_text(),
                                    urdf=self.contract.urdf_text, rows=self.rows, told=self.told)
        except FileExistsError:
            raise DatasetError(f'{path}: is there already; choose another --to') from None
        except OSError as error:
            raise DatasetError(f'{path}: cannot be written: {error.strerror}') from None

    @staticmethod
    def read(path: Path) -> Motion:
        """Read a file.

        Raises:
            DatasetError: It holds no motion.
            ConfigError: Its contract is wrong.
        """
        try:
            with np.load(path) as file:
                text, urdf, told = (str(file[name]) for name in ('contract', 'urdf', 'told'))
                rows = np.asarray(file['rows'], np.float64)
        except (*UNREADABLE, KeyError) as error:
            raise DatasetError(f'{path}: no motion of il_ros retarget: {error}') from None
        contract = replace(Contract.from_text(text), urdf_text=urdf)
        if rows.ndim != 2 or not len(rows) or rows.shape[1] != len(contract.joints) or (
                not np.isfinite(rows).all()):
            raise DatasetError(f'{path}: rows: expected finite ones of {len(contract.joints)} '
                               f'joints, got shape {rows.shape}')
        return Motion(contract, rows, told)
