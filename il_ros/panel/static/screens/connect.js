// What runs, and what il_ros doctor says of machine and graph, each line with its cure.
import {h, set, show} from '../dom.js';
import {icon} from '../icons.js';

const SHAPES = {pass: 'check', skip: 'skip', fail: 'cross'};
const WORDS = {pass: 'good', skip: 'not there', fail: 'to do'};
const ORDER = ['fail', 'pass', 'skip'];

export const connect = {name: 'connect', title: 'Connect', icon: 'plug', make: (app) => {
  const heard = h('ul', {class: 'heard'}), found = h('div', {class: 'found'}), head = h('p', {class: 'muted'});
  const look = h('button', {type: 'button', class: 'quiet strong', onclick: () => app.link.send({kind: 'doctor'})}, icon('eye'), h('span', {}, 'Look at everything'));
  const element = h('div', {class: 'stack'}, h('h1', {}, 'Connect'),
    h('section', {class: 'card'}, h('h2', {}, 'What is heard now'), heard),
    h('section', {class: 'card'}, h('div', {class: 'row'}, h('h2', {}, 'il_ros doctor'), look), head, found));
  const part = (name, ok, text) => h('li', {class: ok ? 'good' : 'missing'}, icon(ok ? 'check' : 'cross'), h('b', {}, name), h('span', {}, text));
  const update = () => {
    const {state, streams, doctor, live} = app, {mode, gate, rec} = state ?? {};
    const parts = [
      ['arbiter', live && mode?.fresh, mode ? `${mode.name}: ${mode.reason}` : 'start dagger_intervention: ros2 launch il_ros teleop_capture.launch.py'],
      ['gate', live && gate?.fresh, gate ? gate.detail || (gate.armed ? 'armed' : 'disarmed') : 'start command_gate, by the same launch file'],
      ['recorder', live && rec?.fresh, rec ? `${rec.episodes} episodes so far` : 'start teleop_capture, by the same launch file'],
      ...streams.map(({topic, hz, problem}) => [topic, live && !problem && hz > 0, problem || (hz > 0 ? `${hz.toFixed(0)} Hz` : 'nothing comes')])];
    show(heard, parts, () => parts.map((each) => part(...each)));
    look.disabled = !live || doctor.runs;
    set(look.querySelector('span'), doctor.runs ? 'Looking …' : 'Look at everything');
    const count = (outcome) => doctor.lines.filter((line) => line.outcome === outcome).length;
    set(head, doctor.problem || (doctor.lines.length ? `${count('fail')} to do, ${count('pass')} good, ${count('skip')} not there` : 'Looks at machine, streams, clock, controllers and nodes; takes some seconds.'));
    show(found, [doctor.lines], () => h('ul', {class: 'checks'}, ORDER.flatMap((outcome) => doctor.lines.filter((line) => line.outcome === outcome)
      .map(({name, text}) => h('li', {class: outcome}, icon(SHAPES[outcome]), h('b', {}, name), h('span', {class: 'outcome'}, WORDS[outcome]), h('p', {}, text))))));
  };
  return {element, update};
}};
