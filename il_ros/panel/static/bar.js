// On every screen: connection, mode, gate, recording, seat, and one large Pause.
import {duration, h, set, show} from './dom.js';
import {icon} from './icons.js';

export const MODES = {
  TELEOP: ['stick', 'you drive'], AUTONOMOUS: ['play', 'the policy drives'], PAUSED: ['pause', 'nothing moves'],
  ALIGNING: ['join', 'device and robot come together'], CORRECTING: ['hand', 'you correct'], HOLD: ['alert', 'held after a fault'],
};

export class Bar {
  constructor(app) { this.app = app; }

  make() {
    const {about, actions, keys} = this.app;
    const chip = (name) => h('li', {class: `chip ${name}`});
    this.chips = Object.fromEntries(['live', 'mode', 'gate', 'rec', 'seat'].map((name) => [name, chip(name)]));
    const pause = actions.button('pause', keys.of('pause'), 'large');
    document.getElementById('bar').replaceChildren(
      h('p', {class: 'brand'}, h('b', {}, 'il_ros'), h('span', {}, about.robot)),
      h('ul', {class: 'chips', 'aria-label': 'State'}, Object.values(this.chips)), pause);
  }

  update() {
    const {state, live} = this.app;
    const {mode, gate, rec, seat} = state ?? {};
    const said = live && mode?.fresh;
    this.fill('live', live ? 'good' : 'bad', live ? 'dot' : 'ring', live ? 'live' : 'not connected');
    this.fill('mode', said ? mode.name.toLowerCase() : 'off', said ? MODES[mode.name][0] : 'ring',
              said ? (mode.returning ? 'PAUSED, returning' : mode.name) : 'no arbiter');
    const fault = gate?.rule;
    this.fill('gate', !gate?.fresh ? 'off' : fault ? 'bad' : gate.armed ? 'armed' : 'off', gate?.armed ? 'lock' : 'unlock',
              !gate?.fresh ? 'no gate' : fault ? 'holding' : gate.armed ? 'armed' : 'disarmed');
    const name = rec?.running;
    this.fill('rec', !rec?.fresh ? 'off' : name ? 'rec' : 'off', name ? 'dot' : 'ring',
              !rec?.fresh ? 'no recorder' : name ? `REC ${name.replace('episode_', '')} ${duration(rec.s)}` : 'not recording');
    this.fill('seat', seat?.yours ? 'yours' : 'off', 'seat', !seat ? 'seat' : seat.yours ? 'seat: you' : seat.who ? `seat: ${seat.who}` : 'seat: free');
  }

  fill(name, kind, shape, text) {
    const chip = this.chips[name];
    show(chip, [kind, shape], () => [icon(shape), h('span', {})]);
    chip.className = `chip ${name} ${kind}`;
    set(chip.querySelector('span'), text);
  }
}
