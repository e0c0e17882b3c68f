"""Links lead somewhere, the reference is what the code says, commands are run or say why not."""
import ast
from dataclasses import fields, make_dataclass
import os
from pathlib import Path
import shutil
import subprocess
from typing import get_type_hints

import pytest

pytest.importorskip('rclpy')
pytest.importorskip('torch')    # the pages of the policies are their docstrings

from il_ros.cli import app
from il_ros.config import build, parse_yaml
from il_ros.contract import Contract
from il_ros.nodes.shared.arguments import ARGUMENTS
from il_ros.recording.topics import CONTROL
import typer

from tools.docs import blocks, commands, graph, links, reference

ROOT = Path(__file__).resolve().parents[2]
RUN = [page for page in links.pages() if page.parent.name in ('tutorials', 'how-to')]


def name(page):
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize('page', links.pages(), ids=name)
def test_links_lead_somewhere(page):
    assert list(links.broken(page)) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(links, 'ROOT', tmp_path)
    page = tmp_path / 'a.md'
    page.write_text('# One `two`: three\n[a](b.md) [c](#one-two-three) [d](a.md#four) '
                    '`[e](f.md)`\n')
    assert list(links.broken(page)) == ['a.md: b.md: no such file',
                                        'a.md: a.md#four: no such heading']


def test_pages_that_code_names_are_there():
    assert list(links.named_in_code()) == []


def test_the_reference_is_what_the_code_says():
    assert reference.stale() == [], 'run: make reference'


def test_every_command_node_parameter_and_argument_is_in_the_reference():
    pages = {path.stem: path.read_text() for path in reference.TARGET.glob('*.md')}
    for command in _commands(app, 'il_ros'):
        assert f'## {command}\n' in pages['commands']
    for executable in reference.nodes():
        assert f'## {executable}\n' in pages['nodes']
    for path in graph.NODES.rglob('*.py'):
        for parameter in _parameters(path):
            assert f'| `{parameter}` |' in pages['nodes'], path
    for argument in ARGUMENTS:
        assert f'| `{argument}:=` |' in pages['launch']
    for topic, kind in CONTROL.items():
        assert f'| `{topic}` | `{kind}` |' in pages['topics']


def _commands(of, prefix):
    """Return the full names of the subcommands of a typer."""
    for each in of.registered_commands:
        yield f'{prefix} {each.name or each.callback.__name__}'
    for group in of.registered_groups:
        yield from _commands(group.typer_instance, f'{prefix} {group.name}')


def _parameters(path):
    """Return the names of the fields of the class `Parameters` in the source of a node."""
    if 'clients' in path.parts:     # of tools that are no executables
        return []
    return [line.target.id for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.ClassDef) and node.name == 'Parameters'
            for line in node.body if isinstance(line, ast.AnnAssign)]


def test_options_are_those_that_the_command_takes():
    assert isinstance(app, typer.Typer)
    rows = commands.options(commands.commands()['il_ros export'])
    assert [row[0] for row in rows] == ['`CHECKPOINT`', '`--out`']
    assert rows[1][1:3] == ['path', '**required**']


@pytest.mark.parametrize('page', RUN, ids=name)
def test_commands_are_run_or_the_page_says_why_not(page):
    for block in blocks.blocks(page):
        assert block.language in ('bash', 'console', 'yaml', 'text', ''), block.line
        assert bool(block.not_run) == (block.language == 'console'), f'{name(page)}:{block.line}'
        assert block.language or 'il_ros ' not in block.text, f'{name(page)}:{block.line}'


@pytest.mark.parametrize('page', RUN, ids=name)
def test_yaml_of_a_contract_has_its_keys(page):
    keys = {field.metadata.get('key', field.name): hint for field in fields(Contract)
            for hint in [get_type_hints(Contract)[field.name]]}
    for block in blocks.blocks(page):
        if block.language == 'yaml':
            said = parse_yaml(block.text, f'{name(page)}:{block.line}')
            assert build(make_dataclass('Part', [(k, keys[k]) for k in said]), said, name(page))


def test_the_readme_is_short_and_names_the_test_command():
    text = (ROOT / 'README.md').read_text()
    assert len(text.splitlines()) <= 120
    assert '\nmake test ' in text and 'make test\n' in (ROOT / '.ci/run').read_text()
    assert (ROOT / 'docs/pictures/learning.gif').stat().st_size <= 3_000_000


def test_commands_of_a_page_run_in_order_up_to_the_first_that_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, 'DOCS', tmp_path)
    page = tmp_path / 'page.md'
    page.write_text('<!-- not run: no robot -->\n```console\nfalse\n```\n'
                    '1. one\n   ```bash\n   word=kept\n   sleep 60 &\n   ```\n'
                    "<!-- keys: /name/ 'anna\n' /hello/ -->\n```bash\n"
                    """python3 -c "print('hello', input('name:'))"\n```\n"""
                    '```bash\necho "$word"\nfalse\necho never\n```\n')
    assert [block.not_run for block in blocks.blocks(page)] == ['no robot', '', '', '']
    done = blocks.run(page, tmp_path, os.environ, 30)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert 'hello anna' in lines and lines[-1] == 'kept' and 'never' not in lines


def test_the_site_is_built_and_fetches_nothing(tmp_path):
    zensical = next(filter(None, (os.environ.get('ZENSICAL'), shutil.which(
        str(ROOT / '.venv/docs/bin/zensical')))), None)
    if zensical is None:
        pytest.skip('needs zensical: make docs')
    done = subprocess.run(['bash', 'tools/docs/site.sh', zensical], cwd=ROOT, text=True,
                          capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'dead-man' in (ROOT / 'build/site/search.json').read_text()
