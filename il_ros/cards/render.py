"""Cards as Markdown with the metadata in front that the hubs for data and models read."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from il_ros.rights import NOT_STATED, Rights
from jinja2 import Environment, PackageLoader, StrictUndefined
import yaml

BLOCK = 1 << 20


def render(template: str, front: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    """Return a card.

    Args:
        template: Its name in cards/templates.
        front: What stands before it as YAML.
        values: Of the template.
    """
    page = Environment(loader=PackageLoader('il_ros', 'cards/templates'), trim_blocks=True,
                       lstrip_blocks=True, keep_trailing_newline=True, autoescape=False,
                       undefined=StrictUndefined)
    page.filters['cell'] = cell
    head = yaml.safe_dump(dict(front), sort_keys=False, allow_unicode=True)
    return f'---\n{head}---\n\n' + page.get_template(template).render(**values)


def cell(text: object) -> str:
    """Return a text that breaks no table and starts no markup of its own."""
    plain = ' '.join(str(text).split())
    for mark in '\\|<>*_`[]':
        plain = plain.replace(mark, f'\\{mark}')
    return plain or NOT_STATED


def licence_of(stated: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the licence as hubs want it: one identifier, or `other` and why.

    Args:
        stated: Of `il_ros.rights.counted`.
    """
    found = sorted({str(one['licence']) for one in stated})
    if len(found) == 1 and found[0] and ' ' not in found[0] and not found[0].startswith('License'):
        return {'license': found[0].lower()}
    told = ' AND '.join(licence or NOT_STATED for licence in found) or NOT_STATED
    return {'license': 'other', 'license_name': told}


def forbidden(stated: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return episodes per reason that forbids training."""
    found: dict[str, int] = {}
    for one in stated:
        if reason := Rights.of(one).forbids_training:
            found[reason] = found.get(reason, 0) + int(one['episodes'])
    return found


def files_hash(root: Path, parts: Sequence[str]) -> str:
    """Return the SHA-256 of all files in some folders: of their names and contents, by name."""
    digest = sha256()
    for file in sorted(path for part in parts for path in (root / part).rglob('*')
                       if path.is_file()):
        digest.update(f'{file.relative_to(root)}\0'.encode())
        with file.open('rb') as stream:
            while block := stream.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()
