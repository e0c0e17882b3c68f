"""What of the robot an operator's device tells: all of it, or the parts that it drives."""
from __future__ import annotations

from collections.abc import Collection

from il_ros.config import nearest, OneOf
from il_ros.contract import Contract
from il_ros.contract.parts import parts_of
from il_ros.errors import ConfigError
from il_ros.teleop.device import Intent

HOLD, POLICY = 'hold', 'policy'
OTHERS = OneOf((HOLD, POLICY))


class Share:
    """Chooses the joints of an intent that the arbiter hears of; the others are not the person's.

    A person who corrects a policy takes over what is told: the policy goes on with the rest.
    """

    def __init__(self, contract: Contract, parts: Collection[str] = (),
                 others: str = HOLD) -> None:
        """Take what the device drives.

        Args:
            contract: The robot.
            parts: Names of the parts that the device moves; all of them when empty.
            others: Of a device that moves several, what becomes of those that nobody drives in a
                correction: it holds them itself, or they are left to the policy.

        Raises:
            ConfigError: The robot has no such part, or only one where another would be left.
        """
        OTHERS.check('others', others)
        self._names = contract.joint_names
        self._parts = {part.name: part.whole for part in parts_of(contract)}
        for name in parts:
            if name not in self._parts:
                raise ConfigError(f'parts: {contract.robot!r} has no part {name!r}; '
                                  f'{nearest(name, list(self._parts))}')
        if others == POLICY and len(self._parts) == 1:
            raise ConfigError(f'others: {contract.robot!r} has one part, '
                              f'{next(iter(self._parts))!r}: nothing is left to the policy while '
                              "a person corrects; expected 'hold'")
        self._fixed, self._leaves = frozenset(parts), others == POLICY

    def columns(self, intent: Intent) -> list[int]:
        """Return the columns to tell, in the order of the contract."""
        parts = (intent.parts & self._fixed or self._fixed) if self._fixed else (
            intent.parts if self._leaves else frozenset())
        if not parts:
            return list(range(len(self._names)))
        return sorted(column for name in parts for column in self._parts[name])
