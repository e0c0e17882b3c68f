"""Which rows of which chunk are due: pure, the caller passes the time.

Rows are due by time, not by count: what elapsed while the network was busy is skipped, and what
comes too late altogether gives nothing, upon which the gate holds the robot.
"""
from __future__ import annotations

from il_ros.config import nearest
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.execution.schedulers.asynchronous import Asynchronous
from il_ros.execution.schedulers.ensemble import TemporalEnsemble
from il_ros.execution.schedulers.realtime import RealTimeChunking
from il_ros.execution.schedulers.receding import RecedingHorizon
from il_ros.execution.schedulers.scheduler import ChunkScheduler
from il_ros.execution.schedulers.short_way import ShortWay
from il_ros.execution.schedulers.smooth_join import SmoothJoin

REALTIME = 'realtime'  # takes a policy that can continue a chunk
SCHEDULERS = ('receding', 'ensemble', 'asynchronous', REALTIME)


def make_scheduler(name: str, contract: Contract, execute_steps: int = 1, *,
                   ensemble_m: float = 0.01, refill_s: float = 0.3,
                   join: float = 0.0) -> ChunkScheduler:
    """Return the scheduler of a name.

    Args:
        name: One of `SCHEDULERS`.
        contract: Period and velocity limits.
        execute_steps: Rows of a chunk that run before the next is used ('receding') or asked for
            ('realtime').
        ensemble_m: Of the weight exp(-m i) of 'ensemble'.
        refill_s: Time left of a chunk at which 'asynchronous' asks for the next [s].
        join: Share of the velocity limits at which the robot goes over from one chunk to another,
            within its acceleration limits; 0 leaps.

    Raises:
        ConfigError: There is none of that name, or a setting is wrong.
    """
    period_ns = contract.period_ns
    scheduler: ChunkScheduler
    if name == 'receding':
        scheduler = RecedingHorizon(period_ns, execute_steps)
    elif name == 'ensemble':
        scheduler = TemporalEnsemble(period_ns, ensemble_m)
    elif name == 'asynchronous':
        scheduler = Asynchronous(period_ns, refill_s)
    elif name == REALTIME:
        scheduler = RealTimeChunking(period_ns, execute_steps)
    else:
        raise ConfigError(f'scheduler {name!r}: {nearest(name, list(SCHEDULERS))}')
    if join:
        scheduler = SmoothJoin(scheduler, contract, join)
    return ShortWay(scheduler, contract) if contract.continuous.any() else scheduler
