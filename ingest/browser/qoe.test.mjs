// What goes into a batch, and when.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { KIB, SOURCE, START, create, page, session, started } from './fake_page.mjs';

describe('size', () => {
  test('the module is under 6 kB gzipped', () => {
    assert.ok(gzipSync(readFileSync(SOURCE), { level: 9 }).length < 6 * KIB);
  });
});

describe('batches', () => {
  test('a batch says what the wire format asks for', async () => {
    const qoe = started({
      callId: 'room-7', userId: 42, appVersion: '3.2.1', firstSeen: new Date(START), attributes: { tier: 'gold', age: 7 },
    });
    qoe.event('hand_raise', { duration_ms: 40 });
    await page.pass(2000);
    const [{ url, init, batch }] = page.posts;
    assert.equal(url, session.endpoint);
    assert.equal(init.method, 'POST');
    assert.deepEqual(init.headers, { 'Content-Type': 'text/plain' });
    assert.equal(init.credentials, 'omit');
    assert.equal(init.keepalive, false);
    const { batch_id, context, ...rest } = batch;
    assert.match(batch_id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.deepEqual(rest, {
      key: 'wk_1',
      batch_seq: 0,
      sent_at: START + 2000,
      rows: [{ type: 'event', name: 'hand_raise', duration_ms: 40, at: START }],
    });
    assert.deepEqual(context, {
      sdk: 'qoe-js/0.1.0', project: 'p', call_id: 'room-7', session_id: 's', user_id: '42', service: 'video_call',
      app_version: '3.2.1', platform: 'web', os: 'windows', device_class: 'desktop',
      first_seen: START, attributes: { tier: 'gold', age: '7' },
    });
  });

  test('rows wait two seconds for company and then leave together, in order', async () => {
    const qoe = started();
    qoe.turn({ turn_id: 'a' });
    await page.pass(1000);
    qoe.message({ message_id: 'b' });
    await page.pass(999);
    assert.equal(page.posts.length, 0);
    await page.pass(1);
    assert.deepEqual(page.rows().map((row) => row.type), ['turn', 'message']);
    assert.equal(page.posts.length, 1);
  });

  test('a hundred rows, or 48 KiB, do not wait', async () => {
    const qoe = started();
    for (let i = 0; i < 250; i++) qoe.event('pk');
    await page.pass(0);
    assert.deepEqual(page.posts.map(({ batch }) => batch.rows.length), [100, 100]);
    await page.pass(2000);
    assert.equal(page.rows().length, 250);
    assert.deepEqual(page.posts.map(({ batch }) => batch.batch_seq), [0, 1, 2]);

    page.posts = [];
    for (let i = 0; i < 5; i++) qoe.event('pk', { reason: 'x'.repeat(20 * KIB) });
    await page.pass(0);
    assert.deepEqual(page.posts.map(({ batch }) => batch.rows.length), [2, 2]);
    assert.ok(page.posts.every(({ body }) => body.length < 49 * KIB));
  });

  test('one request is open at a time, whatever the load', async () => {
    const qoe = started();
    page.answer = () => new Promise((done) => setTimeout(() => done(202), 700));
    for (let i = 0; i < 90; i++) {
      for (let j = 0; j < 30; j++) qoe.event('pk');
      if (i % 7 === 0) qoe.flush();
      await page.pass(100);
    }
    await page.pass(60_000);
    assert.equal(page.rows().length, 2700);
    assert.equal(page.mostOpen, 1);
    assert.deepEqual(page.posts.map(({ batch }) => batch.batch_seq), page.posts.map((_, i) => i));
  });

  test('rows refused by the server are counted, with the first reason', async () => {
    const qoe = started();
    page.answers = [{ status: 202, body: { accepted: 1, rejected: [{ row: 1, reason: 'score 9 is outside 1 to 5' }] } }];
    qoe.event('pk');
    qoe.rate({ kind: 'csat', score: 9 });
    await page.pass(2000);
    const { sent, rejected, queued, lastError } = qoe.stats();
    assert.deepEqual({ sent, rejected, queued, lastError }, { sent: 1, rejected: 1, queued: 0, lastError: 'score 9 is outside 1 to 5' });
  });

  test('a second start is a second session, and the first one ends with its own context', async () => {
    const qoe = started();
    qoe.event('pk');
    qoe.start({ ...session, sessionId: 's2' });
    qoe.event('co_host');
    await page.pass(2000);
    assert.deepEqual(
      page.posts.map(({ batch }) => [batch.context.session_id, batch.rows.map((row) => row.name)]),
      [['s', ['pk', 'leave']], ['s2', ['co_host']]],
    );
  });

  test('several clients do not mix', async () => {
    const one = started({ sessionId: 'one' });
    const two = started({ sessionId: 'two' });
    one.event('pk');
    two.event('co_host');
    await page.pass(2000);
    assert.deepEqual(page.posts.map(({ batch }) => [batch.context.session_id, batch.rows.length]), [['one', 1], ['two', 1]]);
  });

  test('what may be left out of the context is', async () => {
    const qoe = create();
    qoe.start({ endpoint: session.endpoint, service: 'voice_call', userId: 0, poc: '', vendor: null });
    qoe.event('pk');
    await page.pass(2000);
    const { key, context } = page.posts[0].batch;
    assert.equal(key, undefined);
    const { session_id, ...rest } = context;
    assert.equal(session_id.length, 36);
    assert.deepEqual(rest, {
      sdk: 'qoe-js/0.1.0', project: 'default', service: 'voice_call', user_id: '0', poc: '',
      platform: 'web', os: 'windows', device_class: 'desktop',
    });
  });

  test('an address of the page\'s own keeps its query', async () => {
    const qoe = started({ endpoint: new URL('https://q.test/in?tenant=7') });
    qoe.event('pk');
    await page.pass(2000);
    assert.equal(page.posts[0].url, 'https://q.test/in?tenant=7');
    assert.equal(page.posts[0].sentAt, START + 2000);
  });

  test('without an endpoint the script\'s own origin is used', async () => {
    const qoe = started({ endpoint: undefined });
    qoe.event('pk');
    await page.pass(2000);
    assert.equal(page.posts[0].url, 'file:///v1/telemetry');
  });
});

describe('what people say and do', () => {
  test('an invitation, its dismissal and its answer share an id and a kind', async () => {
    const qoe = started();
    const id = qoe.invited({ kind: 'csat' });
    qoe.rate({ kind: 'csat', score: 4, invitation_id: id, text: '声音断续', language: 'zh' });
    const other = qoe.invited({ kind: 'nps', invitation_id: 'mine' });
    qoe.dismissed(other);
    await page.pass(2000);
    assert.equal(other, 'mine');
    assert.deepEqual(page.rows().map(({ at, ...row }) => row), [
      { type: 'invitation', state: 'shown', kind: 'csat', invitation_id: id },
      { type: 'feedback', kind: 'csat', score: 4, invitation_id: id, text: '声音断续', language: 'zh' },
      { type: 'invitation', state: 'shown', kind: 'nps', invitation_id: 'mine' },
      { type: 'invitation', state: 'dismissed', kind: 'nps', invitation_id: 'mine' },
    ]);
  });

  test('a rating after the call is still sent, also when the page then closes', async () => {
    const qoe = started();
    qoe.leave();
    await page.pass(60_000);
    started({ sessionId: 'another' });
    qoe.rate({ kind: 'thumbs', score: 1 });
    page.fire('pagehide');
    const rows = (await page.beaconed()).flatMap((batch) => batch.rows);
    assert.deepEqual(rows.filter((row) => row.type === 'feedback').map((row) => row.score), [1]);
  });

  test('each method makes its row, and the page may date it', async () => {
    const qoe = started();
    qoe.event('drop', { reason: 'kicked', at: 5, name: 'joined', type: 'stats' });
    qoe.turn({ turn_id: 't', response_ms: 900, understood: true });
    qoe.message({ message_id: 'm', delivered: true, delivery_ms: 80 });
    qoe.activity('watch', { minutes: 12 });
    await page.pass(2000);
    assert.deepEqual(page.rows(), [
      { at: 5, type: 'event', name: 'drop', reason: 'kicked' },
      { at: START, type: 'turn', turn_id: 't', response_ms: 900, understood: true },
      { at: START, type: 'message', message_id: 'm', delivered: true, delivery_ms: 80 },
      { at: START, type: 'activity', name: 'watch', minutes: 12 },
    ]);
  });
});

describe('what the browser tells of itself', () => {
  const agents = {
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/140': ['macos', 'desktop'],
    'Mozilla/5.0 (X11; Linux x86_64) Firefox/140': ['linux', 'desktop'],
    'Mozilla/5.0 (X11; CrOS x86_64) Chrome/140': ['chromeos', 'desktop'],
    'Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/140 Mobile Safari/537.36': ['android', 'mobile'],
    'Mozilla/5.0 (Linux; Android 14; SM-X710) Chrome/140 Safari/537.36': ['android', 'tablet'],
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148': ['ios', 'mobile'],
    'Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) Mobile/15E148': ['ios', 'tablet'],
    'something else': [undefined, 'desktop'],
  };
  for (const [userAgent, expected] of Object.entries(agents)) {
    test(`${userAgent} is ${expected}`, async () => {
      navigator.userAgent = userAgent;
      navigator.connection = { type: 'unknown', effectiveType: '4g' };
      started().event('pk');
      await page.pass(2000);
      const { os, device_class, network } = page.posts[0].batch.context;
      assert.deepEqual([os, device_class, network], [...expected, undefined]);
    });
  }

  test('an iPad that says it is a Mac is an iPad; what the page says wins', async () => {
    navigator.userAgent = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605';
    navigator.maxTouchPoints = 5;
    navigator.connection = { type: 'cellular' };
    started({ os: 'visionos' }).event('pk');
    await page.pass(2000);
    const { os, device_class, network } = page.posts[0].batch.context;
    assert.deepEqual([os, device_class, network], ['visionos', 'tablet', 'cellular']);
  });
});
