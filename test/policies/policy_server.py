"""A policy server as a process of its own: `python -m` this file, with what it shall do."""
from __future__ import annotations

from contextlib import contextmanager
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

from nodes.harness import ROOT, wait_for
import numpy as np

ROWS = 7


class ServerProcess:
    """One server; its log is kept in a file."""

    def __init__(self, folder: Path, mode: str, port: int = 0, **variables: str) -> None:
        self.log = folder / f'server_{time.monotonic_ns()}.txt'
        with self.log.open('wb') as sink:
            self.process = subprocess.Popen(
                [sys.executable, __file__, mode, str(port)], cwd=ROOT, stdout=sink,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env=dict(os.environ, PYTHONPATH=f'{ROOT}:{ROOT}/test', **variables))
        text = wait_for(lambda: self._listening(), 'the server listens', 30)
        self.port = int(text.rpartition(':')[2])
        self.url = f'ws://127.0.0.1:{self.port}'

    def _listening(self) -> str:
        assert self.process.poll() is None, self.output
        return next((line for line in self.output.splitlines() if 'listening on' in line), '')

    @property
    def output(self) -> str:
        return self.log.read_text()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, or kill it; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            self.process.send_signal(signal.SIGCONT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()


@contextmanager
def serving(folder: Path, mode: str, port: int = 0, **variables: str):
    server = ServerProcess(folder, mode, port, **variables)
    try:
        yield server
    finally:
        server.stop()


def chunk(state: np.ndarray) -> np.ndarray:
    """Return what the server answers: away from the measured state, step by step. (ROWS, J)."""
    return state + 0.01 * np.arange(1, ROWS + 1)[:, None]


def main(mode: str, port: str) -> None:
    """Serve until SIGTERM."""
    import logging

    from il_ros.policies.remote.websocket_server import serve
    logging.basicConfig(level=logging.INFO)
    asked: list[dict] = []
    replayed = dict(np.load(os.environ['REPLAY'])) if mode == 'replay' else {}

    def answer(observation: dict) -> dict:
        asked.append(observation)
        if mode == 'mirror':  # for the tests of the mapping: what came in, in numbers
            return {'actions': chunk(observation['observation/state']),
                    'seen': _described(observation)}
        if mode == 'replay':  # what was said where the robot was most like this, by instruction
            name = observation.get('prompt') or observation['task']
            state = observation.get('observation/state', observation.get('observation.state'))
            nearest = np.abs(replayed[f'{name}: state'] - state).sum(1).argmin()
            return {'actions': replayed[name][nearest], 'seen': _described(observation),
                    'tool': observation.get('tool', np.zeros(0))}
        if mode == 'fails' and len(asked) > 1:
            raise RuntimeError('out of GPU memory')
        if mode == 'told' and len(asked) > 1 and observation['prompt'] != 'lift it':
            raise RuntimeError(f"told to {observation['prompt']}")
        if mode == 'nan':
            return {'actions': np.full((ROWS, 7), np.nan)}
        if mode == 'six joints':
            return {'actions': np.zeros((ROWS, 6))}
        if mode == 'other key':
            return {'action': np.zeros((ROWS, 7))}
        if mode == 'shrinks':
            return {'actions': np.zeros((ROWS - (len(asked) > 1), 7))}
        if mode == 'large':
            return {'actions': np.zeros((3_000_000, 7))}
        return {'actions': chunk(observation['observation/state'])}

    serve(answer, {'mode': mode, 'reset_key': 'reset'} if mode == 'mirror' else {}, port=int(port),
          api_key=os.environ.get('SERVER_KEY', ''))


def _described(value: object) -> object:
    if isinstance(value, dict):
        return {key: _described(each) for key, each in value.items()}
    if isinstance(value, np.ndarray):
        return [str(value.dtype), list(value.shape), float(value.astype(float).sum())]
    return value


if __name__ == '__main__':
    main(*sys.argv[1:])
