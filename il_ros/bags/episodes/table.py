"""Episodes that a table of times names.

One line per episode, in CSV with a header. `start_s` and `end_s` are seconds from the bag's first
message, which `ros2 bag info` calls its start; `start` and `end` are dates, as seconds since 1970
or as ISO 8601 with a time zone, by the clock of the recorder. More columns: `bag` (the name of the
bag's folder or file, needed for several), `task`, `outcome`.
"""
from __future__ import annotations

from collections.abc import Sequence
import csv
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from pathlib import Path
import re

from il_ros.bags.episodes.spans import Found, Span
from il_ros.bags.reader import Bag
from il_ros.config import nearest
from il_ros.errors import ConfigError
from il_ros.recording.metadata import OUTCOMES
from il_ros.timing import SECOND

RELATIVE, ABSOLUTE = ('start_s', 'end_s'), ('start', 'end')
MORE = ('bag', 'task', 'outcome')
_FRACTION = re.compile(r'\.(\d+)')
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_EARLIEST_S = 10**8     # 1973: what is less is no date of a bag


@dataclass(frozen=True)
class _Line:
    number: int
    bag: str
    start_ns: int
    end_ns: int
    task: str
    outcome: str


class Table:
    """A table of times.

    Args:
        file: The CSV file.

    Raises:
        ConfigError: It cannot be read or understood.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            with file.open(encoding='utf-8-sig', newline='') as stream:
                reader = csv.reader(stream, strict=True)
                header = [name.strip() for name in next(reader, [])]
                self._times = self._columns(header)
                self._lines = [self._line(reader.line_num, header, cells) for cells in reader
                               if any(cell.strip() for cell in cells)]
        except OSError as error:
            raise ConfigError(f'--split {file}: cannot be read: {error.strerror}') from None
        except (UnicodeDecodeError, csv.Error) as error:
            raise ConfigError(f'--split {file}: no CSV in UTF-8: {error}') from None
        if not self._lines:
            raise ConfigError(f'--split {file}: names no episode: expected a line for each')

    def __str__(self) -> str:
        return f'--split {self._file.name}'

    def require(self, bags: Sequence[Path]) -> None:
        """Check that each line is of one of these bags.

        Raises:
            ConfigError: One is of another, or nothing says of which.
        """
        names = [path.name for path in bags]
        for line in self._lines:
            if not line.bag and len(bags) > 1:
                raise ConfigError(f'{self._where(line.number)}: {len(bags)} bags were given: say '
                                  'in a column `bag` of which this is')
            if line.bag and line.bag not in names:
                raise ConfigError(f'{self._where(line.number)}: no bag {line.bag!r} was given; '
                                  f'{nearest(line.bag, names)}')

    def spans(self, bag: Bag) -> Found:
        """Return the episodes of a bag."""
        zero_ns = bag.recorded.start if self._times == RELATIVE else 0
        found = sorted((Span(0, zero_ns + line.start_ns, zero_ns + line.end_ns, line.task,
                             line.outcome) for line in self._lines
                        if line.bag in ('', bag.path.name)), key=lambda span: span.start_ns)
        return Found([replace(span, number=k + 1) for k, span in enumerate(found)])

    def _columns(self, header: Sequence[str]) -> tuple[str, str]:
        for times in (RELATIVE, ABSOLUTE):
            if set(times) <= set(header):
                known = (*times, *MORE)
                if unknown := [name for name in header if name not in known]:
                    raise ConfigError(f'--split {self._file}: no column {unknown[0]!r}; '
                                      f'{nearest(unknown[0], list(known))}')
                if len(set(header)) < len(header):
                    raise ConfigError(f'--split {self._file}: a column stands twice in its header')
                return times
        raise ConfigError(f'--split {self._file}: expected the columns start_s,end_s (seconds '
                          'from the start of the bag) or start,end (dates), got '
                          f'{",".join(header)!r}')

    def _line(self, number: int, header: Sequence[str], cells: Sequence[str]) -> _Line:
        if len(cells) > len(header):
            raise ConfigError(f'{self._where(number)}: expected {len(header)} cells, '
                              f'got {len(cells)}')
        row = dict.fromkeys(MORE, '') | {
            name: cell.strip() for name, cell in zip(header, cells, strict=False)}
        start_ns, end_ns = (self._time(number, name, row.get(name, '')) for name in self._times)
        if row['outcome'] and row['outcome'] not in OUTCOMES:
            raise ConfigError(f'{self._where(number)}: outcome {row["outcome"]!r}: expected one '
                              f'of {", ".join(OUTCOMES)}')
        return _Line(number, row['bag'], start_ns, end_ns, row['task'], row['outcome'])

    def _time(self, number: int, name: str, text: str) -> int:
        where = f'{self._where(number)}: {name} {text!r}'
        try:
            value = Decimal(text)
            if not value.is_finite():
                raise ConfigError(f'{where}: expected a number')
            if name in ABSOLUTE and value < _EARLIEST_S:
                raise ConfigError(f'{where}: no date; seconds from the start of the bag belong in '
                                  'the columns start_s and end_s')
            if name in RELATIVE and value >= _EARLIEST_S:
                raise ConfigError(f'{where}: a date belongs in the columns start and end')
            return int(value * SECOND)
        except InvalidOperation:
            pass
        if name in RELATIVE:
            raise ConfigError(f'{where}: expected seconds from the start of the bag')
        try:
            date = datetime.fromisoformat(_FRACTION.sub(    # Python 3.10 takes neither Z nor .5
                lambda digits: f'.{digits[1]:0<6.6}', text.replace('Z', '+00:00')))
        except ValueError:
            raise ConfigError(f'{where}: expected seconds since 1970, or a date such as '
                              '2025-01-31T12:00:00.5Z') from None
        if date.tzinfo is None:
            raise ConfigError(f'{where}: which time zone? End it with Z, or +02:00')
        return (date - _EPOCH) // timedelta(microseconds=1) * 1000

    def _where(self, number: int) -> str:
        return f'--split {self._file}: line {number}'
