/**
 * The browser client of qoe: what it measures of a call, what people said of it, sent to a qoe server.
 *
 * ```js
 * import { qoe } from 'https://qoe.example/sdk/qoe.js';
 *
 * qoe.start({ key: 'wk_...', project: 'default', service: 'video_call', vendor: 'acme', callId: 'room-7' });
 * qoe.watch(peerConnection);
 * ```
 *
 * No method throws, and none waits for the network. What went wrong is counted in {@link Client.stats}.
 */

/** The five kinds of service that are told apart everywhere. */
export type Service = 'voice_call' | 'video_call' | 'live_streaming' | 'messaging' | 'conversational_ai';

/**
 * Who, where, with what: stands on every row. A field that is absent is unknown; it is never guessed from another.
 * Numbers given for text are sent as text.
 */
export interface Context {
  /** The project that the key belongs to. `"default"` if absent. */
  project?: string;
  /** The room or conversation, the same for all who are in it. */
  callId?: string;
  /** One participant's presence in a call. A random UUID if absent. */
  sessionId?: string;
  /** The person, pseudonymous: no name, no address, no telephone number. */
  userId?: string;
  /** Who provides the real-time service, as it is to be compared: `"acme"`. */
  vendor?: string;
  /** `"one_to_one"`, `"group"`, `"show_room"`, `"assistant"`, ... */
  scenario?: string;
  /** `"finance"`, `"education"`, ... */
  industry?: string;
  appVersion?: string;
  /** Where the service is reached: `"cn-east"`. */
  region?: string;
  /** ISO 3166-1 alpha-2, `"CN"`. Not guessed: a language is not a place. */
  country?: string;
  /** `"wifi"`, `"cellular"`, `"ethernet"`. Taken from the browser where it says so. */
  network?: string;
  /** `"web"` if absent. */
  platform?: string;
  /** `"windows"`, `"macos"`, `"linux"`, `"chromeos"`, `"android"`, `"ios"`. Taken from the browser if absent. */
  os?: string;
  /** `"desktop"`, `"mobile"`, `"tablet"`. Taken from the browser if absent. */
  deviceClass?: string;
  /** The comparison that this session belongs to, its arm and its stratum. */
  poc?: string;
  arm?: string;
  stratum?: string;
  /** When this person was first seen, epoch ms: says how long they have been with you. */
  firstSeen?: number | Date;
  /** Anything else to slice by. Values are sent as text; the server keeps a limited number. */
  attributes?: Record<string, string | number | boolean>;
}

export interface StartOptions extends Context {
  service: Service;
  /** Where batches go, relative to the script. `/v1/telemetry` on the script's origin if absent. */
  endpoint?: string | URL;
  /** The write key. It is public: it may add rows and read none. */
  key?: string;
  /** Time between two reports of a connection, ms, 500 to 60,000. 2,000 if absent. */
  intervalMs?: number;
}

/** Context fields given here go over those of the session, for the rows of this connection. */
export interface WatchOptions extends Context {
  service?: Service;
  /** The name of the connection, unique in its session. `"0"`, `"1"`, ... in order of `watch()` if absent. */
  connection?: string | number;
  /**
   * When the user asked for the call, epoch ms (`Date.now()`): connect times count from here. If absent they count
   * from `watch()`, and are not measured for a connection that is up already.
   */
  startedAt?: number;
  /** Time between two reports, ms, 500 to 60,000. As given to `start()` if absent. */
  intervalMs?: number;
  /**
   * Whether the far side has muted this received track, if your signalling tells. A muted stream that is silent is not
   * an outage. A direction that was negotiated not to receive counts as muted without this.
   */
  isMuted?: (track: MediaStreamTrack) => boolean;
}

/** Joining, staying and leaving are reported by `watch()`; send them yourself only for calls without it. */
export type Lifecycle = 'attempt' | 'joined' | 'join_failed' | 'first_frame' | 'reconnect' | 'drop' | 'leave' | 'quality_limitation';
export type Interaction = 'co_host' | 'pk' | 'scene_switch' | 'hand_raise' | 'breakout' | 'screen_share';

export interface Dated {
  /** When it happened, epoch ms. Now if absent. */
  at?: number;
}

export interface EventFields extends Dated {
  /** From the wish to the connection (`joined`) or the first picture (`first_frame`), ms, from 0. */
  connect_ms?: number;
  /** How long it lasted, ms, from 0. For `reconnect`: the time without a connection. */
  duration_ms?: number;
  reason?: string;
}

/** One turn of a conversation with a machine. Times in ms, from 0; a stage that was not measured is left out. */
export interface TurnFields extends Dated {
  turn_id?: string;
  model?: string;
  /** From the end of the user's speech to the first sound heard. */
  response_ms?: number;
  /** From the start of the user's speech until the machine is silent. */
  interruption_ms?: number;
  /** Times that the machine fell silent though nobody interrupted. */
  false_interruptions?: number;
  /** Times that it spoke on though somebody did. */
  missed_interruptions?: number;
  understood?: boolean;
  /** Whether the machine answered that it could not answer. */
  fallback?: boolean;
  vad_ms?: number;
  asr_ms?: number;
  llm_ms?: number;
  tts_ms?: number;
}

export interface MessageFields extends Dated {
  message_id?: string;
  delivered?: boolean;
  /** From sending to delivery, ms, from 0. */
  delivery_ms?: number;
  lost?: boolean;
  duplicated?: boolean;
  out_of_order?: boolean;
  /** Size, bytes. */
  bytes?: number;
}

export interface ActivityFields extends Dated {
  /** How long, minutes, from 0. */
  minutes?: number;
}

/** `csat` and `acr` are 1 to 5, `nps` 0 to 10, `ces` 1 to 7, `thumbs` 0 or 1. */
export type SurveyKind = 'csat' | 'nps' | 'ces' | 'acr' | 'thumbs';

export interface InvitationFields extends Dated {
  kind: SurveyKind;
  /** An id of your own. A random UUID if absent. */
  invitation_id?: string;
}

export interface FeedbackFields extends Dated {
  kind: SurveyKind;
  /** Within the kind's scale, or within `scale_low` to `scale_high`. */
  score: number;
  /** What `invited()` answered: without it nobody knows how many stayed silent. */
  invitation_id?: string;
  /** What was rated, if not the whole: `"audio"`, `"video"`, `"content"`. */
  dimension?: string;
  /** The person's own words. A row over 256 KiB is dropped. */
  text?: string;
  /** BCP 47, `"zh"`. */
  language?: string;
  scale_low?: number;
  scale_high?: number;
}

/** Rows since the client was made: `rows = queued + sent + rejected + dropped`. */
export interface Stats {
  rows: number;
  /** Not answered for yet. At most 2,000 rows or 1 MiB wait; beyond that the oldest reports are dropped first. */
  queued: number;
  /** Accepted by the server, or handed to the browser as a beacon. */
  sent: number;
  /** Refused by the server, one by one. `lastError` has the first reason. */
  rejected: number;
  /** Given up: the queue was full, the row could not be written as JSON, the server refused the batch or was away too long. */
  dropped: number;
  /** Reports that were not taken since the one before was still under way. */
  skipped: number;
  errors: number;
  lastError: string | null;
}

export interface Client {
  /** Opens a session. A second call leaves the session before it and opens another. */
  start(options: StartOptions): void;
  /**
   * Reports on a connection until it closes, the session leaves, or the function answered is called: its stats every two
   * seconds, and `attempt`, `joined`, `join_failed`, `first_frame`, `reconnect`, `drop`. When no connection is left the
   * session leaves; watching another one opens it again. Watching the same connection twice is watching it once.
   */
  watch(connection: RTCPeerConnection, options?: WatchOptions): () => void;
  event(name: Lifecycle | Interaction, fields?: EventFields): void;
  turn(fields: TurnFields): void;
  message(fields: MessageFields): void;
  /** A person was there. A return is counted from these and from sessions. */
  activity(name: 'open' | 'watch' | 'subscribe' | 'cancel', fields?: ActivityFields): void;
  /** A survey was shown. Answers the id to give to `rate()` or `dismissed()`. */
  invited(fields: InvitationFields): string;
  /** It was closed without an answer. */
  dismissed(invitationId: string): void;
  /** Somebody answered, also after the call. */
  rate(fields: FeedbackFields): void;
  /** Sends what is queued now and not in up to two seconds. A retry that is due later stays due then. */
  flush(): void;
  /** Ends the session and all its watching, once. So does closing the page. */
  leave(): void;
  stats(): Stats;
}

/** A client of its own, for pages that hold more than one session at a time. */
export function create(): Client;

/** The client of the page. */
export const qoe: Client;
export default qoe;
