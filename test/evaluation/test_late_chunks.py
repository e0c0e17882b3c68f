"""Late chunks through whole policies and schedulers: what real-time chunking is for."""
import json
import subprocess
import sys

from checkpoint_factory import make_checkpoint, VARIANTS
from il_ros.errors import ConfigError
from il_ros.evaluation.faults import Faults
from il_ros.evaluation.layers import variants
from il_ros.evaluation.rollout import Conditions
from il_ros.execution.chunk_scheduler import make_scheduler
from il_ros.policies.source import open_policy, Options
import pytest
import torch

from benchmarks.tasks import fork_robot
from benchmarks.tasks.replanning import DEVIATION

LATE = 5


@pytest.fixture(scope='module')
def policy():
    torch.set_num_threads(1)
    return fork_robot.whole(fork_robot.Known(DEVIATION), 'flow', DEVIATION.tolist())


def drive(policy, scheduler, late=LATE, **settings):
    return fork_robot.drive(policy, lambda: make_scheduler(
        scheduler, fork_robot.CONTRACT, **settings), range(40), late)


def test_late_chunks_go_on_from_each_other_only_in_real_time_chunking(policy):
    """Both ask for a chunk when 6 of 20 rows have run, and it comes 5 ticks later."""
    prompt = drive(policy, 'asynchronous', 0, refill_s=14 / 30)
    naive = drive(policy, 'asynchronous', refill_s=14 / 30)
    joined = drive(policy, 'asynchronous', refill_s=14 / 30, join=0.5)
    realtime = drive(policy, 'realtime', execute_steps=6)
    assert prompt.successes >= 38, 'it is the delay that makes it fail'
    assert naive.successes <= 30
    # Joined within the acceleration limit, as the gate would hold it anyway: calmer, not better.
    assert naive.successes - 4 <= joined.successes < realtime.successes
    assert realtime.successes >= 37
    assert realtime.leaps.mean() <= 0.6 * naive.leaps.mean()
    assert joined.leaps.mean() <= 0.6 * naive.leaps.mean()


def test_variants_keep_the_latency_that_they_start_from():
    base = Conditions(False, faults=Faults(latency_ticks=7))
    found = {v.name: v.conditions.faults for v in variants(('robustness',), base, True, True, 2)}
    assert found['sensor noise'] == Faults(0.0002, 0.001, 5.0, latency_ticks=7)
    assert found['latency'].latency_ticks == 3
    assert found['pushes'] == base.faults


def test_the_command_rolls_out_with_late_chunks_and_names_policies_that_cannot(tmp_path):
    place = make_checkpoint(tmp_path / 'flow', VARIANTS['flow'])
    done = subprocess.run(
        [sys.executable, '-c', 'from il_ros.cli import main; main()', 'evaluate', str(place),
         '--task', 'Reach', '--episodes', '1', '--jobs', '0', '--scheduler', 'realtime',
         '--latency-ticks', '3', '--execute-steps', '2', '--out', 'result.json'],
        cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / 'result.json').read_text())
    assert {key: result[key] for key in ('scheduler', 'execute_steps', 'join', 'latency_ticks')
            } == {'scheduler': 'realtime', 'execute_steps': 2, 'join': 0.5, 'latency_ticks': 3}
    place = make_checkpoint(tmp_path / 'bc')
    with pytest.raises(ConfigError) as error:
        open_policy(place, Options(realtime=True))
    assert str(error.value) == (
        "scheduler 'realtime': expected a flow or diffusion policy of one member with the backend "
        f"torch, got {place} (bc, backend torch); take the scheduler 'asynchronous'")
