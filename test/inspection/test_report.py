from dataclasses import replace

import bag_factory as bags
from il_ros.datasets.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.inspection.page import render, Section
from il_ros.inspection.report import inspect, Zone
import numpy as np
import pytest

CONTRACT = bags.small_contract(cameras=())


class Grasping(bags.Script):
    """Closes the gripper at half time and puts the cube at (0.05 + 0.1 * seed, 0.25)."""

    def state(self, t):
        found = super().state(t)
        found[-1] = 0.04 if t < self.seconds / 2 else 0.0
        return found

    def environment(self, t):
        found = super().environment(t)
        found[:2] = [0.05 + 0.1 * self.seed, 0.25]
        found[14:16] = [0.35, -0.05]
        return found


def report_of(tmp_path, *folders):
    convert(folders, tmp_path / 'out')
    return inspect(Dataset(tmp_path / 'out'))


def written(tmp_path, script, **options):
    return bags.write_bag(tmp_path / f'e{len(list(tmp_path.iterdir()))}', script, **options)


def test_a_good_episode(tmp_path):
    report = report_of(tmp_path, written(tmp_path, Grasping(CONTRACT, correct_s=1.0)))
    (episode,) = report.episodes
    assert (episode.source, episode.outcome, episode.operator) == ('e0', 'success', 'anna')
    assert (episode.frames, episode.missing_ticks, episode.lost_messages) == (58, 0, 0)
    assert episode.duration_s == 58 / 30
    assert episode.rate_hz == 30.0
    assert 0 < episode.sync_error_s < 0.02
    assert episode.human == episode.intervention == pytest.approx(0.5)
    assert episode.problems == []
    assert episode.start_zone == Zone(0, 2)
    assert episode.grasp_zone == Zone(3, -1)


def test_zones_are_counted(tmp_path):
    folders = [written(tmp_path, Grasping(CONTRACT, seed=seed)) for seed in range(6)]
    report = report_of(tmp_path, *folders)
    assert report.start_zones == {Zone(x, 2): 1 for x in range(6)}
    assert report.grasp_zones == {Zone(3, -1): 6}
    assert report.problems == ['grasp positions cover 1 zones of 10 x 10 cm, expected at least 6: '
                               'vary where the objects lie']


def test_without_poses_coverage_is_not_known(tmp_path):
    script = bags.Script(replace(CONTRACT, poses=None))
    report = report_of(tmp_path, written(tmp_path, script, outcome='failure'))
    assert report.start_zones == {}
    assert report.problems == ['coverage is not known: the contract names no poses',
                               'no episode is labelled success']


def test_gaps_and_refused_messages(tmp_path):
    script = bags.Script(CONTRACT)
    events = [e for e in script.events() if not (
        e.topic == 'joint_states' and 0.6e9 < e.log_ns - bags.START_NS < 1.2e9)]
    events.append(bags.Event(
        bags.START_NS + 10 ** 9, 'joint_states', bags.serialize(
            'sensor_msgs/JointState', bags.joint_state(CONTRACT, 10 ** 9, np.full(7, np.nan)))))
    info = bags.EpisodeInfo(CONTRACT, drops={'control/command': 4}, topics={
        t.name: t.resolved for t in bags.topics(CONTRACT)})
    folder = written(tmp_path, script, events=sorted(events, key=lambda e: e.log_ns), info=info)
    (episode,) = report_of(tmp_path, folder).episodes
    missing = episode.missing_ticks
    assert 14 <= missing <= 16
    assert episode.rate_hz == pytest.approx(30 * episode.frames / (episode.frames + missing))
    assert episode.lost_messages == 4 + 1
    assert (episode.gaps, episode.lost_ticks) == (1, missing + 1)
    assert episode.longest_gap_s == pytest.approx((missing + 1) / 30)
    assert episode.problems == [
        f'{missing} ticks without observation in 1 gap, the longest '
        f'{(missing + 1) / 30:.1f} s', '5 messages lost', 'incomplete: no outcome was given',
        'joint_states: 1 of its 141 stamps are far from their arrival']


def test_idle_ends_are_named(tmp_path):
    script = bags.Script(CONTRACT, seconds=4.0, still_s=1.5)
    (episode,) = report_of(tmp_path, written(tmp_path, script)).episodes
    assert episode.idle_head_s == pytest.approx(1.5, abs=0.15)
    assert episode.idle_tail_s == pytest.approx(1.5, abs=0.15)
    assert episode.problems == [f'idle for {max(episode.idle_head_s, episode.idle_tail_s):.1f} s '
                                'at an end: convert with --trim-idle']


def test_limits_count_without_the_gripper(tmp_path):
    class AtLimit(bags.Script):
        def state(self, t):
            found = super().state(t)
            found[0], found[-1] = self.contract.lower[0] + (0.01 if t > 1.0 else 1.0), 0.0
            return found
    (episode,) = report_of(tmp_path, written(tmp_path, AtLimit(CONTRACT))).episodes
    assert episode.near_limit == pytest.approx(0.5, abs=0.04)
    assert f'{episode.near_limit:.0%} of the rows at a joint limit' in episode.problems


class Limited(bags.Script):
    """The gate clamps every second command by acceleration, some by velocity."""

    def events(self):
        found, number = [], 0
        for event in super().events():
            if event.topic == 'control/report':
                number += 1
                verdict, rule = ((bags.CLAMPED, 'velocity' if number % 10 == 0 else 'acceleration')
                                 if number % 2 == 0 else (bags.PASSED, ''))
                ns = event.log_ns
                message = bags.report(self.contract, ns, self.state(0.0), bags.POLICY, verdict)
                message.rule = rule
                event = bags.Event(ns, event.topic, bags.serialize('il_ros/CommandReport',
                                                                   message))
            found.append(event)
        return found


def test_commands_that_the_gate_limited_are_told_by_rule(tmp_path):
    report = report_of(tmp_path, written(tmp_path, Limited(CONTRACT)))
    (episode,) = report.episodes
    assert list(episode.limited) == ['acceleration', 'velocity']
    assert episode.limited == pytest.approx({'acceleration': 0.4, 'velocity': 0.1}, abs=0.02)
    assert episode.near_limit == 0
    limited = sum(episode.limited.values())
    assert (f'the gate limited {limited:.0%} of the commands, most by acceleration'
            in episode.problems)
    assert f'{100 * limited:.0f} %' in render([Section(report)])


def test_without_reports_nobody_knows_what_the_gate_did(tmp_path):
    report = report_of(tmp_path, written(tmp_path, bags.Script(CONTRACT, reports=False)))
    assert report.episodes[0].limited is None
    assert '<td>-</td>' in render([Section(report)])


def test_the_episode_that_differs_is_found(tmp_path):
    class Other(bags.Script):
        def state(self, t):
            return np.clip(2 * np.array(self.contract.start) - super().state(t),
                           self.contract.lower, self.contract.upper)
    folders = [written(tmp_path, bags.Script(CONTRACT, seed=s)) for s in range(5)]
    report = report_of(tmp_path, *folders, written(tmp_path, Other(CONTRACT, seed=5)))
    differing = [e.index for e in report.episodes if any('differs' in p for p in e.problems)]
    assert differing == [5]


def test_recovered_episodes_are_incomplete(tmp_path):
    info = bags.EpisodeInfo(CONTRACT, outcome='success', stop_reason='recovered: 7 bytes lost',
                            topics={t.name: t.resolved for t in bags.topics(CONTRACT)})
    (episode,) = report_of(tmp_path, written(tmp_path, bags.Script(CONTRACT), info=info)).episodes
    assert episode.problems == ['incomplete: recovered: 7 bytes lost']


def test_page_shows_and_escapes(tmp_path):
    script = Grasping(replace(CONTRACT, task='<script>alert(1)</script>'), correct_s=1.0)
    report = report_of(tmp_path, written(tmp_path, script))
    page = render([Section(report)])
    assert '<script>' not in page
    assert '&lt;script&gt;alert(1)' in page
    assert '<td class="text name">e0</td>' in page
    assert 'Start positions, episodes per zone of 10 x 10 cm' in page
    assert 'http' not in page
    assert 'no outcome was given' not in page


def test_the_page_says_what_is_odd_of_an_episode_below_it_over_the_whole_width(tmp_path):
    page = render([Section(report_of(tmp_path, written(tmp_path, bags.Script(CONTRACT),
                                                       outcome='unlabelled')))])
    assert ('<td class="text problem" colspan="16">\nincomplete: no outcome was given\n</td>'
            in page)
