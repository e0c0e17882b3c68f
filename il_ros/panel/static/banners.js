// What must not be overlooked: connection, a request for help, faults, the seat, the focus.
import {h, set, show} from './dom.js';
import {icon} from './icons.js';
import {Tone} from './tone.js';

export class Banners {
  constructor(app) {
    this.app = app;
    this.tone = new Tone();
    const live = (role) => h('div', {role});
    this.parts = {offline: live('alert'), help: live('alert'), faults: live('alert'), seat: live('status'), focus: live('status')};
    document.getElementById('banners').replaceChildren(...Object.values(this.parts));
    this.title = document.title;
  }

  update() {
    const {app} = this, {state, live} = app, help = live ? state?.help : null;
    const missing = document.getElementById('banners').dataset.token;
    show(this.parts.offline, [live, missing], () => !live && banner('offline', 'plug', 'Not connected: nothing on this page is current.',
      missing ? 'The panel was started anew. Open the address that it printed.' : 'To stop the robot use your device or the emergency stop. The page comes back by itself.'));
    show(this.parts.help, [help?.text], () => help && banner('help', 'hand', 'The policy asks for help. Take over with your device.', help.text, h('span', {class: 'left'})));
    const left = this.parts.help.querySelector('.left');
    if (left && help.left_s !== null) {
      set(left, `pauses in ${Math.ceil(help.left_s)} s`);
      left.style.setProperty('--left', String(help.left_s / help.of_s));
    }
    this.tone.want(Boolean(help));
    document.title = help ? 'HELP wanted · il_ros' : state?.faults.length ? `Fault · ${app.about.robot}` : `${app.about.robot} · il_ros`;
    const faults = live ? state?.faults ?? [] : [];
    show(this.parts.faults, faults.map(({number, rule}) => [number, rule]), () => faults.slice(0, 3).map((fault) => banner(
      fault.rule === 'pause' ? 'fault mild' : 'fault', 'alert', fault.meaning, fault.cure,
      h('details', {}, h('summary', {}, `${fault.source}: ${fault.rule}`), h('p', {}, fault.detail)))));
    const {seat} = state ?? {};
    show(this.parts.seat, [live, seat?.yours, seat?.asks, seat?.who, seat?.asked], () => live && this.seat(seat));
    const focus = document.hasFocus();
    show(this.parts.focus, [focus, live], () => live && !focus && banner('focus', 'keys', 'Keys are not heard: click into this page.', ''));
  }

  seat(seat) {
    const ask = (what, text) => h('button', {type: 'button', class: 'quiet', 'data-seat': what, onclick: () => this.app.link.send({kind: 'seat', what})}, text);
    if (!seat) return null;
    if (seat.yours && seat.asks) return banner('seat', 'seat', `${seat.asks} asks for the seat.`, '', ask('give', 'Give it'), ask('keep', 'Keep it'));
    if (seat.yours) return null;
    if (!seat.who) return banner('seat', 'seat', 'The seat is free.', 'Who has it records, arms and resumes.', ask('ask', 'Take the seat'));
    return banner('seat', 'seat', `${seat.who} has the seat.`, seat.asked ? 'Asked; its operator has to answer.' : 'You see everything, and may pause and disarm.', seat.asked ? null : ask('ask', 'Ask for it'));
  }
}

function banner(kind, shape, title, text, ...more) {
  return h('section', {class: `banner ${kind}`}, icon(shape), h('div', {class: 'words'}, h('strong', {}, title), text && h('p', {}, text)), ...more);
}
