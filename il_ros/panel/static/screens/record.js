// Cameras first; start, label, discard; what is lost; how many of how many.
import {duration, h, set, show} from '../dom.js';

export const record = {name: 'record', title: 'Record', icon: 'dot', cameras: true, make: (app) => {
  const {actions, keys, about} = app, button = (name) => actions.button(name, keys.of(name));
  const title = h('p', {class: 'episode'}), task = h('p', {class: 'muted'}, about.task), count = h('p', {class: 'tally'});
  const meter = h('progress', {max: 1, value: 0, 'aria-label': 'episodes recorded'});
  const goal = h('input', {type: 'number', min: 1, max: 100000, id: 'goal', value: Number(localStorage.getItem('goal')) || about.goal,
                           oninput: () => { localStorage.setItem('goal', goal.value); update(); }});
  const over = h('select', {id: 'over', onchange: () => app.cameras.lay(over.value)});
  const streams = h('table', {class: 'streams'});
  const element = h('div', {class: 'split'},
    h('div', {class: 'stack'}, h('h1', {class: 'quietly'}, 'Record'), app.cameras.make(),
      h('p', {class: 'field'}, h('label', {htmlFor: 'over'}, 'Lay over the first picture of'), over)),
    h('div', {class: 'stack side'},
      h('section', {class: 'card'}, title, task, h('div', {class: 'buttons main'}, button('start')),
        h('div', {class: 'buttons'}, button('success'), button('failure'), button('unlabelled'), button('discard'))),
      h('section', {class: 'card'}, h('div', {class: 'row'}, h('h2', {}, 'Episodes'), h('p', {class: 'field'}, h('label', {htmlFor: 'goal'}, 'of'), goal)), meter, count),
      h('section', {class: 'card'}, h('h2', {}, 'Streams'), streams)));
  const update = () => {
    const {rec, tally} = app.state ?? {};
    app.cameras.update();
    set(title, rec?.running ? `${rec.running}  ${duration(rec.s)}  ${rec.mb.toFixed(1)} MB` : rec?.fresh ? 'Ready to record' : 'No recorder is heard');
    title.classList.toggle('running', Boolean(rec?.running));
    const wanted = Math.max(1, Number(goal.value) || about.goal), done = rec?.episodes ?? 0;
    meter.max = wanted;
    meter.value = Math.min(done, wanted);
    show(count, [tally, done, wanted], () => tally && [h('b', {}, `${done}`), ` of ${wanted} kept`, h('span', {}, `${tally.success} ok`), h('span', {}, `${tally.failure} failed`),
      tally.unlabelled ? h('span', {}, `${tally.unlabelled} unlabelled`) : null, tally.discard ? h('span', {}, `${tally.discard} discarded`) : null,
      h('small', {class: 'muted'}, ' labelled from this panel')]);
    const firsts = [...app.cameras.firsts.keys()].reverse();
    show(over, firsts, () => [h('option', {value: ''}, firsts.length ? 'none' : 'none yet'), ...firsts.map((name) => h('option', {value: name, selected: name === app.cameras.over}, name))]);
    show(streams, app.streams.map(({topic, hz, dropped, problem}) => [topic, Math.round(hz), dropped, problem]), () => [
      h('thead', {}, h('tr', {}, ['topic', 'Hz', 'lost'].map((text) => h('th', {scope: 'col'}, text)))),
      h('tbody', {}, app.streams.length ? app.streams.map(({topic, hz, dropped, problem}) => h('tr', {class: problem ? 'ill' : ''},
        h('th', {scope: 'row'}, topic, problem && h('small', {}, problem)), h('td', {}, hz.toFixed(0)), h('td', {}, String(dropped))))
        : h('tr', {}, h('td', {colSpan: 3, class: 'muted'}, 'the recorder was not heard yet')))]);
  };
  return {element, update};
}};
