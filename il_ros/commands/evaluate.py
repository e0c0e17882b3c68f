"""`il_ros evaluate`: how often does a policy succeed?"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import json
from pathlib import Path
from typing import Annotated, Any, TYPE_CHECKING

from il_ros.commands import console, On, require_here
from il_ros.commands.progress import progress_bar
from il_ros.errors import ConfigError
from il_ros.spread.spread import HERE, spread_over
from rich.table import Table
import typer

if TYPE_CHECKING:
    from il_ros.evaluation.study import Results, Study


def evaluate(
    checkpoint: Annotated[str, typer.Argument(
        help='Folder of a checkpoint, .onnx file (each here or in a bucket), ws://host:port '
             'or its .yaml file.')],
    episodes: Annotated[int, typer.Option(min=1, help='Rollouts, one per seed.')] = 50,
    seed: Annotated[int, typer.Option(min=0, help='First seed.')] = 1_000_000,
    task: Annotated[str, typer.Option(help='PickPlace, Reach or Push.')] = 'PickPlace',
    disturb: Annotated[bool, typer.Option(help='Push the object away at a random time.')] = False,
    instruction: Annotated[str, typer.Option(
        help="What the policy is told to do, in words; the contract's task when left out.")] = '',
    backend: Annotated[str, typer.Option(
        help='torch, onnx, openvino or openvino-bf16.')] = 'torch',
    action_noise: Annotated[float, typer.Option(min=0, help='[rad]')] = 0.0,
    scheduler: Annotated[str, typer.Option(
        help='receding, ensemble, asynchronous or realtime.')] = 'receding',
    execute_steps: Annotated[int, typer.Option(
        min=1, help='Of a chunk before the next, if receding or realtime.')] = 8,
    refill_s: Annotated[float, typer.Option(
        help='Time left of a chunk when the next is asked for, if asynchronous [s].')] = 0.3,
    join: Annotated[float, typer.Option(
        help='From chunk to chunk at this share of the velocity limits; 0 leaps.')] = 0.5,
    latency_ticks: Annotated[int, typer.Option(
        min=0, help='Ticks that each chunk takes, simulated.')] = 0,
    layers: Annotated[str, typer.Option(
        help='Of nominal,shifted,robustness,reliability.')] = 'nominal',
    against: Annotated[str | None, typer.Option(
        help='Another policy, compared on the same seeds.')] = None,
    repeats: Annotated[int, typer.Option(
        min=2, help='Episodes of one long run without reset (reliability).')] = 25,
    jobs: Annotated[int | None, typer.Option(
        min=0, help='Processes; results do not depend on it. By default one per core, none for '
                    'a server.')] = None,
    on: On = HERE,
    html: Annotated[Path | None, typer.Option(help='HTML page to write.')] = None,
    videos: Annotated[int, typer.Option(
        min=0, help='Failures to film, into the page of --html.')] = 0,
    ros: Annotated[bool, typer.Option(
        '--ros', help='Over the live ROS graph, in real time, with a simulated robot.')] = False,
    supervised: Annotated[bool, typer.Option(
        '--supervised', help='With --ros: the scripted operator takes over.')] = False,
    out: Annotated[Path | None, typer.Option(
        help='JSON file to write; with --ros also the folder name of the recorded bags.')] = None,
) -> None:
    """Roll a policy out on seeds and print its success rate with a 95 % interval.

    Example: `il_ros evaluate runs/act/best --layers nominal,shifted --against runs/bc/best`
    """
    from il_ros.contract import require_same
    from il_ros.evaluation.checkpoint import opened, Trial
    from il_ros.evaluation.faults import Faults
    from il_ros.evaluation.layers import parse_layers, variants
    from il_ros.evaluation.rollout import Conditions
    from il_ros.execution.chunk_scheduler import make_scheduler, REALTIME
    from il_ros.policies.source import Options, parse_place
    from il_ros.sim.tasks import make_task

    for path, option in ((out, '--out'), (html, '--html')):
        require_here(path, option)
        if path and path.exists():
            raise ConfigError(f'{path} exists; name a new file with {option}')
    if supervised and not ros:
        raise ConfigError('--supervised needs --ros')
    if ros and (against or html or layers != 'nominal' or backend != 'torch' or latency_ticks):
        raise ConfigError('--ros runs the nominal layer of one policy in torch; leave out '
                          '--layers, --against, --html, --backend and --latency-ticks')
    if videos and not html:
        raise ConfigError('--videos needs --html')
    wanted = parse_layers(layers)
    # A wrong task or checkpoint is refused before anything starts.
    movable = make_task(task).disturbed is not None
    place, options = parse_place(checkpoint), Options(backend, realtime=scheduler == REALTIME)
    other = parse_place(against) if against else None
    with opened(place, options, task) as policy:
        contract, cameras = policy.contract, policy.cameras
    if other is not None:
        with opened(other, options, task) as policy:
            require_same(contract, policy.contract, checkpoint, str(against))
            cameras += policy.cameras
    make_scheduler(scheduler, contract, execute_steps, refill_s=refill_s, join=join)
    conditions = Conditions(disturb, action_noise, faults=Faults(latency_ticks=latency_ticks))
    seeds = range(seed, seed + episodes)
    if ros:
        from il_ros.evaluation.summary import summarise
        from il_ros.workflow.live_evaluation import evaluate_live

        with progress_bar('rollouts', episodes) as advance:
            rollouts = evaluate_live(place, contract, task, seeds, conditions, supervised,
                                     (out or Path('out/evaluation')).with_suffix(''), advance,
                                     instruction, scheduler, execute_steps)
        result = summarise(place, task, conditions, rollouts, ros)
        names, entries = [checkpoint], [result | {'layer': 'nominal', 'variant': 'nominal'}]
    else:
        from il_ros.evaluation.study import describe, film_failures, Study

        trial = Trial(place, task, conditions, scheduler, execute_steps,
                      options=options, instruction=instruction, refill_s=refill_s, join=join)
        study = Study(trial, tuple(variants(
            wanted, conditions, bool(cameras), movable, repeats)), seeds, other)
        with progress_bar('rollouts', len(study.trials) * episodes) as advance:
            results = _run(study, jobs, on, advance)
        result = describe(study, task, results)
        names, entries = result['names'], result['layers']
        if html:
            from il_ros.evaluation.page import write_evaluation

            with progress_bar('videos', videos) as advance:
                films = film_failures(study, results, videos, html.with_suffix(''), advance)
            write_evaluation(result, html, films)
    console.print(_table(names, entries))
    _print_more(names, entries)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(result, indent=2) + '\n')
    for path in (out, html):
        if path:
            console.print(f'written: {path}', soft_wrap=True)


def _run(study: Study, jobs: int | None, on: str, advance: Callable[[int], None]) -> Results:
    from il_ros.evaluation.study import run

    if on == HERE:
        return run(study, jobs, advance)
    with spread_over(on, jobs) as spread:
        return run(study, progress=advance, spread=spread)


def _policies(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [entry, *([entry['against']] if 'against' in entry else [])]


def _table(names: Sequence[str], layers: Sequence[Mapping[str, Any]]) -> Table:
    """Return a row per variant and policy."""
    entries = [entry for entry in layers if 'unseen' not in entry]
    several, compared = len(layers) > 1, len(names) > 1
    table = Table(*(['layer'] if several else []), *(['policy'] if compared else []), 'success',
                  '95 % interval', 'length of successes', *([] if several else ['interventions']))
    for entry in entries:
        name = entry['layer'] if entry['layer'] == entry['variant'] else (
            f'{entry["layer"]}: {entry["variant"]}')
        for i, policy in enumerate(_policies(entry)):
            table.add_row(
                *([name if not i else ''] if several else []),
                *([names[i]] if compared else []),
                f"{policy['successes']} of {policy['episodes']}",
                f"{policy['interval'][0]:.0%} to {policy['interval'][1]:.0%}",
                f"{policy['mean_success_s']:.1f} s" if policy['successes'] else '-',
                *([] if several else [str(policy['interventions'])]))
    return table


def _print_more(names: Sequence[str], layers: Sequence[Mapping[str, Any]]) -> None:
    """Print what a table of rates leaves out: limits, which one is better, how long it lasts."""
    from il_ros.evaluation.asked import beyond_text
    from il_ros.evaluation.statistics import probability_text

    for entry in layers:
        name = entry['layer'] if entry['layer'] == entry['variant'] else entry['variant']
        if 'unseen' in entry:
            console.print(f'{name}: not run, {entry["unseen"]}')
        for who, policy in zip(names, _policies(entry), strict=False):
            if asked := beyond_text(policy.get('beyond_limits', {})):
                console.print(f'{name}: {who} asked {asked}', soft_wrap=True)
        if found := entry.get('comparison'):
            console.print(f'{name}: {names[0]} is better with probability '
                          + probability_text(found['probability_a_better'])
                          + (f', McNemar p = {found["p_value"]:.3g}' if found['paired'] else ''))
        if 'reliability' in entry:
            for who, policy in zip(names, _policies(entry), strict=True):
                found = policy['reliability']
                between = found['mean_between_failures_s']
                console.print(
                    f'{who}: {found["longest"]} successes in a row at most, '
                    + (f'{between:.0f} s between failures' if between is not None else
                       f'no failure in {found["duration_s"]:.0f} s'))
