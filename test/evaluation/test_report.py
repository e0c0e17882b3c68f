from html.parser import HTMLParser
import xml.etree.ElementTree as ElementTree

from il_ros.errors import ConfigError
from il_ros.evaluation.charts import Canvas, human_shares, success_bars, ticks_of, timeline
from il_ros.evaluation.report import EMBED_BYTES, read_rounds, render, write_report
from il_ros.evaluation.result import Round
import pytest

ROUNDS = [
    {'name': 'demonstrations', 'successes': 12, 'episodes': 20, 'human_seconds': 180},
    {'name': 'DAgger 1', 'successes': 18, 'episodes': 20, 'human_seconds': 240.0,
     'human_share': 0.25}]
WHOLE = {
    'title': 'A <title>', 'lead': 'what was done', 'rounds': ROUNDS,
    'baselines': [{'name': 'as many seconds', 'successes': 14, 'episodes': 20,
                   'human_seconds': 240}],
    'comparisons': ['one is better'], 'settings': {'seed': 7}, 'files': {'bags': 'bags/'},
    'timeline': [{'name': 'DAgger 1, 1', 'duration_s': 8.0, 'success': True, 'corrections': [
        {'start_s': 2.0, 'end_s': 3.5, 'cause': 'missed <grasp>'}]}],
    'curves': {'DAgger 1': {'steps': [0, 1], 'losses': {'training': [1.0, 0.1]}}}}


class Page(HTMLParser):
    """Collects what a reader sees, and everything that a browser would fetch."""

    def __init__(self, text):
        super().__init__()
        self.words, self.fetched, self.tables, self.svgs = [], [], 0, 0
        self.feed(text)
        self.text = ' '.join(' '.join(self.words).split())

    def handle_starttag(self, tag, attributes):
        self.tables += tag == 'table'
        self.svgs += tag == 'svg'
        self.fetched += [value for name, value in attributes if name in ('src', 'href')]

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_says_what_the_summary_says(tmp_path):
    page = Page(render(WHOLE, tmp_path))
    for text in ('A <title>', 'what was done', 'demonstrations 12 / 20 60 %',
                 'DAgger 1 18 / 20 90 % 70 % – 97 % 240',
                 'as many seconds 14 / 20 70 %', '+30 points', 'one is better', 'seed 7',
                 '2.0 to 3.5 s: missed <grasp>', 'Training: DAgger 1'):
        assert text in page.text
    assert page.svgs == 5 and page.fetched == []


def test_only_what_the_summary_holds_is_shown(tmp_path):
    page = Page(render({'rounds': ROUNDS[:1]}, tmp_path))
    assert page.svgs == 2
    for text in ('Settings', 'Files', 'rollout', 'Corrections', 'Training', 'Human share'):
        assert text not in page.text


def test_other_keys_of_a_summary_are_left_alone():
    [entry] = read_rounds({'rounds': [dict(ROUNDS[0], checkpoint='x')], 'seed': 1})
    assert (entry.name, entry.rate, entry.baseline) == ('demonstrations', 0.6, False)


@pytest.mark.parametrize('summary, text', [
    ({}, 'summary: rounds: expected at least one round, got none'),
    ({'rounds': [{'name': 'a', 'episodes': 3, 'human_seconds': 1}]},
     r'summary: rounds\[0\]: missing successes'),
    ({'rounds': [{'name': 'a', 'episodes': 3, 'successes': 1}]},
     r'summary: rounds\[0\]: human_seconds: expected a finite number, got nan'),
    ({'rounds': ROUNDS, 'video': 'none.mp4'}, 'none.mp4: cannot be read: No such file')])
def test_a_wrong_summary_is_refused(tmp_path, summary, text):
    with pytest.raises(ConfigError, match=text):
        render(summary, tmp_path)


def test_a_short_video_is_inside_the_page_and_a_long_one_beside_it(tmp_path):
    short, long = tmp_path / 'short.mp4', tmp_path / 'videos' / 'long.mp4'
    short.write_bytes(b'frames')
    long.parent.mkdir()
    with long.open('wb') as file:
        file.truncate(EMBED_BYTES + 1)
    inside = Page(render({'rounds': ROUNDS, 'video': str(short)}, tmp_path))
    beside = Page(render({'rounds': ROUNDS, 'video': 'videos/long.mp4'}, tmp_path))
    assert inside.fetched == ['data:video/mp4;base64,ZnJhbWVz']
    assert beside.fetched == ['videos/long.mp4']


def test_writing_is_atomic_and_refuses_an_unwritable_place(tmp_path):
    path = write_report({'rounds': ROUNDS}, tmp_path / 'new' / 'report.html')
    assert [p.name for p in path.parent.iterdir()] == ['report.html']
    assert '</html>' in path.read_text()
    (tmp_path / 'file').write_text('')
    with pytest.raises(ConfigError, match=r'file/report.html: cannot be written: '):
        write_report({'rounds': ROUNDS}, tmp_path / 'file' / 'report.html')


def test_bars_are_as_high_as_the_rates():
    tree = ElementTree.fromstring(success_bars(read_rounds(WHOLE)))
    heights = [float(r.get('height')) for r in tree.iter('rect')]
    canvas = Canvas((0, 1), (0, 1))
    full = canvas.at(0, 0)[1] - canvas.at(0, 1)[1]
    assert [round(h / full, 2) for h in heights] == [0.6, 0.9, 0.7]


def test_corrections_lie_where_they_were():
    tree = ElementTree.fromstring(timeline(WHOLE['timeline']))
    episode, correction = tree.iter('rect')
    left, width = float(episode.get('x')), float(episode.get('width'))
    assert (float(correction.get('x')) - left) / width == pytest.approx(2 / 8, abs=0.01)
    assert float(correction.get('width')) / width == pytest.approx(1.5 / 8, abs=0.01)


@pytest.mark.parametrize('high, expected', [
    (281, [0, 100, 200, 300]), (1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
    (12, [0, 2.5, 5, 7.5, 10, 12.5])])
def test_ticks_are_round(high, expected):
    assert ticks_of(high) == expected


def test_a_long_name_is_wrapped_beside_its_share():
    rounds = [Round('demonstrations of equal time', 1, 2, 10.0, True, 0.5)]
    svg = human_shares(rounds)
    assert '>demonstrations of<' in svg and '>equal time<' in svg


def test_effort_has_a_table_only_where_it_is_known(tmp_path):
    assert 'Human effort per round' not in render({'rounds': ROUNDS}, tmp_path)
    known = {**ROUNDS[1], 'take_overs': 7, 'context_switches': 13, 'mean_intervention_s': 2.34,
             'success_per_human_minute': 4.26}
    page = render({'rounds': [ROUNDS[0], known], 'effort': 'in all 7'}, tmp_path)
    assert 'Human effort per round' in page and 'in all 7' in page
    for value in ('<td>7</td>', '<td>13</td>', '<td>2.3 s</td>', '<td>4.3</td>', '<td>–</td>'):
        assert value in page
