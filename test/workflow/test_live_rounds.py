"""`il_ros dagger` over the live graph: killed and gone on with, and on a person's own graph."""
import json
import os
from pathlib import Path
import re
import signal
import subprocess
import sys
import threading

from il_ros.bags.files import content_hash
from il_ros.bags.find import find_bags
from il_ros.datasets.reader import Dataset
from il_ros.policies.checkpoint import read
from il_ros.workflow.promotion import promoted
from il_ros.workflow.session import Session, System
from nodes.harness import environment, next_domain, ROOT, wait_for
import pytest
from workflow.small_rounds import prepare

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
DOMAIN, FIELD_DOMAIN = next_domain(), next_domain()
COMMAND = [sys.executable, '-c', 'from il_ros.cli import main; main()', 'dagger']
SMALL = ['--rounds', '1', '--rollouts', '2', '--episodes', '2', '--steps', '60', '--jobs', '0',
         '--promote-at', '0']   # whatever comes out is promoted, and swapped in


@pytest.fixture
def config(tmp_path):
    return prepare(tmp_path)


def nodes_in(domain):
    """Return the pids of il_ros's nodes in a ROS domain."""
    found = []
    for folder in Path('/proc').glob('[0-9]*'):
        try:
            variables = (folder / 'environ').read_bytes().split(b'\0')
            if f'ROS_DOMAIN_ID={domain}'.encode() in variables \
                    and b'il_ros.nodes.' in (folder / 'cmdline').read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue   # it has ended
    return found


def recording(bags, name='*', megabytes=1):
    """Return whether an episode is under way and has reached the disk."""
    return sum(p.stat().st_size for p in bags.glob(f'{name}.partial/*.mcap')) > megabytes * 1e6


def steps_of(out):
    path = out / 'journal.json'
    return json.loads(path.read_text())['steps'] if path.exists() else {}


def test_killed_in_a_rollout_nothing_closed_is_lost_and_the_policy_is_swapped(config, tmp_path):
    out, bags = tmp_path / 'out', tmp_path / 'out/bags/rollouts'
    command = [*COMMAND, str(config.dataset), '--checkpoint', str(config.checkpoint),
               '--out', str(out), *SMALL]
    with (tmp_path / 'log.txt').open('wb') as log:
        driver = subprocess.Popen(command, env=environment(DOMAIN), cwd=ROOT, stdout=log,
                                  stderr=log)
        try:
            wait_for(lambda: driver.poll() is None and 'dagger_1: rollout 1' in steps_of(out)
                     and recording(bags, 'episode_0002'), 'second rollout', 300)
        finally:
            driver.send_signal(signal.SIGKILL)
            driver.wait()
    closed = content_hash(bags / 'episode_0001')
    # Its nodes end with it, and the recorder closes the episode that ran.
    wait_for(lambda: not nodes_in(DOMAIN), 'nodes end with their driver', 60)
    assert [path.name for path in find_bags([bags]).bags] == ['episode_0001', 'episode_0002']

    result = subprocess.run(command, env=environment(DOMAIN), cwd=ROOT, capture_output=True,
                            text=True, timeout=600)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    steps = steps_of(out)
    assert [steps[f'dagger_1: rollout {k}']['where'] for k in (1, 2)] == [
        'episode_0001', 'episode_0003']
    assert content_hash(bags / 'episode_0001') == closed
    dataset = Dataset(config.dataset)
    sources = [episode['source'] for episode in dataset.episodes]
    assert sources == ['shown_1', 'shown_2', 'episode_0001', 'episode_0002', 'episode_0003']
    assert promoted(out) == out / 'checkpoints/dagger_1/best'
    # One process loaded the first policy, then the promoted one: nothing was started anew.
    loaded = re.findall(r'loaded (\S+)', (out / 'logs/rollouts/policy_inference.txt').read_text())
    assert loaded == [str(config.checkpoint), str(config.checkpoint),
                      str(out / 'checkpoints/dagger_1/best')]
    assert (out / 'report.html').stat().st_size > 5000


def test_rounds_on_a_graph_that_a_person_started(config, tmp_path):
    out, bags = tmp_path / 'out', tmp_path / 'recorded'
    (bags / 'episode_0000').mkdir(parents=True)   # theirs, from before
    os.environ['ROS_DOMAIN_ID'] = str(FIELD_DOMAIN)
    try:
        graph = Session(System('sim_arm', checkpoint=config.checkpoint), bags, tmp_path / 'logs')
    finally:
        del os.environ['ROS_DOMAIN_ID']
    with graph:
        before = set(nodes_in(FIELD_DOMAIN))
        process = subprocess.Popen(
            [*COMMAND, str(config.dataset), '--checkpoint', str(config.checkpoint), '--out',
             str(out), *SMALL, '--no-sim', '--bags', str(bags)], env=environment(FIELD_DOMAIN),
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, bufsize=1)
        # Two evaluations, one discarded and two rollouts, two evaluations.
        said = threading.Thread(target=operate, args=(process, graph, bags, 'ynxynyy'))
        said.start()
        try:
            assert process.wait(600) == 0
        finally:
            process.kill()
            said.join()
        assert before <= set(nodes_in(FIELD_DOMAIN)), 'the graph runs on as it was'
    summary = json.loads((out / 'summary.json').read_text())
    assert [r['name'] for r in summary['rounds']] == ['start', 'dagger_1']
    assert [r['episodes'] for r in summary['rounds']] == [2, 2]
    assert summary['rounds'][1]['p_value'] is None and summary['rounds'][1]['promoted']
    loaded = re.findall(r'loaded (\S+)', (tmp_path / 'logs/policy_inference.txt').read_text())
    assert loaded[-1] == str(out / 'checkpoints/dagger_1/best')
    outcomes = [episode['outcome'] for episode in Dataset(config.dataset).episodes[2:]]
    assert outcomes == ['success', 'failure', 'success', 'failure']
    assert read(out / 'promoted').config == read(config.checkpoint).config


def operate(process, graph, bags, answers):
    """Do what a person would: lay the scene, type Enter, after some seconds how it went."""
    answers, scenes = iter(answers), iter(range(100))
    for line in process.stdout:
        if 'Enter: the policy starts' in line:
            graph._client.reset('sim/reset', next(scenes))
            process.stdin.write('\n')
        elif 'y Enter: success' in line:
            wait_for(lambda: recording(bags, megabytes=8), 'a few seconds of images', 60)
            process.stdin.write(next(answers) + '\n')
        process.stdin.flush()
