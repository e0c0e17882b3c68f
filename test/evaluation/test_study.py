"""Rollouts of one or two policies become figures, charts, a page and films."""
from dataclasses import replace
import json
from pathlib import Path
import xml.etree.ElementTree as ElementTree

from checkpoint_factory import make_checkpoint
from evaluation.test_report import Page
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.evaluation import checkpoint
from il_ros.evaluation import study as studies
from il_ros.evaluation.charts import Canvas
from il_ros.evaluation.checkpoint import Trial
from il_ros.evaluation.layer_charts import LEFT, long_runs, pairs, rates, solved_within, WIDE
from il_ros.evaluation.layers import LAYERS, variants
from il_ros.evaluation.page import render_evaluation, write_evaluation
from il_ros.evaluation.rollout import Conditions, Rollout
from il_ros.evaluation.study import describe, failures, film_failures, Study
import pytest
import torch

torch.set_num_threads(1)
BASE = Conditions(False)


def study(against=None, layers=LAYERS, cameras=False):
    return Study(Trial(Path('runs/act/best'), conditions=BASE),
                 tuple(variants(layers, BASE, cameras, True, 4)), range(100, 108), against)


def results(made, marks='++++++--', other='++++----'):
    """Return made-up rollouts: the same marks for every variant."""
    return {key: [Rollout(seed, mark == '+', 3.0 + i if mark == '+' else 12.0)
                  for i, (seed, mark) in enumerate(zip(made.seeds, (marks, other)[key[1]],
                                                       strict=True))]
            for key in made.trials}


def test_what_stands_in_the_results():
    made = study()
    found = describe(made, 'PickPlace', results(made))
    assert json.loads(json.dumps(found)) == found | {'layers': json.loads(
        json.dumps(found['layers']))}
    assert (found['episodes'], found['successes'], found['task']) == (8, 6, 'PickPlace')
    assert found['names'] == ['act/best'] and 'against' not in found
    layers = {(e['layer'], e['variant']): e for e in found['layers']}
    assert layers['shifted', 'positions']['beyond'] == 0.05
    assert layers['robustness', 'latency']['latency_ticks'] == 3
    assert layers['robustness', 'pushes']['disturb'] is True
    assert layers['shifted', 'light'] == {
        'layer': 'shifted', 'variant': 'light', 'disturb': False, 'action_noise': 0.0,
        'light': 0.5, 'unseen': 'the policy sees no pictures',
        'meaning': 'light brighter or darker by up to 50 %, tinted, from elsewhere'}
    reliable = layers['reliability', 'reliability']['reliability']
    assert (reliable['repeats'], reliable['runs'], reliable['longest']) == (4, 2, 4)
    assert reliable['first_failure'] == (4, 2) and reliable['per_failure'] == 3.0


def test_two_policies_are_compared_on_paired_seeds():
    made = study(Path('runs/bc/best'))
    found = describe(made, 'PickPlace', results(made))
    assert found['names'] == ['act/best', 'bc/best'] and found['against'] == 'runs/bc/best'
    nominal, reliable = found['layers'][0], found['layers'][-1]
    assert nominal['against']['successes'] == 4
    assert nominal['comparison'] == {
        'paired': True, 'difference': 0.25, 'only_a': 2, 'only_b': 0, 'both': 4, 'neither': 2,
        'probability_a_better': 0.875, 'p_value': 0.5}
    assert reliable['comparison']['paired'] is False   # the arm is elsewhere at the same seed
    assert set(reliable['comparison']) == {'paired', 'difference', 'probability_a_better'}
    assert 0.5 < reliable['comparison']['probability_a_better'] < 0.875


def test_names_are_as_long_as_it_takes_to_differ():
    made = Study(Trial(Path('/a/one/run/best')), (), range(1), Path('/a/two/run/best'))
    assert made.names == ('one/run/best', 'two/run/best')


def test_failures_are_taken_from_each_variant_in_turn():
    made = study(layers=('nominal', 'shifted'))
    found = results(made, '+-+++--+')
    assert list(failures(made, found, 4)) == [
        (('nominal', 0), 1), (('shifted: positions', 0), 1), (('shifted: size', 0), 1),
        (('nominal', 0), 5)]
    assert len(list(failures(made, found, 100))) == 9


def test_a_failure_of_a_long_run_is_filmed_after_the_episodes_before_it(monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(studies, 'film', lambda *a, **k: calls.append((a[1:], k['before'])))
    made = study(layers=('reliability',))
    films = film_failures(made, results(made), 2, tmp_path)
    assert calls == [((106, tmp_path / 'failure_1_reliability.mp4'), range(104, 106)),
                     ((107, tmp_path / 'failure_2_reliability.mp4'), range(104, 107))]
    assert [film['title'] for film in films] == ['reliability, seed 106', 'reliability, seed 107']


def dots(svg):
    """Return the shares that the dots of a chart of rates stand at."""
    canvas = Canvas((0, 1), (0, 1), width=WIDE, left=LEFT)
    low, high = canvas.at(0, 0)[0], canvas.at(1, 0)[0]
    return [round((float(dot.get('cx')) - low) / (high - low), 2)
            for dot in ElementTree.fromstring(svg).iter('circle')]


def test_charts_show_the_numbers():
    made = study(Path('runs/bc/best'), ('nominal', 'reliability'))
    entries = describe(made, 'PickPlace', results(made))['layers']
    assert dots(rates(entries, made.names)) == [0.75, 0.5] * 2
    parts = ElementTree.fromstring(pairs(entries, made.names))
    assert [t.text for t in parts.iter('title')] == [
        'both: 4 of 8 seeds', 'only act/best: 2 of 8 seeds', 'neither: 2 of 8 seeds']
    cells = list(ElementTree.fromstring(long_runs(entries[1], made.names)).iter('rect'))
    assert [cell.get('class').split()[0] for cell in cells] == (
        ['good'] * 4 + ['good', 'good', 'bad', 'bad'] + ['good'] * 4 + ['bad'] * 4)
    line = next(ElementTree.fromstring(solved_within(entries[:1])).iter('polyline'))
    assert line is not None
    steps = [p for p in ElementTree.fromstring(solved_within(entries[:1])).iter('polyline')
             if 'curve0' in p.get('class')][0].get('points').split()
    canvas = Canvas((0, 1), (0, 1), width=WIDE)
    heights = [float(point.split(',')[1]) for point in steps]
    assert heights[0] == round(canvas.at(0, 0)[1], 1)
    assert heights[-1] == round(canvas.at(0, 0.75)[1], 1)


def test_nothing_solved_and_nothing_paired_is_no_chart():
    made = study(layers=('nominal',))
    entries = describe(made, 'PickPlace', results(made, '--------'))['layers']
    assert solved_within(entries) == '' and pairs(entries, made.names) == ''


def test_the_page_says_what_the_results_say(tmp_path):
    made = study(Path('runs/<b>/best'))
    (tmp_path / 'a.mp4').write_bytes(b'frames')
    path = write_evaluation(
        describe(made, 'PickPlace', results(made)), tmp_path / 'page.html',
        [{'path': str(tmp_path / 'a.mp4'), 'title': 'shifted: size, seed 7'}])
    page = Page(path.read_text())
    for text in ('act/best in PickPlace', 'Against <b>/best, on the same seeds',
                 'nominal 6 / 8 41 % – 93 % 4 / 8 22 % – 78 % 0.5 0.875',
                 'reliability 6 / 8 41 % – 93 % 4 / 8 22 % – 78 % – 0.8',
                 'shifted: light (the policy sees no pictures)', 'shifted: size, seed 7',
                 'act/best 2 of 4 4 3.0 28 s 4, 2', 'first seed 100'):
        assert text in page.text
    assert page.fetched == ['data:video/mp4;base64,ZnJhbWVz'] and page.svgs == 4


def test_the_page_of_one_policy_in_one_layer(tmp_path):
    made = study(layers=('nominal',))
    page = Page(render_evaluation(describe(made, 'Reach', results(made, '++++++++')), tmp_path))
    assert 'nominal 8 / 8 68 % – 100 % 6.5 s' in page.text
    assert page.svgs == 2
    for text in ('Paired', 'Long runs', 'A failure', 'Not run', 'McNemar', 'beyond the limits'):
        assert text not in page.text


def test_the_page_says_which_arm_was_asked_beyond_its_limits(tmp_path):
    made = study(Path('runs/bc/best'), ('nominal',))
    found = {key: [replace(r, beyond={'left': 0.25, 'right': float(key[1])}) for r in rollouts]
             for key, rollouts in results(made).items()}
    result = describe(made, 'HandOver', found)
    assert result['beyond_limits'] == {'left': 0.25, 'right': 0.0}
    page = Page(render_evaluation(result, tmp_path))
    assert 'Asked beyond the limits' in page.text
    assert 'nominal act/best 25.0 % 0.0 % nominal bc/best 25.0 % 100.0 %' in page.text


@pytest.fixture(scope='module')
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp('checkpoints')
    return [make_checkpoint(folder / name / 'best', seed=i) for i, name in enumerate('ab')]


def test_the_command_compares_and_writes(checkpoints, tmp_path, capsys, monkeypatch):
    from il_ros.commands.evaluate import evaluate
    monkeypatch.setattr(checkpoint, 'FILM_SIZE', (48, 64))
    evaluate(str(checkpoints[0]), episodes=1, task='Reach', against=str(checkpoints[1]), jobs=0,
             html=tmp_path / 'page.html', videos=1, out=tmp_path / 'result.json')
    found = json.loads((tmp_path / 'result.json').read_text())
    assert [e['layer'] for e in found['layers']] == ['nominal']
    assert found['names'] == ['a/best', 'b/best']
    # What it has written before there were layers.
    assert {'checkpoint', 'task', 'live_ros_graph', 'disturb', 'action_noise', 'episodes',
            'successes', 'interval', 'mean_success_s', 'interventions', 'human_seconds',
            'rollouts'} <= set(found)
    assert [r['seed'] for r in found['rollouts']] == [1_000_000]
    page = Page((tmp_path / 'page.html').read_text())
    assert 'a/best in Reach' in page.text and len(page.fetched) == 1
    assert [p.name for p in (tmp_path / 'page').iterdir()] == ['failure_1_nominal.mp4']
    printed = ' '.join(capsys.readouterr().out.split())
    assert 'nominal: a/best is better with probability 0.500, McNemar p = 1' in printed


def test_a_policy_for_another_robot_is_refused(checkpoints):
    from il_ros.commands.evaluate import evaluate
    with pytest.raises(ConfigError, match='a policy for sim_arm, and HandOver is a task of '
                                          'sim_two_arms; evaluate it in one of PickPlace, Reach,'):
        evaluate(str(checkpoints[0]), task='HandOver', jobs=0)


def test_two_arms_are_evaluated_with_each_arms_share(tmp_path):
    from il_ros.commands.evaluate import evaluate
    folder = make_checkpoint(tmp_path / 'two', contract=Contract.load('sim_two_arms'))
    evaluate(str(folder), episodes=1, task='LiftTray', jobs=0, out=tmp_path / 'result.json')
    shares = json.loads((tmp_path / 'result.json').read_text())['beyond_limits']
    assert list(shares) == ['left', 'right'] and all(0 <= s <= 1 for s in shares.values())


def test_the_command_says_how_long_it_lasts(checkpoints, capsys):
    from il_ros.commands.evaluate import evaluate
    evaluate(str(checkpoints[0]), episodes=2, task='Reach', layers='reliability', repeats=2,
             jobs=0)
    printed = ' '.join(capsys.readouterr().out.split())
    assert 'a/best: 0 successes in a row at most, 5 s between failures' in printed


@pytest.mark.parametrize('options, text', [
    ({'layers': 'robust'}, "^layer 'robust': did you mean 'robustness'"),
    ({'task': 'Pick'}, "^no task 'Pick'; did you mean 'PickPlace'?"),
    ({'videos': 1}, '^--videos needs --html$'),
    ({'supervised': True}, '^--supervised needs --ros$'),
    ({'ros': True, 'layers': 'shifted'}, '^--ros runs the nominal layer of one policy in torch')])
def test_the_command_refuses(checkpoints, options, text):
    from il_ros.commands.evaluate import evaluate
    with pytest.raises(ConfigError, match=text):
        evaluate(str(checkpoints[0]), **options)
