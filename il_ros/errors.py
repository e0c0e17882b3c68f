"""The errors that il_ros raises for what a user can put right."""


class IlRosError(Exception):
    """Base class. The text names what was expected, what came and what to do."""


class ConfigError(IlRosError):
    """A YAML file, parameter or option is wrong."""


class ContractMismatchError(IlRosError):
    """Two parts of the system were made for different robots."""


class MessageError(IlRosError):
    """A message cannot be turned into the array that the contract names."""


class BagError(IlRosError):
    """A bag cannot be read or is not a whole episode."""


class DatasetError(IlRosError):
    """A dataset cannot be read or written."""


class CheckpointError(IlRosError):
    """A checkpoint cannot be read or written."""


class HubError(IlRosError):
    """The hub cannot be reached, refuses, or holds or would hold what it should not."""


class RecordingError(IlRosError):
    """An episode cannot be started, stopped or kept."""


class PlanningError(IlRosError):
    """A motion cannot be planned."""


class ReachError(IlRosError):
    """A policy wants a tool where its arm cannot bring it."""


class RemoteError(IlRosError):
    """A policy server cannot be reached, or answers wrongly or too late."""


class BucketError(IlRosError):
    """Files of a bucket cannot be fetched, or cannot be put there."""


class WorkError(IlRosError):
    """Work that other processes or machines were given did not come back."""


def install(extra: str, module: str = '') -> str:
    """Return the command that installs a module or what all of an extra needs.

    il_ros itself is in no package index.
    """
    here = f"'.[{extra}]' in the folder of il_ros" if extra else '. in the folder of il_ros'
    top = module.partition('.')[0]
    package = {'pinocchio': 'pin', 'lightning_fabric': 'lightning-fabric',
               'rerun': 'rerun-sdk'}.get(top, top)
    return f'pip install {package}, or {here}' if module else f'pip install {here}'
