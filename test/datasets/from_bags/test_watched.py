"""Requests for help, their scores and the policy's uncertainty, from a bag into the dataset."""
import json

import bag_factory as bags
from il_ros.datasets import schema
from il_ros.datasets.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.recording.metadata import EpisodeInfo
import numpy as np
import pyarrow.parquet as pq
import pytest

CONTRACT = bags.small_contract(cameras=())
SECONDS, RATE = 2.0, CONTRACT.rate_hz


def request(t, active, score=0.3, source='help_gate thrifty'):
    ns = bags.START_NS + bags.to_ns(t)
    return bags.Event(ns, 'dagger/request', bags.serialize('il_ros/HelpRequest', bags.make(
        'il_ros/HelpRequest', header=bags.header(ns), source_id=source, active=active,
        reason='new' if active else '', score=score, threshold=0.25)))


def chunk(t, uncertainty):
    ns = bags.START_NS + bags.to_ns(t)
    message = bags.chunk(CONTRACT, ns, np.tile(CONTRACT.start, (len(uncertainty), 1)))
    message.uncertainty = np.array(uncertainty)
    return bags.Event(ns, 'policy/chunk', bags.serialize('il_ros/ActionChunk', message))


def converted(folder, *events, append=False):
    script = bags.Script(CONTRACT, seconds=SECONDS, jitter=False)
    info = EpisodeInfo(CONTRACT, CONTRACT.task, 'anna', 'success', topics={
        topic.name: topic.resolved for topic in bags.topics(CONTRACT)})
    bag = bags.write_bag(folder / f'bag_{len(events)}', script, info=info, events=sorted(
        [*script.events(), *events], key=lambda event: event.log_ns))
    convert([bag], folder / 'dataset', append=append)
    return Dataset(folder / 'dataset')


def at(dataset, name):
    """Return a column by the time until which a row holds, in seconds since the bag began."""
    ends = (dataset.columns['tick'] + 1) / RATE
    return dict(zip(ends.round(2).tolist(), dataset.columns[name].tolist(), strict=True))


def test_a_request_stands_until_it_is_taken_back(tmp_path):
    scores = [request(t, False, 0.1) for t in (0.2, 0.3)]
    asks = [request(0.41, True), request(0.5, True, 0.4), request(1.21, False, 0.2)]
    dataset = converted(tmp_path, *scores, *asks)
    wanted = at(dataset, 'help_requested')
    assert {end for end, asked in wanted.items() if asked} == {
        end for end in wanted if 0.41 <= end < 1.21}, 'silence from 0.5 s on takes nothing back'
    score, threshold = at(dataset, 'gate_score'), at(dataset, 'gate_threshold')
    assert (score[0.3], score[0.47], score[0.6], score[1.3]) == pytest.approx((0.1, 0.3, 0.4, 0.2))
    assert np.isnan([score[0.1], score[0.8], threshold[0.8], score[1.6]]).all()
    assert threshold[0.6] == 0.25


def test_one_of_two_watchers_is_enough(tmp_path):
    dataset = converted(tmp_path, request(0.41, True), request(0.45, False, 0.1, 'another'))
    assert at(dataset, 'help_requested')[0.6] == 1


def test_uncertainty_is_that_of_the_row_that_was_due(tmp_path):
    dataset = converted(tmp_path, chunk(0.49, [0.1, 0.2, 0.3]), chunk(1.0, []))
    known = {end: u for end, u in at(dataset, 'uncertainty').items() if np.isfinite(u)}
    assert known == pytest.approx({0.5: 0.1, 0.53: 0.2, 0.57: 0.3})


def test_bags_without_watchers_have_no_requests_and_no_scores(tmp_path):
    dataset = converted(tmp_path)
    assert not dataset.columns['help_requested'].any()
    for name in ('gate_score', 'gate_threshold', 'uncertainty'):
        assert np.isnan(dataset.columns[name]).all()


def test_a_dataset_from_before_these_columns_is_read_and_extended_as_it_is(tmp_path):
    root = converted(tmp_path).root
    data, table = (root / path.format(chunk_index=0, file_index=0)
                   for path in (schema.DATA_PATH, schema.EPISODES_PATH))
    newer = [*schema.ASKED, *(name + schema.VALID for name in schema.SILENT), 'limited_by']
    newer.remove('policy_action_valid')
    pq.write_table(pq.read_table(data).drop_columns(newer), data)
    episodes = pq.read_table(table)
    pq.write_table(episodes.drop_columns([name for name in episodes.column_names if any(
        f'/{asked}/' in name for asked in newer)]), table)
    for file, part in ((schema.INFO_FILE, 'features'), (schema.STATS_FILE, None)):
        content = json.loads((root / file).read_text())
        for name in newer:
            del (content[part] if part else content)[name]
        (root / file).write_text(json.dumps(content))
    before = Dataset(root)
    assert not {*schema.ASKED, 'limited_by'} & set(before.columns)

    after = converted(tmp_path, request(0.5, True), append=True)
    assert len(after.lengths) == 2
    assert set(after.columns) == set(before.columns)
    assert not set(newer) & set(after.info['features'])
