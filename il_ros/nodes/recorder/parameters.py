"""ROS parameters of teleop_capture."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from il_ros.config import LIVE, Range
from il_ros.recording.metadata import Led
from il_ros.recording.session import Recorder
from il_ros.rights import Rights


@dataclass(frozen=True)
class Parameters:
    """ROS parameters.

    Attributes:
        robot: Name or path of the contract.
        output: Folder of the episodes.
        operator: Who teaches, for the metadata; may be changed between episodes.
        task: Instruction text; when empty the next of `tasks`, or the contract's. May be changed
            between episodes.
        tasks: Instruction texts to go through, one per episode; one comes again until an episode
            of it was kept, and after the last the first. May be changed between episodes.
        licence: Of the data: an SPDX identifier, LicenseRef-no-training to forbid training, or
            free text; may be changed between episodes.
        owner: Whom to ask about the data; may be changed between episodes.
        consent: Of those who are seen or heard: withdrawn, withheld, pending, given or not
            needed, and after a colon which form; may be changed between episodes.
        lead_s: A person leads the arm by hand, and the robot is behind its commands by so much
            [s]; 0: it is commanded. Set by il_ros guide for its episodes.
        hand_images: Their pictures are wanted as they are, with the hand in them.
    """

    robot: str = 'sim_arm'
    output: str = 'bags'
    operator: Annotated[str, LIVE] = ''
    task: Annotated[str, LIVE] = ''
    tasks: Annotated[tuple[str, ...], LIVE] = ('',)
    licence: Annotated[str, LIVE] = ''
    owner: Annotated[str, LIVE] = ''
    consent: Annotated[str, LIVE] = ''
    lead_s: Annotated[float, LIVE, Range(0.0, 1.0)] = 0.0
    hand_images: Annotated[bool, LIVE] = False

    def __post_init__(self) -> None:
        _ = self.rights

    @property
    def rights(self) -> Rights:
        """What is stated of the next episodes."""
        return Rights(self.licence, self.owner, self.consent).checked()

    def tell(self, recorder: Recorder) -> None:
        """Tell the recorder what is stated of the next episodes."""
        recorder.operator, recorder.rights = self.operator, self.rights
        recorder.led = Led(self.lead_s, self.hand_images)
        recorder.tasks.change(self.task, self.tasks)
