"""Where the texts of a page's drawings lie, measured by a real Chromium without a window."""
from __future__ import annotations

import html
import json
from pathlib import Path
import re
import shutil
import subprocess

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser')
MEASURE = """<script>addEventListener('load', () => {
  const found = [...document.querySelectorAll('svg')].map(svg => ({
    label: svg.getAttribute('aria-label'),
    box: svg.viewBox.baseVal && [svg.viewBox.baseVal.width, svg.viewBox.baseVal.height],
    texts: [...svg.querySelectorAll('text')].map(text => {
      const box = text.getBBox();
      return [text.textContent, box.x, box.y, box.x + box.width, box.y + box.height];
    })}));
  const told = document.createElement('pre');
  told.id = 'measured';
  told.textContent = JSON.stringify(found);
  document.body.append(told);
});</script>"""


PHONE = """<!doctype html><iframe style="width: 390px; height: 900px; border: 0" srcdoc="{page}">
</iframe><script>addEventListener('load', () => {{
  const told = document.createElement('pre');
  told.id = 'measured';
  const page = document.querySelector('iframe').contentDocument.documentElement;
  told.textContent = page.scrollWidth - page.clientWidth;
  document.body.append(told);
}});</script></body>"""


def measured(page: str, folder: Path) -> list[dict]:
    """Return of each drawing its label, the size of its view box and the boxes of its texts."""
    found: list[dict] = json.loads(_told(page.replace('</body>', f'{MEASURE}</body>'), folder))
    return found


def beyond_a_phone(page: str, folder: Path) -> int:
    """Return how far a page reaches beyond the right side of a screen of 390 px [px]."""
    return int(_told(PHONE.format(page=html.escape(page)), folder))


def _told(page: str, folder: Path) -> str:
    path = folder / 'measured.html'
    path.write_text(page, encoding='utf-8')
    said = subprocess.run(
        [str(CHROMIUM), '--headless=new', '--no-sandbox', '--disable-gpu',
         f'--user-data-dir={folder / "profile"}', '--dump-dom', path.as_uri()],
        capture_output=True, text=True, timeout=60, check=True).stdout
    found = re.findall(r'<pre id="measured">(.*?)</pre>', said, re.DOTALL)
    assert found, said[-500:]
    return html.unescape(found[-1])


def outside(drawings: list[dict]) -> list[str]:
    """Return the texts that leave the view box of their drawing, with where they are."""
    return [f'{drawing["label"]}: {text!r} at {[round(n) for n in box]} of {drawing["box"]}'
            for drawing in drawings for text, *box in drawing['texts'] if text.strip()
            if box[0] < 0 or box[1] < 0 or box[2] > drawing['box'][0]
            or box[3] > drawing['box'][1]]
