"""Writes docs/reference/ from the code: `make reference`. With --check it only looks.

Commands, launch files, nodes with their parameters, topics and services, messages, the contract,
training settings, policy kinds, figures, errors: each page is made of what the code itself uses.
"""
from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from importlib import import_module
import inspect
from pathlib import Path
import sys

from il_ros import errors
from il_ros.contract import Contract
from il_ros.datasets.effort import Effort
from il_ros.evaluation.reliability import Reliability
from il_ros.evaluation.result import Round
from il_ros.evaluation.statistics import PairedComparison
from il_ros.inspection.report import Report
from il_ros.policies.config import KINDS, PolicyConfig
from il_ros.recording.topics import CONTROL
from il_ros.training.config import TrainConfig

from tools.docs import graph
from tools.docs.commands import commands_page, launch_page
from tools.docs.markdown import cell, escaped, page, table
from tools.docs.settings import lead, nested, properties, section, table_of

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / 'docs/reference'
# Where each node keeps its parameters; bag_converter and help are read with their nodes.
PARAMETERS = {'command_gate': 'gate.parameters', 'dagger_intervention': 'arbiter.parameters',
              'help_gate': 'help.parameters', 'monitor': 'monitor',
              'panel': 'operating.parameters',
              'policy_inference': 'policy.parameters', 'sim_robot': 'sim_robot',
              'teleop': 'device.parameters', 'teleop_capture': 'recorder.parameters'}
HOWS = {'publishes': 'Publishes', 'subscribes': 'Listens to', 'serves': 'Services',
        'action': 'Action servers', 'calls': 'Calls', 'calls action': 'Calls'}


def nodes() -> list[str]:
    """Return the executables: one file each."""
    return sorted(p.stem for p in graph.NODES.glob('*.py') if p.stem not in ('__init__', 'shell'))


def nodes_page() -> str:
    """Return the page of the nodes: what each is for, its parameters, what it says and hears."""
    found, parts = graph.uses(), []
    for name in nodes():
        module = import_module(f'il_ros.nodes.{name}')
        about = escaped(lead(module).removeprefix(f'{name}: '))
        text = [f'## {name}', about[0].upper() + about[1:]]
        own = [use for use in found if use.node == name]
        names = {said: sorted({f'`{u.name}`' for u in own if u.how == how})
                 for how, said in HOWS.items()}
        text.append('\n'.join(f'- {said}: {", ".join(each)}'
                              for said, each in names.items() if each))
        if where := PARAMETERS.get(name):
            text.append(table_of(import_module(f'il_ros.nodes.{where}').Parameters, 'parameter'))
        parts.append('\n\n'.join(filter(None, text)))
    return page(
        'Nodes and their parameters',
        'Every executable of `ros2 run il_ros NODE`. Defaults of the launch files are in '
        '`config/nodes/NODE.yaml`. A parameter that is not marked as changing is read at the '
        'start and refuses `ros2 param set`. Beside what is listed, nodes use the topics that the '
        '[contract](contract.md) names: joint states, cameras, robot commands.', *parts)


def topics_page() -> str:
    """Return the page of topics, services and actions with types and QoS."""
    found = [use for use in graph.uses() if not use.name.startswith('~')]
    topics, rest = {}, {}
    for use in found:
        into = topics if use.how in ('publishes', 'subscribes') else rest
        into.setdefault(use.name, []).append(use)

    def who(uses: list[graph.Use], *hows: str) -> str:
        return ', '.join(f'`{n}`' for n in sorted({u.node for u in uses if u.how in hows}))

    rows = [[f'`{name}`', f'`{uses[0].type}`',
             next((u.qos for u in uses if u.how == 'publishes'), ''),
             who(uses, 'publishes'), who(uses, 'subscribes')]
            for name, uses in sorted(topics.items())]
    offered = {name: [u for u in uses if u.how in ('serves', 'action')]
               for name, uses in rest.items()}
    services = [[f'`{name}`', 'action' if uses[0].how == 'action' else 'service',
                 f'`{uses[0].type}`', who(uses, 'serves', 'action')]
                for name, uses in sorted(offered.items()) if uses]
    qos = [[f'`{name}`', graph.described(profile)] for name, profile in graph.QOS.items()]
    return page(
        'Topics, services, actions',
        'Names are relative to the namespace of the robot. Topics of the robot itself (joint '
        'states, cameras, commands) are those that its [contract](contract.md) names; cameras and '
        'joint states are heard best effort, so that any publisher fits. `teleop_capture` records '
        + ', '.join(f'`{name}`' for name in CONTROL) + ' beside them.',
        '## Topics', table(('topic', 'type', 'QoS of the publisher', 'published by', 'heard by'),
                           rows),
        '## Services and actions', table(('name', 'kind', 'type', 'offered by'), services),
        '## QoS profiles', table(('in the code', 'means'), qos),
        '## Messages', *_interfaces())


def _interfaces() -> Iterator[str]:
    for folder in ('msg', 'srv', 'action'):
        for path in sorted((ROOT / folder).glob(f'*.{folder}')):
            yield f'### il_ros/{path.stem}\n\n```\n{path.read_text().strip()}\n```'


def contract_page() -> str:
    """Return the page of the contract's keys."""
    return page(
        'The contract',
        'The keys of `config/robots/<robot>.yaml`. An unknown key is an error that names the '
        'nearest valid one. How to write one: [Your robot](../tutorials/your-robot.md); what the '
        'long form is for: [Any robot](../robots.md).',
        *(section(cls) for cls in nested(Contract)))


def training_page() -> str:
    """Return the page of training settings."""
    presets = [[f'`{path.stem}`', cell(_comment(path))]
               for path in sorted((ROOT / 'config/training').glob('*.yaml'))]
    return page(
        'Training settings', 'The keys of a file for `il_ros train --config`. `config/training/` '
        'has one for each kind, which `--policy KIND` takes.',
        '## Presets', table(('preset', ''), presets),
        *(section(cls) for cls in nested(TrainConfig)))


def _comment(path: Path) -> str:
    lines = [line.removeprefix('#').strip() for line in path.read_text().splitlines()
             if line.startswith('#')]
    return ' '.join(lines)


def policies_page() -> str:
    """Return the page of the kinds of policies."""
    parts = []
    for name in KINDS:
        module = import_module(f'il_ros.policies.{name}')
        parts.append(f'## {name}\n\n{escaped(lead(module))}')
    return page(
        'Kinds of policies', '`il_ros train --policy KIND`. Their settings: '
        '[Training settings](training.md). What each learns where another fails: '
        '[What the policies learn](../learning.md).', *parts, '## What all of them share',
        table_of(PolicyConfig).replace('](#', '](training.md#'))


def metrics_page() -> str:
    """Return the page of the figures in reports, tables and JSON files."""
    found: dict[type, None] = {}
    for cls in (Round, PairedComparison, Reliability, Effort, Report):
        nested(cls, found)
    parts = ['\n\n'.join(filter(None, (section(cls, 'figure'), properties(cls))))
             for cls in found]
    return page(
        'Figures', 'What the figures in reports, tables and JSON files mean. Success rates have '
        '95 % Wilson intervals; two policies are compared on the same seeds.', *parts)


def errors_page() -> str:
    """Return the page of errors and of the gate's rules."""
    kinds = [[f'`{name}`', cell(lead(cls))] for name, cls in vars(errors).items()
             if inspect.isclass(cls) and issubclass(cls, errors.IlRosError)]
    return page(
        'Errors', 'An error says in one line what was expected, what came and what to do. On the '
        'command line it ends with exit code 2; a node logs it and ends with 2 as well. What '
        'happens at each fault of a robot, camera, disk or process: [Faults](../faults.md).',
        '## Kinds', table(('class', ''), kinds),
        '## Rules of the gate', 'What `rule` in `control/report` and in the log says, with the '
        'text beside it; `…` stands for what was measured.',
        table(('rule', 'says'), [[f'`{rule}`', cell(text)] for rule, text in rules()]))


def rules() -> list[tuple[str, str]]:
    """Return the rules by which the gate refuses or holds, with what each says."""
    found = set()
    for path in (ROOT / 'il_ros/safety').glob('*.py'):
        module = import_module(f'il_ros.safety.{path.stem}')
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call) or getattr(call.func, 'id', '') not in (
                    'Refusal', 'Decision') or len(call.args) < 2:
                continue
            rule, *text = call.args if call.func.id == 'Refusal' else call.args[1:3]
            name = rule.value if isinstance(rule, ast.Constant) else getattr(
                module, getattr(rule, 'id', ''), None)
            if isinstance(name, str) and text and (said := _said(text[0])):
                found.add((name, said))
    return sorted(found)


def _said(text: ast.AST) -> str:
    if isinstance(text, ast.Constant):
        return str(text.value)
    if isinstance(text, ast.JoinedStr):
        return ''.join(part.value if isinstance(part, ast.Constant) else '…'
                       for part in text.values)
    return ''


def index_page() -> str:
    """Return the first page of the reference."""
    rows = [[f'[{_title(make())}]({name})', ABOUT[name]]
            for name, make in PAGES.items() if make is not index_page]
    return page('Reference', 'Written from the code, so it says what the code does. `make '
                'reference` writes it anew; a test holds it.', table(('page', 'about'), rows))


def _title(text: str) -> str:
    return text.partition('# ')[2].partition('\n')[0]


ABOUT = {'commands.md': 'every subcommand with its options', 'launch.md': 'what each starts',
         'nodes.md': 'what each is for, its parameters, what it says and hears',
         'topics.md': 'types, QoS, who speaks and who listens; the messages',
         'contract.md': "the keys of a robot's file", 'training.md': 'presets and their keys',
         'policies.md': 'what each is, and how it departs from its paper',
         'metrics.md': 'the figures in reports, tables and JSON files',
         'errors.md': 'the kinds, and the rules of the gate'}
PAGES: dict[str, Callable[[], str]] = {
    'index.md': index_page, 'commands.md': commands_page, 'launch.md': launch_page,
    'nodes.md': nodes_page, 'topics.md': topics_page, 'contract.md': contract_page,
    'training.md': training_page, 'policies.md': policies_page, 'metrics.md': metrics_page,
    'errors.md': errors_page}


def stale(target: Path = TARGET) -> list[str]:
    """Return the pages that are not what the code says."""
    return [name for name, make in PAGES.items()
            if not (target / name).is_file() or (target / name).read_text() != make()]


def main(arguments: list[str]) -> int:
    """Write the pages, or with --check say which are not what the code says."""
    if arguments == ['--check']:
        if wrong := stale():
            print(f'docs/reference: {", ".join(wrong)}: not what the code says: make reference')
        return bool(wrong)
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        (TARGET / name).write_text(make())
    return 0


if __name__ == '__main__':
    raise SystemExit(main(sys.argv[1:]))
