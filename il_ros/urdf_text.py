"""A URDF that came as text: from a robot's topic, or kept in a bag, a dataset, a policy."""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
import re

# ROS strings are UTF-8 whatever it says, and before it there may be blank lines of a template.
_DECLARATION = re.compile(r'\A\s*<\?xml\s[^>]*\?>')


@dataclass(frozen=True)
class UrdfText:
    """Stands where the path of a URDF file may stand, too.

    Attributes:
        name: What errors call it.
        text: The URDF.
        parent: From where its meshes are named; no folder but the root is known.
    """

    name: str
    text: str = field(repr=False)
    parent: Path = Path('/')

    def read_text(self) -> str:
        """Return the URDF without a declaration of its encoding."""
        return _DECLARATION.sub('', self.text)

    def read_bytes(self) -> bytes:
        """Return the URDF in UTF-8."""
        return self.read_text().encode()

    def __str__(self) -> str:
        return self.name


UrdfSource = Path | UrdfText
