// What the gate checks, on a 2D canvas: the robot's shapes, the boxes around it, the tool's path.
import {h} from './dom.js';

const SIDES = 10;
const STEP = 0.09;    // of a turn by an arrow key [rad]

export class Arm {
  constructor(app) {
    Object.assign(this, {app, yaw: -0.9, pitch: 0.36, zoom: 1.35, pose: null});
    this.canvas = h('canvas', {tabIndex: 0, role: 'img', 'aria-label': 'the arm as the gate sees it; arrow keys turn it'});
    this.element = h('figure', {class: 'arm'}, this.canvas, h('figcaption', {}, h('b', {}, 'arm'), h('span', {class: 'muted'}, 'drag to turn')));
    this.canvas.addEventListener('pointerdown', (event) => this.canvas.setPointerCapture(event.pointerId));
    this.canvas.addEventListener('pointermove', (event) => event.buttons && this.turn(event.movementX * 0.01, event.movementY * 0.01));
    this.canvas.addEventListener('wheel', (event) => { event.preventDefault(); this.zoom = clamp(this.zoom * Math.exp(-event.deltaY / 800), 0.4, 4); this.draw(); }, {passive: false});
    this.canvas.addEventListener('keydown', ({key}) => {
      const by = {ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP]}[key];
      if (by) this.turn(...by);
    });
    const {body} = app.about;
    this.faces = body.shapes.map(mesh);
    const ends = body.boxes.filter(({what}) => what === 'workspace').flatMap(({lower, upper}) => [lower, upper]);
    const all = ends.length ? ends : [[-0.8, -0.8, 0], [0.8, 0.8, 1.2]];
    this.middle = [0, 1, 2].map((i) => all.reduce((sum, end) => sum + end[i], 0) / all.length);
    this.size = Math.max(0.3, ...[0, 1, 2].map((i) => Math.max(...all.map((end) => Math.abs(end[i] - this.middle[i])))));
  }

  turn(yaw, pitch) { this.yaw += yaw; this.pitch = clamp(this.pitch + pitch, -0.2, 1.5); this.draw(); }

  show(pose) { this.pose = pose ?? null; this.draw(); }

  // Turns the world about its vertical, then tips it; x right, y up, z towards the eye.
  eye([x, y, z]) {
    const [px, py, pz] = [x - this.middle[0], y - this.middle[1], z - this.middle[2]];
    const c = Math.cos(this.yaw), s = Math.sin(this.yaw), cp = Math.cos(this.pitch), sp = Math.sin(this.pitch);
    const right = c * px - s * py, away = s * px + c * py;
    return [right, cp * pz + sp * away, -cp * away + sp * pz];
  }

  draw() {
    const {canvas} = this, {width, height} = canvas.getBoundingClientRect(), ratio = devicePixelRatio || 1;
    if (!width) return;
    if (canvas.width !== Math.round(width * ratio)) Object.assign(canvas, {width: Math.round(width * ratio), height: Math.round(height * ratio)});
    const pen = canvas.getContext('2d'), style = getComputedStyle(document.documentElement), colour = (name) => style.getPropertyValue(`--${name}`);
    const scale = this.zoom * Math.min(width, height) / (2.5 * this.size);
    const at = (point) => { const [x, y] = this.eye(point); return [width / 2 + scale * x, height / 2 - scale * y]; };
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.lineJoin = 'round';
    for (const {lower, upper, what} of this.app.about.body.boxes) {
      pen.strokeStyle = colour(what === 'workspace' ? 'accent' : 'muted');
      pen.globalAlpha = what === 'workspace' ? 0.7 : 0.45;
      pen.setLineDash(what === 'workspace' ? [5, 5] : []);
      for (const [a, b] of edges(lower, upper)) line(pen, [at(a), at(b)]);
    }
    pen.setLineDash([]);
    pen.globalAlpha = 1;
    if (!this.pose) return this.say(pen, colour('muted'), width, height);
    const light = matchMedia('(prefers-color-scheme: dark)').matches ? [46, 70] : [58, 88];
    const faces = this.pose.shapes.flatMap((place, number) => (this.faces[number] ?? []).map((face) => face.map((point) => move(place, point))));
    faces.map((face) => ({seen: face.map((point) => this.eye(point)), face}))
      .filter(({seen}) => normal(seen)[2] > 0)
      .sort((a, b) => depth(a.seen) - depth(b.seen))
      .forEach(({seen, face}) => {
        const [nx, ny, nz] = normal(seen), lit = light[0] + (light[1] - light[0]) * clamp(0.25 * nx + 0.55 * ny + 0.5 * nz, 0, 1);
        pen.fillStyle = pen.strokeStyle = `hsl(215 18% ${lit}%)`;
        pen.beginPath();
        face.forEach((point, i) => pen[i ? 'lineTo' : 'moveTo'](...at(point)));
        pen.closePath();
        pen.fill();
        pen.lineWidth = 0.6;
        pen.stroke();
      });
    pen.strokeStyle = pen.fillStyle = colour('go');
    for (const path of this.pose.paths) {
      pen.lineWidth = 2.5;
      if (path.length > 1) line(pen, path.map(at));
      path.forEach((point) => dot(pen, at(point), 2.5));
    }
    const near = Math.max(0, ...Object.values(this.pose.near));
    pen.fillStyle = colour(near > 0.97 ? 'stop' : near > 0.9 ? 'warn' : 'accent');
    for (const tool of this.pose.tools) dot(pen, at(tool), 5);
  }

  say(pen, colour, width, height) {
    pen.fillStyle = colour;
    pen.font = '14px system-ui, sans-serif';
    pen.textAlign = 'center';
    pen.fillText('the joints are not heard', width / 2, height / 2);
  }
}

function mesh({kind, size, middle = [0, 0, 0]}) {
  if (kind === 'box') {
    const [x, y, z] = size.map((value) => value / 2);
    const corner = (i) => [(i & 1 ? x : -x) + middle[0], (i & 2 ? y : -y) + middle[1], (i & 4 ? z : -z) + middle[2]];
    return [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]].map((face) => face.map(corner));
  }
  const rings = kind === 'sphere'
    ? [-0.9, -0.5, 0, 0.5, 0.9].map((z) => [size[0] * Math.sqrt(1 - z * z), size[0] * z]) : [[size[0], -size[1] / 2], [size[0], size[1] / 2]];
  const points = rings.map(([radius, z]) => [...Array(SIDES).keys()].map((i) => [radius * Math.cos(2 * Math.PI * i / SIDES), radius * Math.sin(2 * Math.PI * i / SIDES), z]));
  const sides = points.slice(1).flatMap((upper, level) => upper.map((_, i) => [points[level][i], points[level][(i + 1) % SIDES], upper[(i + 1) % SIDES], upper[i]]));
  return [...sides, [...points[0]].reverse(), points.at(-1)];
}

function move([x, y, z, ...r], [a, b, c]) { return [x + r[0] * a + r[1] * b + r[2] * c, y + r[3] * a + r[4] * b + r[5] * c, z + r[6] * a + r[7] * b + r[8] * c]; }

function normal([a, b, c]) {
  const [u, v] = [b, c].map((point) => point.map((value, i) => value - a[i]));
  const n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]], size = Math.hypot(...n) || 1;
  return n.map((value) => value / size);
}

function depth(face) { return face.reduce((sum, point) => sum + point[2], 0) / face.length; }

function edges(lower, upper) {
  const corner = (i) => [0, 1, 2].map((axis) => (i >> axis & 1 ? upper : lower)[axis]);
  return [...Array(8).keys()].flatMap((i) => [1, 2, 4].filter((bit) => !(i & bit)).map((bit) => [corner(i), corner(i | bit)]));
}

function line(pen, points) { pen.beginPath(); points.forEach((point, i) => pen[i ? 'lineTo' : 'moveTo'](...point)); pen.stroke(); }

function dot(pen, [x, y], radius) { pen.beginPath(); pen.arc(x, y, radius, 0, 2 * Math.PI); pen.fill(); }

function clamp(value, low, high) { return Math.min(Math.max(value, low), high); }
