// How batches reach the server, or do not.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Connection, KIB, START, bulk, inbound, page, session, started } from './fake_page.mjs';

describe('retries', () => {
  const failures = {
    408: 408,
    429: 429,
    500: 500,
    503: 503,
    'a network error': () => Promise.reject(new TypeError('network')),
    'a fetch that throws': () => { throw new Error('sync'); },
  };
  for (const [name, failure] of Object.entries(failures)) {
    test(`after ${name} the same batch goes again, unchanged, before any newer row`, async () => {
      const qoe = started();
      page.answers = [failure, failure];
      qoe.event('pk');
      await page.pass(2000);
      qoe.event('co_host');
      await page.pass(10_000);
      assert.equal(page.posts.length, 4);
      const [a, b, c, d] = page.posts;
      assert.equal(a.body, b.body);
      assert.equal(a.body, c.body);
      assert.notEqual(a.batch.batch_id, d.batch.batch_id);
      assert.deepEqual([b.at - a.at, c.at - b.at], [500, 1000]);
      // The body is the first attempt's, so the address tells when each one went.
      assert.deepEqual([a, b, c].map(({ sentAt }) => sentAt - START), [2000, 2500, 3500]);
      assert.deepEqual(page.names(), ['pk', 'co_host']);
      assert.equal(qoe.stats().sent, 2);
    });
  }

  test('backoff doubles from one second to sixty, with full jitter', async () => {
    const qoe = started();
    page.answer = () => 503;
    for (const random of [1, 0]) {
      page.posts = [];
      Math.random = () => random;
      qoe.event('pk');
      await page.pass(200_000);
      const gaps = page.posts.slice(1, 10).map(({ at }, i) => at - page.posts[i].at);
      if (random) assert.deepEqual(gaps.slice(0, 8), [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000].slice(0, gaps.length));
      else assert.ok(gaps.every((gap) => gap <= 1));
    }
  });

  test('a batch that never succeeds is given up, and the next one has its turn', async () => {
    const qoe = started();
    let bad;
    page.answer = ({ batch }) => batch.batch_id === (bad ??= batch.batch_id) ? 500 : 202;
    qoe.event('pk');
    await page.pass(2000);
    qoe.event('co_host');
    await page.pass(3600_000);
    assert.equal(page.posts.filter(({ batch }) => batch.batch_id === bad).length, 30);
    const { sent, dropped, queued } = qoe.stats();
    assert.deepEqual({ sent, dropped, queued }, { sent: 1, dropped: 1, queued: 0 });
  });

  for (const [header, least] of [['7', 7000], [new Date(START + 2000 + 9000).toUTCString(), 9000]]) {
    test(`Retry-After: ${header} is honoured`, async () => {
      const qoe = started();
      page.answers = [{ status: 503, headers: { 'Retry-After': header } }];
      qoe.event('pk');
      await page.pass(2000);
      qoe.flush();
      await page.pass(20_000);
      assert.equal(page.posts.length, 2);
      const gap = page.posts[1].at - page.posts[0].at;
      assert.ok(gap >= least && gap <= least + 1000, `${gap}`);
    });
  }

  for (const status of [400, 401, 404, 413, 415, 422]) {
    test(`${status} drops the batch, counted, and goes on`, async () => {
      const qoe = started();
      page.answers = [{ status, body: { error: 'unknown project nope' } }];
      qoe.event('pk');
      await page.pass(2000);
      qoe.event('co_host');
      await page.pass(90_000);
      assert.equal(page.posts.length, 2);
      const { sent, dropped, queued, lastError } = qoe.stats();
      assert.deepEqual({ sent, dropped, queued }, { sent: 1, dropped: 1, queued: 0 });
      assert.equal(lastError, `HTTP ${status} unknown project nope`);
    });
  }

  test('an answer without JSON is judged by its status', async () => {
    const qoe = started();
    const { fetch } = globalThis;
    const statuses = [202, 400];
    globalThis.fetch = async (...given) => (await fetch(...given), new Response('<html>', { status: statuses.shift() }));
    qoe.event('pk');
    await page.pass(2000);
    qoe.event('pk');
    await page.pass(5000);
    assert.equal(page.posts.length, 2);
    assert.deepEqual([qoe.stats().sent, qoe.stats().dropped], [1, 1]);
  });

  test('offline nothing is tried; back online the queue goes', async () => {
    const qoe = started();
    navigator.onLine = false;
    qoe.event('pk');
    await page.pass(600_000);
    page.hide();
    assert.equal(page.posts.length + page.beacons.length, 0);
    navigator.onLine = true;
    page.fire('online');
    await page.pass(0);
    assert.deepEqual(page.names(), ['pk']);
  });

  test('a request that never answers is given a limit', async () => {
    const { timeout } = AbortSignal;
    const given = [];
    AbortSignal.timeout = (ms) => (given.push(ms), AbortSignal.abort());
    try {
      const qoe = started();
      qoe.event('pk');
      await page.pass(2000);
      assert.deepEqual(given, [30_000]);
      assert.ok(page.posts[0].init.signal.aborted);
    } finally {
      AbortSignal.timeout = timeout;
    }
  });
});

describe('bounds', () => {
  test('a full queue drops its oldest reports first, and counts them', async () => {
    const qoe = started();
    navigator.onLine = false;
    const pc = new Connection();
    let n = 0;
    pc.report = () => [inbound({ packetsReceived: n++ })];
    qoe.watch(pc);
    await page.pass(1000 * 2000);
    for (let i = 0; i < 1500; i++) qoe.event('pk', { duration_ms: i });
    const before = qoe.stats();
    assert.equal(before.queued, 2000);
    assert.equal(before.dropped, before.rows - 2000);
    navigator.onLine = true;
    page.fire('online');
    await page.pass(120_000);
    assert.equal(page.rows('event').filter((row) => row.name === 'pk').length, 1500);
    assert.equal(page.names()[0], 'attempt');
    const kept = page.rows('stats').map((row) => row.report[0].packetsReceived);
    assert.deepEqual(kept.slice(0, 499), Array.from({ length: 499 }, (_, i) => kept[0] + i));
    assert.equal(kept[0], before.dropped);
    const { rows, sent, dropped, rejected, queued } = qoe.stats();
    assert.equal(rows, sent + dropped + rejected + queued);
  });

  test('the queue holds at most a megabyte, and events alone lose the oldest', async () => {
    const qoe = started();
    navigator.onLine = false;
    for (let i = 0; i < 60; i++) qoe.event('pk', { duration_ms: i, reason: '界'.repeat(10 * KIB) });
    const { queued, dropped } = qoe.stats();
    assert.equal(queued, 34); // 30 KiB each as UTF-8
    assert.equal(dropped, 26);
    navigator.onLine = true;
    page.fire('online');
    await page.pass(60_000);
    assert.equal(page.rows()[0].duration_ms, 26);
  });

  test('a row that cannot be sent is dropped alone', async () => {
    const qoe = started();
    const loop = {};
    loop.loop = loop;
    qoe.event('pk', { loop });
    qoe.turn({ llm_ms: 5n });
    qoe.rate({ kind: 'csat', score: 5, text: 'x'.repeat(300 * KIB) });
    qoe.message({ toJSON: () => undefined });
    qoe.event('co_host');
    await page.pass(2000);
    assert.deepEqual(page.names(), ['co_host']);
    const { rows, sent, dropped } = qoe.stats();
    assert.deepEqual({ rows, sent, dropped }, { rows: 5, sent: 1, dropped: 4 });
  });
});

describe('the page hides', () => {
  test('what is queued goes as one text/plain beacon', async () => {
    const qoe = started();
    qoe.event('pk');
    qoe.turn({ turn_id: 't' });
    page.hide();
    assert.equal(page.beacons.length, 1);
    assert.equal(page.beacons[0].url, session.endpoint);
    assert.equal(page.beacons[0].type, 'text/plain');
    const [batch] = await page.beaconed();
    assert.deepEqual(batch.rows.map((row) => row.type), ['event', 'turn']);
    assert.equal(batch.key, 'wk_1');
    assert.equal(qoe.stats().sent, 2);
    page.show();
    await page.pass(10_000);
    assert.equal(page.posts.length, 0);
  });

  test('beacons stay within 60 KiB together, events before reports; the rest waits for the page', async () => {
    const qoe = started();
    navigator.onLine = false; // so that nothing leaves before
    const pc = new Connection();
    let n = 0;
    pc.report = () => [bulk(10 * KIB, { packetsReceived: n++ })];
    qoe.watch(pc);
    await page.pass(18_000);
    qoe.rate({ kind: 'csat', score: 1, text: '很'.repeat(5 * KIB) });
    navigator.onLine = true;
    page.hide();
    const total = page.beacons.reduce((sum, { size }) => sum + size, 0);
    assert.ok(total <= 60 * KIB && total > 50 * KIB, `${total}`);
    const rows = (await page.beaconed()).flatMap((batch) => batch.rows);
    assert.ok(rows.some((row) => row.type === 'feedback'));
    assert.ok(rows.some((row) => row.name === 'attempt'));
    const early = rows.filter((row) => row.type === 'stats').map((row) => row.report[0].packetsReceived);
    assert.deepEqual(early, [0, 1, 2, 3]);
    assert.equal(qoe.stats().queued, 6);
    page.show();
    await page.pass(3000);
    assert.deepEqual(page.rows('stats').slice(0, 6).map((row) => row.report[0].packetsReceived), [4, 5, 6, 7, 8, 9]);
    assert.deepEqual(page.rows('feedback'), []);
  });

  test('all sessions of a page share the budget', async () => {
    const clients = Array.from({ length: 4 }, (_, i) => started({ sessionId: `${i}` }));
    for (const qoe of clients) {
      navigator.onLine = false;
      for (let i = 0; i < 3; i++) qoe.event('pk', { reason: 'x'.repeat(9 * KIB) });
    }
    navigator.onLine = true;
    page.hide();
    const total = page.beacons.reduce((sum, { size }) => sum + size, 0);
    assert.ok(total <= 60 * KIB && total > 45 * KIB, `${total}`);
    assert.equal(clients.reduce((sum, qoe) => sum + qoe.stats().queued + qoe.stats().sent, 0), 12);
  });

  test('the batch in flight goes along under its own batch_id, once, and stays until it is answered', async () => {
    const qoe = started();
    let fail;
    page.answers = [() => new Promise((_, reject) => { fail = reject; })];
    qoe.event('pk');
    await page.pass(2000);
    qoe.event('co_host');
    page.hide();
    page.fire('pagehide');
    const batches = await page.beaconed();
    assert.deepEqual(batches.map((b) => b.rows.map((row) => row.name)), [['pk'], ['co_host'], ['leave']]);
    assert.equal(batches[0].batch_id, page.posts[0].batch.batch_id);
    assert.equal(await page.beacons[0].blob.text(), page.posts[0].body);
    assert.equal(qoe.stats().queued, 1);
    fail(new TypeError('network'));
    await page.pass(2000);
    assert.equal(page.posts[1].body, page.posts[0].body);
    assert.equal(qoe.stats().queued, 0);
  });

  test('a batch in flight counts against the budget', async () => {
    const qoe = started();
    page.answer = () => new Promise(() => {});
    for (let i = 0; i < 4; i++) qoe.event('pk', { reason: 'x'.repeat(12 * KIB) });
    const pc = new Connection();
    pc.report = () => [bulk(9 * KIB)];
    qoe.watch(pc);
    await page.pass(2000);
    page.hide();
    const batches = await page.beaconed();
    assert.equal(batches[0].batch_id, page.posts[0].batch.batch_id);
    assert.deepEqual(batches[1].rows.map((row) => row.type), ['event', 'event', 'stats']);
    assert.equal(qoe.stats().queued, 3 + 1);
    assert.ok(page.beacons.reduce((sum, { size }) => sum + size, 0) <= 60 * KIB);
  });

  test('a copy that is answered twice counts once', async () => {
    const qoe = started();
    const answers = [];
    page.answer = () => new Promise((done) => answers.push(() => done(202)));
    qoe.event('pk');
    await page.pass(2000);
    page.beaconQuota = 0;
    qoe.event('co_host');
    page.hide();
    assert.equal(page.posts[0].body, page.posts[1].body);
    answers[0]();
    answers[1]();
    await page.pass(0);
    assert.deepEqual([qoe.stats().sent, qoe.stats().queued], [1, 1]);
  });

  test('refused beacons do not pile up', async () => {
    const qoe = started();
    page.beaconQuota = 0;
    page.answer = () => new Promise(() => {});
    for (let i = 0; i < 20; i++) {
      qoe.event('pk');
      page.hide();
    }
    assert.equal(new Set(page.posts.map(({ batch }) => batch.batch_id)).size, 5);
    assert.equal(qoe.stats().queued, 20);
  });

  test('a report that does not fit holds back the later ones', async () => {
    const qoe = started();
    navigator.onLine = false;
    const pc = new Connection();
    let n = 0;
    pc.report = () => [bulk([10, 55, 1][n] * KIB, { packetsReceived: n++ })];
    qoe.watch(pc);
    await page.pass(5000);
    navigator.onLine = true;
    page.hide();
    const rows = (await page.beaconed()).flatMap((batch) => batch.rows);
    assert.deepEqual(rows.filter((row) => row.type === 'stats').map((row) => row.report[0].packetsReceived), [0]);
  });

  test('a session keeps its leave when another starts beside it', async () => {
    const qoe = started();
    qoe.watch(new Connection());
    await page.pass(2000);
    started({ sessionId: 'another' });
    page.fire('pagehide');
    assert.ok((await page.beaconed()).some((batch) => batch.context.session_id === 's' && batch.rows.at(-1).name === 'leave'));
  });

  test('no report overtakes an earlier one that did not fit', async () => {
    const qoe = started();
    const pc = new Connection();
    pc.report = () => [bulk(55 * KIB)];
    page.answer = ({ body }) => body.length > 50 * KIB ? new Promise(() => {}) : 202;
    qoe.watch(pc);
    await page.pass(0); // 55 KiB are in flight
    assert.equal(page.posts.at(-1).batch.rows[0].type, 'stats');
    pc.report = () => [inbound()];
    await page.pass(2000);
    qoe.event('pk', { reason: 'x'.repeat(10 * KIB) });
    page.hide();
    const rows = (await page.beaconed()).flatMap((batch) => batch.rows);
    assert.deepEqual(rows.map((row) => row.name ?? row.type), ['pk']);
  });

  test('a refused beacon becomes a keepalive fetch, and the rows stay until that is answered', async () => {
    const qoe = started();
    page.beaconQuota = 0;
    page.answers = [() => Promise.reject(new TypeError('quota'))];
    qoe.event('pk');
    page.hide();
    assert.equal(page.posts.length, 1);
    assert.equal(page.posts[0].init.keepalive, true);
    assert.equal(qoe.stats().queued, 1);
    page.show();
    await page.pass(5000);
    assert.equal(page.posts.length, 2);
    assert.equal(page.posts[1].body, page.posts[0].body);
    assert.equal(page.posts[1].init.keepalive, false);
    assert.deepEqual([qoe.stats().queued, qoe.stats().sent], [0, 1]);
  });

  test('without sendBeacon the fetch is used', async () => {
    const qoe = started();
    delete navigator.sendBeacon;
    qoe.event('pk');
    page.hide();
    assert.equal(page.posts[0].init.keepalive, true);
    await page.pass(0);
    assert.equal(qoe.stats().sent, 1);
  });

  test('pagehide ends the session, with one leave among the last rows', async () => {
    const qoe = started();
    const pc = new Connection();
    qoe.watch(pc);
    await page.pass(2000);
    page.hide();
    page.fire('pagehide');
    page.fire('pagehide');
    const rows = (await page.beaconed()).flatMap((batch) => batch.rows);
    assert.deepEqual(rows.filter((row) => row.name === 'leave').length, 1);
    assert.equal(pc.handlers.size, 0);
    const { asked } = pc;
    await page.pass(10_000);
    assert.equal(pc.asked, asked);
  });
});
