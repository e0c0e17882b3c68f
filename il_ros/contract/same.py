"""Whether two contracts agree in all that data and policies depend on."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from il_ros.config import to_mapping
from il_ros.contract.checks import require_real
from il_ros.contract.contract import Contract
from il_ros.contract.differences import mapping_differences
from il_ros.contract.meaning import meaning
from il_ros.errors import ContractMismatchError

SAYS_NOTHING = ('task', 'workspace', 'scene', 'command_hz')  # about what data mean


def differences(ours: Contract, theirs: Contract) -> list[str]:
    """Return one line per value that differs, `key: ours, theirs`.

    Task text, workspace, scene and `stamp` do not count: they say nothing about what the data
    mean. Neither do topics and message types; see `meaning`.
    """
    return mapping_differences(meaning(to_mapping(ours)), meaning(to_mapping(theirs)),
                               ignore=set(SAYS_NOTHING))


def require_same(ours: Contract, theirs: Contract, ours_name: str, theirs_name: str) -> None:
    """Check that two contracts agree in all that data and policies depend on.

    Raises:
        ContractMismatchError: They do not; the text shows each difference. Or one of them was
            generated from data and the other was not.
    """
    if bool(ours.generated) != bool(theirs.generated):
        require_real(ours.generated, ours_name)
        require_real(theirs.generated, theirs_name)
    if lines := differences(ours, theirs):
        raise ContractMismatchError(
            f'{ours_name} and {theirs_name} were made for different robots '
            f'(value of {ours_name}, value of {theirs_name}): ' + '; '.join(lines))


def together(contracts: Sequence[Contract]) -> Contract:
    """Return the contract of datasets that are learned from together: the first.

    Limits that were generated are those of one dataset; where all were, they hold the data of all.
    """
    first = contracts[0]
    if not all(map(_from_data, contracts)) or any(
            each.joint_names != first.joint_names for each in contracts):
        return first
    return replace(first, joints=tuple(replace(
        of[0], position=(min(joint.limits[0] for joint in of),
                         max(joint.limits[1] for joint in of)),
        velocity=max(joint.velocity for joint in of),
        acceleration=max(joint.acceleration for joint in of))
        for of in zip(*(each.joints for each in contracts), strict=True)))


def with_limits_of(ours: Contract, theirs: Contract) -> Contract:
    """Return theirs, with our limits where both were generated and have the same joints."""
    if not (_from_data(ours) and _from_data(theirs) and ours.joint_names == theirs.joint_names):
        return theirs
    return replace(theirs, joints=ours.joints, start=ours.start, generated=ours.generated)


def _from_data(contract: Contract) -> bool:
    return bool(contract.generated)
