// Who drives, why, and what the arm is about to do; take over, hand back, go on.
import {Arm} from '../arm.js';
import {MODES} from '../bar.js';
import {h, set, show} from '../dom.js';
import {icon} from '../icons.js';

const NEAR = 0.9;

export const run = {name: 'run', title: 'Run', icon: 'play', cameras: true, arm: true, make: (app) => {
  const {actions, keys, about} = app, button = (name, more) => actions.button(name, keys.of(name), more);
  const mode = h('div', {class: 'who'}), reason = h('p', {class: 'reason'}), near = h('ul', {class: 'near'});
  const why = h('p', {class: 'muted'});
  const arm = about.body ? new Arm(app) : null;
  const element = h('div', {class: 'split'},
    h('div', {class: 'stack'}, h('h1', {class: 'quietly'}, 'Run'), h('div', {class: 'views'}, app.cameras.make(), arm?.element)),
    h('div', {class: 'stack side'},
      h('section', {class: 'card'}, mode, reason,
        h('div', {class: 'buttons main'}, button('take_over'), button('hand_back')),
        h('div', {class: 'buttons'}, button('resume'), button('rewind'))),
      h('section', {class: 'card'}, h('h2', {}, 'Gate'), h('p', {class: 'gate-line'}), h('div', {class: 'buttons'}, button('arm'), button('disarm')), why),
      h('section', {class: 'card'}, h('h2', {}, 'Joints'), near)));
  const gateLine = element.querySelector('.gate-line');
  const update = () => {
    const {state} = app, {mode: now, gate, pose} = state ?? {};
    app.cameras.update();
    arm?.show(pose);
    const name = now?.fresh ? now.name : 'none';
    show(mode, [name, now?.returning], () => [icon(MODES[name]?.[0] ?? 'ring'), h('div', {}, h('strong', {}, name === 'none' ? 'no arbiter' : name),
      h('p', {}, name === 'none' ? 'start dagger_intervention' : now.returning ? 'control returns to the policy' : MODES[name][1]))]);
    mode.className = `who mode ${name.toLowerCase()}`;
    set(reason, now?.reason ?? '');
    set(gateLine, !gate ? 'The gate is not heard.' : gate.detail || (gate.armed ? 'Armed: commands reach the robot.' : 'Disarmed: nothing reaches the robot.'));
    set(why, about.motion ? 'What moves the robot is held for 0.7 s. Who drives, drives with a device.' : 'This browser is on another machine: it may pause, disarm and take over.');
    const close = Object.entries(pose?.near ?? {}).filter(([, value]) => value > NEAR);
    show(near, [Boolean(pose), close], () => (!pose ? h('li', {class: 'muted'}, about.body ? 'not heard' : 'the shape of this robot is not known') : !close.length ? h('li', {class: 'fine'}, icon('check'), 'all away from their limits')
      : close.map(([joint, value]) => h('li', {class: 'close'}, icon('alert'), h('b', {}, joint), h('span', {}, `${Math.round(value * 100)} % of its way to the limit`)))));
  };
  return {element, update};
}};
