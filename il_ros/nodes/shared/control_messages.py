"""Messages of the control topics to and from what the arbiter works with."""
from __future__ import annotations

from il_ros.intervention.corrections import Correction
from il_ros.intervention.help import HelpRequest as Help
from il_ros.intervention.operators import Sample
from il_ros.intervention.policy_rows import Chunk
from il_ros.intervention.state import ControlState
from il_ros.msg import ActionChunk, ControlMode, HelpRequest, TeleopCommand
from il_ros.msg import Correction as CorrectionMessage
from il_ros.nodes import shell
from il_ros.timing import to_ns
from il_ros.types import Floats, Mode, Request
import numpy as np
from sensor_msgs.msg import JointState
from std_msgs.msg import Header


def header(stamp_ns: int, frame: str = '') -> Header:
    """Return a header with a stamp [ns] and a TF frame."""
    return Header(stamp=shell.to_stamp(stamp_ns), frame_id=frame)


def to_sample(message: TeleopCommand) -> Sample:
    """Return a device's sample; an unknown request counts as none."""
    known = message.request in tuple(Request)
    return Sample(message.source_id, bytes(message.session), message.seq, message.engaged,
                  Request(message.request) if known else Request.NONE,
                  message.joint_names, message.positions)


def to_chunk(message: ActionChunk) -> Chunk:
    """Return a policy's chunk; a dt that is not finite becomes 0, which is refused."""
    return Chunk(bytes(message.session), message.seq, message.epoch,
                 shell.stamp_ns(message.header.stamp), shell.stamp_ns(message.observation_stamp),
                 to_ns(message.dt) if np.isfinite(message.dt) else 0, message.horizon,
                 message.joint_names, message.positions)


def to_help(message: HelpRequest) -> Help:
    """Return what a watcher of the policy says."""
    return Help(message.source_id, message.active, message.reason, message.score,
                message.threshold)


def from_state(state: ControlState, stamp_ns: int) -> ControlMode:
    """Return the message that tells who is in control."""
    return ControlMode(header=header(stamp_ns), mode=int(state.mode), epoch=state.epoch,
                       reason=state.reason, who=state.who)


def what_holds(message: ControlMode) -> str:
    """Return what to add where somebody expects the arm to move; '' where the arbiter lets it."""
    if message.mode not in (Mode.PAUSED, Mode.HOLD):
        return ''
    return (f'; nothing moves before dagger/resume: {Mode(message.mode).name}, '
            f'{message.reason}')


def from_target(joint_names: list[str], positions: Floats, stamp_ns: int) -> JointState:
    """Return the message that tells a leader where to go; NaN stands for a joint that is free."""
    told = np.flatnonzero(np.isfinite(positions)).tolist()
    return JointState(header=header(stamp_ns), name=[joint_names[column] for column in told],
                      position=positions[told].tolist())


def from_correction(correction: Correction, joint_names: list[str],
                    stamp_ns: int) -> CorrectionMessage:
    """Return the message of a finished correction."""
    return CorrectionMessage(
        header=header(stamp_ns), epoch=correction.epoch, cause=correction.cause,
        start=shell.to_stamp(correction.start_ns), end=shell.to_stamp(correction.end_ns),
        end_reason=correction.end_reason, joint_names=joint_names,
        stamps=[shell.to_stamp(stamp) for stamp in correction.stamps_ns],
        states=_flat(correction.states), human=_flat(correction.human),
        policy=_flat(correction.policy))


def _flat(rows: list[Floats]) -> list[float]:
    return [float(value) for row in rows for value in row]
