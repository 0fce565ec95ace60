// A page that is all fake, the clock too: no test waits.
import { afterEach, beforeEach } from 'node:test';

export const SOURCE = new URL('./qoe.js', import.meta.url);
export const KIB = 1024;
/** What the wall clock says when a test begins, epoch ms. */
export const START = Date.UTC(2026, 0, 1);
export const real = { setImmediate, random: Math.random };

/** A page: clock, network, visibility. `install` puts it in place of Node's globals. */
export class Page {
  now = 0;
  wall = START;
  timers = new Map();
  lastTimer = 0;
  listeners = {};
  posts = [];
  beacons = [];
  beaconQuota = Infinity;
  open = 0;
  mostOpen = 0;
  /** How the server answers the nth request: a status, a `{ status, headers, body }`, or a function. */
  answers = [];
  answer = () => 202;

  install() {
    this.saved = new Map();
    const on = (name, handler) => (this.listeners[name] ??= []).push(handler);
    const set = (name, value) => {
      this.saved.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    };
    set('performance', { now: () => this.now });
    set('setTimeout', (run, ms) => this.later(run, ms));
    set('setInterval', (run, ms) => this.later(run, ms, ms));
    set('clearTimeout', (id) => this.timers.delete(id));
    set('clearInterval', (id) => this.timers.delete(id));
    set('addEventListener', on);
    set('document', { visibilityState: 'visible', addEventListener: on });
    set('navigator', {
      onLine: true,
      userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0',
      sendBeacon: (url, blob) => this.beacon(url, blob),
    });
    set('fetch', (url, init) => this.fetch(url, init));
    this.dateNow = Date.now;
    Date.now = () => this.wall + this.now;
    Math.random = () => 0.5;
  }

  restore() {
    for (const [name, descriptor] of this.saved) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else delete globalThis[name];
    }
    Date.now = this.dateNow;
    Math.random = real.random;
  }

  later(run, ms, every) {
    const wait = ms > 0 && ms < 2 ** 31 ? ms : 1; // as browsers do
    this.timers.set(++this.lastTimer, { run, at: this.now + wait, every: every && wait });
    return this.lastTimer;
  }

  /** Runs whatever is due in the next `ms`, promises included. */
  async pass(ms) {
    const until = this.now + ms;
    await settled();
    for (;;) {
      const [id, due] = [...this.timers].sort((a, b) => a[1].at - b[1].at)[0] ?? [];
      if (!due || due.at > until) break;
      this.now = due.at;
      if (due.every) due.at += due.every;
      else this.timers.delete(id);
      due.run();
      await settled();
    }
    this.now = until;
  }

  fire(name) {
    for (const handler of this.listeners[name] ?? []) handler({ type: name });
  }

  hide() {
    document.visibilityState = 'hidden';
    this.fire('visibilitychange');
  }

  show() {
    document.visibilityState = 'visible';
    this.fire('visibilitychange');
  }

  fetch(url, init) {
    const answer = this.answers.shift() ?? this.answer;
    const post = { at: this.now, ...address(url), init, body: init.body, batch: JSON.parse(init.body) };
    this.posts.push(post);
    this.mostOpen = Math.max(this.mostOpen, ++this.open);
    const told = typeof answer === 'function' ? answer(post) : answer;
    return Promise.resolve(told).finally(() => this.open--).then((value) => {
      const { status, headers, body } = typeof value === 'number' ? { status: value } : value;
      const receipt = { batch_id: post.batch.batch_id, accepted: post.batch.rows.length, rejected: [] };
      return new Response(JSON.stringify(body ?? receipt), { status, headers });
    });
  }

  beacon(url, blob) {
    const used = this.beacons.reduce((sum, b) => sum + b.size, 0);
    if (used + blob.size > this.beaconQuota) return false;
    this.beacons.push({ ...address(url), size: blob.size, type: blob.type, blob });
    return true;
  }

  async beaconed() {
    return Promise.all(this.beacons.map(async ({ blob }) => JSON.parse(await blob.text())));
  }

  /** All rows that reached the server by fetch, each batch once. */
  rows(type) {
    const batches = new Map(this.posts.map(({ batch }) => [batch.batch_id, batch.rows]));
    return [...batches.values()].flat().filter((row) => !type || row.type === type);
  }

  names() {
    return this.rows('event').map((row) => row.name);
  }
}

/** The address without the time that it carries, and that time. */
function address(url) {
  const [, before, sentAt] = /^(.*?)[?&]sent_at=(\d+)$/.exec(url);
  return { url: before, sentAt: Number(sentAt) };
}

/** Lets promises, streams and their followers run. */
async function settled() {
  for (let i = 0; i < 6; i++) await new Promise((done) => real.setImmediate(done));
}

export class Connection {
  connectionState = 'new';
  iceConnectionState = 'new';
  handlers = new Set();
  transceivers = [];
  asked = 0;
  report = () => [inbound()];
  addEventListener(_, handler) { this.handlers.add(handler); }
  removeEventListener(_, handler) { this.handlers.delete(handler); }
  getTransceivers() { return this.transceivers; }
  async getStats() {
    this.asked++;
    return new Map((await this.report()).map((s) => [s.id, s]));
  }
  become(state, ice = state) {
    this.connectionState = state;
    this.iceConnectionState = ice;
    for (const handler of this.handlers) handler();
  }
}

export const inbound = (more = {}) => ({ id: 'I1', type: 'inbound-rtp', kind: 'audio', ssrc: 1, packetsReceived: 9, ...more });
export const session = { endpoint: 'https://q.test/v1/telemetry', key: 'wk_1', project: 'p', service: 'video_call', sessionId: 's' };

/** A report row of about `size` bytes. */
export const bulk = (size, more) => inbound({ id: 'x'.repeat(size), ...more });

export let page;
export let create;
let copies = 0;

beforeEach(async () => {
  page = new Page();
  page.install();
  // A copy of the module for each test: it looks for its page when it is loaded.
  ({ create } = await import(`${SOURCE}?${copies++}`));
});
afterEach(() => page.restore());

export function started(options = {}) {
  const qoe = create();
  qoe.start({ ...session, ...options });
  return qoe;
}
