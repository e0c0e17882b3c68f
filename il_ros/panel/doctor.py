"""`il_ros doctor --json` as a process of its own, which gives way to whatever drives the robot."""
from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
import contextlib
import json
import os
import sys
from typing import Any

COMMAND = (sys.executable, '-c', 'from il_ros.cli import main; main()', 'doctor', '--json')
LONGEST_S = 120.0
NICE = 15


class Doctor:
    """Runs it once at a time and keeps its lines.

    Args:
        arguments: Of the command: robot and namespace.
        changed: Called with each line.
    """

    def __init__(self, arguments: Sequence[str], changed: Callable[[], None]) -> None:
        self._arguments, self._changed = arguments, changed
        self._task: asyncio.Task[None] | None = None
        self.lines: list[dict[str, Any]] = []
        self.problem = ''

    @property
    def runs(self) -> bool:
        """Whether it is at work."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Begin anew, unless it runs."""
        if not self.runs:
            self.lines, self.problem = [], ''
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """End it."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        process = await asyncio.create_subprocess_exec(
            *COMMAND, *self._arguments, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            preexec_fn=lambda: os.nice(NICE))
        assert process.stdout is not None and process.stderr is not None
        errors = asyncio.create_task(process.stderr.read())
        try:
            await asyncio.wait_for(self._read(process.stdout), LONGEST_S)
        except asyncio.TimeoutError:
            self.problem = f'il_ros doctor did not end within {LONGEST_S:.0f} s'
        except ValueError:
            self.problem = 'il_ros doctor said something that is no JSON; run it in a terminal'
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            code = await process.wait()
        said = (await errors).decode(errors='replace').strip().splitlines()
        if code not in (0, 1) and not self.problem:
            self.problem = said[-1] if said else f'il_ros doctor ended with code {code}'
        # `runs` is over with this task, and so a moment after this.
        asyncio.get_running_loop().call_soon(self._changed)

    async def _read(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            self.lines.append(json.loads(line))
            self._changed()
