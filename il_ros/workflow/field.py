"""Rounds on the robot of a graph that runs already; a person says how each episode went."""
from __future__ import annotations

from collections.abc import Callable, Collection
import os
from pathlib import Path
import select
import sys
import time

from il_ros.contract import Contract
from il_ros.errors import IlRosError
from il_ros.evaluation.rollout import Rollout
from il_ros.nodes.clients.client import Client
from il_ros.timing import to_s
from il_ros.workflow.collectors import unnoted
from il_ros.workflow.loop import Loop, LoopConfig
from il_ros.workflow.session import READY_TIMEOUT_S

FOREVER_S = 1e9
OUTCOMES = {'y': 'success', 'n': 'failure'}
BEGIN = 'lay the scene; Enter: the policy starts'
END = 'y Enter: success   n Enter: failure   x Enter: discard   g Enter: go on after a stop'


class Lines:
    """What a person types, line by line, without waiting for it.

    Args:
        say: Shows a line to the person.
        source: File descriptor to read.
    """

    def __init__(self, say: Callable[[str], None], source: int | None = None) -> None:
        self.say = say
        self._source = sys.stdin.fileno() if source is None else source
        self._rest, self._lines = b'', list[str]()

    def typed(self) -> str | None:
        """Return the next line, None where there is none yet.

        Raises:
            IlRosError: Nobody can type any more.
        """
        if not self._lines and select.select([self._source], [], [], 0)[0]:
            data = os.read(self._source, 4096)
            if not data:
                raise IlRosError('the operator has left: expected lines on standard input, got '
                                 'its end; run the same command again to go on')
            *whole, self._rest = (self._rest + data).split(b'\n')
            self._lines += [line.decode(errors='replace').strip().lower() for line in whole]
        return self._lines.pop(0) if self._lines else None


class FieldCollector:
    """A person's graph: arbiter, gate, recorder and policy node run; nothing is started here.

    Success is what the operator says. The scenes are not paired.

    Args:
        bags: Folder that the graph's recorder writes to.
        before: Names in it that are not of these rounds.
        client: Of the running graph.
    """

    paired = False

    def __init__(self, config: LoopConfig, loop: Loop, bags: Path, before: Collection[str],
                 operator: Lines, client: Client) -> None:
        self._loop, self._bags, self._before = loop, bags, frozenset(before)
        self._operator, self._client = operator, client
        self._period_ns = Contract.load(config.robot).period_ns

    def begin(self, number: int, checkpoint: Path) -> None:
        """Let the policy node load the promoted policy."""
        self._client.load_policy(checkpoint)

    def recorded(self, seed: int, known: Collection[str]) -> tuple[Rollout, str] | None:
        """Return a labelled bag that nobody noted."""
        return unnoted(self._bags, seed, self._before | set(known))

    def roll_out(self, seed: int) -> tuple[Rollout, str]:
        """Ask the person for one episode; a discarded one is done again."""
        while (found := self._episode(seed)) is None:
            pass
        return found

    def rest(self) -> None:
        """Let the robot stand, disarmed: somebody may reach into its workspace now."""
        self._client.trigger_until_accepted('dagger/pause', READY_TIMEOUT_S)
        self._client.trigger('gate/disarm')

    def aggregate(self, dataset: Path) -> None:
        """Append all bags that came since the rounds began."""
        new = [path for path in sorted(self._bags.iterdir())
               if path.name not in self._before and (path / 'metadata.yaml').is_file()]
        self._loop.convert(new, dataset)

    def load(self, checkpoint: Path) -> None:
        """Swap the policy of the running node."""
        self._client.load_policy(checkpoint)

    def close(self) -> None:
        """Leave the graph, which runs on."""
        self._client.close()

    def _episode(self, seed: int) -> tuple[Rollout, str] | None:
        client, watch = self._client, self._client.watch
        self.rest()
        self._operator.say(BEGIN)
        self._line()
        watch.begin()
        client.trigger_until_accepted('gate/arm', READY_TIMEOUT_S)
        client.trigger_until_accepted('capture/start', READY_TIMEOUT_S)
        start = time.monotonic()
        try:
            client.trigger_until_accepted('dagger/resume', READY_TIMEOUT_S)
            self._operator.say(END)
            while (answer := self._line()) not in (*OUTCOMES, 'x'):
                if answer == 'g':
                    self._go_on()
                else:
                    self._operator.say(END)
        except BaseException:
            client.stop_capture('unlabelled')
            raise
        duration_s = time.monotonic() - start
        bag = client.stop_capture(OUTCOMES.get(answer, 'unlabelled'), keep=answer != 'x')
        self.rest()
        if answer == 'x':
            return None
        return Rollout(seed, answer == 'y', duration_s, watch.interventions,
                       to_s(watch.human_steps * self._period_ns)), bag.name

    def _go_on(self) -> None:
        """Arm and resume after a safety stop; say why where that is refused."""
        for service in ('gate/arm', 'dagger/resume'):
            try:
                self._client.trigger(service)
            except IlRosError as error:
                self._operator.say(str(error))
        self._client.watch.forgive()

    def _line(self) -> str:
        found: list[str] = []

        def came() -> bool:
            line = self._operator.typed()
            found.extend([] if line is None else [line])
            return bool(found)

        self._client.wait(came, FOREVER_S)
        return found[0]
