"""A layout for Foxglove, or its open fork Lichtblick, of the topics of a contract.

It looks and publishes nothing: no panel of it sends a message or calls a service.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from il_ros.contract import Contract
from il_ros.names import resolve

Panels = dict[str, dict[str, Any]]
STATES = {  # what changes in steps, by what people call it
    'mode': 'control/mode.mode', 'gate': 'control/report.verdict',
    'rule of the gate': 'control/report.rule', 'help wanted': 'dagger/request.active',
    'device engaged': 'teleop/command.engaged', 'recorder': 'capture/status.state'}
DOUBT = {'score': 'dagger/request.score', 'threshold': 'dagger/request.threshold',
         'uncertainty': 'policy/chunk.uncertainty[0]'}
LEFT = 40       # width of 3D and cameras [%]


def foxglove_layout(contract: Contract, namespace: str = '') -> dict[str, Any]:
    """Return the layout, as Foxglove exports and imports it.

    Args:
        contract: The robot.
        namespace: Of its topics.

    Raises:
        ConfigError: The namespace is none.
    """
    def path(name: str) -> str:
        topic, dot, rest = name.partition('.')
        return resolve(topic, namespace) + dot + rest

    panels: Panels = {'3D!tools': _space(contract, path)}
    panels |= {f'Image!{camera.name}': {'imageMode': {'imageTopic': path(camera.topic)},
                                        'foxglovePanelTitle': camera.name}
               for camera in contract.cameras}
    panels['StateTransitions!control'] = {
        'isSynced': True, 'foxglovePanelTitle': 'Control',
        'paths': [_line(path(name), label) for label, name in STATES.items()]}
    plots = {f'Plot!{part}': _plot(part, [
        _line(path(name), label) for joint in joints for label, name in _sources(contract, joint)])
        for part, joints in contract.joints_by_part.items()}
    plots['Plot!doubt'] = _plot('Doubt', [_line(path(name), label)
                                          for label, name in DOUBT.items()])
    panels |= plots
    panels['DiagnosticSummary!all'] = {'topicToRender': '/diagnostics', 'minLevel': 0}
    panels['RosOut!log'] = {'topicToRender': '/rosout', 'minLogLevel': 2, 'searchTerms': []}
    names = list(panels)
    seeing = [name for name in names if name.startswith(('3D!', 'Image!'))]
    reading = [name for name in names if name not in seeing]
    return {'configById': panels, 'globalVariables': {}, 'userNodes': {},
            'playbackConfig': {'speed': 1},
            'layout': {'direction': 'row', 'splitPercentage': LEFT,
                       'first': _stacked(seeing), 'second': _stacked(reading)}}


def _space(contract: Contract, path: Callable[[str], str]) -> dict[str, Any]:
    shown = ['monitor/markers', *([contract.poses.topic] if contract.poses else [])]
    return {
        'foxglovePanelTitle': 'Tools', 'cameraState': {'perspective': True, 'distance': 2.5},
        'topics': {path(topic): {'visible': True} for topic in shown},
        'layers': {'grid': {'layerId': 'foxglove.Grid', 'visible': True, 'size': 2,
                            'divisions': 20},
                   'robot': {'layerId': 'foxglove.Urdf', 'visible': True, 'sourceType': 'topic',
                             'topic': path(contract.urdf_topic or 'robot_description')}}}


def _sources(contract: Contract, joint: str) -> list[tuple[str, str]]:
    """Return label and path of what a joint did and was told.

    The monitor tells joints in the contract's order, a driver in its own.
    """
    column = contract.joint_names.index(joint)
    state = contract.joint_states[column]
    if state.fields is not None:
        measured = f'{state.topic}.{state.fields[state.joints.index(joint)]}'
    else:
        before = column - int(contract.is_velocity[:column].sum())
        measured = f'monitor/joint_states.position[{before}]'
    return [(joint, measured), (f'{joint}, sent', f'control/report.sent[{column}]')]


def _line(path: str, label: str) -> dict[str, Any]:
    return {'value': path, 'label': label, 'enabled': True, 'timestampMethod': 'receiveTime'}


def _plot(title: str, paths: list[dict[str, Any]]) -> dict[str, Any]:
    return {'foxglovePanelTitle': title, 'paths': paths, 'showLegend': True,
            'legendDisplay': 'left', 'isSynced': True, 'xAxisVal': 'timestamp',
            'followingViewWidth': 30}


def _stacked(names: Sequence[str]) -> Any:
    """Return panels one above the other, all of one height."""
    def above(below: tuple[Any, int], name: str) -> tuple[Any, int]:
        tree, count = below
        return {'direction': 'column', 'first': name, 'second': tree,
                'splitPercentage': 100 / (count + 1)}, count + 1
    return reduce(above, reversed(names[:-1]), (names[-1], 1))[0]
