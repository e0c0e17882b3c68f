// Keys, as in the terminal; any key can be given to any action, a pedal's too.
import {h} from './dom.js';
import {ACTIONS} from './actions.js';
import {icon} from './icons.js';

const DEFAULT = {start: ['c'], success: ['y'], failure: ['n'], unlabelled: ['u'], discard: ['x'],
                 pause: ['p', 'Escape'], take_over: ['t'], resume: ['r']};
const HELP = '?';

export class Keys {
  constructor(app) {
    this.app = app;
    this.map = {...DEFAULT, ...read()};
    this.wanted = null;      // an action that is to get the next key
    this.down = '';
    addEventListener('keydown', (event) => this.press(event));
    addEventListener('keyup', (event) => { if (named(event) === this.down) { this.down = ''; this.app.actions.release(); } });
    addEventListener('blur', () => { this.down = ''; });
  }

  of(name) { return (this.map[name] ?? []).map((key) => (key === 'Escape' ? 'Esc' : key)).join(' '); }

  press(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
    const key = named(event);
    if (this.wanted && !event.repeat) { event.preventDefault(); this.give(key); return; }
    const action = Object.keys(this.map).find((name) => this.map[name].includes(key));
    if (key === HELP) this.open();
    if (!action) return;
    event.preventDefault();
    if (event.repeat) return;
    this.down = this.app.actions.kind(action) === 'motion' ? key : this.down;
    this.app.actions.do(action);
    if (key === 'Escape') this.dialog.close();
  }

  give(key) {
    const name = this.wanted;
    this.wanted = null;
    if (key !== 'Escape' || name === 'pause') {
      for (const other of Object.keys(this.map)) this.map[other] = this.map[other].filter((each) => each !== key);
      this.map[name] = [...(this.map[name] ?? []), key];
      if (!this.map.pause.length) this.map.pause = ['Escape'];
      localStorage.setItem('keys', JSON.stringify(this.map));
      this.app.redraw();
    }
    this.draw();
  }

  get dialog() { return document.getElementById('help'); }

  open() { this.draw(); this.dialog.open || this.dialog.showModal(); }

  draw() {
    const row = (name) => h('tr', {},
      h('th', {scope: 'row'}, ACTIONS[name].text, this.app.actions.kind(name) === 'motion' ? h('small', {}, ' hold') : ''),
      h('td', {}, (this.map[name] ?? []).map((key) => h('kbd', {}, key === ' ' ? 'Space' : key))),
      h('td', {}, h('button', {type: 'button', class: 'quiet', 'data-give': name, onclick: () => { this.wanted = name; this.draw(); }},
        this.wanted === name ? 'press a key or pedal …' : 'add a key')));
    this.dialog.replaceChildren(
      h('header', {}, h('h2', {}, icon('keys'), 'Keys'), h('button', {type: 'button', class: 'quiet', onclick: () => this.dialog.close()}, 'Close')),
      h('p', {class: 'muted'}, 'They count while this page has the focus, not while you type in a field, and not with Ctrl or Alt. A key that is held counts once.'),
      h('table', {class: 'keys'}, h('tbody', {}, Object.keys(ACTIONS).map(row))),
      h('button', {type: 'button', class: 'quiet', onclick: () => { localStorage.removeItem('keys'); this.map = {...DEFAULT}; this.draw(); this.app.redraw(); }}, 'As they were'));
  }
}

function named(event) { return event.key.length === 1 ? event.key.toLowerCase() : event.key; }

function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable
    || (target.matches('input, textarea, select') && !target.matches('[type=checkbox], [type=radio], [type=range], [type=button]')));
}

function read() {
  try {
    const found = JSON.parse(localStorage.getItem('keys') ?? '{}');
    return Object.fromEntries(Object.entries(found).filter(([name, keys]) => name in ACTIONS && Array.isArray(keys) && keys.every((key) => typeof key === 'string')));
  } catch { return {}; }
}
