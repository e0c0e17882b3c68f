"""What the panel sees only while some page shows it: cameras, joints, the policy's chunk."""
from __future__ import annotations

from collections import deque
from collections.abc import Collection
from functools import partial
from threading import Lock
import time
from typing import Any

from il_ros.alignment.decode import reorder
from il_ros.alignment.state_reader import StateReader
from il_ros.contract import Camera, Contract
from il_ros.contract.streams import VIDEO_TYPES
from il_ros.errors import IlRosError, MessageError
from il_ros.joints import NewestJoints
from il_ros.msg import ActionChunk
from il_ros.nodes import shell
from il_ros.nodes.operating.demand import Demand
from il_ros.nodes.shared.interfaces import message_type
from il_ros.nodes.shared.state_topics import TYPES
from il_ros.panel.pictures import Eye
from il_ros.timing import SECOND
from il_ros.types import Floats
import numpy as np
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message

NEWEST = QoSProfile(depth=1, history=HistoryPolicy.KEEP_LAST,
                    reliability=ReliabilityPolicy.BEST_EFFORT)
FRESH_NS = SECOND // 2
VIDEO_WAITS = 60         # messages of video that nobody decoded yet


class _Camera:
    """The newest bytes of one camera; decoded only when somebody wants a picture."""

    def __init__(self, camera: Camera) -> None:
        self.camera, self.came_ns = camera, None
        self._eye, self._lock = Eye(camera), Lock()
        self._new: deque[tuple[int, bytes]] = deque(
            maxlen=VIDEO_WAITS if camera.type in VIDEO_TYPES else 1)
        self._taken_ns = 0
        self._kind = message_type(camera.type)

    came_ns: int | None

    def hear(self, data: bytes) -> None:
        """Take a message, in the thread that hears."""
        now_ns = time.monotonic_ns()
        with self._lock:
            self._new.append((now_ns, data))
            self.came_ns = now_ns

    def forget(self) -> None:
        """Forget what came: nobody looks any more."""
        with self._lock:
            self._new.clear()
            self.came_ns = None

    def jpeg(self, scale: int) -> tuple[int, bytes] | None:
        """Return the newest picture, in the thread that encodes; None where it is none."""
        with self._lock:
            new = list(self._new)
            self._new.clear()
        try:
            if new:
                self._taken_ns = new[-1][0]
                self._eye.take([deserialize_message(data, self._kind) for _, data in new])
            data = self._eye.jpeg(scale)
        except (IlRosError, ValueError):
            return None     # `il_ros doctor` and the recorder say why
        return (self._taken_ns, data) if data else None


class Eyes:
    """Follows demand. Raw images are never deserialised in the thread that hears."""

    def __init__(self, node: Node, contract: Contract) -> None:
        """Listen to nothing yet."""
        self._node, self._contract = node, contract
        self.cameras = [_Camera(camera) for camera in contract.cameras]
        self._subscriptions: dict[str, Any] = {}
        self._reader, self._lock = StateReader(contract), Lock()
        self._joints = NewestJoints(contract.joint_names)
        self._rows: Floats = np.empty((0, len(contract.joints)))
        self._rows_ns = 0
        self._demand = Demand(node, self._follow)

    def watch(self, cameras: Collection[int], arm: bool) -> None:
        """Follow these cameras, and joints and chunk; from any thread."""
        self._demand.want((frozenset(cameras), arm))

    def state(self, now_ns: int) -> tuple[Floats, Floats] | None:
        """Return measured joints (J,), and rows that the policy wants (N, J); None: not known."""
        with self._lock:
            whole = self._joints.whole
            if whole is None or not np.isfinite(whole).all() or now_ns - int(
                    self._joints.came_ns.max()) > FRESH_NS:
                return None
            fresh = now_ns - self._rows_ns < FRESH_NS and np.isfinite(self._rows).all()
            return whole, self._rows if fresh else self._rows[:0]

    def _follow(self, wanted: tuple[frozenset[int], bool]) -> None:
        cameras, arm = wanted
        asked: dict[str, Any] = {}
        for number in cameras:
            one = self.cameras[number]
            asked[one.camera.topic] = partial(
                self._node.create_subscription, message_type(one.camera.type), one.camera.topic,
                one.hear, shell.SENSOR if one.camera.type in VIDEO_TYPES else NEWEST, raw=True)
        if arm:
            for states in self._contract.state_topics.values():
                asked[states[0].topic] = partial(
                    self._node.create_subscription, TYPES[states[0].type], states[0].topic,
                    partial(self._on_state, states[0].topic), NEWEST)
            asked['policy/chunk'] = partial(
                self._node.create_subscription, ActionChunk, 'policy/chunk', self._on_chunk,
                shell.NEWEST)
        for topic in self._subscriptions.keys() - asked.keys():
            self._node.destroy_subscription(self._subscriptions.pop(topic))
        for number, one in enumerate(self.cameras):
            if number not in cameras:
                one.forget()
        for topic in asked.keys() - self._subscriptions.keys():
            self._subscriptions[topic] = asked[topic]()

    def _on_state(self, topic: str, message: Any) -> None:
        try:
            positions = self._reader.read(topic, message)
        except MessageError:
            return      # the gate says so
        if positions is not None:
            with self._lock:
                self._joints.take(positions, time.monotonic_ns())

    def _on_chunk(self, message: ActionChunk) -> None:
        width = max(len(message.joint_names), 1)
        try:
            rows = np.array([reorder(self._contract, message.joint_names, row, 'policy/chunk')
                             for row in np.reshape(message.positions, (-1, width))])
        except (MessageError, ValueError):
            return      # the arbiter says so
        with self._lock:
            self._rows, self._rows_ns = rows, time.monotonic_ns()
