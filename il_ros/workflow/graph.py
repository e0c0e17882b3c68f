"""The nodes of one running system as processes of this machine."""
from __future__ import annotations

from collections.abc import Mapping
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from types import TracebackType
from typing import IO

from il_ros.errors import IlRosError
from il_ros.scheduling import end_with_parent
from il_ros.transport import for_children

STOP_TIMEOUT_S = 8.0


def _end_with_parent() -> None:
    # A killed workflow must not leave a robot that goes on moving.
    end_with_parent(signal.SIGINT)


class GraphError(IlRosError):
    """A node of the running system ended or did not answer."""


def environment(domain: int) -> dict[str, str]:
    """Return the environment of a process whose ROS traffic stays here and in one domain."""
    prefixes = [sys.prefix, *os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)]
    return {'MUJOCO_GL': 'egl', **for_children(os.environ),
            'PYTHONUNBUFFERED': '1',
            'ROS_DOMAIN_ID': str(domain),
            'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
            'AMENT_PREFIX_PATH': os.pathsep.join(p for p in dict.fromkeys(prefixes) if p)}


def ros_arguments(parameters: Mapping[str, object]) -> list[str]:
    """Return the arguments that give a node its parameters."""
    arguments = ['--ros-args']
    for name, value in parameters.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        # An empty text is written as one: nothing at all would be null.
        arguments += ['-p', f'{name}:={text or repr(text)}']
    return arguments


class Graph:
    """Starts nodes, watches them, and ends exactly those that it started.

    Args:
        logs: Folder for one text file per node.
        variables: Environment of the nodes, of `environment`.
    """

    def __init__(self, logs: Path, variables: Mapping[str, str]) -> None:
        self._logs = logs
        self._environment = dict(variables)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Graph:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()

    def start(self, executable: str, parameters: Mapping[str, object],
              terminal: bool = False, namespace: str = '') -> None:
        """Start a node; with `terminal` it reads keys from and writes to this terminal."""
        command = [sys.executable, '-m', f'il_ros.nodes.{executable}',
                   *ros_arguments(parameters)]
        if namespace:
            command += ['-r', f'__ns:=/{namespace.strip("/")}']
        with (self._logs / f'{executable}.txt').open('ab') as log:
            sink: IO[bytes] | None = None if terminal else log
            self._processes[executable] = subprocess.Popen(
                command, env=self._environment, stdout=sink, stderr=sink,
                stdin=None if terminal else subprocess.DEVNULL,
                start_new_session=not terminal, preexec_fn=_end_with_parent)

    def check(self) -> None:
        """Raise when a node has ended.

        Raises:
            GraphError: Names the node, its exit code and its last lines.
        """
        for name, process in self._processes.items():
            if (code := process.poll()) is not None:
                log = self._logs / f'{name}.txt'
                tail = ' | '.join(log.read_text(errors='replace').splitlines()[-3:])
                raise GraphError(f'node {name} ended with code {code}: {tail} (see {log})')

    def stop(self) -> None:
        """End all nodes: SIGINT first, SIGKILL for one that does not leave in time."""
        processes, self._processes = list(self._processes.values()), {}
        for process in processes:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        end = time.monotonic() + STOP_TIMEOUT_S
        for process in processes:
            try:
                process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
