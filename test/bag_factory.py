"""Real bags without ROS: synthetic episodes through the project's own writer."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from il_ros.contract import Contract, Depth, VIDEO_TYPES
from il_ros.recording.definitions import full_type, message_definition
from il_ros.recording.metadata import EpisodeInfo, Topic
from il_ros.recording.writer import EpisodeWriter, Limits
from il_ros.timing import SECOND, to_ns
import numpy as np
from rosbags.typesys import get_types_from_msg, get_typestore, Stores

START_NS = 1_700_000_000 * SECOND
IL_ROS = {
    'teleop/command': 'il_ros/TeleopCommand', 'policy/chunk': 'il_ros/ActionChunk',
    'control/command': 'il_ros/Command', 'control/mode': 'il_ros/ControlMode',
    'control/report': 'il_ros/CommandReport', 'control/correction': 'il_ros/Correction',
    'dagger/request': 'il_ros/HelpRequest'}
INTERBOTIX = {      # interbotix_xs_msgs, of Interbotix/interbotix_ros_core
    'interbotix_xs_msgs/JointGroupCommand': 'string name\nfloat32[] cmd\n',
    'interbotix_xs_msgs/JointSingleCommand': 'string name\nfloat32 cmd\n'}
PASSED, CLAMPED, REJECTED, HELD = range(4)
POLICY, HUMAN, HOLD = range(3)
TELEOP, AUTONOMOUS, PAUSED, ALIGNING, CORRECTING = range(5)


@cache
def store():
    found = get_typestore(Stores.ROS2_JAZZY)
    for name in (*IL_ROS.values(), *VIDEO_TYPES):
        types = get_types_from_msg(message_definition(name).text, full_type(name))
        found.register({k: v for k, v in types.items() if k not in found.fielddefs})
    for name, text in INTERBOTIX.items():
        found.register(get_types_from_msg(text, full_type(name)))
    return found


def make(kind: str, **fields: Any) -> Any:
    """Return a message of `package/Name`."""
    return store().types[full_type(kind)](**fields)


def serialize(kind: str, message: Any) -> bytes:
    return bytes(store().serialize_cdr(message, full_type(kind)))


def stamp(ns: int) -> Any:
    return make('builtin_interfaces/Time', sec=ns // SECOND, nanosec=ns % SECOND)


def header(ns: int, frame: str = '') -> Any:
    return make('std_msgs/Header', stamp=stamp(ns), frame_id=frame)


def joint_state(contract: Contract, ns: int, positions: np.ndarray) -> Any:
    return make('sensor_msgs/JointState', header=header(ns), name=contract.joint_names,
                position=np.asarray(positions, np.float64), velocity=np.zeros(0),
                effort=np.zeros(0))


def pose_array(ns: int, vector: np.ndarray) -> Any:
    poses = [make('geometry_msgs/Pose',
                  position=make('geometry_msgs/Point', x=v[0], y=v[1], z=v[2]),
                  orientation=make('geometry_msgs/Quaternion', x=v[3], y=v[4], z=v[5], w=v[6]))
             for v in np.asarray(vector, np.float64).reshape(-1, 7).tolist()]
    return make('geometry_msgs/PoseArray', header=header(ns), poses=poses)


def image(ns: int, pixels: np.ndarray) -> Any:
    height, width, _ = pixels.shape
    return make('sensor_msgs/Image', header=header(ns), height=height, width=width,
                encoding='rgb8', is_bigendian=0, step=3 * width, data=pixels.reshape(-1))


def depth_image(ns: int, millimetres: np.ndarray) -> Any:
    height, width = millimetres.shape
    return make('sensor_msgs/Image', header=header(ns), height=height, width=width,
                encoding='16UC1', is_bigendian=0, step=2 * width,
                data=millimetres.astype(np.uint16).view(np.uint8).reshape(-1))


def video(kind: str, ns: int, data: bytes) -> Any:
    """Return a picture of a video as a message of `package/Name`."""
    values = np.frombuffer(data, np.uint8)
    if kind == 'foxglove_msgs/CompressedVideo':
        return make(kind, timestamp=stamp(ns), frame_id='', data=values, format='h264')
    if kind == 'sensor_msgs/CompressedImage':
        return make(kind, header=header(ns), format='h264', data=values)
    return make(kind, header=header(ns), width=64, height=48, encoding='libx264;yuv420p;bgr8;bgr8',
                pts=ns, flags=0, is_bigendian=False, data=values)


def command(contract: Contract, ns: int, positions: np.ndarray, source: int = HUMAN,
            seq: int = 0, epoch: int = 0, sources: Sequence[int] = ()) -> Any:
    return make('il_ros/Command', header=header(ns), source_id='test',
                session=np.arange(16, dtype=np.uint8), seq=seq, epoch=epoch, source=source,
                joint_names=contract.joint_names, positions=np.asarray(positions, np.float64),
                sources=np.asarray(sources, np.uint8))


def report(contract: Contract, ns: int, positions: np.ndarray, source: int = HUMAN,
           verdict: int = PASSED, seq: int = 0, sources: Sequence[int] = ()) -> Any:
    sent = np.zeros(0) if verdict == REJECTED else np.asarray(positions, np.float64)
    return make('il_ros/CommandReport', header=header(ns),
                asked=command(contract, ns, positions, source, seq, 0, sources), verdict=verdict,
                rule='', joint_names=contract.joint_names, sent=sent)


def chunk(contract: Contract, ns: int, positions: np.ndarray, seq: int = 0, epoch: int = 0) -> Any:
    return make('il_ros/ActionChunk', header=header(ns), source_id='test',
                session=np.arange(16, dtype=np.uint8), seq=seq, epoch=epoch,
                observation_stamp=stamp(ns), joint_names=contract.joint_names,
                dt=1 / contract.rate_hz, horizon=len(positions),
                positions=np.asarray(positions, np.float64).reshape(-1), inference_time=0.0,
                uncertainty=np.zeros(0), task='')


def mode(ns: int, value: int, epoch: int = 0) -> Any:
    return make('il_ros/ControlMode', header=header(ns), mode=value, epoch=epoch, reason='test',
                who='test')


@dataclass(frozen=True)
class Event:
    """One message to write."""

    log_ns: int
    topic: str
    data: bytes = field(repr=False)


def small_contract(cameras: Sequence[str] = ('scene',), size: tuple[int, int] = (48, 64)
                   ) -> Contract:
    """Return the simulated arm with small images, so that tests are fast."""
    contract = Contract.load('sim_arm')
    kept = tuple(replace(c, height=size[0], width=size[1]) for c in contract.cameras
                 if c.name in cameras)
    return replace(contract, cameras=kept)


def with_depth(contract: Contract, camera: str, near: float = 0.2, far: float = 2.0) -> Contract:
    """Return a contract of which one camera sees distances."""
    return replace(contract, cameras=tuple(
        replace(c, encoding='16UC1', depth=Depth((near, far))) if c.name == camera else c
        for c in contract.cameras))


def topics(contract: Contract) -> list[Topic]:
    return [*(Topic(s.topic, s.type) for s in contract.streams),
            *(Topic(name, kind, latched=name == 'control/mode') for name, kind in IL_ROS.items()),
            *(Topic(c.topic, c.type) for c in contract.commands if c.topic)]


def picture(contract: Contract, camera: str, k: int, seed: int = 0) -> np.ndarray:
    """Return a smooth image whose brightness and stripe tell frame and seed."""
    c = contract.camera(camera)
    pixels = np.zeros((c.height, c.width, 3), np.uint8)
    pixels[..., 0] = (k * 7 + seed * 40) % 200 + 20
    pixels[..., 1] = np.linspace(20, 220, c.width, dtype=np.uint8)
    pixels[:, (k * 2) % c.width // 8 * 8:, 2] = 180
    return pixels


def distances(contract: Contract, camera: str, k: int, seed: int = 0) -> np.ndarray:
    """Return a slope [mm] that tells frame and seed, with a stripe where nothing is measured."""
    c = contract.camera(camera)
    found = np.linspace(300, 1900, c.height)[:, None] + np.full(c.width, 3 * (k % 30) + 7 * seed)
    found[:, (k * 2) % (c.width // 8) * 8] = 0
    return found.astype(np.uint16)


@dataclass
class Script:
    """A synthetic episode.

    The joints move along sines between `still_s` at either end; commands lead the state by one
    period; from `correct_s` on (if given) the human corrects, before that the policy drives.
    """

    contract: Contract
    seconds: float = 2.0
    seed: int = 0
    still_s: float = 0.0
    correct_s: float | None = None
    reports: bool = True
    chunks: bool = True
    jitter: bool = True

    def state(self, t: float) -> np.ndarray:
        c = self.contract
        moved = np.clip(t - self.still_s, 0, max(self.seconds - 2 * self.still_s, 0))
        middle, half = np.array(c.start), 0.2 * (c.upper - c.lower)
        wave = np.sin((1 + 0.1 * self.seed) * moved + np.arange(len(c.joints)))
        return np.clip(middle + half * (wave - np.sin(np.arange(len(c.joints)))) / 2,
                       c.lower, c.upper)

    def environment(self, t: float) -> np.ndarray:
        rng = np.random.default_rng(self.seed)
        found = np.tile([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0], (len(self.contract.poses.names), 1))
        found[:, :2] = rng.uniform(-0.3, 0.3, (len(found), 2))
        found[-1, :3] = [0.3 + 0.05 * np.sin(t), 0.1 * self.seed % 0.3, 0.2]
        return found.reshape(-1)

    def events(self) -> list[Event]:
        c, rng = self.contract, np.random.default_rng(self.seed)
        found = [self._event('control/mode', 'il_ros/ControlMode', 0.0,
                             mode(START_NS, AUTONOMOUS if self.correct_s else TELEOP))]
        if self.correct_s:
            found.append(self._event('control/mode', 'il_ros/ControlMode', self.correct_s,
                                     mode(START_NS + to_ns(self.correct_s), CORRECTING, 1)))
        for stream in c.streams:
            for k in range(int(self.seconds * stream.rate_hz)):
                t = k / stream.rate_hz
                late = 0.001 + 0.004 * rng.random() * self.jitter
                found.append(self._event(stream.topic, stream.type, t + late,
                                         self._sample(stream.topic, t, k)))
        for k in range(int(self.seconds * c.rate_hz)):
            t = (k + 0.4) / c.rate_hz
            ns, target = START_NS + to_ns(t), self.state(t + 1 / c.rate_hz)
            human = self.correct_s is None or t >= self.correct_s
            source = HUMAN if human else POLICY
            found.append(self._event('control/command', 'il_ros/Command', t,
                                     command(c, ns, target, source, k)))
            if self.reports:
                found.append(self._event('control/report', 'il_ros/CommandReport', t + 0.001,
                                         report(c, ns, target, source, seq=k)))
            found.append(self._trajectory(t + 0.001, target))
            if self.chunks and self.correct_s:
                rows = np.stack([self.state(t + (i + 1) / c.rate_hz) + 0.01 for i in range(4)])
                found.append(self._event('policy/chunk', 'il_ros/ActionChunk', t - 0.002,
                                         chunk(c, ns, rows, k)))
        return sorted(found, key=lambda e: e.log_ns)

    def _sample(self, topic: str, t: float, k: int) -> Any:
        ns = START_NS + to_ns(t)
        if topic == self.contract.state.topic:
            return joint_state(self.contract, ns, self.state(t))
        if self.contract.poses and topic == self.contract.poses.topic:
            return pose_array(ns, self.environment(t))
        camera = next(c for c in self.contract.cameras if c.topic == topic)
        if camera.depth:
            return depth_image(ns, distances(self.contract, camera.name, k, self.seed))
        return image(ns, picture(self.contract, camera.name, k, self.seed))

    def _trajectory(self, t: float, target: np.ndarray) -> Event:
        point = make('trajectory_msgs/JointTrajectoryPoint', positions=target,
                     velocities=np.zeros(0), accelerations=np.zeros(0), effort=np.zeros(0),
                     time_from_start=make('builtin_interfaces/Duration', sec=0, nanosec=33333333))
        return self._event(
            self.contract.command.topic, 'trajectory_msgs/JointTrajectory', t,
            make('trajectory_msgs/JointTrajectory', header=header(0),
                 joint_names=self.contract.joint_names, points=[point]))

    @staticmethod
    def _event(topic: str, kind: str, t: float, message: Any) -> Event:
        return Event(START_NS + to_ns(t), topic, serialize(kind, message))


def write_bag(folder: Path, script: Script, *, outcome: str = 'success', operator: str = 'anna',
              events: Iterable[Event] | None = None, info: EpisodeInfo | None = None,
              more: Sequence[Topic] = ()) -> Path:
    """Write an episode and return its folder; `more` topics beside the contract's."""
    recorded = [*topics(script.contract), *more]
    info = info or EpisodeInfo(
        script.contract, script.contract.task, operator, outcome,
        topics={topic.name: topic.resolved for topic in recorded})
    writer = EpisodeWriter(folder, recorded, info, Limits(queue_bytes=1 << 40))
    for event in script.events() if events is None else events:
        assert writer.write(event.topic, event.log_ns, event.data)
    writer.close(info)
    return folder


def write_bags(folder: Path, count: int, **options: Any) -> list[Path]:
    """Write `count` episodes with seeds 0, 1, ..."""
    contract = options.pop('contract', None) or small_contract()
    return [write_bag(folder / f'episode_{i + 1:04d}', Script(contract, seed=i, **options),
                      outcome='success' if i % 2 == 0 else 'failure')
            for i in range(count)]
