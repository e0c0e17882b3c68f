"""What demonstrations were worth: the figures of a policy that was trained on them."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import json
from pathlib import Path
from typing import Any

from il_ros.errors import ConfigError
from il_ros.inspection.report import Report


def read_evaluation(path: Path) -> dict[str, Any]:
    """Return what `il_ros evaluate --out` wrote.

    Raises:
        ConfigError: It is no such file.
    """
    try:
        found = json.loads(path.read_text('utf-8'))
        found['successes'] / found['episodes']
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        raise ConfigError(f'{path}: expected a file that il_ros evaluate --out wrote, got '
                          f'{error}') from None
    return dict(found)


def kpis(reports: Sequence[Report], evaluation: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line per figure: efficiency of the demonstrations, reliability of the policy.

    Args:
        reports: The data that the policy was trained on.
        evaluation: Of that policy.
    """
    rate = evaluation['successes'] / evaluation['episodes']
    minutes = sum(report.effort.person_seconds for report in reports) / 60
    episodes = sum(len(report.episodes) for report in reports)
    yield (f'demonstration efficiency: {rate:.0%} of {evaluation["episodes"]} episodes succeed '
           f'after {minutes:.1f} min of a person'
           + (f' ({100 * rate / minutes:.1f} points per minute)' if minutes else '')
           + f' in {episodes} episodes ({100 * rate / episodes:.2f} points per episode)')
    for layer in evaluation.get('layers', ()):
        if found := layer.get('reliability'):
            between = found['mean_between_failures_s']
            yield (f'policy reliability: {found["longest"]} successes in a row at most, '
                   + (f'{between:.0f} s and {found["per_failure"]:.1f} successes between failures'
                      if between is not None else f'no failure in {found["duration_s"]:.0f} s'))
