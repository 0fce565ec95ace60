// A call between two peer connections of this page, each watched by a client of its own. What the page itself read from
// getStats(), in the very reports that the client was given, ends up on `window.__call`: the truth that a server's
// figures are compared with.
//
// Query: server, project, session, service, vendor, scenario, key, seconds.

const query = new URLSearchParams(location.search);
const option = (name, otherwise) => query.get(name) ?? otherwise;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const say = (text) => { document.getElementById('state').textContent = text; };

const COUNTERS = [
  'packetsReceived', 'packetsLost', 'bytesReceived', 'framesDecoded', 'freezeCount', 'totalFreezesDuration',
  'totalSamplesReceived', 'concealedSamples', 'silentConcealedSamples', 'jitterBufferDelay', 'jitterBufferEmittedCount',
];

/** The counters of a report, summed over the inbound streams of a kind. What no stream has is null. */
function sums(report, kind) {
  const streams = report.filter((s) => s.type === 'inbound-rtp' && s.kind === kind);
  const sum = (name) => {
    const values = streams.map((s) => s[name]).filter((v) => v !== undefined);
    return values.length ? values.reduce((a, b) => a + b) : null;
  };
  return { streams: streams.length, ...Object.fromEntries(COUNTERS.map((name) => [name, sum(name)])) };
}

function roundTrip(report) {
  const chosen = report.find((s) => s.type === 'transport')?.selectedCandidatePairId;
  return report.find((s) => s.id === chosen)?.currentRoundTripTime;
}

/** Keeps every report that somebody gets from this connection, until it is ended. */
function recorded(pc) {
  const reports = [];
  const pending = new Set();
  let ended = false;
  const getStats = pc.getStats.bind(pc);
  pc.getStats = () => {
    // The truth is closed. An answer that never comes is one that the client does not send.
    if (ended) return new Promise(() => {});
    const answer = getStats().then((report) => {
      pending.delete(answer);
      reports.push({ at: Date.now(), report: [...report.values()].map((s) => ({ ...s })) });
      return report;
    });
    pending.add(answer);
    return answer;
  };
  return {
    async end() {
      ended = true;
      await Promise.all(pending);
    },
    truth() {
      const sent = reports.filter(({ report }) => report.some((s) => /rtp$|^transport$/.test(s.type)));
      const flowing = sent.filter(({ report }) => report.some((s) => s.type === 'inbound-rtp'));
      const of = (one) => one && { at: one.at, audio: sums(one.report, 'audio'), video: sums(one.report, 'video') };
      return {
        reports_at: sent.map(({ at }) => at),
        first: of(flowing[0]),
        last: of(flowing.at(-1)),
        current_round_trip_time_s: sent.map(({ report }) => roundTrip(report)).filter((v) => v !== undefined),
      };
    },
  };
}

async function run() {
  const { create } = await import(new URL('/sdk/qoe.js', option('server')));
  const session = option('session', 'browser');
  const callId = `${session}-call`;
  const sides = {};
  for (const name of ['caller', 'callee']) {
    const client = create();
    client.start({
      key: option('key', undefined),
      project: option('project', 'default'),
      service: option('service', 'video_call'),
      vendor: option('vendor', undefined),
      scenario: option('scenario', 'one_to_one'),
      sessionId: `${session}-${name}`,
      userId: `${session}-${name}`,
      callId,
    });
    const pc = new RTCPeerConnection();
    const record = recorded(pc);
    pc.ontrack = ({ streams }) => { document.getElementById(name).srcObject = streams[0]; };
    client.watch(pc, { startedAt: Date.now() });
    sides[name] = { client, pc, record };
  }
  const { caller, callee } = sides;
  caller.pc.onicecandidate = ({ candidate }) => callee.pc.addIceCandidate(candidate);
  callee.pc.onicecandidate = ({ candidate }) => caller.pc.addIceCandidate(candidate);
  const connected = Promise.all([caller, callee].map(({ pc }) => new Promise((done, fail) => {
    pc.addEventListener('connectionstatechange', () => {
      if (pc.connectionState === 'connected') done(Date.now());
      if (pc.connectionState === 'failed') fail(new Error('the call did not connect'));
    });
  })));

  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 480 } });
  for (const { pc } of [caller, callee]) for (const track of stream.getTracks()) pc.addTrack(track, stream);
  await caller.pc.setLocalDescription();
  await callee.pc.setRemoteDescription(caller.pc.localDescription);
  await callee.pc.setLocalDescription();
  await caller.pc.setRemoteDescription(callee.pc.localDescription);
  const connectedAt = await connected;
  say('connected');

  await sleep(Number(option('seconds', '20')) * 1000);
  const invitation = caller.client.invited({ kind: 'csat' });
  caller.client.rate({ kind: 'csat', score: 4, invitation_id: invitation });
  await Promise.all([caller.record.end(), callee.record.end()]);
  // The caller hangs up; the callee is still there when the page closes.
  caller.client.leave();
  await sleep(0);
  say('over');

  const truth = ({ client, record }, name, i) => ({
    session_id: `${session}-${name}`, connection: '0', connected_at: connectedAt[i], ...record.truth(), client: client.stats(),
  });
  return {
    call_id: callId,
    feedback: { session_id: `${session}-caller`, kind: 'csat', score: 4 },
    sides: Object.fromEntries(Object.entries(sides).map(([name, side], i) => [name, truth(side, name, i)])),
  };
}

window.__call = run().catch((error) => ({ error: `${error?.stack ?? error}` }));
