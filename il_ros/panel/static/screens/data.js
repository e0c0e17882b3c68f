// The pages that il_ros inspect and il_ros evaluate wrote.
import {h, show} from '../dom.js';
import {icon} from '../icons.js';

export const data = {name: 'data', title: 'Data', icon: 'chart', make: () => {
  const list = h('ul', {class: 'reports'}), problem = h('p', {class: 'muted'});
  const look = async () => {
    const answer = await fetch('/s/reports', {cache: 'no-store'}).catch(() => null);
    const found = answer?.ok ? await answer.json() : null;
    problem.textContent = found ? '' : 'The list could not be read.';
    show(list, found, () => (found?.length ? found.map(({id, name, at, bytes}) => h('li', {}, h('a', {class: 'card', href: `/s/reports/${id}`, target: '_blank', rel: 'noopener'},
      icon('chart'), h('b', {}, name), h('span', {class: 'muted'}, `${new Date(at * 1000).toLocaleString()} · ${(bytes / 1e6).toFixed(1)} MB`))))
      : h('li', {class: 'card muted'}, 'No pages yet: il_ros inspect DATASET --html report.html, or il_ros evaluate CHECKPOINT --html report.html.')));
  };
  look();
  const element = h('div', {class: 'stack'}, h('div', {class: 'row'}, h('h1', {}, 'Data'), h('button', {type: 'button', class: 'quiet', onclick: look}, 'Look again')),
    h('p', {class: 'muted'}, 'Reports of datasets and evaluations below the folder of the panel, the newest first.'), problem, list);
  return {element, update: () => {}};
}};
