"""The panel beside a real graph, and pages of it in a real browser."""
from __future__ import annotations

from contextlib import contextmanager
import json
from pathlib import Path

from browser import Browser
from nodes.harness import NodeProcess, running, wait_for

PRESS_S = 1.0


class Panel:
    """A running panel.

    Attributes:
        address: What to open.
        node: Its process.
    """

    def __init__(self, folder: Path, node: NodeProcess) -> None:
        path = folder / 'panel/address'
        self.node = node
        wait_for(lambda: path.is_file() or node.process.poll() is not None, 'its address', 30.0)
        assert path.is_file(), node.output
        self.address = path.read_text().splitlines()[0]
        self.base, _, self.token = self.address.partition('#')
        self.host = self.base.split('/')[2]


@contextmanager
def panel(folder: Path, domain: int, **parameters: object):
    """Start a panel of a contract that is in a folder; give its address."""
    (folder / 'panel/address').unlink(missing_ok=True)
    with running('panel', domain, folder / 'panel.txt', parameters={
            'port': 0, 'reports': str(folder), **parameters},
            env={'IL_ROS_CACHE': str(folder)}) as node:
        yield Panel(folder, node)


class Operator:
    """A person at one page."""

    def __init__(self, page: Browser, panel: Panel, screen: str = 'record') -> None:
        self.page = page
        page.size(1280, 900)
        page.open(panel.address)
        page.until('!!globalThis.panel?.state')
        page.run(f"location.hash = '{screen}'")
        page.until(f"document.querySelector('.screen.{screen}') !== null")

    @property
    def state(self) -> dict:
        return self.page.run('panel.state')

    def said(self, name: str, text: str = '') -> dict:
        """Return the answer to an action, once it has come."""
        return self.page.until(f'panel.says.find((line) => line.name === {json.dumps(name)} && '
                               f'line.ok !== null && line.text.includes({json.dumps(text)}))',
                               f'{name}: {text}')

    def forget(self) -> None:
        """Forget the answers so far."""
        self.page.run('panel.says.length = 0')

    def until(self, expression: str, timeout_s: float = 20.0):
        return self.page.until(expression, timeout_s=timeout_s)

    def button(self, name: str) -> str:
        return f"document.querySelector('#screen [data-action={name}]')"

    def hold(self, name: str) -> None:
        """Hold a button for as long as it takes; wait for the answer."""
        self.forget()
        self.page.until(f'!{self.button(name)}.disabled')
        self.page.point(self.button(name))
        self.said(name)
        self.page.point(self.button(name), 'mouseReleased')
