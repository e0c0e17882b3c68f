// The last fifty, the newest first: what happened, what it means, what to do.
import {h, show} from '../dom.js';
import {icon} from '../icons.js';

export const faults = {name: 'faults', title: 'Faults', icon: 'alert', make: (app) => {
  const list = h('ol', {class: 'faults'});
  const element = h('div', {class: 'stack'}, h('h1', {}, 'Faults'), h('p', {class: 'muted'}, 'What gate, arbiter and recorder said since the panel started, the newest first.'), list);
  const update = () => {
    const standing = new Set((app.live ? app.state?.faults ?? [] : []).map(({number}) => number));
    show(list, [app.faults.map(({number}) => number), [...standing]], () => (app.faults.length ? app.faults.map((fault) => h('li', {class: standing.has(fault.number) ? 'card stands' : 'card'},
      h('div', {class: 'row'}, h('strong', {}, fault.meaning), standing.has(fault.number) && h('span', {class: 'chip bad'}, icon('alert'), 'stands')),
      h('p', {class: 'cure'}, fault.cure),
      h('p', {class: 'muted small'}, h('time', {dateTime: new Date(fault.at * 1000).toISOString()}, new Date(fault.at * 1000).toLocaleTimeString()),
        ` · ${fault.source}: ${fault.rule} · `, fault.detail)))
      : h('li', {class: 'card fine'}, icon('check'), 'Nothing went wrong so far.')));
  };
  return {element, update};
}};
