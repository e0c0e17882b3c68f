"""What a redacted copy shall be without."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from il_ros.redaction.faces import Box, FaceDetector
from il_ros.redaction.names import Pseudonyms

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Asked:
    """What is taken out; operators' names always are.

    Attributes:
        pseudonyms: In place of names.
        detector: Finds the faces that are blurred; None leaves faces.
        regions: What is blacked out, by camera or topic.
        text: Known names, e-mail addresses and telephone numbers in free texts are replaced.
        names: Of more people whose names are known.
        drop: Topics of a bag that are left out although the contract or the design names them.
        keep: Topics of a bag that are copied although neither does.
    """

    pseudonyms: Pseudonyms
    detector: FaceDetector | None = None
    regions: Mapping[str, Sequence[Box]] = field(default_factory=dict)
    text: bool = False
    names: Sequence[str] = ()
    drop: Sequence[str] = ()
    keep: Sequence[str] = ()
