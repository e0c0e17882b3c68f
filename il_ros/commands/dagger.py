"""`il_ros dagger`: rounds of rollouts, corrections and training."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, TYPE_CHECKING

from il_ros.commands import console
from il_ros.commands.progress import new_progress, StepProgress
from il_ros.errors import ConfigError
import typer

if TYPE_CHECKING:
    from il_ros.training.config import TrainConfig
    from il_ros.workflow.collectors import Collector
    from il_ros.workflow.journal import Journal
    from il_ros.workflow.loop import Loop, Round
    from il_ros.workflow.promotion import Verdict
    from il_ros.workflow.rounds_config import RoundsConfig

PATIENCE_S = 120.0  # for an episode with a person at the keyboard


def dagger(
    dataset: Annotated[Path, typer.Argument(help='Dataset so far; the rounds append to it.')],
    checkpoint: Annotated[Path, typer.Option(help='Policy that the first round starts from.')],
    out: Annotated[Path, typer.Option(
        help='New folder for episodes, checkpoints and logs, or that of a run to go on with.')],
    rounds: Annotated[int, typer.Option(min=1, help='In all, those already done too.')] = 2,
    rollouts: Annotated[int, typer.Option(min=1, help='Episodes per round.')] = 10,
    episodes: Annotated[int, typer.Option(min=1, help='Rollouts per evaluation.')] = 60,
    task: Annotated[str, typer.Option(help='PickPlace, Reach or Push.')] = 'PickPlace',
    seed: Annotated[int, typer.Option(min=0, max=99)] = 0,
    robot: Annotated[str, typer.Option(
        help="Name or file of the robot; the checkpoint's own by default.")] = '',
    sim: Annotated[bool, typer.Option(
        '--sim/--no-sim', help='Start a simulated robot, or join the graph that runs.')] = True,
    bags: Annotated[Path | None, typer.Option(
        help='With --no-sim: folder that the recorder of that graph writes to.')] = None,
    namespace: Annotated[str, typer.Option(
        help='With --no-sim: namespace of that graph.')] = '',
    interactive: Annotated[bool, typer.Option(
        '--interactive', help='You are the operator, with the keyboard.')] = False,
    method: Annotated[str, typer.Option(
        help='hg: a person takes over; vanilla: the simulated expert labels every state.')] = 'hg',
    beta: Annotated[str, typer.Option(
        help="vanilla: the expert's share of the steps, linear:ROUNDS or power:BASE.",
    )] = 'linear:10',
    fine_tune: Annotated[bool, typer.Option(
        '--fine-tune/--from-scratch', help='Train on from the promoted policy.')] = False,
    steps: Annotated[int | None, typer.Option(min=1, help='Optimiser steps per round.')] = None,
    mix: Annotated[str, typer.Option(
        help='Share of each batch by control source, as in demo=0.5,human=0.4,policy=0.1.')] = '',
    weighting: Annotated[str | None, typer.Option(
        help='iwr or sirius: interventions weigh half of each batch.')] = None,
    promote_at: Annotated[float, typer.Option(
        help='Probability of being better at which a policy replaces the one before.')] = 0.5,
    jobs: Annotated[int | None, typer.Option(
        min=0, help='Processes of an evaluation. By default one per core.')] = None,
) -> None:
    """Let a policy drive, correct it, train it on the corrections, keep it if it is not worse.

    The policy runs over the live ROS graph; the operator (scripted, or you) takes over when it
    errs; the corrections are appended to the dataset and the policy is trained again. On the same
    held-out scenes it is compared with the promoted one; OUT/promoted points at the winner, and
    the running policy node loads it. After a crash, the same command goes on.

    Example: `il_ros dagger data/ --checkpoint runs/bc/best --out runs/dagger --rounds 3`
    """
    from il_ros.policies.load import load
    from il_ros.workflow.journal import Journal
    from il_ros.workflow.loop import Loop, LoopConfig
    from il_ros.workflow.rounds import Rounds
    from il_ros.workflow.rounds_config import RoundsConfig
    from il_ros.workflow.rounds_report import write_rounds_report

    if interactive and not console.is_terminal:
        raise ConfigError('--interactive needs a terminal: expected a keyboard, got a pipe')
    if (bags is None) != sim:
        raise ConfigError('--no-sim and --bags go together: expected the folder that the recorder '
                          'of the running graph writes to')
    if namespace and sim:
        raise ConfigError('--namespace goes with --no-sim: it is that of the running graph')
    if method == 'vanilla' and (interactive or not sim):
        raise ConfigError('--method vanilla asks the simulated expert; leave out --interactive '
                          'and --no-sim, or use --method hg')
    policy = load(checkpoint)
    loop_config = LoopConfig(
        seed=seed, robot=robot or policy.contract.robot, task=task, rollouts=rollouts,
        episodes=episodes, device='keyboard' if interactive else 'scripted',
        timeout_s=PATIENCE_S if interactive else LoopConfig.timeout_s,
        training=_training(policy.description.config, steps, mix, weighting), workers=jobs)
    config = RoundsConfig(dataset, checkpoint, loop_config, method, beta, fine_tune, promote_at,
                          sim)
    with (Journal(out, config.settings()) as journal,
          new_progress(bars=not interactive and sim) as bars):
        progress = StepProgress(bars)
        loop = Loop(loop_config, out, progress)
        collector = _collector(config, loop, out, bags, namespace, journal)
        run = Rounds(config, out, loop, collector, journal, progress)
        results = run.run(rounds)
        verdicts = run.verdicts()
    page = write_rounds_report(config, results, verdicts, out)
    _print(results, verdicts)
    console.print(f'report: {page}   promoted policy: {(out / "promoted").resolve()}',
                  highlight=False, soft_wrap=True)


def _training(kind: object, steps: int | None, mix: str, weighting: str | None) -> TrainConfig:
    from il_ros.commands.train import sampled
    from il_ros.policies.config import PolicyConfig
    from il_ros.training.config import TrainConfig

    assert isinstance(kind, PolicyConfig)
    settings = sampled(replace(TrainConfig.preset(kind.kind), policy=kind), mix, weighting)
    return replace(settings, steps=steps or settings.steps)


def _collector(config: RoundsConfig, loop: Loop, out: Path, bags: Path | None,
               namespace: str, journal: Journal) -> Collector:
    if config.method == 'vanilla':
        from il_ros.intervention.beta import Beta
        from il_ros.workflow.vanilla import VanillaCollector

        return VanillaCollector(config.loop, loop, out, config.dataset, Beta.parse(config.beta))
    if bags is None:
        from il_ros.workflow.collectors import LiveCollector

        return LiveCollector(config.loop, loop, out)
    from il_ros.nodes.clients.client import Client
    from il_ros.workflow.field import FieldCollector, Lines

    there = [path.name for path in bags.iterdir()] if bags.is_dir() else []
    before = journal.do('bags', lambda: {'before': sorted(there)})['before']
    return FieldCollector(config.loop, loop, bags, before, Lines(console.print),
                          Client(namespace=namespace))


def _print(results: list[Round], verdicts: dict[str, Verdict]) -> None:
    from il_ros.evaluation.statistics import wilson
    from rich.table import Table

    table = Table('policy', 'success', 'person', 'share', 'taken', 'length', 'per min', 'kept',
                  box=None, caption='person: seconds of driving and labelling, in all. Of the '
                                    'episodes of the round: its share, take-overs, their mean '
                                    'length, successes per human minute')
    for result in results:
        low, high = wilson(result.successes, len(result.rollouts))
        new, verdict = result.collected, verdicts.get(result.name)
        length, rate = new.mean_intervention_s, new.success_per_human_minute
        table.add_row(
            result.name.replace('_', ' '), f'{result.successes} of {len(result.rollouts)} '
            f'({100 * low:.0f}-{100 * high:.0f} %)', f'{result.human_seconds:.0f} s',
            '-' if new.human_share is None else f'{new.human_share:.0%}', str(new.take_overs),
            '-' if length is None else f'{length:.1f} s', '-' if rate is None else f'{rate:.1f}',
            '' if verdict is None else 'yes' if verdict.promoted else 'no')
    console.print(table)
    for name, verdict in verdicts.items():
        console.print(f'{name.replace("_", " ")}: {verdict.text}', highlight=False)
