-- What was measured, as it was measured. Scores are never stored: they are computed when asked for.
-- Every table is sorted by project and hour, then by session, so that "one project, last hour" reads only that hour,
-- and "one session" (whose hours are in `sessions`) reads only that session's granules. The time itself sorts the rows but is left out of the
-- primary key: with it there, ClickHouse would look for a condition on time there and not at the hour.

CREATE TABLE IF NOT EXISTS samples (
    {{keys}}
    stream_id     LowCardinality(String) COMMENT 'one media stream within the session: connection, direction, ssrc, rid',
    seq           UInt32 COMMENT 'number of the sample within its stream, rising (from getStats() reports: their clock in tenths of a second); with session and stream it names the row' CODEC(Delta, ZSTD(1)),
    kind          LowCardinality(String) COMMENT 'audio or video',
    direction     LowCardinality(String) COMMENT 'inbound (received by this participant) or outbound',
    codec         LowCardinality(String) COMMENT 'RTP codec name in lower case, such as opus or vp8; empty: unknown',
    interval_ms   UInt32 COMMENT 'length of the interval, ms, by the report''s own clock' CODEC(T64, ZSTD(1)),
    rtt_ms        Nullable(Float32) COMMENT 'round-trip time, mean of the interval, ms' CODEC(ZSTD(1)),
    jitter_ms     Nullable(Float32) COMMENT 'interarrival jitter (RFC 3550) at the end of the interval, ms' CODEC(ZSTD(1)),
    packets_received  Nullable(UInt32) COMMENT 'packets received in the interval' CODEC(T64, ZSTD(1)),
    packets_lost      Nullable(Int32)  COMMENT 'packets lost in the interval; negative when late packets repair an earlier loss' CODEC(T64, ZSTD(1)),
    packets_discarded Nullable(UInt32) COMMENT 'packets received and thrown away by the jitter buffer (late or early)' CODEC(T64, ZSTD(1)),
    packets_sent      Nullable(UInt32) COMMENT 'packets sent in the interval (outbound)' CODEC(T64, ZSTD(1)),
    bytes             Nullable(UInt64) COMMENT 'payload bytes received or sent in the interval' CODEC(T64, ZSTD(1)),
    jitter_buffer_delay_ms Nullable(Float64) COMMENT 'summed time in the jitter buffer of everything emitted in the interval, ms; over jitter_buffer_emitted it is the mean' CODEC(ZSTD(1)),
    jitter_buffer_emitted  Nullable(UInt64)  COMMENT 'audio samples or video frames emitted from the jitter buffer' CODEC(T64, ZSTD(1)),
    concealed_samples        Nullable(UInt64) COMMENT 'audio samples made up by concealment, silent ones included' CODEC(T64, ZSTD(1)),
    silent_concealed_samples Nullable(UInt64) COMMENT 'concealed samples that were silence' CODEC(T64, ZSTD(1)),
    total_samples            Nullable(UInt64) COMMENT 'audio samples played, concealed ones included' CODEC(T64, ZSTD(1)),
    frames_decoded Nullable(UInt32) COMMENT 'video frames decoded (inbound) or encoded (outbound)' CODEC(T64, ZSTD(1)),
    frames_dropped Nullable(UInt32) COMMENT 'video frames dropped before rendering' CODEC(T64, ZSTD(1)),
    freeze_count   Nullable(UInt32) COMMENT 'freezes that ended in the interval' CODEC(T64, ZSTD(1)),
    freeze_ms      Nullable(Float64) COMMENT 'time frozen, ms, of freezes that ended in the interval' CODEC(ZSTD(1)),
    freeze_definition LowCardinality(String) COMMENT 'w3c (an inter-frame interval of at least max(3 x mean, mean + 150 ms)), frame_times (the same rule over frame times) or vendor (not comparable); empty: no freeze measured',
    gap_ms         Nullable(Float64) COMMENT 'time beyond 1 s without a packet on a stream that flowed and was neither muted nor ended, ms' CODEC(ZSTD(1)),
    width          Nullable(UInt16) COMMENT 'frame width at the end of the interval, pixels' CODEC(T64, ZSTD(1)),
    height         Nullable(UInt16) COMMENT 'frame height at the end of the interval, pixels' CODEC(T64, ZSTD(1)),
    quality_limitation LowCardinality(String) COMMENT 'what limited the encoder: none, cpu, bandwidth or other (outbound); empty: not reported',
    INDEX by_session session_id TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree PARTITION BY toDate(observed_at)
PRIMARY KEY (project, toStartOfHour(observed_at), session_id, stream_id)
ORDER BY (project, toStartOfHour(observed_at), session_id, stream_id, observed_at)
SETTINGS {{engine}}
COMMENT 'one stream over one interval';

CREATE TABLE IF NOT EXISTS session_events (
    {{keys}}
    name        LowCardinality(String) COMMENT 'attempt, joined, join_failed, first_frame, reconnect, drop, leave, quality_limitation, or an interaction: co_host, pk, scene_switch, hand_raise, breakout, screen_share',
    connect_ms  Nullable(Float64) COMMENT 'joined: from the attempt to connected; first_frame: from the attempt to the first frame; ms' CODEC(ZSTD(1)),
    duration_ms Nullable(Float64) COMMENT 'how long it lasted, ms' CODEC(ZSTD(1)),
    reason      LowCardinality(String) COMMENT 'why (of a failure, drop or limitation), in the sender''s words; empty: not stated',
    INDEX by_session session_id TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree PARTITION BY toDate(observed_at)
PRIMARY KEY (project, toStartOfHour(observed_at), session_id)
ORDER BY (project, toStartOfHour(observed_at), session_id, observed_at)
SETTINGS {{engine}}
COMMENT 'something that happened in a session';

CREATE TABLE IF NOT EXISTS turns (
    {{keys}}
    turn_id         String COMMENT 'one exchange with the assistant' CODEC(ZSTD(1)),
    model           LowCardinality(String) COMMENT 'language model that answered; empty: not stated',
    response_ms     Nullable(Float64) COMMENT 'from the end of the user''s speech to the first reply audio heard, ms' CODEC(ZSTD(1)),
    interruption_ms Nullable(Float64) COMMENT 'from the user starting to speak over the assistant until silence is heard, ms' CODEC(ZSTD(1)),
    false_interruptions  Nullable(UInt32) COMMENT 'the assistant stopped though the user had not spoken' CODEC(T64, ZSTD(1)),
    missed_interruptions Nullable(UInt32) COMMENT 'the user spoke and the assistant went on' CODEC(T64, ZSTD(1)),
    understood      Nullable(Bool) COMMENT 'whether the assistant took the meaning' CODEC(ZSTD(1)),
    fallback        Nullable(Bool) COMMENT 'whether it answered with a stock phrase such as "I do not understand"' CODEC(ZSTD(1)),
    vad_ms          Nullable(Float64) COMMENT 'deciding that the user had finished, ms' CODEC(ZSTD(1)),
    asr_ms          Nullable(Float64) COMMENT 'recognising speech, ms' CODEC(ZSTD(1)),
    llm_ms          Nullable(Float64) COMMENT 'time to the first token, ms' CODEC(ZSTD(1)),
    tts_ms          Nullable(Float64) COMMENT 'time to the first synthesised audio, ms' CODEC(ZSTD(1)),
    INDEX by_session session_id TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree PARTITION BY toDate(observed_at)
PRIMARY KEY (project, toStartOfHour(observed_at), session_id)
ORDER BY (project, toStartOfHour(observed_at), session_id, observed_at)
SETTINGS {{engine}}
COMMENT 'one turn of a conversation with an AI';

CREATE TABLE IF NOT EXISTS messages (
    {{keys}}
    message_id   String COMMENT 'the sender''s id of the message' CODEC(ZSTD(1)),
    delivered    Nullable(Bool) COMMENT 'whether it reached the recipient' CODEC(ZSTD(1)),
    delivery_ms  Nullable(Float64) COMMENT 'from sending to delivery, ms' CODEC(ZSTD(1)),
    lost         Nullable(Bool) COMMENT 'known to be lost' CODEC(ZSTD(1)),
    duplicated   Nullable(Bool) COMMENT 'delivered more than once' CODEC(ZSTD(1)),
    out_of_order Nullable(Bool) COMMENT 'delivered before an earlier one' CODEC(ZSTD(1)),
    bytes        Nullable(UInt64) COMMENT 'payload size, bytes' CODEC(T64, ZSTD(1)),
    INDEX by_session session_id TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree PARTITION BY toDate(observed_at)
PRIMARY KEY (project, toStartOfHour(observed_at), session_id)
ORDER BY (project, toStartOfHour(observed_at), session_id, observed_at)
SETTINGS {{engine}}
COMMENT 'one message';

CREATE TABLE IF NOT EXISTS survey_invitations (
    {{keys}}
    invitation_id String COMMENT 'one asking; its answer carries the same id' CODEC(ZSTD(1)),
    state         LowCardinality(String) COMMENT 'shown or dismissed',
    kind          LowCardinality(String) COMMENT 'csat, nps, ces, acr or thumbs'
) ENGINE = MergeTree PARTITION BY toYYYYMM(observed_at)
PRIMARY KEY (project, toStartOfHour(observed_at), session_id)
ORDER BY (project, toStartOfHour(observed_at), session_id, observed_at)
SETTINGS {{engine}}
COMMENT 'one asking for an opinion, shown or dismissed';

CREATE TABLE IF NOT EXISTS feedback (
    {{keys}}
    invitation_id String COMMENT 'the asking it answers; empty: unasked' CODEC(ZSTD(1)),
    kind          LowCardinality(String) COMMENT 'csat, nps, ces, acr or thumbs',
    score         Float64 COMMENT 'the answer, within scale_low and scale_high',
    scale_low     Float64 COMMENT 'worst answer offered',
    scale_high    Float64 COMMENT 'best answer offered',
    dimension     LowCardinality(String) COMMENT 'stability, responsiveness, intelligence, picture, sound, naturalness, localisation, developer_effort, support, iteration; empty: overall',
    text          String COMMENT 'in the person''s own words; empty: none' CODEC(ZSTD(3)),
    language      LowCardinality(String) COMMENT 'BCP 47 tag of the text; empty: not stated'
) ENGINE = MergeTree PARTITION BY toYYYYMM(observed_at)
PRIMARY KEY (project, toStartOfHour(observed_at), session_id)
ORDER BY (project, toStartOfHour(observed_at), session_id, observed_at)
SETTINGS {{engine}}
COMMENT 'one answer';

CREATE TABLE IF NOT EXISTS support_tickets (
    {{keys}}
    ticket_id         String COMMENT 'id in the support system' CODEC(ZSTD(1)),
    opened_at         DateTime64(3, 'UTC') COMMENT 'when it was opened',
    first_response_at Nullable(DateTime64(3, 'UTC')) COMMENT 'first answer by a person; null: not yet',
    resolved_at       Nullable(DateTime64(3, 'UTC')) COMMENT 'when it was resolved; null: not yet',
    severity          LowCardinality(String) COMMENT 'in the sender''s words; empty: not stated',
    subject           String COMMENT 'what it is about' CODEC(ZSTD(3))
) ENGINE = MergeTree PARTITION BY toYYYYMM(observed_at)
ORDER BY (project, vendor, observed_at)
SETTINGS {{engine}}
COMMENT 'one support ticket with a vendor';

CREATE TABLE IF NOT EXISTS releases (
    {{keys}}
    version          String COMMENT 'version released',
    breaking_changes Nullable(UInt32) COMMENT 'changes that force customers to change code',
    notes            String COMMENT 'release notes, shortened' CODEC(ZSTD(3))
) ENGINE = MergeTree PARTITION BY toYYYYMM(observed_at)
ORDER BY (project, vendor, observed_at)
SETTINGS {{engine}}
COMMENT 'one release of a vendor''s product';

CREATE TABLE IF NOT EXISTS integration_log (
    {{keys}}
    step    LowCardinality(String) COMMENT 'what was being integrated, such as first_call',
    hours   Nullable(Float64) COMMENT 'working hours spent on it',
    defects Nullable(UInt32) COMMENT 'defects met on the way'
) ENGINE = MergeTree PARTITION BY toYYYYMM(observed_at)
ORDER BY (project, vendor, observed_at)
SETTINGS {{engine}}
COMMENT 'one step of integrating a vendor';

CREATE TABLE IF NOT EXISTS activity (
    {{keys}}
    name    LowCardinality(String) COMMENT 'open, watch, subscribe or cancel',
    minutes Nullable(Float64) COMMENT 'how long, minutes' CODEC(ZSTD(1))
) ENGINE = MergeTree PARTITION BY toYYYYMM(observed_at)
ORDER BY (project, user_id, observed_at)
SETTINGS {{engine}}
COMMENT 'a person was there: a return is any activity or session';
