"""The monitor as a process; the test is policy, arbiter and robot."""
from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticArray
from il_ros.kinematics import Arm, find_urdf
from il_ros.msg import ActionChunk, CommandReport, ControlMode, HelpRequest
from il_ros.nodes import shell
from nodes.harness import next_domain, running
from nodes.robot import CONTRACT, patient, Robot, START
import numpy as np
import pytest
from visualization_msgs.msg import Marker, MarkerArray

DOMAIN = next_domain()
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
        path, text, limits, call = shown[-1].markers
        assert call.action == Marker.DELETE
        assert (path.type, path.header.frame_id) == (Marker.LINE_STRIP, 'base')
        for point, row in zip(path.points, rows, strict=True):
            np.testing.assert_allclose([point.x, point.y, point.z], ARM.forward(row[:6])[0],
                                       atol=1e-9)
        assert (text.type, text.text) == (Marker.TEXT_VIEW_FACING, 'CORRECTING\npad engaged')
        assert (limits.type, limits.color.r, limits.color.g) == (Marker.SPHERE, 0.0, 1.0)
        requests = robot.publisher(HelpRequest, 'dagger/request')
        requests.publish(HelpRequest(source_id='help_gate', active=True, reason='novelty',
                                     score=0.9, threshold=0.5))
        asked = 'help_gate asks for help: novelty (0.9, threshold 0.5)'
        robot.until(lambda: shown[-1].markers[3].text == asked, 'the request in RViz', each=send)
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
