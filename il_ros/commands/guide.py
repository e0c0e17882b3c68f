"""`il_ros guide`: lead the arm by hand, show, and have it do the same by itself."""
from __future__ import annotations

from pathlib import Path
import subprocess
import sys
from typing import Annotated, TYPE_CHECKING

from il_ros.errors import ConfigError
import typer

if TYPE_CHECKING:
    from il_ros.nodes.clients.guide import GuideClient
    from il_ros.teleop.terminal import Terminal

KEYS = ('g lead, and hold again   s start   space gripper   y success   n failure   '
        'u unlabelled   d discard   r replay   q quit')
OUTCOMES = {'y': 'success', 'n': 'failure', 'u': 'unlabelled'}
REFRESH_S = 0.05
RECORDING = 'recording'
REPLAY = 'from il_ros.cli import main; main()'


def guide(
    robot: Annotated[str, typer.Option(help='Name or file of the contract.')] = 'sim_arm',
    way: Annotated[str, typer.Option(
        '--way', help='How this robot is led: a name under config/guides (sim, franka, ur, xarm), '
                      'or a file.')] = 'sim',
    lead: Annotated[float, typer.Option(
        metavar='SECONDS', min=0.001, max=1.0,
        help='By how much the robot is behind its commands, as il_ros doctor --lag says.')] = 0.1,
    keep_hand_images: Annotated[bool, typer.Option(
        '--keep-hand-images', help='What is shown is a demonstration as it is, with the hand in '
                                   'its pictures; nothing is replayed.')] = False,
    task: Annotated[str, typer.Option(help='What the episodes are of.')] = '',
    namespace: Annotated[str, typer.Option(help='Namespace of the robot.')] = '',
) -> None:
    """Lead the arm by hand beside the running teleop_capture, with the gate disarmed meanwhile.

    Show it once by hand (g, s, ..., y, g), put the scene back, and have the robot show it again
    (r): through the gate, while the cameras see no hand. Only the second is a demonstration.

    Example: `il_ros guide --robot my_robot.yaml --way franka --lead 0.07`
    """
    from il_ros.contract import Contract
    from il_ros.nodes.clients.guide import GuideClient
    from il_ros.nodes.guiding.ways import read_way
    from il_ros.recording.metadata import Led
    from il_ros.teleop.terminal import Terminal

    if not sys.stdin.isatty():
        raise ConfigError('il_ros guide: expected a terminal as standard input')
    contract, steps = Contract.load(robot), read_way(way)
    led = Led(max(lead, 1 / contract.rate_hz), keep_hand_images)
    terminal = Terminal()
    try:
        client = GuideClient(contract, steps, led, namespace)
        desk = _Desk(client, terminal, led.hand_images, task, namespace)
        try:
            terminal.say(KEYS)
            desk.serve()
        finally:
            desk.end()
    except KeyboardInterrupt:
        pass
    finally:
        terminal.close()


class _Desk:
    """Keys, and what comes of them."""

    def __init__(self, client: GuideClient, terminal: Terminal, once: bool, task: str,
                 namespace: str) -> None:
        self._client, self._terminal, self._once = client, terminal, once
        self._task, self._namespace = task, namespace
        self._newest = ''       # of what was shown by hand
        self._by_hand = False
        self._replay: subprocess.Popen[str] | None = None

    def serve(self) -> None:
        """Serve until the person quits."""
        while True:
            for key in self._terminal.typed():
                if key == 'q' and not self._client.recording and self._replay is None:
                    return
                self._say(self._press(key))
            self._say(self._client.go_on())
            self._client.wait(lambda: False, REFRESH_S)
            self._look_at_replay()
            slow = f' | {self._client.doable.problem}' if self._client.doable.problem else ''
            self._terminal.show(f'{self._client.guide.stage.value} | {self._client.line()}{slow}')

    def end(self) -> None:
        """End a replay, hold the arm."""
        if self._replay is not None:
            self._replay.terminate()
            self._replay.communicate()
        self._client.leave()

    def _press(self, key: str) -> str:
        from il_ros.teaching.guide import GuideError
        client = self._client
        if key == 'g':
            try:
                client.toggle()
            except GuideError as error:
                return str(error)
            return client.guide.stage.value
        if key == 's':
            text = client.show(self._task)
            self._by_hand |= text == RECORDING
            return text
        if key == 'r':
            return self._begin_replay()
        if key in OUTCOMES:
            return self._stop(OUTCOMES[key])
        if key == 'd':
            self._by_hand = False
            return client.discard()
        if key == ' ' or key in '123456789':
            return client.grip(0 if key == ' ' else int(key) - 1)
        if key == 'q':
            return 'an episode or a replay is running: end it first (y, n, u or d)'
        return KEYS

    def _stop(self, outcome: str) -> str:
        if not self._by_hand:
            return self._client.stop(outcome)
        # What a hand did is no success of the robot's: the replay says whether it is one.
        folder, text = self._client.shown(outcome if self._once else 'unlabelled')
        self._newest = folder or self._newest
        if not folder:
            return text
        self._by_hand = False
        return text if self._once else (
            f'{text}; now g, and once it is armed and the scene is as before, r')

    def _begin_replay(self) -> str:
        if not self._newest or self._replay is not None or self._client.recording:
            return 'nothing to replay: show something by hand first, and end it'
        arguments = ['replay', self._newest, '--ros', '--record', '--namespace', self._namespace]
        self._by_hand = False
        self._replay = subprocess.Popen([sys.executable, '-c', REPLAY, *arguments], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL)
        return f'replaying {Path(self._newest).name}'

    def _look_at_replay(self) -> None:
        if self._replay is not None and self._replay.poll() is not None:
            said, _ = self._replay.communicate()
            worked, self._replay = self._replay.returncode == 0, None
            self._say(said.strip().splitlines()[-1] if said.strip() else '')
            self._say('was it done? y, n or u; d discards' if worked else
                      'the replay failed; d discards what was recorded of it, r tries again')

    def _say(self, text: str) -> None:
        if text:
            self._terminal.say(text)
