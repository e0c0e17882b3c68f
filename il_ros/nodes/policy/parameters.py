"""ROS parameters of policy_inference."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from il_ros.config import LIVE, OneOf, Range
from il_ros.errors import ConfigError
from il_ros.execution.chunk_scheduler import SCHEDULERS
from il_ros.policies.source import BACKENDS
from il_ros.scheduling import PRIORITY


@dataclass(frozen=True)
class Parameters:
    """ROS parameters.

    Attributes:
        robot: Name or file of the contract.
        checkpoint: Folder, .onnx file or ws:// address of a server to load at the start, see
            `policies.source`; '' waits for policy/load.
        task: What the robot shall do, in words; '' takes the contract's.
        scheduler: How chunks become motion; see `make_scheduler`.
        execute_steps: Of receding and realtime: rows that run before the next chunk.
        ensemble_m: Of ensemble: weight exp(-m i) of the i-th oldest chunk.
        refill_s: Of asynchronous: time left of a chunk at which the next is asked for.
        join: From chunk to chunk at this share of the velocity limits; 0 leaps.
        autostart: Activate after each load; may be changed while the node runs.
        speed: Robot time per steady time.
        deadline_s: Longest steady time for one inference.
        watchdog_s: Longest steady time that a chunk is played on while this process is stopped or
            hangs: nobody looks at the robot then.
        backend: 'torch', or one that computes an exported form on the CPU; see `Options`.
        threads: CPU threads of the network.
        device: Of torch.
        priority: Of SCHED_FIFO for the publishing process, half of it for this one; 0: ordinary.
    """

    robot: str = 'sim_arm'
    checkpoint: str = ''
    task: str = ''
    scheduler: Annotated[str, OneOf(SCHEDULERS)] = 'ensemble'
    execute_steps: Annotated[int, Range(1, 1000)] = 1
    ensemble_m: Annotated[float, Range(-100.0, 100.0)] = 0.01
    refill_s: Annotated[float, Range(0.0, 60.0)] = 0.3
    join: Annotated[float, Range(0.0, 1.0)] = 0.5
    autostart: Annotated[bool, LIVE] = False
    speed: Annotated[float, Range(0.001, 1000.0)] = 1.0
    deadline_s: Annotated[float, Range(0.001, 600.0)] = 1.0
    watchdog_s: Annotated[float, Range(0.001, 10.0)] = 0.1
    backend: Annotated[str, OneOf(BACKENDS)] = 'torch'
    threads: Annotated[int, Range(1, 256)] = 1
    device: str = 'cpu'
    priority: Annotated[int, Range(0, 99)] = PRIORITY

    def __post_init__(self) -> None:
        for name in ('speed', 'deadline_s', 'watchdog_s'):
            if (value := getattr(self, name)) <= 0:
                raise ConfigError(f'{name}: expected more than 0, got {value}')
