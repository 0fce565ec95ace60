// What the page must never notice.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Connection, SOURCE, create, inbound, page, real, session, started } from './fake_page.mjs';

describe('the page is never harmed', () => {
  const nonsense = [undefined, null, 0, 'x', Symbol('s'), () => {}, [], { attributes: 3 }, { endpoint: Symbol('e') },
    { get key() { throw new Error('trap'); } }, { service: Object.create(null) }, { key: 1n }, { attributes: { a: Object.create(null) } }];

  test('no method throws, whatever it is given, started or not', async () => {
    const unhandled = [];
    const remember = (error) => unhandled.push(error);
    process.on('unhandledRejection', remember);
    for (const start of [false, true]) {
      const qoe = create();
      if (start) qoe.start(session);
      else {
        qoe.event('pk');
        assert.equal(qoe.stats().lastError, 'call start() first');
      }
      for (const a of nonsense) {
        for (const b of nonsense) {
          for (const name of ['event', 'turn', 'message', 'activity', 'invited', 'dismissed', 'rate', 'watch']) qoe[name](a, b);
          assert.equal(typeof qoe.watch(a, b), 'function');
          qoe.watch(a, b)();
        }
      }
      qoe.flush();
      qoe.leave();
      assert.ok(qoe.stats().errors > 0);
      assert.equal(typeof qoe.stats().lastError, 'string');
    }
    for (const context of nonsense) {
      const qoe = create();
      qoe.start(context);
      qoe.event('pk');
      qoe.leave();
    }
    await page.pass(100_000);
    page.hide();
    page.fire('pagehide');
    await page.pass(100_000);
    process.off('unhandledRejection', remember);
    assert.deepEqual(unhandled, []);
  });

  test('neither does a connection that misbehaves', async () => {
    const unhandled = [];
    const remember = (error) => unhandled.push(error);
    process.on('unhandledRejection', remember);
    const qoe = started();
    const bad = {
      rejects: { getStats: () => Promise.reject(new Error('rejects')) },
      throws: { getStats() { throw new Error('throws'); } },
      nothing: { getStats: async () => undefined },
      junk: { getStats: async () => new Map([['a', null], ['b', 3], ['c', { type: 'inbound-rtp' }]]) },
      noTransceivers: { getTransceivers: undefined },
    };
    const made = Object.values(bad).map((methods) => Object.assign(new Connection(), methods));
    for (const pc of made) qoe.watch(pc);
    const trap = new Connection();
    qoe.watch(trap);
    Object.defineProperty(trap, 'connectionState', { get() { throw new Error('trap'); } });
    await page.pass(10_000);
    for (const handler of trap.handlers) handler();
    // The one without getTransceivers still reports.
    assert.ok(page.rows('stats').some((row) => row.connection === '4' && row.report.length === 1));
    assert.ok(qoe.stats().errors > 10);
    navigator.sendBeacon = () => { throw new Error('beacon'); };
    globalThis.fetch = () => { throw new Error('fetch'); };
    page.hide();
    page.fire('pagehide');
    await page.pass(10_000);
    process.off('unhandledRejection', remember);
    assert.deepEqual(unhandled, []);
  });

  test('a connection whose getStats fails once reports again', async () => {
    const qoe = started();
    const pc = new Connection();
    pc.report = () => { throw new Error('once'); };
    qoe.watch(pc);
    await page.pass(1000);
    pc.report = () => [inbound()];
    await page.pass(4000);
    assert.equal(page.rows('stats').length, 1);
  });

  test('a session in which nothing happened sends nothing', async () => {
    started();
    page.fire('pagehide');
    await page.pass(10_000);
    assert.equal(page.posts.length + page.beacons.length, 0);
  });

  test('methods work without their object', async () => {
    const { event, stats } = started();
    event('pk');
    await page.pass(2000);
    assert.equal(stats().sent, 1);
  });

  test('it loads where there is no page at all', async () => {
    page.restore();
    const { qoe } = await import(`${SOURCE}?bare`);
    page.install();
    assert.equal(qoe.stats().queued, 0);
  });

  test('a page whose globals are broken loses telemetry and nothing else', async () => {
    const original = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
    const qoe = started();
    Object.defineProperty(globalThis, 'crypto', { value: { randomUUID() { throw new Error('crypto'); } }, configurable: true });
    try {
      qoe.event('pk');
      await page.pass(2000);
      page.hide();
      page.show();
      page.fire('online');
      page.fire('pagehide');
      assert.equal(qoe.stats().lastError, 'crypto');
    } finally {
      Object.defineProperty(globalThis, 'crypto', original);
    }
    qoe.flush();
    await page.pass(2000);
    assert.deepEqual(page.names(), ['pk', 'leave']);
  });

  test('a page without randomUUID still has ids', async () => {
    const original = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
    Object.defineProperty(globalThis, 'crypto', { value: {}, configurable: true });
    try {
      Math.random = real.random;
      const ids = new Set(Array.from({ length: 100 }, () => create()).map((qoe) => (qoe.start(session), qoe.invited({ kind: 'acr' }))));
      assert.equal(ids.size, 100);
      for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    } finally {
      Object.defineProperty(globalThis, 'crypto', original);
    }
  });
});
