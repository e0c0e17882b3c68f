"""What of an episode is in space: ways of the tools, plans, workspace, obstacles, objects."""
from __future__ import annotations

from collections.abc import Callable, Sequence

from il_ros.contract import Arm, Contract, POSE_SIZE
from il_ros.datasets.from_bags.rows import Row
from il_ros.errors import ConfigError
from il_ros.scene import Box
from il_ros.types import Floats
from il_ros.viewing.episode import Chunk
from il_ros.viewing.series import colour_of
from il_ros.viewing.sink import GREY, place, SHOWN, Sink
import numpy as np
import rerun as rr

WAY_M, PLAN_M, LINK_M, OBJECT_M, EDGE_M = 0.002, 0.004, 0.012, 0.015, 0.001   # radii
BLUE = (37, 99, 235)
Skeleton = Callable[[Floats], Floats]


def space(sink: Sink, contract: Contract, rows: Sequence[Row], chunks: Sequence[Chunk]) -> Floats:
    """Write it, as far as the contract knows; all of it in the frame of the URDF's root.

    Returns:
        Lowest and highest corner of where the tools were [m]. Shape (2, 3); (0, 3) where no tool
        is known.
    """
    at_ns = sink.at(np.array([row.tick for row in rows]))
    states = np.array([row.observation.state for row in rows])
    runs = _runs([row.source for row in rows])
    ways: list[Floats] = []
    sink.always('world', rr.ViewCoordinates.RIGHT_HAND_Z_UP)
    for name, skeleton in _skeletons(contract).items():
        links = skeleton(states)                          # (N, L, 3)
        ways.append(way := links[:, -1])
        sink.always(place('world', name, 'way'), rr.LineStrips3D(
            [way[run.start:run.stop + 1] for run, _ in runs], radii=WAY_M,
            colors=[colour_of(source) for _, source in runs]))
        where = place('world', name, 'links')
        sink.always(where, rr.LineStrips3D.from_fields(radii=LINK_M, colors=GREY))
        sink.columns(where, at_ns, rr.LineStrips3D.columns(strips=links))
        _plans(sink, place('world', name, 'plan'), chunks, skeleton)
    for arm in contract.arms:
        if arm.workspace:
            _box(sink, place('world', arm.name, 'workspace'), arm.workspace)
    for obstacle in contract.scene.obstacles if contract.scene else ():
        _box(sink, place('world', 'obstacles', obstacle.name), obstacle)
    environment = np.array([row.observation.environment for row in rows])
    for k, name in enumerate(contract.poses.names if contract.poses and environment.size else ()):
        where = place('world', 'objects', name)
        sink.always(where, rr.Points3D.from_fields(radii=OBJECT_M, colors=BLUE, labels=name))
        sink.columns(where, at_ns, rr.Points3D.columns(
            positions=environment[:, POSE_SIZE * k:POSE_SIZE * k + 3]))
    every = np.concatenate([np.empty((0, 3)), *ways])
    return np.array([every.min(0), every.max(0)]) if ways else every


def _runs(values: Sequence[int]) -> list[tuple[slice, int]]:
    """Return the stretches of equal values."""
    edges = [0, *(1 + np.flatnonzero(np.diff(values))).tolist(), len(values)]
    return [(slice(a, b), values[a]) for a, b in zip(edges, edges[1:], strict=False)]


def _skeletons(contract: Contract) -> dict[str, Skeleton]:
    """Return what `Arm.skeleton` tells of each arm whose tool is known, for many states at once.

    From joints of the robot (N, J) to (N, L, 3) [m].
    """
    try:
        from il_ros.kinematics import chain  # needs Pinocchio; all else here does not
    except ImportError:
        return {}

    def of(arm: Arm) -> Skeleton:
        kinematics, columns = chain(contract, arm), contract.indices(arm.joints)
        return lambda states: np.array([kinematics.skeleton(q) for q in states[:, columns]])

    try:
        return {arm.name: of(arm) for arm in contract.arms if arm.tip}
    except ConfigError:
        return {}       # no URDF, or none that fits


def _plans(sink: Sink, where: str, chunks: Sequence[Chunk],
           skeleton: Skeleton) -> None:
    """Write where the tool was to go; a plan is over when its last row is."""
    at_ns: list[int] = []
    ways: list[Floats] = []
    for chunk in chunks:
        if at_ns and not len(ways[-1]) and at_ns[-1] >= chunk.at_ns:
            at_ns.pop()
            ways.pop()
        at_ns += [chunk.at_ns, chunk.at_ns + len(chunk.rows) * sink.period_ns]
        ways += [skeleton(chunk.rows)[:, -1], np.empty((0, 3))]
    if at_ns:
        sink.always(where, rr.LineStrips3D.from_fields(radii=PLAN_M, colors=SHOWN['predicted']))
        sink.columns(where, np.array(at_ns), rr.LineStrips3D.columns(
            strips=[way for way in ways if len(way)]).partition([min(len(way), 1)
                                                                 for way in ways]))


def _box(sink: Sink, where: str, box: Box) -> None:
    low, high = np.array(box.lower), np.array(box.upper)
    sink.always(where, rr.Boxes3D(centers=[(low + high) / 2], half_sizes=[(high - low) / 2],
                                  colors=[GREY], radii=EDGE_M,
                                  fill_mode=rr.components.FillMode.MajorWireframe))
