"""hf://owner/name: how a dataset or a checkpoint on the hub is named."""
from __future__ import annotations

from dataclasses import dataclass
import re

from il_ros.errors import HubError

DATASET, MODEL = 'dataset', 'model'     # the hub calls a checkpoint a model
_FORM = re.compile(r'hf://(?:(datasets|models)/)?([\w.-]+/[\w.-]+)(?:@(.+))?', re.ASCII)


@dataclass(frozen=True)
class Address:
    """A repository of the hub.

    Attributes:
        name: `owner/name`.
        kind: `DATASET` or `MODEL`; '' where the address does not say.
        revision: A branch, tag or commit; '' is the newest of main.
    """

    name: str
    kind: str = ''
    revision: str = ''

    def __str__(self) -> str:
        at = f'@{self.revision}' if self.revision else ''
        return f'hf://{self.kind + "s/" if self.kind else ""}{self.name}{at}'

    @property
    def short(self) -> str:
        """The name without the owner."""
        return self.name.partition('/')[2]


def parse_address(text: str) -> Address:
    """Read `hf://owner/name`, `hf://datasets/owner/name`, `hf://models/owner/name@revision`.

    Raises:
        HubError: It is none.
    """
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    found = _FORM.fullmatch(text)
    if not found or found[2].startswith(('datasets/', 'models/')):
        raise HubError(f'{text}: expected hf://OWNER/NAME, such as hf://anna/pick-cubes, or '
                       'hf://datasets/OWNER/NAME@REVISION')
    try:
        validate_repo_id(found[2])
    except HFValidationError as error:
        raise HubError(f'{text}: {" ".join(str(error).split())}') from None
    return Address(found[2], (found[1] or '').removesuffix('s'), found[3] or '')
