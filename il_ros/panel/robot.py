"""The robot as the panel's server needs it; `nodes/operating` has the one over ROS."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from il_ros.panel.actions import Action


@dataclass(frozen=True)
class CameraName:
    """One camera, for people."""

    name: str
    topic: str
    width: int
    height: int
    longest_s: float     # without a picture, after which it has stopped


class Answer(NamedTuple):
    """What came of an action."""

    success: bool
    text: str


class Robot(Protocol):
    """What the server asks of the graph. All but `call` and `jpeg` return at once.

    Attributes:
        title: Robot and namespace.
        task: What it is to do.
        cameras: Of the contract.
        body: What is drawn of it, ready for JSON; None where its shape is not known.
    """

    title: str
    task: str
    cameras: list[CameraName]
    body: dict[str, Any] | None

    async def call(self, action: Action) -> Answer:
        """Call an action's service; never raises."""

    def watch(self, cameras: Collection[int], arm: bool) -> None:
        """Listen to these cameras, and to the joints, and to nothing else of the kind."""

    def came_ns(self, camera: int) -> int | None:
        """Return when the newest picture came, steady time [ns]; None before one."""

    def jpeg(self, camera: int, scale: int) -> tuple[int, bytes] | None:
        """Return when the newest picture came, and its JPEG; None where it is none."""

    def log(self, text: str) -> None:
        """Keep a line: who asked for what, and what came of it."""

    def pose(self, now_ns: int) -> dict[str, Any] | None:
        """Return where everything of `body` is now, ready for JSON; None where not known."""
