// Makes the calls that the stage hands out, one after the other (or as many at once as it says), each between two peer connections of this
// page, each connection watched by a client of its own. Neither end knows an address of the other: all it is told is the relay's.

const SIDES = ['caller', 'callee'];
const PICTURE = { width: 640, height: 360, perSecond: 15, patches: 40 };
const CONNECT_WITHIN_MS = 30_000;
const SENT_WITHIN_MS = 30_000;

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const post = (path, body) => fetch(path, { method: 'POST', body: JSON.stringify(body) });
const within = (ms, what, promise) => Promise.race([
  promise,
  sleep(ms).then(() => { throw new Error(`${what} took over ${ms / 1000} s`); }),
]);

/** A description without the addresses that its end has. */
const anonymous = ({ type, sdp }) => ({ type, sdp: sdp.replace(/^a=(candidate|end-of-candidates).*\r?\n/gm, '') });

function connected(pc) {
  return new Promise((done, fail) => {
    pc.addEventListener('connectionstatechange', () => {
      if (pc.connectionState === 'connected') done();
      if (pc.connectionState === 'failed') fail(new Error('the call did not connect'));
    });
  });
}

/**
 * The browser's fake microphone, and a picture that changes all over: the fake camera's hardly does, and asks for so little that no path is
 * too narrow for it.
 */
async function media() {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const { width, height, perSecond, patches } = PICTURE;
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const paint = canvas.getContext('2d');
  const below = (end) => Math.floor(Math.random() * end);
  const painting = setInterval(() => {
    for (let i = 0; i < patches; i++) {
      paint.fillStyle = `rgb(${below(256)} ${below(256)} ${below(256)})`;
      paint.fillRect(below(width), below(height), 64, 36);
    }
  }, 1000 / perSecond);
  for (const track of canvas.captureStream(perSecond).getVideoTracks()) stream.addTrack(track);
  const stop = () => {
    clearInterval(painting);
    for (const track of stream.getTracks()) track.stop();
  };
  return { stream, stop };
}

/** A picture that is looked at: a browser measures freezes of what it shows. */
function screen(pc) {
  const video = Object.assign(document.createElement('video'), { autoplay: true, muted: true, playsInline: true });
  document.getElementById('calls').append(video);
  pc.ontrack = ({ streams }) => { video.srcObject = streams[0]; };
  return video;
}

/** What this end saw, over the whole call. What was not measured is null. */
function seen(report, since) {
  const all = [...report.values()];
  const inbound = all.filter((s) => s.type === 'inbound-rtp');
  const sum = (name) => inbound.reduce((total, s) => total + (s[name] ?? 0), 0);
  const pair = report.get(all.find((s) => s.type === 'transport')?.selectedCandidatePairId);
  const remote = report.get(pair?.remoteCandidateId);
  return {
    packets_received: sum('packetsReceived'),
    packets_lost: sum('packetsLost'),
    bytes_received: sum('bytesReceived'),
    freezes_s: sum('totalFreezesDuration'),
    lasted_s: (performance.now() - since) / 1000,
    rtt_s: pair?.responsesReceived ? pair.totalRoundTripTime / pair.responsesReceived : null,
    remote: remote ? `${remote.address}:${remote.port}` : null,
  };
}

async function call({ call_id, labels, seconds, interval_ms, relay }, create) {
  const ends = SIDES.map((name) => {
    const client = create();
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    return { name, client, pc, video: screen(pc) };
  });
  const { stream, stop } = await media();
  try {
    const [caller, callee] = ends;
    for (const { name, client, pc } of ends) {
      client.start({ ...labels, callId: call_id, sessionId: `${call_id}-${name}`, intervalMs: interval_ms });
      client.watch(pc, { startedAt: Date.now() });
      for (const track of stream.getTracks()) pc.addTrack(track, stream);
    }
    const up = within(CONNECT_WITHIN_MS, 'connecting', Promise.all(ends.map(({ pc }) => connected(pc))));
    up.catch(() => {});
    await caller.pc.setLocalDescription();
    await callee.pc.setRemoteDescription(anonymous(caller.pc.localDescription));
    await callee.pc.setLocalDescription();
    await caller.pc.setRemoteDescription(anonymous(callee.pc.localDescription));
    for (const { name, pc } of ends) {
      const [address, port] = relay[name].split(':');
      await pc.addIceCandidate({ candidate: `candidate:1 1 udp 2130706431 ${address} ${port} typ host`, sdpMid: '0' });
    }
    await up;
    const since = performance.now();
    await sleep(seconds * 1000);
    const reports = await Promise.all(ends.map(({ pc }) => pc.getStats()));
    const sides = ends.map((_, i) => seen(reports[i], since));
    for (const { client } of ends) {
      client.leave();
      client.flush();
    }
    await within(SENT_WITHIN_MS, 'sending what was measured', (async () => {
      while (ends.some(({ client }) => client.stats().queued)) await sleep(50);
    })());
    return { sides: sides.map((side, i) => ({ ...side, client: ends[i].client.stats() })) };
  } finally {
    stop();
    for (const { client, pc, video } of ends) {
      client.leave();
      pc.close();
      video.remove();
    }
  }
}

async function calls(create) {
  for (;;) {
    const answer = await post('next', {});
    if (answer.status === 204) return;
    const task = await answer.json();
    const done = await call(task, create).catch((error) => ({ error: `${error?.message ?? error}` }));
    await post('done', { call_id: task.call_id, ...done });
  }
}

try {
  const { server, at_once } = await (await post('begin', {})).json();
  const { create } = await import(new URL('/sdk/qoe.js', server));
  await Promise.all(Array.from({ length: at_once }, () => calls(create)));
} catch (error) {
  await post('done', { error: `${error?.message ?? error}` });
}
