// What is reported of a connection.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Connection, START, inbound, page, session, started } from './fake_page.mjs';

describe('watching', () => {
  test('a call goes attempt, joined, reconnect, drop, leave', async () => {
    const qoe = started();
    const pc = new Connection();
    const stop = qoe.watch(pc);
    await page.pass(300);
    pc.become('connecting');
    await page.pass(180);
    pc.become('connected');
    await page.pass(5000);
    pc.become('disconnected');
    await page.pass(1500);
    pc.become('connected');
    await page.pass(5000);
    pc.become('disconnected');
    await page.pass(5000);
    pc.become('failed');
    await page.pass(20);
    pc.become('connecting');
    pc.become('failed');
    stop();
    stop();
    await page.pass(2000);
    assert.deepEqual(page.rows('event').map(({ type, at, ...row }) => row), [
      { name: 'attempt' },
      { name: 'joined', connect_ms: 480 },
      { name: 'reconnect', duration_ms: 1500 },
      { name: 'drop', reason: 'ice' },
      { name: 'leave' },
    ]);
  });

  test('a connection that fails before it ever was up is a failed join', async () => {
    const qoe = started();
    const pc = new Connection();
    qoe.watch(pc);
    pc.become('failed', 'connected');
    await page.pass(2000);
    assert.deepEqual(page.rows('event').map(({ name, reason }) => [name, reason]), [['attempt', undefined], ['join_failed', 'dtls']]);
  });

  test('connect_ms counts from startedAt, also when the clock is set meanwhile', async () => {
    const qoe = started();
    await page.pass(1000);
    const pc = new Connection();
    qoe.watch(pc, { startedAt: Date.now() - 400 });
    page.wall -= 3600_000;
    await page.pass(100);
    pc.become('connected');
    await page.pass(2000);
    const [attempt, joined] = page.rows('event');
    assert.equal(joined.connect_ms, 500);
    assert.equal(attempt.at, START + 600);
  });

  test('the connect time of a connection that was up before is not measured, and not 0', async () => {
    const qoe = started();
    const pc = new Connection();
    pc.connectionState = 'connected';
    pc.report = () => [inbound({ kind: 'video', framesDecoded: 9 })];
    qoe.watch(pc);
    await page.pass(2000);
    const events = page.rows('event');
    assert.deepEqual(events.map((row) => [row.name, row.connect_ms ?? null]), [['attempt', null], ['joined', null], ['first_frame', null]]);
    assert.ok(events.every((row) => row.at === START));
  });

  test('the first frame is dated back over the frames since, never before a report without one', async () => {
    for (const [between, expected] of [[1.2, 2800], [3.9, 2000], [undefined, 4000]]) {
      page.posts = [];
      const qoe = started();
      const pc = new Connection();
      const from = page.now;
      pc.report = () => [inbound({ kind: 'video', framesDecoded: page.now - from < 4000 ? 0 : 30, totalInterFrameDelay: between })];
      qoe.watch(pc);
      await page.pass(8000);
      const frames = page.rows('event').filter((row) => row.name === 'first_frame');
      assert.deepEqual(frames.map((row) => Math.round(row.connect_ms)), [expected]);
      assert.equal(Math.round(frames[0].at), START + from + expected);
      qoe.leave();
      await page.pass(0);
    }
  });

  test('close() on our side, which fires no event, is a leave', async () => {
    const qoe = started();
    const pc = new Connection();
    qoe.watch(pc);
    await page.pass(2000);
    const { asked } = pc;
    pc.connectionState = 'closed';
    await page.pass(20_000);
    assert.deepEqual(page.names(), ['attempt', 'leave']);
    assert.equal(pc.asked, asked);
    qoe.leave();
    page.fire('pagehide');
    await page.pass(2000);
    assert.equal(page.beacons.length, 0);
    assert.equal(page.posts.length, page.posts.filter(({ batch }) => batch.rows.length).length);
    assert.deepEqual(page.names(), ['attempt', 'leave']);
  });

  test('a session of several connections leaves with the last', async () => {
    const qoe = started();
    const [a, b] = [new Connection(), new Connection()];
    const stops = [qoe.watch(a), qoe.watch(b)];
    assert.equal(qoe.watch(a), stops[0]);
    stops[0]();
    await page.pass(2000);
    assert.deepEqual(page.names(), ['attempt', 'attempt']);
    stops[1]();
    await page.pass(2000);
    assert.deepEqual(page.names(), ['attempt', 'attempt', 'leave']);
    qoe.watch(a);
    qoe.leave();
    await page.pass(2000);
    assert.deepEqual(page.names().slice(3), ['attempt', 'leave']);
  });

  test('connections are told apart, and a watch may have a context of its own', async () => {
    const qoe = started();
    qoe.watch(new Connection());
    qoe.watch(new Connection(), { scenario: 'group', appVersion: '2' });
    qoe.watch(new Connection(), { connection: 'sfu' });
    await page.pass(1999);
    await page.pass(1);
    const stats = page.rows('stats').slice(0, 3);
    assert.deepEqual(stats.map((row) => row.connection), ['0', '1', 'sfu']);
    assert.deepEqual(stats.map((row) => row.context), [undefined, { scenario: 'group', app_version: '2' }, undefined]);
    assert.deepEqual(page.rows('event').map((row) => row.context?.scenario), [undefined, 'group', undefined]);
  });

  test('reports come every two seconds, or as asked within reason', async () => {
    for (const [intervalMs, expected] of [[undefined, 6], [5000, 5], [1, 41], [Infinity, 1], ['soon', 11]]) {
      const qoe = started({ intervalMs: 4000 });
      const pc = new Connection();
      qoe.watch(pc, { intervalMs });
      await page.pass(20_000);
      assert.equal(pc.asked, expected, `${intervalMs}`);
      qoe.leave();
    }
  });

  test('a watch that was stopped cannot stop or feed the next watch of the same connection', async () => {
    const qoe = started();
    const pc = new Connection();
    let answer;
    pc.report = () => new Promise((done) => { answer = () => done([inbound({ packetsReceived: 1 })]); });
    const first = qoe.watch(pc);
    await page.pass(0);
    first();
    pc.report = () => [inbound({ packetsReceived: 2 })];
    qoe.watch(pc);
    answer();
    first();
    await page.pass(6000);
    assert.deepEqual(page.rows('stats').map((row) => row.report[0].packetsReceived).slice(0, 3), [2, 2, 2]);
    assert.deepEqual(page.names(), ['attempt', 'leave', 'attempt']);
  });

  test('an empty report is not a row', async () => {
    const qoe = started();
    const pc = new Connection();
    pc.report = () => [{ id: 'X', type: 'certificate' }];
    qoe.watch(pc);
    await page.pass(4000);
    assert.deepEqual(page.rows('stats'), []);
  });

  test('time lost counts from the first sign, and each loss of its own', async () => {
    const qoe = started();
    const pc = new Connection();
    qoe.watch(pc);
    pc.become('connected');
    for (const waits of [[1000, 3000], [500, 500]]) {
      pc.become('disconnected');
      await page.pass(waits[0]);
      pc.become('failed');
      await page.pass(waits[1]);
      pc.become('connecting');
      pc.become('connected');
    }
    pc.become('connecting');
    pc.become('connected'); // nothing was lost
    await page.pass(2000);
    assert.deepEqual(page.rows('event').map((row) => [row.name, row.duration_ms]).slice(2), [
      ['drop', undefined], ['reconnect', 4000], ['drop', undefined], ['reconnect', 1000],
    ]);
  });

  test('the last rows of a call do not wait', async () => {
    for (const end of ['leave', 'stop']) {
      page.posts = [];
      const qoe = started();
      const stop = qoe.watch(new Connection());
      if (end === 'leave') qoe.leave();
      else stop();
      await page.pass(0);
      assert.deepEqual(page.names(), ['attempt', 'leave']);
    }
  });

  test('a slow getStats is not asked again meanwhile', async () => {
    const qoe = started();
    const pc = new Connection();
    pc.report = () => new Promise((done) => setTimeout(() => done([inbound()]), 5000));
    qoe.watch(pc);
    await page.pass(5999);
    assert.equal(pc.asked, 1);
    assert.equal(qoe.stats().skipped, 2);
    await page.pass(1);
    assert.equal(pc.asked, 2);
  });

  test('a report that arrives after the end is not sent', async () => {
    const qoe = started();
    const pc = new Connection();
    pc.report = () => new Promise((done) => setTimeout(() => done([inbound()]), 500));
    qoe.watch(pc)();
    await page.pass(5000);
    assert.deepEqual(page.rows('stats'), []);
  });

  test('a report keeps the types and members that the server reads, unchanged', async () => {
    const qoe = started();
    const pc = new Connection();
    const kept = {
      rtp: inbound({
        timestamp: 1.5, codecId: 'C1', transportId: 'T', trackIdentifier: 't', packetsLost: -2, jitter: 0,
        lastPacketReceivedTimestamp: 1.25,
        qualityLimitationDurations: { none: 1 },
      }),
      codec: { id: 'C1', type: 'codec', mimeType: 'audio/opus' },
      pair: { id: 'P2', type: 'candidate-pair', state: 'succeeded', nominated: true, currentRoundTripTime: 0.03 },
      transport: { id: 'T', type: 'transport', selectedCandidatePairId: 'P2' },
    };
    pc.report = () => [
      { ...kept.rtp, decoderImplementation: 'libvpx', googTimingFrameInfo: '1,2' },
      { ...kept.codec, clockRate: 48000, sdpFmtpLine: 'minptime=10' },
      { id: 'C2', type: 'codec', mimeType: 'video/VP8' },
      { id: 'P1', type: 'candidate-pair', state: 'succeeded', nominated: true },
      kept.pair,
      { ...kept.transport, localCertificateId: 'X' },
      { id: 'L', type: 'local-candidate', address: '192.0.2.1' },
      { id: 'X', type: 'certificate', fingerprint: 'AA' },
    ];
    qoe.watch(pc);
    await page.pass(2000);
    const { report, at } = page.rows('stats')[0];
    assert.deepEqual(report, [kept.rtp, kept.codec, kept.pair, kept.transport]);
    assert.equal(at, START);

    pc.report = () => [
      { id: 'P1', type: 'candidate-pair', state: 'in-progress', nominated: true },
      { id: 'P3', type: 'candidate-pair', state: 'succeeded', nominated: false },
      kept.pair,
    ];
    page.posts = [];
    await page.pass(4000);
    assert.deepEqual(page.rows('stats')[0].report, [kept.pair]);
  });

  test('a stream counts as muted when that was negotiated or told, not because packets stopped', async () => {
    const qoe = started();
    const pc = new Connection();
    const receiver = (id, muted, currentDirection) => ({ currentDirection, receiver: { track: { id, muted } } });
    pc.transceivers = [
      receiver('a', true, 'inactive'), receiver('b', true, 'sendrecv'), receiver('c', false, 'recvonly'), receiver('d', false, 'sendrecv'),
    ];
    pc.report = () => ['a', 'b', 'c', 'd'].map((t) => inbound({ id: `I${t}`, trackIdentifier: t }));
    qoe.watch(pc, { isMuted: (track) => track.id === 'd' });
    await page.pass(2000);
    assert.deepEqual(page.rows('stats')[0].muted, ['Ia', 'Id']);
  });
});
