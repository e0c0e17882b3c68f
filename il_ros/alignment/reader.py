"""Messages to arrays; the same for live messages and for those read from a bag."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from il_ros.alignment.decode import poses
from il_ros.alignment.state_reader import StateReader
from il_ros.contract import Contract
from il_ros.errors import MessageError
from il_ros.images import CameraReader, PictureMissing
from numpy.typing import NDArray


class StreamReader:
    """The streams of a contract, each message in the order in which it came.

    It remembers which joints were named so far, and the pictures of a video.

    Args:
        contract: The robot.
        cameras: Other readers of camera topics, whose `read` gives what stands for a picture.

    Attributes:
        states: The reader of the state topics.
    """

    def __init__(self, contract: Contract, cameras: Mapping[str, Any] | None = None) -> None:
        self._contract, self.states = contract, StateReader(contract)
        self._cameras: dict[str, Any] = {
            camera.topic: CameraReader(camera) for camera in contract.cameras}
        self._cameras.update(cameras or {})

    def read(self, topic: str, message: Any) -> NDArray[Any] | None:
        """Return the array that a message of a contract stream stands for.

        Args:
            topic: The stream's topic, as the contract names it.
            message: An rclpy message or one that rosbags deserialised.

        Returns:
            Joint positions (J,) in contract order, NaN where the message does not name the joint,
            None where it names none of them; poses (7 * P,) each x y z [m] and qx qy qz qw; or an
            image (H, W, 3) rgb uint8, of a camera with `depth` distances (H, W, 1) float32 [m].

        Raises:
            PictureMissing: A picture of a video needs one that did not come.
            MessageError: It does not fit the contract.
        """
        contract = self._contract
        if topic in contract.state_topics:
            return self.states.read(topic, message)
        if topic in self._cameras:
            picture: NDArray[Any] = self._cameras[topic].read(message)
            return picture
        if contract.poses and topic == contract.poses.topic:
            return poses(contract, message)
        raise MessageError(f'{topic}: no stream of the contract of {contract.robot}; '
                           f'its streams: {", ".join(contract.topics)}')

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
