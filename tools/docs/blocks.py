"""Runs the commands of a page in the order in which they stand: `make tutorials`.

A fence that begins with ```bash is run. One that begins with ```console is not, and a comment
before it says why: `<!-- not run: needs a robot -->`. `<!-- keys: s 3 y -->` before a fence of one
command types for it, see `keys`. All commands of a page share one shell, in a folder of its own
that has the checkout's config/; a page that goes on where another ends says so:
`<!-- after: tutorials/x -->`.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
import os
from pathlib import Path
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / 'docs'
FENCE = re.compile(r'^( *)```(\w*)[^\n]*\n(.*?)^ *```', re.MULTILINE | re.DOTALL)
NOTE = re.compile(r'<!-- (not run|keys): ([^>]+?) -->\s*\Z')
AFTER = re.compile(r'<!-- after: (\S+) -->')
# The shell says which block it is at; what it started ends with it.
PROLOGUE = "set -euo pipefail\ntrap 'kill $(jobs -p) 2> /dev/null || true; wait' EXIT\n"


class Block(NamedTuple):
    """One fence of a page: its language, text and line, why it is not run, what is typed."""

    language: str
    text: str
    line: int
    not_run: str = ''
    keys: str = ''


def blocks(page: Path) -> list[Block]:
    """Return the fences of a page."""
    text, found = page.read_text(), []
    for fence in FENCE.finditer(text):
        note = NOTE.search(text[:fence.start()])
        said = {note[1].replace(' ', '_'): note[2]} if note else {}
        found.append(Block(fence[2], re.sub(f'^{fence[1]}', '', fence[3], flags=re.MULTILINE),
                           text.count('\n', 0, fence.start()) + 1, **said))
    return found


def before(page: Path) -> Path | None:
    """Return the page that this one goes on from."""
    found = AFTER.search(page.read_text())
    return DOCS / f'{found[1]}.md' if found else None


def script(page: Path) -> str:
    """Return the commands of a page as one script."""
    parts = [f'echo "== {page.relative_to(DOCS)}:{block.line}"\n{_command(block)}'
             for block in blocks(page) if block.language == 'bash']
    return PROLOGUE + '\n'.join(parts)


def _command(block: Block) -> str:
    if not block.keys:
        return block.text
    words = [block.text.strip(), *shlex.split(block.keys)]
    return shlex.join([sys.executable, '-m', 'tools.docs.keys', *words])


def run(page: Path, folder: Path, environment: Mapping[str, str],
        timeout_s: float = 1800.0) -> subprocess.CompletedProcess[str]:
    """Run the commands of a page in a folder; what they print comes together.

    Raises:
        subprocess.TimeoutExpired: They took longer; nothing of them goes on.
    """
    if not (config := folder / 'config').exists():
        config.symlink_to(ROOT / 'config')
    path = os.pathsep.join(filter(None, (str(ROOT), environment.get('PYTHONPATH'))))
    process = subprocess.Popen(['bash', '-c', script(page)], cwd=folder,
                               env={**environment, 'PYTHONPATH': path}, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               start_new_session=True)
    try:
        output, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, output)


def pages() -> list[Path]:
    """Return the pages whose commands are run, each after that which it goes on from."""
    found = [DOCS / 'index.md', *sorted((DOCS / 'tutorials').glob('*.md')),
             *sorted((DOCS / 'how-to').glob('*.md'))]
    return sorted((p for p in found if any(b.language == 'bash' for b in blocks(p))),
                  key=lambda p: before(p) is not None)


def main(names: Iterable[str]) -> int:
    """Run the pages that are named, or all; those that others go on from are run as well."""
    wanted = [DOCS / f'{name}.md' for name in names] or pages()
    failed, done = [], {}
    with tempfile.TemporaryDirectory() as place:
        def folder_of(page: Path) -> Path:
            if page not in done:
                folder = Path(place, page.relative_to(DOCS).with_suffix('').as_posix().replace(
                    '/', '_'))
                if other := before(page):
                    shutil.copytree(folder_of(other), folder, symlinks=True)
                else:
                    folder.mkdir()
                result = run(page, folder, os.environ)
                word = 'FAILED' if result.returncode else 'ok    '
                print(word, page.relative_to(DOCS), flush=True)
                if result.returncode:
                    failed.append(page)
                    print(result.stdout)
                done[page] = folder
            return done[page]

        for page in wanted:
            folder_of(page)
    return bool(failed)


if __name__ == '__main__':
    raise SystemExit(main(sys.argv[1:]))
