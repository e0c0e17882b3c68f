"""`il_ros train`: a dataset becomes a checkpoint."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
import json
import math
import os
from pathlib import Path
from typing import Annotated, TYPE_CHECKING

from il_ros.commands import console, open_dataset, require_here, say
from il_ros.commands.progress import new_progress
from il_ros.errors import ConfigError
from il_ros.rights import Rights
import typer

if TYPE_CHECKING:
    from il_ros.datasets.reader import Dataset
    from il_ros.training.config import TrainConfig
    from il_ros.training.joined import Joined
    from il_ros.training.samples import Source


def train(
    dataset: Annotated[Path | None, typer.Argument(
        help='Folder that `il_ros convert` or LeRobot wrote.', default_factory=lambda: None)],
    out: Annotated[Path, typer.Option(help='Folder for checkpoints and logs.')],
    policy: Annotated[str, typer.Option(
        help='bc, bc_rnn, act, diffusion, flow, gmm or ibc.')] = 'bc',
    config: Annotated[str | None, typer.Option(
        help='YAML file, or name under config/training/; the policy names the default.')] = None,
    cameras: Annotated[str, typer.Option(
        help='Learn from these cameras, as in scene,wrist, in place of the poses.')] = '',
    language: Annotated[bool, typer.Option(
        '--language', help="Learn from each episode's task text, too: it becomes the instruction.",
    )] = False,
    steps: Annotated[int | None, typer.Option(min=1, help='Optimiser steps.')] = None,
    members: Annotated[int | None, typer.Option(
        min=1, help='Networks in the checkpoint; more than one also tell how sure they are.',
    )] = None,
    seed: Annotated[int | None, typer.Option(min=0)] = None,
    data: Annotated[str, typer.Option(
        help='Several datasets and their shares of each batch, as in demos=0.5,corrections=0.5; '
             'FOLDER:MAP.yaml is one of another robot.')] = '',
    tasks: Annotated[str, typer.Option(
        help="Share of each batch by task, as in 'pick the cube=0.7,open the box=0.3'; others "
             'are left out.')] = '',
    robots: Annotated[str, typer.Option(
        help='Likewise by the robot that a dataset was recorded with.')] = '',
    mix: Annotated[str, typer.Option(
        help='Share of each batch by control source, as in demo=0.5,human=0.4,policy=0.1.')] = '',
    weighting: Annotated[str | None, typer.Option(
        help='iwr or sirius: interventions weigh half of each batch.')] = None,
    accumulate: Annotated[int | None, typer.Option(
        min=1, help='Parts that a batch is computed in, to save memory.')] = None,
    compiled: Annotated[bool, typer.Option('--compile', help='Use torch.compile.')] = False,
    precision: Annotated[str | None, typer.Option(
        help='auto, 32-true, bf16-mixed or 16-mixed; auto is 16 bit where it pays.')] = None,
    gate: Annotated[bool, typer.Option(
        '--gate', help='Learn, too, when to ask a person for help; see the node help_gate.',
    )] = False,
    budget: Annotated[float, typer.Option(
        help="Of the gate 'thrifty': switches to a person per step of the robot.")] = 0.05,
    despite: Annotated[str, typer.Option(
        metavar='REASON', help='Learn from episodes whose licence or consent forbids it; why that '
                               'is allowed, which the checkpoint carries along.')] = '',
    resume: Annotated[bool, typer.Option(
        '--resume', help='Go on with the run in --out where it was saved last.')] = False,
) -> None:
    """Train a policy. Under torchrun several processes share each batch.

    Example: `il_ros train out/demo/dataset --policy bc --out out/bc`
    """
    require_here(out, '--out')
    if (dataset is None) == (not data):
        raise ConfigError('expected a dataset or --data with several, got '
                          + ('both' if dataset else 'neither'))

    def chosen(names: str) -> TrainConfig:
        found = sampled(_settings(policy, config, names, language, steps, seed, members), mix,
                        weighting)
        found = shared(found, tasks, robots)
        return replace(found, accumulate=accumulate or found.accumulate,
                       compile=compiled or found.compile,
                       precision=precision or found.precision)

    settings = chosen(cameras)
    first = int(os.environ.get('RANK', 0)) == 0  # of the processes that torchrun started

    from il_ros.training.train import fit, Report

    source = _source(dataset, data, first)
    if source.contract.generated and config is None:
        every = ','.join(camera.name for camera in source.contract.cameras)
        settings = _unnamed(chosen(cameras or every), source, first)
    if first:
        print_shares(source, settings)
    with new_progress(bars=first) as progress:
        task = progress.add_task(f'train {policy}', total=settings.steps, note='')

        def show(report: Report) -> None:
            note = f'loss {report.loss:.4f}'
            if not math.isnan(report.validation):
                note += f', validation {report.validation:.4f}'
            note += (f', {report.samples_per_s:,.0f} samples/s, '
                     f'{timedelta(seconds=math.ceil(report.left_s))} left')
            progress.update(task, completed=report.step, note=note)

        best = fit(source, out, settings, resume=resume, despite=despite, progress=show)
    if not first:
        return
    if gate:
        _learn_gate(best, source, budget)
    record = json.loads((best / 'training.json').read_text())
    for name, told in record['trained_on'].items():
        for rights in told['rights']:
            say(f'{name}: {rights["episodes"]} episodes: {Rights.of(rights).text}')
    validation = record['validation']
    quality = f'validation error {validation:.4f}' if validation is not None else 'not validated'
    console.print(f'[bold]{best}[/]: step {record["step"]} of {record["steps"]}, {quality}, '
                  f'{record["rows"]} labelled rows of {record["episodes"]} episodes',
                  highlight=False, soft_wrap=True)
    for kind in ('dataset', 'task'):
        for name, error in record.get(f'validation_by_{kind}', {}).items():
            say(f'validation error of {kind} {name}: {error:.4f}')
    if not source.contract.generated:
        console.print(f'Try it: il_ros evaluate {best}', highlight=False, soft_wrap=True)


def _unnamed(settings: TrainConfig, source: Source, first: bool) -> TrainConfig:
    from il_ros.training.unnamed import of_features

    found = of_features(settings, source.contract, settings.policy.cameras)
    if first:
        console.print(f'learns {found.policy.action_space} from {", ".join(found.policy.inputs)}; '
                      '--config names other settings', highlight=False, soft_wrap=True)
    return found


def _source(dataset: Path | None, data: str, first: bool) -> Dataset | Joined:
    from il_ros.datasets.reader import Dataset
    from il_ros.training.asked import parse_data
    from il_ros.training.open_data import open_data

    if dataset:
        return open_dataset(dataset) if first else Dataset(dataset)
    if not first:
        return open_data(parse_data(data))
    return open_data(parse_data(data), open_dataset, say)


def print_shares(source: Source, settings: TrainConfig) -> None:
    """Print what a batch holds of each dataset, task and source, where shares of them are asked.

    Raises:
        IlRosError: There is nothing to draw for a share.
    """
    from il_ros.training.joined import axes_of, check_inputs
    from il_ros.training.samples import Samples
    from il_ros.training.shares import expected

    if not (axes := axes_of(source, settings)):
        return
    check_inputs(source, settings.policy)
    samples = Samples.of(source, settings, {}, axes=axes)
    console.print(f'of {settings.batch_size} rows of a batch, expected:')
    for one in expected(samples.mixture(settings), axes, samples.origin, settings.batch_size):
        say(f'{one.rows:8.1f} ({one.share:.1%}) {one.dataset} ({one.robot}), {one.source}: '
            f'{one.task}')


def _learn_gate(best: Path, dataset: Source, budget: float) -> None:
    from il_ros.intervention.gates.files import GATES
    from il_ros.intervention.gates.fitting import fit_gate

    with console.status('learning when to ask for help'):
        model = fit_gate(best, dataset, alpha=budget)
    able = []
    for name in GATES:
        try:
            model.gate(name)
            able.append(name)
        except ConfigError as error:
            console.print(str(error), highlight=False, soft_wrap=True)
    console.print(f'gate from {model.record.rows} steps of a person that the policy did not learn '
                  f'from: {", ".join(able)}', highlight=False, soft_wrap=True)


def _settings(policy: str, config: str | None, cameras: str, language: bool,
              steps: int | None, seed: int | None, members: int | None) -> TrainConfig:
    from il_ros.policies.config import KINDS, one_of
    from il_ros.training.config import TrainConfig

    one_of(policy, KINDS, 'policy')
    names = tuple(name.strip() for name in cameras.split(',') if name.strip())
    settings = TrainConfig.preset(config or ('bc_vision' if policy == 'bc' and names else policy))
    if settings.policy.kind != policy:
        raise ConfigError(f'--policy {policy}, but {config} is for {settings.policy.kind}; '
                          f'give --policy {settings.policy.kind}')
    if names:
        settings = replace(settings, policy=replace(settings.policy, inputs=('state', *names)))
    if language and 'task' not in settings.policy.inputs:
        settings = replace(settings, policy=replace(
            settings.policy, inputs=(*settings.policy.inputs, 'task')))
    if members:
        settings = replace(settings, policy=replace(settings.policy, members=members))
    return replace(settings, steps=steps or settings.steps,
                   seed=settings.seed if seed is None else seed)


def sampled(settings: TrainConfig, mix: str, weighting: str | None) -> TrainConfig:
    """Return the settings with what --mix or --weighting say.

    Raises:
        ConfigError: Both are given, or one is wrong.
    """
    from il_ros.training.config import Mix

    if not mix and weighting is None:
        return settings
    if mix and weighting:
        raise ConfigError('expected --mix or --weighting, got both')
    return replace(settings, correction_share=None, mix=Mix.parse(mix) if mix else None,
                   weighting=weighting or 'none')


def shared(settings: TrainConfig, tasks: str, robots: str) -> TrainConfig:
    """Return the settings with what --tasks and --robots say.

    Raises:
        ConfigError: One is wrong.
    """
    from il_ros.training.asked import parse_shares

    if tasks:
        settings = replace(settings, tasks=parse_shares(tasks, '--tasks'))
    if robots:
        settings = replace(settings, robots=parse_shares(robots, '--robots'))
    return settings
