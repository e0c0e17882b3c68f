// Tiles: a picture is drawn, then acknowledged; only then the panel sends the next one.
import {age, h, set} from './dom.js';
import {icon} from './icons.js';

const LATE_MS = 1000;     // on the screen: the line is slow
const FIRSTS = 10;        // first pictures of episodes that are kept to lay over

export class Cameras {
  constructor(app) {
    this.app = app;
    this.tiles = [];
    this.firsts = new Map();      // episode -> pictures
    this.running = '';
    this.over = '';
    app.link.addEventListener('picture', ({detail}) => this.draw(detail));
    app.link.addEventListener('state', ({detail}) => this.look(detail));
  }

  make() {
    this.tiles = this.app.about.cameras.map(({name, width, height}) => {
      const canvas = h('canvas', {width, height, role: 'img', 'aria-label': `camera ${name}`});
      const over = h('canvas', {class: 'over', width, height, hidden: true, 'aria-hidden': 'true'});
      const old = h('span', {class: 'age'}), stopped = h('p', {class: 'stopped'}, icon('alert'), h('span', {}));
      const element = h('figure', {class: 'camera empty', 'data-camera': name}, h('div', {class: 'picture'}, canvas, over, stopped), h('figcaption', {}, h('b', {}, name), old));
      return {canvas, over, old, stopped, element, came: null, pictures: 0};
    });
    this.lay(this.over);
    return h('div', {class: 'cameras'}, this.tiles.length ? this.tiles.map(({element}) => element)
      : h('p', {class: 'muted card'}, 'This robot has no cameras.'));
  }

  async draw({camera, number, came, jpeg}) {
    const tile = this.tiles[camera];
    if (tile) {
      try {
        const picture = await createImageBitmap(new Blob([jpeg], {type: 'image/jpeg'}));
        const {canvas} = tile;
        if (canvas.width !== picture.width || canvas.height !== picture.height) Object.assign(canvas, {width: picture.width, height: picture.height});
        canvas.getContext('2d').drawImage(picture, 0, 0);
        picture.close();
        Object.assign(tile, {came, pictures: tile.pictures + 1});
        tile.element.classList.remove('empty');
      } catch { /* a damaged one: the next is on its way */ }
    }
    this.app.link.send({kind: 'ack', camera, number});
  }

  // The first picture of each episode is kept: another scene can be laid as that one was.
  look({rec}) {
    const running = rec?.running ?? '';
    if (running && running !== this.running && this.tiles.length) {
      this.firsts.set(running, this.tiles.map(({canvas}) => copy(canvas)));
      if (this.firsts.size > FIRSTS) this.firsts.delete(this.firsts.keys().next().value);
    }
    this.running = running;
  }

  lay(episode) {
    this.over = this.firsts.has(episode) ? episode : '';
    this.tiles.forEach(({over}, number) => {
      const first = this.firsts.get(this.over)?.[number];
      over.hidden = !first;
      if (first) { Object.assign(over, {width: first.width, height: first.height}); over.getContext('2d').drawImage(first, 0, 0); }
    });
  }

  update() {
    const {link, state, about} = this.app;
    this.tiles.forEach((tile, number) => {
      const source = state?.cams?.[number], longest = about.cameras[number].longest_s;
      const shown = tile.came === null ? null : link.since(tile.came);
      const silent = source === null || source === undefined ? 'nothing came yet' : source > longest ? `no picture for ${source.toFixed(1)} s` : '';
      const text = silent || (shown !== null && shown > LATE_MS ? `slow line: ${age(shown)} old` : '');
      tile.element.classList.toggle('silent', Boolean(silent));
      tile.element.classList.toggle('late', Boolean(!silent && text));
      set(tile.stopped.querySelector('span'), text);
      set(tile.old, shown === null ? '' : age(shown));
    });
  }
}

function copy(canvas) {
  const made = document.createElement('canvas');
  Object.assign(made, {width: canvas.width, height: canvas.height});
  made.getContext('2d').drawImage(canvas, 0, 0);
  return made;
}
