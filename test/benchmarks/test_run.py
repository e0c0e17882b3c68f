"""That the benchmarks run; what they measure belongs to the machine."""
import subprocess
import sys
import time

from nodes.harness import environment, ROOT
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from benchmarks import devices, gate, latency, rollouts, run
from benchmarks.frames import picture


@pytest.mark.slow
def test_latency_has_a_line_per_policy(tmp_path, monkeypatch):
    monkeypatch.setattr(latency, 'CASES', {'bc': (), 'act with 2 cameras': ('scene', 'wrist')})
    monkeypatch.setattr(latency, 'PRESETS', ('ibc',))
    monkeypatch.setattr(latency, 'RUNS', 2)
    lines = latency.measure(tmp_path)
    onnx = 'the same in ONNX Runtime: p50 / p99'
    assert [line.what for line in lines] == [
        'inference, bc: p50 / p99', onnx, 'inference, act with 2 cameras: p50 / p99', onnx,
        'a chunk of the preset ibc: p50 / p99']
    assert all(float(line.ratio.split(' / ')[0]) >= 0 for line in lines)


def test_the_gate_has_lines_for_what_it_checks(monkeypatch):
    monkeypatch.setattr(gate, 'COMMANDS', gate.WARM_UP + 5)
    lines = gate.measure()
    assert [line.what for line in lines[:4]] == [
        'gate, sim_arm: limits: p50 / p99', 'gate, sim_arm: and workspace: p50 / p99',
        'gate, sim_arm: and collisions: p50 / p99',
        'gate, sim_arm: chunk of 100 rows ahead: p50 / p99']
    assert len(lines) == 8


def test_a_device_has_lines_for_what_it_costs_and_how_safe_it_is(monkeypatch):
    monkeypatch.setattr(devices, 'READINGS', devices.WARM_UP + 5)
    lines = devices.measure('spacemouse', 1, 100)
    assert [line.what.partition(':')[2].split()[0] for line in lines] == [
        'reading', 'longest', 'longest']
    assert all(float(line.ratio) <= 1 + 1e-9 for line in lines[1:])


def test_the_bare_loop_never_wakes_early(tmp_path):
    before = time.monotonic_ns()
    (tmp_path / 'begin').touch()
    subprocess.run([sys.executable, '-m', 'benchmarks.grid_probes', 'floor',
                    str(tmp_path / 'out.npy'), str(tmp_path / 'begin'), '2000000', '0.1'],
                   check=True, cwd=ROOT, env=environment(59))
    due, woke = np.load(tmp_path / 'out.npy').T
    assert (due >= before + 2_000_000 * np.arange(1, 51)).all()
    assert (woke >= due).all()


def test_a_wrong_part_is_refused():
    app = typer.Typer()
    app.command()(run.run)
    result = CliRunner().invoke(app, ['--only', 'speed'], env={'COLUMNS': '200'})
    assert result.exit_code == 2
    assert f"expected one of {', '.join(run.PARTS)}, got 'speed'" in result.output


def test_frames_differ_and_repeat():
    assert (picture(48, 64, 0) != picture(48, 64, 9)).any()
    np.testing.assert_array_equal(picture(48, 64, 3), picture(48, 64, 3))


def test_rollouts_are_timed_in_one_process_and_in_all(tmp_path, monkeypatch):
    monkeypatch.setattr(rollouts, 'EPISODES', 1)
    monkeypatch.setattr(rollouts.os, 'cpu_count', lambda: 1)
    lines = rollouts.measure(tmp_path)
    assert [line.what for line in lines] == ['rollouts in one process',
                                             'rollouts in 1 processes, with their start']
    assert all(float(line.ratio) > 0 and line.absolute.endswith(' rollouts/s') for line in lines)
