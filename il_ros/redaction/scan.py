"""Looks through the files of a copy for names that are known."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import re

from il_ros.redaction.names import Texts
import pyarrow as pa
import pyarrow.parquet as pq

PART = 1 << 24      # bytes of a bag that are read at once
OVERLAP = 256       # of two parts; longer than a name
ESCAPED = re.compile(r'\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))')     # of JSON and YAML
TEXTS = ('.json', '.jsonl', '.yaml', '.urdf', '.md')


def names_left(folder: Path, texts: Texts) -> dict[str, int]:
    """Return in how many places of each file a known name stands; files without one lack."""
    found = {str(file.relative_to(folder)): sum(map(texts.count, _parts(file)))
             for file in sorted(folder.rglob('*')) if file.is_file()}
    return {name: count for name, count in found.items() if count}


def _parts(file: Path) -> Iterator[str]:
    if file.suffix in TEXTS:
        yield ESCAPED.sub(lambda code: chr(int(code[1] or code[2], 16)),
                          file.read_text('utf-8', 'replace'))
    elif file.suffix == '.parquet':
        yield from _strings(file)
    elif file.suffix == '.mcap':
        with file.open('rb') as stream:
            while part := stream.read(PART):
                yield part.decode('utf-8', 'replace')
                if len(part) == PART:
                    stream.seek(-OVERLAP, 1)


def _strings(file: Path) -> Iterator[str]:
    schema = pq.read_schema(file)
    names = [each.name for each in schema
             if pa.types.is_string(getattr(each.type, 'value_type', each.type))]
    for row in pq.read_table(file, columns=names).to_pylist():
        for value in row.values():
            yield '\n'.join(value) if isinstance(value, list) else value or ''
