"""Bags in an S3 store to a dataset there, alone and on two nodes of Ray: seconds per GB.

    pip install '.[dev,sweep]'
    python -m benchmarks.cluster --bags 10

The store is moto's server on this machine, so that what is measured is the work and not a network.
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Annotated

from il_ros.contract import Contract
import numpy as np
import typer

TESTS = Path(__file__).resolve().parents[1] / 'test'
SECONDS = 20.0      # of an episode
LOOK_S = 0.2


def run(bags: Annotated[int, typer.Option(help='Bags of about 140 MB.')] = 10,
        nodes: Annotated[int, typer.Option(help='Nodes of Ray, of a core each.')] = 2) -> None:
    """Measure and print."""
    sys.path.insert(0, str(TESTS))
    os.environ['PYTHONPATH'] = f'{TESTS}:{os.environ.get("PYTHONPATH", "")}'
    from buckets.store import BUCKET, s3

    folder = Path(tempfile.mkdtemp(prefix='il_ros_cluster_'))
    os.environ['IL_ROS_CACHE'] = str(folder / 'cache')
    try:
        with s3() as store:
            size = _record(folder / 'bags', bags)
            store.put(str(folder / 'bags'), f'{BUCKET}/bags', recursive=True)
            shutil.rmtree(folder / 'bags')
            print(f'{bags} bags, {size:.2f} GB, {os.cpu_count()} cores')
            places = [f's3://{BUCKET}/alone', f's3://{BUCKET}/spread']
            _print('alone', size, _convert(f's3://{BUCKET}/bags', places[0]))
            shutil.rmtree(folder / 'cache')
            with _nodes(nodes) as address:
                _print(f'{nodes} nodes of Ray', size, _convert(
                    f's3://{BUCKET}/bags', places[1], '--on', 'ray', RAY_ADDRESS=address))
            trees = [{path.partition(place[5:])[2]: store.cat_file(path)
                      for path in store.find(place)} for place in places]
            print(f'the same bytes: {trees[0] == trees[1]}, '
                  f'{sum(map(len, trees[0].values())) / 1e9:.3f} GB in {len(trees[0])} files')
    finally:
        shutil.rmtree(folder)


def _record(folder: Path, count: int) -> float:
    """Write bags with raw pictures of 320x240 that are not smooth; return how much [GB]."""
    import bag_factory

    contract = Contract.load('sim_arm')
    camera = replace(contract.cameras[0], height=240, width=320)
    contract = replace(contract, cameras=(camera,))
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 24, (8, camera.height, camera.width, 3), dtype=np.uint8)
    smooth = np.linspace(0, 200, camera.width, dtype=np.uint8)[:, None]
    pictures = [np.roll(smooth, 4 * k, 0) + noise[k % 8] for k in range(80)]
    bag_factory.picture = lambda robot, name, frame, seed=0: pictures[(frame + seed) % 80]
    for number in range(count):
        bag_factory.write_bag(folder / f'episode_{number:04d}',
                              bag_factory.Script(contract, seconds=SECONDS, seed=number))
    return sum(path.stat().st_size for path in folder.rglob('*') if path.is_file()) / 1e9


@contextmanager
def _nodes(count: int) -> Iterator[str]:
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={
        'num_cpus': 1, 'object_store_memory': 200_000_000, 'include_dashboard': False})
    for _ in range(count - 1):
        cluster.add_node(num_cpus=1, object_store_memory=200_000_000)
    try:
        yield cluster.address
    finally:
        cluster.shutdown()


def _convert(bags: str, out: str, *options: str, **environment: str) -> dict[str, float]:
    """Convert from the command line; return its seconds and those of the cores meanwhile."""
    began, used = time.perf_counter(), _used_s()
    before, seen = dict(used), dict(used)
    with subprocess.Popen(
            [sys.executable, '-c', 'from il_ros.cli import main; main()', 'convert', bags, '--out',
             out, *options], env={**os.environ, **environment}) as running:
        while running.poll() is None:
            seen |= _used_s()       # of what ends, what it had used when it was last looked at
            time.sleep(LOOK_S)
    if running.returncode:
        raise SystemExit(running.returncode)
    return {'s': time.perf_counter() - began,
            'core_s': sum(seen[each] - before.get(each, 0.0) for each in seen)}


def _used_s() -> dict[tuple[str, str], float]:
    """Return what this process, the store in it, and all that have our cache have computed [s]."""
    found = {}
    ours = f'IL_ROS_CACHE={os.environ["IL_ROS_CACHE"]}'.encode()
    for process in Path('/proc').glob('[0-9]*'):
        with suppress(OSError):     # it has just ended, or is another person's
            if process.name == str(os.getpid()) or ours in (process / 'environ').read_bytes():
                fields = (process / 'stat').read_text().rpartition(')')[2].split()
                found[process.name, fields[19]] = (
                    int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
    return found


def _print(what: str, size: float, took: dict[str, float]) -> None:
    print(f'{what}: {took["s"]:.0f} s, {took["s"] / size:.0f} s/GB, '
          f'{took["core_s"] / size:.0f} core-s/GB, the store among them')


if __name__ == '__main__':
    typer.run(run)
