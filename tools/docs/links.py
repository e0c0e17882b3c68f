"""Finds links of the pages that lead nowhere, and names of pages in code that are not there."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import re
import subprocess

ROOT = Path(__file__).resolve().parents[2]
CODE = re.compile(r'^ *```.*?^ *```|`[^`\n]*`|<!--.*?-->', re.MULTILINE | re.DOTALL)
FENCES = re.compile(r'^ *```.*?^ *```', re.MULTILINE | re.DOTALL)
LINK = re.compile(r'\]\(([^)\s]+)\)')
HEADING = re.compile(r'^#+ (.+)$', re.MULTILINE)
NAMED = re.compile(r'(?<![\w/.-])docs/[\w/-]+\.(?:md|png|gif)')
OUTSIDE = ('http://', 'https://', 'mailto:')


def pages(root: Path = ROOT) -> list[Path]:
    """Return the pages that people read."""
    return [root / 'README.md', root / 'CONTRIBUTING.md', *sorted((root / 'docs').rglob('*.md'))]


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub and the site make them."""
    found: dict[str, int] = {}
    names = set()
    for heading in HEADING.findall(FENCES.sub('', page.read_text())):
        text = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', heading)
        name = re.sub(r'[^\w\- ]', '', text.strip().lower()).replace(' ', '-')
        count = found[name] = found.get(name, -1) + 1
        names.add(f'{name}-{count}' if count else name)
    return names


def broken(page: Path) -> Iterator[str]:
    """Yield the links of a page that lead nowhere; those to other sites are not looked at."""
    for link in LINK.findall(CODE.sub('', page.read_text())):
        if link.startswith(OUTSIDE):
            continue
        name, _, anchor = link.partition('#')
        target = (page.parent / name).resolve() if name else page
        if not target.exists():
            yield f'{page.relative_to(ROOT)}: {link}: no such file'
        elif anchor and anchor not in anchors(target):
            yield f'{page.relative_to(ROOT)}: {link}: no such heading'


def named_in_code(root: Path = ROOT) -> Iterator[str]:
    """Yield the pages that code, settings or tests name and that are not there."""
    files = subprocess.run(['git', 'ls-files', '--cached', '--others', '--exclude-standard'],
                           cwd=root, check=True, capture_output=True, text=True).stdout.split('\n')
    for name in files:
        path = root / name
        if path.suffix in ('.py', '.yaml', '.xml', '.sh', '.md', '.toml') and path.is_file():
            for page in NAMED.findall(path.read_text()):
                if not (root / page).exists():
                    yield f'{name}: {page}'


def main() -> int:
    """Print what leads nowhere."""
    found = [line for page in pages() for line in broken(page)]
    found += [f'{line}: no such page' for line in named_in_code()]
    for line in found:
        print(line)
    return bool(found)


if __name__ == '__main__':
    raise SystemExit(main())
