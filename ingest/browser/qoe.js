// Samples getStats(), sends what happened in batches, never throws into the page. See qoe.d.ts.

const SDK = 'qoe-js/0.1.0';
const SEND_MS = 2000;
const BATCH_ROWS = 100;
const BATCH_BYTES = 48 * 1024; // a batch also fits a beacon
const QUEUE_ROWS = 2000;
const QUEUE_BYTES = 1024 * 1024;
const ROW_BYTES = 256 * 1024;
const BEACON_BYTES = 60 * 1024; // a page's beacons share 64 KiB
const RETRY_MS = 1000;
const RETRY_MAX_MS = 60000;
const WAIT_MAX_MS = 3600000; // the longest Retry-After believed
const TRIES = 30; // then a batch lets the next one pass
const TIMEOUT_MS = 30000;

const words = (text) => text.split(/\s+/);
const CONTEXT = words(`project callId sessionId userId vendor service scenario industry
  appVersion region country network platform os deviceClass poc arm stratum`);
const TYPES = words('inbound-rtp outbound-rtp remote-inbound-rtp candidate-pair transport codec');
const MEMBERS = words(`id type timestamp kind ssrc mid rid codecId transportId remoteId localId
  trackIdentifier mimeType packetsReceived packetsLost packetsDiscarded lastPacketReceivedTimestamp jitter
  bytesReceived framesReceived framesDecoded framesDropped framesPerSecond frameWidth frameHeight
  freezeCount totalFreezesDuration pauseCount totalPausesDuration totalInterFrameDelay
  totalSquaredInterFrameDelay jitterBufferDelay jitterBufferEmittedCount jitterBufferTargetDelay
  concealedSamples silentConcealedSamples concealmentEvents insertedSamplesForDeceleration
  removedSamplesForAcceleration totalSamplesReceived nackCount pliCount firCount keyFramesDecoded
  totalDecodeTime audioLevel estimatedPlayoutTimestamp packetsSent bytesSent retransmittedPacketsSent
  framesEncoded totalEncodeTime targetBitrate qualityLimitationReason qualityLimitationDurations
  roundTripTime totalRoundTripTime roundTripTimeMeasurements fractionLost currentRoundTripTime
  responsesReceived availableOutgoingBitrate selectedCandidatePairId nominated state`);

// For durations: the wall clock may be set meanwhile.
const clock = () => performance.now();
const nav = () => globalThis.navigator ?? {};
const bytes = (text) => new TextEncoder().encode(text).length;

// Insecure pages have no randomUUID.
const uuid = () => globalThis.crypto?.randomUUID?.()
  ?? 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replace(/x/g, () => (Math.random() * 16 | 0).toString(16));

function guess() {
  const { userAgent = '', maxTouchPoints, connection } = nav();
  const agent = maxTouchPoints > 1 ? userAgent.replace('Macintosh', 'iPad') : userAgent; // iPads say Mac
  const os = /Android/.exec(agent) ?? /iPhone|iPad|Windows|Mac|CrOS|Linux/.exec(agent) ?? [];
  return {
    platform: 'web',
    os: { iPhone: 'ios', iPad: 'ios', Mac: 'macos', CrOS: 'chromeos' }[os[0]] ?? os[0]?.toLowerCase(),
    deviceClass: /iPad|Tablet|Android(?!.*Mobi)/.test(agent) ? 'tablet' : /Mobi/.test(agent) ? 'mobile' : 'desktop',
    // Not effectiveType, which is a speed.
    network: /^(wifi|cellular|ethernet)$/.exec(connection?.type)?.[0],
  };
}

// The context fields among `options`, as on the wire.
function describe(options) {
  const context = {};
  for (const name of CONTEXT) {
    const value = options[name];
    if (value != null) context[name.replace(/[A-Z]/, (c) => `_${c.toLowerCase()}`)] = String(value);
  }
  if (options.firstSeen > 0) context.first_seen = +options.firstSeen;
  if (options.attributes) {
    context.attributes = Object.fromEntries(Object.entries(options.attributes).map(([k, v]) => [k, String(v)]));
  }
  return context;
}

// What the server reads of a report.
function prune(report) {
  const all = [...report.values()].filter((s) => TYPES.includes(s.type));
  const used = all.flatMap((s) => [s.codecId, s.selectedCandidatePairId]).filter(Boolean);
  const paired = all.some((s) => s.selectedCandidatePairId);
  return all.filter((s) => !/codec|pair/.test(s.type) || used.includes(s.id)
    || (!paired && s.nominated && s.state === 'succeeded'))
    .map((s) => Object.fromEntries(Object.entries(s).filter(([member]) => MEMBERS.includes(member))));
}

// In ms; the header has seconds or a date.
function retryAfter(response) {
  const header = response.headers.get('Retry-After');
  const ms = header > 0 ? header * 1000 : Date.parse(header) - Date.now();
  return ms > 0 ? Math.min(ms, WAIT_MAX_MS) : 0;
}

// A session's queue. A frozen batch keeps its body until answered.
function sender(endpoint, key, context, { counts, note, guard }) {
  const head = JSON.stringify({ key, context }).slice(1, -1);
  let queue = []; // rows in no batch yet
  let size = 0;
  const outbox = []; // frozen batches: one, and refused beacons
  let seq = 0;
  let inFlight = 0;
  let timer;
  let blocked; // until a retry is due

  // A batch that waited keeps its body, so the address says when it goes.
  const address = () => {
    endpoint.searchParams.set('sent_at', Date.now());
    return String(endpoint);
  };
  const offline = () => nav().onLine === false;
  const idle = () => !queue.length && !outbox.length;

  const remove = (rows) => {
    queue = queue.filter((row) => !rows.includes(row));
    for (const row of rows) size -= row.size;
  };

  const freeze = (rows) => {
    const ids = `"batch_id":"${uuid()}","batch_seq":${seq++},"sent_at":${Date.now()}`;
    const body = `{${ids},${head},"rows":[${rows.map((row) => row.json)}]}`;
    remove(rows);
    return { rows: rows.length, body, size: bytes(body), tries: 0 };
  };

  const push = (row) => {
    counts.rows++;
    const json = JSON.stringify(row);
    const added = { json, size: bytes(json) + 1, stats: row.type === 'stats' };
    if (json[0] !== '{' || added.size > ROW_BYTES) throw new Error(`${row.type} row of ${added.size} bytes`);
    queue.push(added);
    size += added.size;
    // Counters are cumulative: the oldest report is missed least.
    while (queue.length > QUEUE_ROWS || size > QUEUE_BYTES) {
      remove([queue.find((r) => r.stats) ?? queue[0]]);
      counts.dropped++;
    }
    next();
  };

  const pump = guard(() => {
    if (inFlight || blocked || offline()) return;
    if (!outbox.length && queue.length) {
      let room = BATCH_BYTES; // the first row goes in any case
      outbox.push(freeze(queue.slice(0, BATCH_ROWS).filter((row, i) => (room -= row.size) >= 0 || !i)));
    }
    if (outbox.length) post(outbox[0]);
  });

  const wake = (ms, block) => {
    clearTimeout(timer);
    blocked = block;
    timer = setTimeout(() => {
      timer = blocked = undefined;
      pump();
    }, ms);
  };

  const next = () => {
    if (outbox.length || queue.length >= BATCH_ROWS || size >= BATCH_BYTES) pump();
    else if (queue.length && !timer) wake(SEND_MS);
  };

  // The first answer counts: there may be a keepalive copy.
  const settle = (batch, how, rejected = 0) => {
    const at = outbox.indexOf(batch);
    if (at < 0) return;
    outbox.splice(at, 1);
    counts[how] += batch.rows - rejected;
    counts.rejected += rejected;
  };

  const retry = (batch, wait) => {
    if (++batch.tries >= TRIES) return settle(batch, 'dropped');
    // Random, or all clients come back together.
    wake(wait + Math.random() * (wait ? RETRY_MS : Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** (batch.tries - 1))), true);
  };

  const post = async (batch, keepalive = false) => {
    inFlight++;
    try {
      const response = await fetch(address(), {
        method: 'POST',
        headers: { 'Content-Type': 'text/plain' }, // JSON would cost a preflight
        body: batch.body,
        credentials: 'omit',
        keepalive,
        signal: AbortSignal.timeout?.(TIMEOUT_MS),
      });
      const { ok, status } = response;
      const answer = await response.json().catch(() => 0) || {};
      const rejected = answer.rejected?.length || 0;
      if (!ok) note(`HTTP ${status} ${answer.error ?? ''}`);
      else if (rejected) note(answer.rejected[0]?.reason);
      if (ok) settle(batch, 'sent', rejected);
      else if (status === 408 || status === 429 || status >= 500) retry(batch, retryAfter(response));
      else settle(batch, 'dropped');
    } catch (error) {
      note(error);
      retry(batch, 0);
    }
    inFlight--;
    next();
  };

  const beacon = guard((batch) => nav().sendBeacon(address(), new Blob([batch.body], { type: 'text/plain' })));

  // Beacons what fits in `room` bytes, answers what is left of it. Events first; reports in order and
  // after earlier batches, or the server would see counters fall.
  const hide = (room) => {
    if (offline() || idle()) return room; // offline, a queue lives longer than a beacon
    const chosen = [];
    let left = room - bytes(head) - 120; // the envelope
    const choose = (row) => {
      if (row.size > left) return false;
      left -= row.size;
      return chosen.push(row);
    };
    queue.filter((row) => !row.stats).forEach(choose);
    const hand = (batch) => {
      batch.beaconed = beacon(batch);
      if (!batch.beaconed) post(batch, true);
    };
    // It stays until answered: the server knows a second copy by its batch_id.
    const inOrder = outbox.every((batch) => {
      if (batch.beaconed) return true;
      if (batch.size > left) return false;
      left -= batch.size;
      hand(batch);
      return true;
    });
    if (inOrder) queue.filter((row) => row.stats).every(choose);
    if (!chosen.length || outbox.length > 4) return left;
    const batch = freeze(chosen);
    outbox.push(batch);
    hand(batch);
    if (batch.beaconed) settle(batch, 'sent');
    return left;
  };

  return { push, pump, hide, idle };
}

function open(options, log) {
  const { counts, note, guard } = log;
  const context = { sdk: SDK, ...describe({ project: 'default', sessionId: uuid(), ...guess(), ...options }) };
  const endpoint = new URL(options.endpoint ?? '/v1/telemetry', import.meta.url);
  const out = sender(endpoint, options.key, context, log);
  const watched = new Map();
  let connections = 0;
  let left = false;

  const row = (type, fields, at = Date.now()) => {
    live.add(session);
    try {
      out.push({ at, ...fields, type });
    } catch (error) {
      counts.dropped++;
      note(error);
    }
  };

  const leave = () => {
    if (left) return;
    left = true;
    for (const { end } of [...watched.values()]) end();
    row('event', { name: 'leave' });
  };

  const watch = (pc, given) => {
    if (watched.has(pc)) return watched.get(pc).stop;
    const { connection = connections++, startedAt, intervalMs = options.intervalMs, isMuted } = given;
    const own = describe(given);
    const context = Object.keys(own).length ? own : undefined;
    // Unknown for one that is up already: NaN, which is null on the wire.
    const begun = startedAt > 0 ? clock() - Date.now() + startedAt : pc.connectionState === 'connected' ? NaN : clock();
    const since = (ago = 0) => ({ connect_ms: Math.max(0, clock() - ago - begun) });
    const emit = (name, fields, ago = 0) => row('event', { context, ...fields, name }, Date.now() - ago);
    let joined = false;
    let failed = false;
    let lostAt;
    let frameless; // the last time without a decoded frame
    let seen = false;
    let busy = false;
    let over = false;

    const onState = guard(() => {
      const state = pc.connectionState;
      if (state === 'connected') {
        if (!joined) emit('joined', since());
        else if (lostAt !== undefined) emit('reconnect', { duration_ms: clock() - lostAt });
        joined = true;
        failed = false;
        lostAt = undefined;
      } else if (state === 'disconnected' || state === 'failed') {
        lostAt = lostAt ?? clock();
        if (state === 'failed' && !failed) {
          failed = true;
          emit(joined ? 'drop' : 'join_failed', { reason: pc.iceConnectionState === 'failed' ? 'ice' : 'dtls' });
        }
      }
    });

    const firstFrame = (report) => {
      const shown = report.find((s) => s.framesDecoded > 0);
      if (shown) {
        seen = true;
        // Worked back over the frames since: the report may be late.
        const ago = Math.min(shown.totalInterFrameDelay * 1000, clock() - (frameless ?? begun)) || 0;
        emit('first_frame', since(ago), ago);
      } else frameless = clock();
    };

    const muted = (report) => {
      // Negotiated or told. Not track.muted: a browser may also mute when packets just stop.
      const tracks = pc.getTransceivers()
        .filter((t) => isMuted?.(t.receiver.track) || !/recv/.test(t.currentDirection))
        .map((t) => t.receiver.track.id);
      return report.filter((s) => tracks.includes(s.trackIdentifier)).map((s) => s.id);
    };

    const sample = async () => {
      if (busy) return counts.skipped++;
      busy = true;
      try {
        if (pc.connectionState === 'closed') return stop();
        const report = prune(await pc.getStats());
        if (!over && report.length) {
          row('stats', { context, connection: String(connection), muted: guard(muted)(report), report });
          if (!seen) firstFrame(report);
        }
      } catch (error) {
        note(error);
      }
      busy = false;
    };

    const end = () => {
      if (over) return;
      over = true;
      watched.delete(pc);
      clearInterval(timer);
      pc.removeEventListener('connectionstatechange', onState);
      if (!watched.size) leave();
    };
    const stop = guard(() => {
      end();
      out.pump();
    });

    pc.addEventListener('connectionstatechange', onState);
    const timer = setInterval(sample, Math.min(60000, Math.max(500, +intervalMs || 2000)));
    watched.set(pc, { stop, end });
    left = false;
    emit('attempt', {}, clock() - begun || 0);
    onState();
    sample();
    return stop;
  };

  const session = {
    row,
    watch,
    pump: out.pump,
    leave() {
      leave();
      out.pump();
    },
    hide: guard((pageGoes, room) => {
      if (pageGoes) leave();
      return out.hide(room);
    }),
    done: () => left && out.idle(),
  };
  for (const old of live) if (old.done()) live.delete(old);
  return session;
}

// The page's sessions share one beacon budget.
const live = new Set();

const hideAll = (pageGoes) => {
  let room = BEACON_BYTES;
  for (const session of live) room = session.hide(pageGoes, room) ?? room;
};
const pumpAll = () => live.forEach((session) => session.pump());

globalThis.addEventListener?.('pagehide', () => hideAll(true));
globalThis.addEventListener?.('online', pumpAll);
globalThis.document?.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') hideAll(false);
  else pumpAll();
});

export function create() {
  // A row ends as sent, rejected or dropped.
  const counts = { rows: 0, sent: 0, rejected: 0, dropped: 0, skipped: 0, errors: 0, lastError: null };
  const note = (error) => {
    counts.errors++;
    counts.lastError = error;
  };
  const guard = (run) => (...given) => {
    try {
      return run(...given);
    } catch (error) {
      note(error);
    }
  };
  const kinds = new Map(); // of invitations
  let session;
  const row = (type, fields) => {
    if (!session) throw new Error('call start() first');
    session.row(type, fields);
  };
  const invitation = (invitation_id, state, fields) =>
    row('invitation', { kind: kinds.get(invitation_id), ...fields, invitation_id, state });
  const watch = guard((pc, options) => session.watch(pc, options ?? {}));

  const client = {
    start(options) {
      session?.leave();
      session = open(options ?? {}, { counts, note, guard });
    },
    watch: (pc, options) => watch(pc, options) ?? (() => {}),
    event: (name, fields) => row('event', { ...fields, name }),
    turn: (fields) => row('turn', fields),
    message: (fields) => row('message', fields),
    activity: (name, fields) => row('activity', { ...fields, name }),
    invited(fields) {
      const id = fields?.invitation_id ?? uuid();
      kinds.set(id, fields?.kind);
      invitation(id, 'shown', fields);
      return id;
    },
    dismissed: (id) => invitation(id, 'dismissed'),
    rate: (fields) => row('feedback', { kind: kinds.get(fields?.invitation_id), ...fields }),
    flush: () => session?.pump(),
    leave: () => session?.leave(),
    stats: () => ({
      ...counts,
      queued: counts.rows - counts.sent - counts.rejected - counts.dropped,
      lastError: counts.lastError && String(counts.lastError.message ?? counts.lastError),
    }),
  };
  for (const name in client) client[name] = guard(client[name]);
  return client;
}

export const qoe = create();
export default qoe;
