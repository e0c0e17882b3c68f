// Drawn in a box of 24; each word of the page that has a colour has a shape, too.
const PATHS = {
  play: 'M8 5l11 7-11 7z', pause: 'M8 5v14M16 5v14', hand: 'M7 12V7M10.5 11V5M14 11V6M17.5 13V8.5M7 12c-1.5-1.5-3-.5-2.2 1 1.6 3.4 3.2 6 6.7 6 4 0 6-2.5 6-6',
  stick: 'M12 14V6M12 6a2 2 0 100-4 2 2 0 000 4M5 14h14v6H5z', join: 'M4 12h6M20 12h-6M8 8l4 4-4 4M16 8l-4 4 4 4',
  alert: 'M12 3l10 18H2zM12 10v5M12 18v.5', lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 017 0v3', unlock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 016.8-1.2',
  dot: 'M12 8a4 4 0 100 8 4 4 0 000-8', ring: 'M12 5a7 7 0 100 14 7 7 0 000-14', seat: 'M7 4v9h10M7 13l-1 7M17 13l1 7', check: 'M5 12.5l4.5 4.5L19 7',
  cross: 'M6 6l12 12M18 6L6 18', skip: 'M6 12h12', plug: 'M9 3v5M15 3v5M6 8h12v3a6 6 0 01-12 0zM12 17v4', film: 'M4 5h16v14H4zM9 5v14M15 5v14',
  bolt: 'M13 2L5 14h6l-1 8 8-12h-6z', chart: 'M4 20V4M4 20h16M8 16v-4M12.5 16V8M17 16v-6', back: 'M11 6L4 12l7 6zM20 6l-7 6 7 6z', trash: 'M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13',
  keys: 'M3 7h18v11H3zM6.5 10.5h.5M10 10.5h.5M13.5 10.5h.5M17 10.5h.5M8 14.5h8', eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12M12 9.5a2.5 2.5 0 100 5 2.5 2.5 0 000-5',
};
const FILLED = new Set(['play', 'dot', 'bolt', 'back']);

export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', FILLED.has(name) ? 'icon filled' : 'icon');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return svg;
}
