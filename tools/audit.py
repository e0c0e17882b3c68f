"""Licences and known vulnerabilities of what is installed in a folder of packages: make audit.

Exit code 1: a finding; 2: something could not be checked, as without the internet.
"""
from __future__ import annotations

import json
from pathlib import Path
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

COPYLEFT = ('AGPL', 'AFFERO', 'GPL', 'GENERAL PUBLIC')
WEAK = ('LGPL', 'LESSER', ' OR ', ';', 'EXCEPTION')  # weak, or there is a choice
UNKNOWN = 'UNKNOWN'


def licences(python: Path) -> dict[str, str]:
    """Return the licence of each installed package; wheels of ROS keep it in package.xml."""
    out = subprocess.run([sys.executable, '-m', 'piplicenses', '--python', str(python),
                          '--format=json', '--with-system'], check=True, capture_output=True)
    share = python.parent.parent / 'share'
    return {entry['Name']: entry['License'] if entry['License'] != UNKNOWN
            else _of_ros_package(share, entry['Name']) for entry in json.loads(out.stdout)}


def _of_ros_package(share: Path, distribution: str) -> str:
    name = distribution.lower().replace('-', '_')
    for prefix in ('ros_jazzy_', 'ros_'):
        file = share / name.removeprefix(prefix) / 'package.xml'
        if file.is_file():
            found = [e.text or '' for e in ElementTree.parse(file).getroot().findall('license')]
            return ' AND '.join(found) or UNKNOWN
    return UNKNOWN


def vulnerabilities(packages: Path) -> tuple[list[str], str]:
    """Return what the database of PyPI knows, and why it was not asked; empty if it was."""
    out = subprocess.run([sys.executable, '-m', 'pip_audit', '--path', str(packages), '--format',
                          'json', '--progress-spinner', 'off'], capture_output=True, text=True)
    try:
        audited = json.loads(out.stdout)['dependencies']
    except (json.JSONDecodeError, KeyError):
        return [], out.stderr.strip().splitlines()[-1] if out.stderr.strip() else 'no answer'
    found = [f'{d["name"]} {d["version"]}: {v["id"]}, fixed in {v["fix_versions"] or "nothing"}'
             for d in audited for v in d.get('vulns', [])]
    skipped = sum('skip_reason' in d for d in audited)
    return found, f'{skipped} of {len(audited)} packages are unknown to it' if skipped else ''


def main(python: str) -> int:
    """Print both lists for the environment of a Python."""
    known = licences(Path(python))
    strict = {n: text for n, text in known.items() if any(c in text.upper() for c in COPYLEFT)
              and not any(w in text.upper() for w in WEAK)}
    unknown = sorted(n for n, text in known.items() if text == UNKNOWN)
    print(f'licences: {len(known)} packages, {len(strict)} strong copyleft, '
          f'{len(unknown)} unknown')
    for name, text in strict.items():
        print(f'  {name}: {text}')
    for name in unknown:
        print(f'  {name}: unknown')
    site = next((Path(python).parent.parent / 'lib').glob('python3*')) / 'site-packages'
    found, unchecked = vulnerabilities(site)
    note = f'; NOT CHECKED: {unchecked}' if unchecked else ''
    print(f'vulnerabilities: {len(found)} known{note}')
    for line in found:
        print(f'  {line}')
    return 1 if strict or found else 2 if unchecked or unknown else 0


if __name__ == '__main__':
    raise SystemExit(main(*sys.argv[1:]))
