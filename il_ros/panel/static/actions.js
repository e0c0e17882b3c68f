// What the person asks for: at once, or after a press of three quarters of a second.
import {h} from './dom.js';
import {icon} from './icons.js';
import {visible} from './link.js';

const HOLD_MS = 750;
const ANSWER_MS = 2600;
export const ACTIONS = {
  pause: {text: 'Pause', icon: 'pause'}, disarm: {text: 'Disarm', icon: 'unlock'},
  start: {text: 'Start', icon: 'dot'}, success: {text: 'Success', icon: 'check'},
  failure: {text: 'Failure', icon: 'cross'}, unlabelled: {text: 'Unlabelled', icon: 'skip'},
  discard: {text: 'Discard', icon: 'trash'}, take_over: {text: 'Take over', icon: 'hand'},
  hand_back: {text: 'Hand back', icon: 'join'}, rewind: {text: 'Rewind', icon: 'back'},
  resume: {text: 'Resume', icon: 'play'}, arm: {text: 'Arm', icon: 'lock'},
};

export class Actions {
  constructor(app) {
    this.app = app;
    this.held = null;
    app.link.addEventListener('answer', ({detail}) => this.answered(detail));
    app.link.addEventListener('live', ({detail}) => { if (!detail) this.release(); });
    addEventListener('blur', () => this.release());
    document.addEventListener('visibilitychange', () => { if (!visible()) this.release(); });
  }

  kind(name) { return this.app.about?.kinds[name]; }

  // Why an action cannot be asked for now; '' where it can.
  barred(name) {
    const {state, about, link} = this.app;
    if (!link.live || !state || !about) return 'not connected';
    if (this.kind(name) === 'stop') return '';
    if (!state.seat.yours) return state.seat.who ? `${state.seat.who} has the seat` : 'the seat is free: take it';
    if (this.kind(name) === 'motion' && !about.motion) return 'only from the machine of the robot';
    return '';
  }

  seen() {
    const {state, link} = this.app;
    return {n: link.newest, epoch: state?.mode?.epoch ?? -1, episode: state?.rec?.running ?? '', fault: state?.fault ?? -1};
  }

  ask(name, seen = this.seen(), id = newId()) {
    const barred = this.barred(name);
    if (barred) { this.say(name, false, barred); return; }
    this.app.link.send({kind: 'act', id, action: name, visible: visible(), seen: {...seen, n: this.app.link.newest}});
    this.say(name, null, 'asked …', id);
    setTimeout(() => this.silent(name, id), ANSWER_MS);
  }

  press(name, element = null) {
    if (this.held) return;
    const barred = this.barred(name);
    if (barred) { this.say(name, false, barred); return; }
    const held = this.held = {name, element, id: newId(), seen: this.seen()};
    this.app.link.send({kind: 'press', id: held.id, action: name});
    element?.classList.add('held');
    held.timer = setTimeout(() => {
      this.held = null;
      element?.classList.remove('held');
      this.ask(name, held.seen, held.id);
    }, HOLD_MS);
  }

  release() {
    const held = this.held;
    if (!held) return;
    this.held = null;
    clearTimeout(held.timer);
    held.element?.classList.remove('held');
    this.app.link.send({kind: 'release', id: held.id});
  }

  do(name) { if (this.kind(name) === 'motion') this.press(name); else this.ask(name); }

  say(name, ok, text, id = '') { this.app.say({name, ok, text, id}); }

  answered({id, action, ok, text}) { this.app.say({name: action, ok, text, id}); }

  silent(name, id) {
    if (this.app.says.some((line) => line.id === id && line.ok === null)) this.say(name, false, 'no answer; look at what the page shows', id);
  }

  // A button; one that moves the robot is held, by pointer or by Space.
  button(name, key = '', more = '') {
    const {text, icon: shape} = ACTIONS[name];
    const motion = this.kind(name) === 'motion';
    const button = h('button', {type: 'button', class: `act ${this.kind(name)} ${name} ${more}`, 'data-action': name},
      icon(shape), h('span', {class: 'word'}, text), motion && h('span', {class: 'hold'}, 'hold'), key && h('kbd', {}, key));
    if (!motion) {
      button.addEventListener('click', () => this.ask(name));
      return button;
    }
    button.addEventListener('pointerdown', (event) => { if (event.button === 0) { button.setPointerCapture(event.pointerId); this.press(name, button); } });
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture', 'blur']) button.addEventListener(end, () => this.release());
    button.addEventListener('keydown', (event) => { if ([' ', 'Enter'].includes(event.key)) { event.preventDefault(); if (!event.repeat) this.press(name, button); } });
    button.addEventListener('keyup', (event) => { if ([' ', 'Enter'].includes(event.key)) this.release(); });
    button.addEventListener('contextmenu', (event) => event.preventDefault());
    return button;
  }

  // Buttons that cannot be used now look so, and say why.
  refresh(root) {
    for (const button of root.querySelectorAll('[data-action]')) {
      const barred = this.barred(button.dataset.action) || (this.app.unfit?.(button.dataset.action) ?? '');
      if (button.disabled !== Boolean(barred)) button.disabled = Boolean(barred);
      if (button.title !== barred) button.title = barred;
    }
  }
}

function newId() { return crypto.getRandomValues(new Uint32Array(4)).join('-').slice(0, 40); }
