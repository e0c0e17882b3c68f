// The socket: what the panel says comes in, what the person wants goes out; no queue, no repeat.
const SILENT_MS = 1000;
const AGAIN_MS = 1000;
const SAME_TAB = 4001;      // this tab was duplicated: it is another page from now on
const WINDOW = 100;         // states whose delay is looked at

export class Link extends EventTarget {
  constructor() {
    super();
    this.live = false;
    this.heard = 0;
    this.newest = -1;       // state
    this.delays = [];
    this.page = sessionStorage.getItem('page') ?? secret();
    sessionStorage.setItem('page', this.page);
    this.worker = new Worker('/static/beat.js');
    this.worker.onmessage = () => this.beat();
    document.addEventListener('visibilitychange', () => this.beat());
    addEventListener('pagehide', () => this.socket?.close());
    this.open();
  }

  open() {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = this.socket = new WebSocket(`${scheme}://${location.host}/s/socket`);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.newest = -1;
      this.delays = [];
      this.send({kind: 'hello', page: this.page, visible: visible()});
    };
    socket.onmessage = (event) => this.take(event.data);
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      if (event.code === SAME_TAB) { this.page = secret(); sessionStorage.setItem('page', this.page); }
      this.setLive(false);
      this.tell('closed', event);
      setTimeout(() => this.socket === socket && this.open(), AGAIN_MS);
    };
  }

  get ready() { return this.socket?.readyState === WebSocket.OPEN; }

  send(message) {
    if (this.ready) this.socket.send(JSON.stringify(message));
    return this.ready;
  }

  beat() {
    if (performance.now() - this.heard > SILENT_MS) this.setLive(false);
    this.send({kind: 'beat', n: this.newest, visible: visible()});
    this.tell('beat');
  }

  take(data) {
    if (data instanceof ArrayBuffer) {
      const head = new DataView(data);
      this.tell('picture', {camera: head.getUint8(0), number: head.getUint32(4, true),
                            came: head.getFloat64(8, true), jpeg: new Uint8Array(data, 16)});
      return;
    }
    const message = JSON.parse(data);
    this.heard = performance.now();
    if (message.kind === 'state') {
      this.newest = message.n;
      this.delays.push(performance.now() - message.ms);
      if (this.delays.length > WINDOW) this.delays.shift();
      this.offset = Math.min(...this.delays);
      this.setLive(true);
    }
    this.tell(message.kind, message);
  }

  // How long ago something was, of which the panel gave the time [ms].
  since(ms) { return performance.now() - (this.offset ?? 0) - ms; }

  setLive(live) {
    if (live === this.live) return;
    this.live = live;
    this.tell('live', live);
  }

  tell(name, detail) { this.dispatchEvent(new CustomEvent(name, {detail})); }
}

export function visible() { return document.visibilityState === 'visible'; }

function secret() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');
}
