"""`il_ros sim`: the scripted operator at work in the simulation."""
from __future__ import annotations

from pathlib import Path
from typing import Annotated

from il_ros.commands import console
from il_ros.commands.progress import progress_bar
from il_ros.errors import ConfigError
import typer

SIZE = (480, 640)   # of the video

def sim(
    task: Annotated[str, typer.Option(help='PickPlace, Reach or Push.')] = 'PickPlace',
    seed: Annotated[int, typer.Option(min=0, help='Of the first episode.')] = 0,
    episodes: Annotated[int, typer.Option(min=1, help='How many, one per seed.')] = 1,
    disturb: Annotated[bool, typer.Option(help='Push the object away at a random time.')] = False,
    action_noise: Annotated[float, typer.Option(min=0, help='[rad]')] = 0.0,
    video: Annotated[Path | None, typer.Option(help='New .mp4 file of all episodes.')] = None,
    robot: Annotated[str, typer.Option(
        help="Name or file of the contract; the task's robot by itself.")] = '',
) -> None:
    """Let the scripted operator do a task in its Gymnasium environment.

    Example: `il_ros sim --task PickPlace --seed 0 --episodes 3 --video out.mp4`
    """
    if video and video.exists():
        raise ConfigError(f'{video} exists; name a new file with --video')
    if video and video.suffix != '.mp4':
        raise ConfigError(f'{video}: expected a name that ends in .mp4')
    from il_ros.contract import Contract
    from il_ros.datasets.files.video import VideoWriter
    from il_ros.sim import make
    from il_ros.sim.tasks import make_task
    from il_ros.teleop.scripted.operators import make_operator

    contract = Contract.load(robot or make_task(task).world.robot)
    operator = make_operator(contract, seed, task)
    env = make(task, contract=contract, render_mode='rgb_array')
    writer = VideoWriter(video, *SIZE, contract.rate_hz) if video else None
    successes = 0
    with progress_bar(task, episodes) as advance:
        for number in range(episodes):
            now, _ = env.reset(seed=seed + number,
                               options={'disturb': disturb, 'action_noise': action_noise})
            operator.reset(seed + number)
            ended, done, steps = False, False, 0
            while not ended:
                target = operator.act(
                    now['observation.state'], now['observation.environment_state'],
                    steps * contract.period_ns)
                now, _, done, truncated, _ = env.step(target)
                ended, steps = done or truncated, steps + 1
                if writer:
                    writer.write(env.render())
            successes += done
            console.print(f'seed {seed + number}: {"success" if done else "failure"} after '
                          f'{steps / contract.rate_hz:.1f} s', highlight=False)
            advance(number + 1)
    env.close()
    console.print(f'{successes} of {episodes} episodes succeed', highlight=False)
    if writer:
        writer.close(writer.written)
        console.print(f'written: {video}', highlight=False)
