"""Makes docs/pictures/ from real runs: `make pictures`. Nothing in them is drawn by hand.

One function makes one picture from the folder of a demo (`il_ros demo`), which is run where there
is none yet. Another picture is one more function, and a line in `PICTURES`.
"""
from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
import json
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile
from typing import Any

import av
from il_ros.evaluation.checkpoint import film, Trial
from il_ros.workflow.loop import EVALUATION_SEEDS, LoopConfig
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / 'docs/pictures'
SCENES = 4              # of the held-out ones, from the first on: none is chosen
EVERY = 5               # of the simulation's 30 pictures a second one is shown ...
SHOWN_MS = 80           # ... for so long: twice as fast as it was
HOLD = 6                # pictures for which the end of a scene stays
PANEL = (232, 174)      # width, height of a policy's picture [pixels]
GAP, HEAD, FOOT, LAST_MS = 6, 40, 24, 3000
INK, PAPER, GOOD, BAD, CUBE = '#1c2430', '#ffffff', '#1a7f37', '#b42318', '#d01010'
MOST_BYTES = 3_000_000
PAGE = (1100, 1500)     # width, height of a page [pixels]


def learning(demo: Path, target: Path) -> None:
    """Film each policy of the demo in the same held-out scenes, side by side."""
    rounds = json.loads((demo / 'summary.json').read_text())['rounds']
    with tempfile.TemporaryDirectory() as place:
        films = [[_film(demo / 'checkpoints' / entry['name'] / 'best', seed, Path(place))
                  for seed in range(EVALUATION_SEEDS, EVALUATION_SEEDS + SCENES)]
                 for entry in rounds]
    pictures, won = [], [0] * len(rounds)
    for scene in range(SCENES):
        shown = [films[i][scene] for i in range(len(rounds))]
        length = max(len(frames) for frames, _ in shown)
        for k in range(length + HOLD):
            done = [k >= len(frames) - 1 for frames, _ in shown]
            marks = [(success if done[i] else None) for i, (_, success) in enumerate(shown)]
            pictures.append(_side_by_side(
                rounds, [frames[min(k, len(frames) - 1)] for frames, _ in shown], marks,
                [f'scene {scene + 1} of {SCENES}, {won[i] + (marks[i] or False)} succeeded'
                 for i in range(len(rounds))]))
        won = [count + success for count, (_, success) in zip(won, shown, strict=True)]
    pictures.append(_side_by_side(
        rounds, [films[i][-1][0][-1] for i in range(len(rounds))], [None] * len(rounds),
        [f'{entry["successes"]} of {entry["episodes"]} held-out scenes' for entry in rounds]))
    _write_gif(pictures, target)


def _film(checkpoint: Path, seed: int, place: Path) -> tuple[list[Image.Image], bool]:
    loop, path = LoopConfig(), place / f'{checkpoint.parent.name}_{seed}.mp4'
    rollout = film(Trial(checkpoint, loop.task, loop.conditions, loop.scheduler,
                         loop.execute_steps), seed, path)
    return list(_frames(path)), rollout.success


def _frames(path: Path) -> Iterator[Image.Image]:
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % EVERY == 0:
                yield frame.to_image().resize(PANEL, Image.Resampling.LANCZOS)


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_manager.findfont('DejaVu Sans'), size)


def _side_by_side(rounds: list[dict[str, Any]], frames: list[Image.Image],
                  marks: list[bool | None], notes: list[str]) -> Image.Image:
    width, height = PANEL
    picture = Image.new('RGB', (len(rounds) * (width + GAP) + GAP, HEAD + height + FOOT), PAPER)
    draw = ImageDraw.Draw(picture)
    for i, (entry, frame, mark, note) in enumerate(zip(rounds, frames, marks, notes, strict=True)):
        x = GAP + i * (width + GAP)
        name = 'ten demonstrations' if not i else f'and {i} round{"s"[:i - 1]} of corrections'
        draw.text((x, 4), name, INK, _font(13))
        draw.text((x, 21), f'{entry["human_seconds"]:.0f} s of a person in all', INK, _font(11))
        picture.paste(frame, (x, HEAD))
        draw.text((x, HEAD + height + 5), note, INK, _font(11))
        if mark is not None:
            colour = GOOD if mark else BAD
            draw.rectangle((x, HEAD, x + width - 1, HEAD + height - 1), outline=colour, width=3)
            draw.text((x + 8, HEAD + 6), 'in the box' if mark else 'failed', colour, _font(13))
    return picture


def _write_gif(pictures: list[Image.Image], target: Path) -> None:
    """Write with the fewest colours that keep the file small enough."""
    times = [SHOWN_MS] * (len(pictures) - 1) + [LAST_MS]
    some = pictures[::max(len(pictures) // 12, 1)]
    width, height = some[0].size
    sheet = Image.new('RGB', (width, height * (len(some) + 1)), PAPER)
    for i, picture in enumerate(some):
        sheet.paste(picture, (0, i * height))
    for i, colour in enumerate((GOOD, BAD, INK, CUBE)):     # few pixels, but they matter
        sheet.paste(colour, (i * width // 4, len(some) * height,
                             (i + 1) * width // 4, (len(some) + 1) * height))
    for colours in (128, 96, 64, 48):
        palette = sheet.quantize(colours, dither=Image.Dither.NONE)
        frames = [p.quantize(palette=palette, dither=Image.Dither.NONE) for p in pictures]
        frames[0].save(target, save_all=True, append_images=frames[1:], duration=times, loop=0,
                       optimize=True)
        if target.stat().st_size <= MOST_BYTES:
            return
    raise SystemExit(f'{target}: {target.stat().st_size} bytes, expected at most {MOST_BYTES}')


def report(demo: Path, target: Path) -> None:
    """Show the page with which the demo ends, as a browser does."""
    browser = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser',
                                                   'google-chrome'))), None)
    if browser is None:
        raise SystemExit('report.png: no Chromium: sudo apt-get install -y chromium')
    subprocess.run([browser, '--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars',
                    f'--window-size={PAGE[0]},{PAGE[1]}', '--virtual-time-budget=5000',
                    f'--screenshot={target}', (demo / 'report.html').resolve().as_uri()],
                   check=True, capture_output=True)


PICTURES: dict[str, Callable[[Path, Path], None]] = {'learning.gif': learning,
                                                     'report.png': report}


def main(arguments: list[str]) -> int:
    """Make the pictures that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('names', nargs='*', help=f'of {", ".join(PICTURES)}; all by default')
    parser.add_argument('--demo', type=Path, default=ROOT / 'out/demo')
    parser.add_argument('--to', type=Path, default=TARGET)
    given = parser.parse_args(arguments)
    if unknown := set(given.names) - set(PICTURES):
        parser.error(f'expected {", ".join(PICTURES)}, got {", ".join(sorted(unknown))}')
    if not (given.demo / 'summary.json').is_file():
        subprocess.run([sys.executable, '-c', 'from il_ros.cli import main; main()', 'demo',
                        '--out', str(given.demo)], check=True)
    given.to.mkdir(parents=True, exist_ok=True)
    for name in given.names or PICTURES:
        PICTURES[name](given.demo, given.to / name)
        print(f'{given.to / name}: {(given.to / name).stat().st_size / 1e6:.1f} MB')
    return 0


if __name__ == '__main__':
    raise SystemExit(main(sys.argv[1:]))
