"""Processes of il_ros's nodes, forked from one that has imported what they share.

They are what `python -m il_ros.nodes.NAME` would be, half a second of processor time sooner:
rclpy, DDS and all else begin after the fork.
"""
from __future__ import annotations

from contextlib import suppress
import faulthandler
import importlib
import multiprocessing
import os
from pathlib import Path
import signal
import subprocess
import sys

from il_ros.scheduling import process_name, when_gone

SHARED = ('command_gate', 'dagger_intervention', 'help_gate', 'monitor', 'policy_inference',
          'teleop', 'teleop_capture')


class Forked:
    """A node's process, with what tests use of `subprocess.Popen`."""

    def __init__(self, name: str, arguments: list[str], env: dict[str, str], log: Path,
                 folder: Path) -> None:
        log.write_bytes(b'')
        context = multiprocessing.get_context('forkserver')
        context.set_forkserver_preload([f'il_ros.nodes.{shared}' for shared in SHARED])
        self._process = context.Process(target=_run, daemon=True, args=(
            process_name(os.getpid()), name, arguments, env, log, folder))
        self._process.start()
        self.pid = self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0.0)
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):  # ended, and the one that forked it has yet to say
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(tests: str, name: str, arguments: list[str], env: dict[str, str], log: Path,
         folder: Path) -> None:
    when_gone(tests, lambda: os.kill(os.getpid(), signal.SIGKILL))   # the parent outlives them
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with log.open('ab') as sink:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(sink.fileno(), stream.fileno())
            stream.reconfigure(line_buffering=True)   # type: ignore[union-attr]
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    faulthandler.enable()
    sys.argv = [name, *arguments]
    sys.exit(importlib.import_module(f'il_ros.nodes.{name}').main())
