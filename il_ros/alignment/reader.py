"""The messages of all streams of a contract to arrays, in the order in which they came."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from il_ros.alignment.decode import decode
from il_ros.alignment.state_reader import StateReader
from il_ros.contract import Contract
from il_ros.images import CameraReader, PictureMissing
from numpy.typing import NDArray


class StreamReader:
    """`decode` with a memory: which joints were named so far, and the pictures of a video.

    Args:
        contract: The robot.

    Attributes:
        states: The reader of the state topics.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract, self.states = contract, StateReader(contract)
        self._cameras = {camera.topic: CameraReader(camera) for camera in contract.cameras}

    def read(self, topic: str, message: Any) -> NDArray[Any] | None:
        """Return what `decode` does; None for a message that names no joint of the contract.

        Raises:
            PictureMissing: A picture of a video needs one that did not come.
            MessageError: It does not fit the contract.
        """
        if topic in self._contract.state_topics:
            return self.states.read(topic, message)
        if topic in self._cameras:
            return self._cameras[topic].read(message)
        return decode(self._contract, topic, message)

    def look_at(self, topic: str, messages: Iterable[Any]) -> None:
        """Check that messages can be read; of a video, some of them.

        Raises:
            MessageError: One does not fit the contract, or no picture of a video could be shown.
        """
        missing, shown = None, False
        for message in messages:
            try:
                self.read(topic, message)
                shown = True
            except PictureMissing as error:
                missing = error
        if missing and not shown:
            raise missing
