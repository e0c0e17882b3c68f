"""The monitor as a process; the test is policy, arbiter and robot."""
from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticArray
from il_ros.contract import Contract
from il_ros.kinematics import Arm, chain, find_urdf
from il_ros.msg import ActionChunk, CommandReport, ControlMode, HelpRequest
from il_ros.nodes import shell
from nodes.harness import next_domain, running, wait_for
from nodes.peer import Peer
from nodes.robot import CONTRACT, patient, Robot, START
import numpy as np
import pytest
from sensor_msgs.msg import JointState
from visualization_msgs.msg import Marker, MarkerArray

DOMAIN = next_domain()
PAIR = Contract.load('sim_two_arms')
ARM = Arm(find_urdf(CONTRACT), CONTRACT.joint_names[:6], CONTRACT.tip)


@pytest.fixture
def robot():
    with Robot(DOMAIN) as robot:
        yield robot


def test_markers_and_diagnostics(robot, tmp_path):
    shown, diagnostics = [], []
    robot.node.create_subscription(MarkerArray, 'monitor/markers', shown.append, shell.STREAM)
    robot.node.create_subscription(DiagnosticArray, '/diagnostics',
                                   lambda m: diagnostics.append(m.status[0]), 10)
    with running('monitor', DOMAIN, tmp_path / 'log.txt',
                 parameters={'robot': patient(tmp_path)}):
        chunks = robot.publisher(ActionChunk, 'policy/chunk')
        reports = robot.publisher(CommandReport, 'control/report')
        modes = robot.node.create_publisher(ControlMode, 'control/mode', shell.LATCHED)
        modes.publish(ControlMode(mode=ControlMode.CORRECTING, reason='pad engaged'))
        rows = START + np.linspace(0, 0.2, 5)[:, None]
        send_chunk = robot.sender(chunks, lambda: robot.fill(
            ActionChunk(), rows, horizon=5, dt=0.033))
        send_report = robot.sender(reports, lambda: CommandReport(
            verdict=CommandReport.CLAMPED, rule='velocity'))

        def send():
            send_chunk()
            send_report()

        def complete():
            marker = shown[-1].markers if shown else []
            return marker and len(marker[0].points) == 5 and 'CORRECTING' in marker[1].text
        robot.until(complete, 'markers', each=send)
        path, text, limits, call, workspace, trail = shown[-1].markers
        assert call.action == Marker.DELETE
        assert (path.type, path.header.frame_id) == (Marker.LINE_STRIP, 'base')
        for point, row in zip(path.points, rows, strict=True):
            np.testing.assert_allclose([point.x, point.y, point.z], ARM.forward(row[:6])[0],
                                       atol=1e-9)
        assert (text.type, text.text) == (Marker.TEXT_VIEW_FACING, 'CORRECTING\npad engaged')
        assert (limits.type, limits.color.r, limits.color.g) == (Marker.SPHERE, 0.0, 1.0)
        corners = {(p.x, p.y, p.z) for p in workspace.points}
        assert (len(workspace.points), len(corners)) == (24, 8)
        assert {CONTRACT.workspace.lower, CONTRACT.workspace.upper} <= corners
        robot.until(lambda: [(c.r, c.g) for c in shown[-1].markers[5].colors][-2:]
                    == [pytest.approx((1.0, 0.6))] * 2, 'the way gone, corrected', each=send)
        assert [m.ns for m in shown[-1].markers] == [
            'path', 'mode', 'limits', 'help', 'workspace', 'trail']
        requests = robot.publisher(HelpRequest, 'dagger/request')
        requests.publish(HelpRequest(source_id='help_gate', active=True, reason='novelty',
                                     score=0.9, threshold=0.5))
        asked = 'help_gate asks for help: novelty (0.9, threshold 0.5)'
        robot.until(lambda: shown[-1].markers[3].text.replace('\n', ' ') == asked,
                    'the request in RViz', each=send)
        assert max(map(len, shown[-1].markers[3].text.split('\n'))) <= 32
        assert (shown[-1].markers[3].action, shown[-1].markers[3].ns) == (Marker.ADD, 'help')
        robot.until(lambda: diagnostics and diagnostics[-1].message == asked, 'warning', each=send)
        requests.publish(HelpRequest(source_id='help_gate', active=False))
        robot.until(lambda: shown[-1].markers[3].action == Marker.DELETE, 'it goes', each=send)
        robot.position[0] = CONTRACT.upper[0]
        robot.until(lambda: 'shoulder_pan near its limit' in shown[-1].markers[1].text,
                    'limit text', each=send)
        assert (shown[-1].markers[2].color.r, shown[-1].markers[2].color.g) == (1.0, 0.0)
        robot.until(lambda: diagnostics and diagnostics[-1].message ==
                    'near the limit: shoulder_pan', 'warning', each=send)
        values = {v.key: v.value for v in diagnostics[-1].values}
        assert int(values['CLAMPED velocity']) > 0
        assert int(values['policy/chunk [Hz]']) > 0
        robot.until(lambda: diagnostics[-1].message == 'silent: control/report',
                    'silent gate', each=send_chunk)
        assert diagnostics[-1].level == b'\x02'
        robot.until(lambda: shown[-1].markers[0].action == Marker.DELETE, 'the path goes')


@pytest.fixture
def pair():
    """A robot with two arms of the simulation, which the test says and moves."""
    with Peer(DOMAIN, 'test_pair') as peer:
        peer.position = np.array(PAIR.start)
        states = [(state, peer.node.create_publisher(JointState, state.topic, shell.STREAM))
                  for state in PAIR.states]

        def tell():
            for state, publisher in states:
                message = JointState(name=list(state.joints), position=peer.position[
                    PAIR.indices(state.joints)].tolist())
                message.header.stamp = peer.node.get_clock().now().to_msg()
                publisher.publish(message)
        peer.node.create_timer(0.01, tell)
        yield peer


def test_each_arm_has_its_markers(pair, tmp_path):
    shown, joined, chunk = [], [], ActionChunk(horizon=3, dt=0.033, joint_names=PAIR.joint_names)
    rows = np.array(PAIR.start) + np.linspace(0, 0.1, 3)[:, None]
    chunk.positions = rows.ravel().tolist()
    pair.node.create_subscription(MarkerArray, 'monitor/markers', shown.append, shell.STREAM)
    pair.node.create_subscription(JointState, 'monitor/joint_states', joined.append, 10)
    chunks = pair.node.create_publisher(ActionChunk, 'policy/chunk', shell.STREAM)

    def until(condition, what):
        def turn():
            pair.executor.spin_once(timeout_sec=0.01)
            chunks.publish(chunk)
        return wait_for(lambda: shown and condition({m.ns: m for m in shown[-1].markers}), what,
                        spin=turn)
    with running('monitor', DOMAIN, tmp_path / 'log.txt', parameters={'robot': 'sim_two_arms'}):
        until(lambda now: len(now['left/path'].points) == len(now['right/path'].points) == 3,
              'both paths')
        now = {m.ns: m for m in shown[-1].markers}
        assert list(now) == [
            'left/path', 'left/mode', 'left/limits', 'help', 'left/name', 'left/workspace',
            'left/trail', 'right/path', 'right/mode', 'right/limits', 'right/name',
            'right/workspace', 'right/trail']
        for arm in PAIR.arms:
            forward, columns = chain(PAIR, arm).forward, PAIR.indices(arm.joints)
            path = [[p.x, p.y, p.z] for p in now[f'{arm.name}/path'].points]
            np.testing.assert_allclose(path, [forward(row[columns])[0] for row in rows],
                                       atol=1e-9)
            ball = now[f'{arm.name}/limits'].pose.position
            np.testing.assert_allclose([ball.x, ball.y, ball.z],
                                       forward(np.array(PAIR.start)[columns])[0], atol=1e-9)
            corners = {(p.x, p.y, p.z) for p in now[f'{arm.name}/workspace'].points}
            assert {arm.workspace.lower, arm.workspace.upper} <= corners
        until(lambda _: joined, 'the joints of both arms on one topic')
        assert (list(joined[-1].name), list(joined[-1].position)) == (
            PAIR.joint_names, list(PAIR.start))
        assert now['left/mode'].text == 'PAUSED\nthe arbiter was not heard'
        assert now['right/mode'].text == ''
        assert (now['left/name'].text, now['right/name'].text) == ('left', 'right')
        for what in ('name', 'workspace'):
            colours = [(m.color.r, m.color.g, m.color.b)
                       for m in (now[f'left/{what}'], now[f'right/{what}'])]
            assert colours[0] != colours[1]
        pair.position[PAIR.indices(['right_elbow'])] = 2.7
        until(lambda now: now['right/mode'].text == 'right_elbow near its limit'
              and now['right/limits'].color.g == 0.0, 'the right arm is near its limit')
        left = {m.ns: m for m in shown[-1].markers}['left/limits']
        assert (left.color.r, left.color.g) == (0.0, 1.0), 'the left one is not'
