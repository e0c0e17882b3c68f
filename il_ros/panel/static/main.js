// The page: who it is to the panel, what all screens share, and which screen is open.
import {Actions} from './actions.js';
import {Banners} from './banners.js';
import {Bar} from './bar.js';
import {Cameras} from './cameras.js';
import {h, set, show} from './dom.js';
import {icon} from './icons.js';
import {Keys} from './keys.js';
import {Link, visible} from './link.js';
import {connect} from './screens/connect.js';
import {data} from './screens/data.js';
import {faults} from './screens/faults.js';
import {record} from './screens/record.js';
import {run} from './screens/run.js';

// One module per screen: {name, title, icon, cameras, arm, make(app) -> {element, update()}}.
const SCREENS = [connect, record, run, faults, data];
const SAID = 4;

class App {
  constructor() {
    this.about = this.state = null;
    this.faults = [];
    this.streams = [];
    this.doctor = {runs: false, lines: [], problem: ''};
    this.says = [];
    this.link = new Link();
    this.actions = new Actions(this);
    this.keys = new Keys(this);
    this.cameras = new Cameras(this);
    this.bar = new Bar(this);
    this.banners = new Banners(this);
    const on = (name, take) => this.link.addEventListener(name, ({detail}) => take(detail));
    on('about', (about) => { this.about = about; this.redraw(); });
    on('state', (state) => { this.state = state; this.update(); });
    on('faults', ({list}) => { this.faults = list; this.update(); });
    on('streams', ({list}) => { this.streams = list; this.update(); });
    on('doctor', (found) => { this.doctor = found; this.update(); });
    on('live', () => this.update());
    on('closed', () => login(''));
    on('beat', () => this.update());
    addEventListener('hashchange', () => this.redraw());
    document.addEventListener('visibilitychange', () => this.watch());
    for (const event of ['focus', 'blur']) addEventListener(event, () => this.update());
  }

  get live() { return this.link.live; }

  get wanted() { return SCREENS.find(({name}) => `#${name}` === location.hash) ?? SCREENS.find(({name}) => name === 'record'); }

  redraw() {
    if (!this.about) return;
    const wanted = this.wanted;
    document.getElementById('tabs').replaceChildren(...SCREENS.map(({name, title, icon: shape}) => h('a',
      {href: `#${name}`, 'aria-current': name === wanted.name ? 'page' : undefined}, icon(shape), h('span', {}, title),
      name === 'faults' && h('b', {class: 'count', hidden: true}))),
    h('button', {type: 'button', class: 'quiet', onclick: () => this.keys.open()}, icon('keys'), h('span', {}, 'Keys ?')));
    this.bar.make();
    this.screen = wanted.make(this);
    document.getElementById('screen').className = `screen ${wanted.name}`;
    document.getElementById('screen').replaceChildren(this.screen.element);
    this.watch();
    this.update();
  }

  watch() {
    const wanted = this.wanted, seen = visible();
    this.link.send({kind: 'watch', arm: Boolean(seen && wanted.arm && this.about?.body),
                    cameras: seen && wanted.cameras ? this.about.cameras.map((_, number) => number) : []});
  }

  // Why an action makes no sense now, as far as the page can tell; '' where it may.
  unfit(name) {
    const {mode, gate, rec} = this.state ?? {};
    const running = Boolean(rec?.running);
    if (name === 'start' && running) return 'an episode is being recorded';
    if (['success', 'failure', 'unlabelled', 'discard'].includes(name) && !running) return 'no episode is being recorded';
    if (name === 'arm' && gate?.armed && !gate.rule) return 'armed already';
    if (name === 'resume' && mode && !['PAUSED', 'HOLD'].includes(mode.name)) return 'nothing is held';
    if (name === 'hand_back' && mode && !['CORRECTING', 'ALIGNING'].includes(mode.name)) return 'no device drives';
    if (name === 'take_over' && mode && !['AUTONOMOUS', 'PAUSED', 'HOLD'].includes(mode.name)) return 'you drive already';
    return '';
  }

  update() {
    document.body.classList.toggle('stale', !this.live);
    if (!this.about) return;
    this.bar.update();
    this.banners.update();
    const count = document.querySelector('#tabs .count');
    if (count) { const standing = this.state?.faults.length ?? 0; count.hidden = !standing; set(count, String(standing)); }
    this.screen?.update();
    this.actions.refresh(document.body);
  }

  say(line) {
    this.says = [line, ...this.says.filter(({id}) => !line.id || id !== line.id)].slice(0, SAID);
    show(document.getElementById('says'), [this.says[0]], () => {
      const {name, ok, text} = this.says[0];
      return h('p', {class: ok === null ? 'asked' : ok ? 'ok' : 'refused'}, icon(ok === null ? 'ring' : ok ? 'check' : 'alert'),
        h('b', {}, name.replace('_', ' ')), ' ', text);
    });
    this.update();
  }
}

async function login(token) {
  if (token) {
    const answer = await fetch('/login', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({token})});
    return answer.ok ? '' : 'This address has ended: the panel was started anew. Open the one that it printed.';
  }
  const answer = await fetch('/s/reports', {cache: 'no-store'}).catch(() => null);
  if (answer?.status === 403) document.getElementById('banners').dataset.token = 'missing';
  return answer?.status === 403 ? 'This browser has no token. Open the address that il_ros panel printed.' : '';
}

// The token is what stands after #; a screen's name is no token.
const given = decodeURIComponent(location.hash.slice(1));
const token = SCREENS.some(({name}) => name === given) ? '' : given;
if (token) history.replaceState(null, '', location.pathname);
const problem = await login(token);
if (problem) set(document.getElementById('start'), problem);
else globalThis.panel = new App();
