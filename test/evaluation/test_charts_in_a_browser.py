"""No chart that the package can draw loses a letter, whatever the names are."""
from browser_boxes import beyond_a_phone, CHROMIUM, measured, outside
from evaluation.test_study import BASE, results
from il_ros.datasets.effort import Effort
from il_ros.evaluation.checkpoint import Trial
from il_ros.evaluation.layers import LAYERS, variants
from il_ros.evaluation.page import render_evaluation
from il_ros.evaluation.report import render
from il_ros.evaluation.study import describe, Study
from il_ros.inspection.interventions import COLOURS, Interventions, Segment
from il_ros.inspection.page import render as render_dataset
from il_ros.inspection.page import Section
from il_ros.inspection.report import Report
import numpy as np
import pytest

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason='needs chromium')
LONG = 'a_name_without_any_space_that_is_longer_than_every_column'


def rounds(count):
    """Return a summary like that of `il_ros demo`, with names as they come and at their worst."""
    names = ['demonstrations', *(f'dagger {k + 1}' for k in range(count - 1))]
    entry = {'successes': 20, 'episodes': 20, 'human_seconds': 98765.0, 'human_share': 1.0}
    return {
        'rounds': [{'name': name, **entry} for name in names],
        'baselines': [{'name': 'demonstrations of equal time', **entry, 'human_share': 0.93},
                      {'name': LONG, **entry}],
        'timeline': [{'name': name, 'duration_s': 1234.5, 'success': True, 'corrections': [
            {'start_s': 0.0, 'end_s': 1234.5}]} for name in ('episode 123', LONG)],
        'curves': {'first': {'steps': [0, 2_000_000], 'losses': {
            name: [1e3, 1e-5] for name in ('training', 'validation', LONG)}}}}


def layers(folder):
    study = Study(Trial(folder / LONG / 'best', conditions=BASE),
                  tuple(variants(LAYERS, BASE, True, True, 4)), range(100, 108),
                  folder / 'other' / 'best')
    return render_evaluation(describe(study, 'PickPlace', results(study)), folder)


def interventions(folder):
    segments = [Segment(source, 100.0 * k, 100.0) for k, source in enumerate(COLOURS)]
    found = Interventions(
        dict.fromkeys((0, 1234), segments),
        {'left': np.array([[-10.5, 0.0, 0.1], [-10.0, 12.25, 0.9]]), 'right': np.ones((1, 3))},
        np.full(10, 1234))
    report = Report(f'{LONG}/{LONG}', 'sim_arm', [LONG], 0, 0.0, [], {}, {}, Effort(), [], [])
    return render_dataset([Section(report, found)])


PAGES = {'one round': (lambda folder: render(rounds(1), folder), 5),
         'eight rounds': (lambda folder: render(rounds(8), folder), 5),
         'layers': (layers, 4), 'interventions': (interventions, 6)}


@pytest.mark.parametrize('make, drawings', PAGES.values(), ids=PAGES)
def test_every_text_is_within_its_drawing(tmp_path, make, drawings):
    found = measured(make(tmp_path), tmp_path)
    assert len(found) == drawings and all(drawing['texts'] for drawing in found)
    assert outside(found) == []


@pytest.mark.parametrize('make', [PAGES[name][0] for name in list(PAGES)[1:]], ids=[*PAGES][1:])
def test_no_page_is_wider_than_a_phone(tmp_path, make):
    assert beyond_a_phone(make(tmp_path), tmp_path) == 0


def test_what_is_too_wide_is_found(tmp_path):
    page = '<body style="margin: 0"><div style="width: 400px; height: 1px"></div></body>'
    assert beyond_a_phone(page, tmp_path) == 10


def test_what_leaves_a_drawing_is_found(tmp_path):
    page = ('<body><svg viewBox="0 0 100 20" width="100" aria-label="cut"><text x="90" y="15">'
            'much too long</text></svg></body>')
    found, = outside(measured(page, tmp_path))
    assert found.startswith("cut: 'much too long' at [90, ")
