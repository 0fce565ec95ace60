-- What was measured, summed up by session-minute, by session and by a person's hour. Every column is additive (a sum, a count, a least or a greatest),
-- so that rows merge in any order and every question about a minute, a session or a person's day is a sum away. A measure's sum stands beside the
-- count or the time it was measured over: an absent measure adds to neither. The tables hold partial sums; the views of the same name without
-- `_rollup` are what is asked.

CREATE TABLE IF NOT EXISTS session_minutes_rollup (
    project    LowCardinality(String) COMMENT 'whose data this is',
    minute     DateTime64(3, 'UTC') COMMENT 'start of the minute in which the rows were observed' CODEC(DoubleDelta, ZSTD(1)),
    session_id String COMMENT 'one participant''s presence in one call' CODEC(ZSTD(1)),
{{rollup_columns}}
) ENGINE = AggregatingMergeTree PARTITION BY toDate(minute)
ORDER BY (project, minute, session_id)
SETTINGS {{engine}}
COMMENT 'partial sums of one participant''s minute';

CREATE TABLE IF NOT EXISTS sessions_rollup (
    project    LowCardinality(String) COMMENT 'whose data this is',
    session_id String COMMENT 'one participant''s presence in one call' CODEC(ZSTD(1)),
{{rollup_columns}}
) ENGINE = AggregatingMergeTree
ORDER BY (project, session_id)
SETTINGS {{engine}}
COMMENT 'partial sums of one session';

CREATE TABLE IF NOT EXISTS user_hours_rollup (
    project LowCardinality(String) COMMENT 'whose data this is',
    user_id String COMMENT 'pseudonymous person' CODEC(ZSTD(1)),
    hour    DateTime64(3, 'UTC') COMMENT 'start of the hour (UTC)' CODEC(DoubleDelta, ZSTD(1)),
    service SimpleAggregateFunction(max, LowCardinality(String)) COMMENT 'as in the base tables; where several, the greatest in alphabetical order',
    first_at SimpleAggregateFunction(min, DateTime64(3, 'UTC')) COMMENT 'first row',
    last_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'last row',
    samples SimpleAggregateFunction(sum, UInt64) COMMENT 'rows of samples',
    joins SimpleAggregateFunction(sum, UInt64) COMMENT 'joins that succeeded',
    failed_joins SimpleAggregateFunction(sum, UInt64) COMMENT 'joins that failed',
    turns SimpleAggregateFunction(sum, UInt64) COMMENT 'AI turns',
    messages SimpleAggregateFunction(sum, UInt64) COMMENT 'messages sent',
    activities SimpleAggregateFunction(sum, UInt64) COMMENT 'rows of activity',
    activity_minutes SimpleAggregateFunction(sum, Float64) COMMENT 'sum of activity minutes'
) ENGINE = AggregatingMergeTree
ORDER BY (project, user_id, hour)
SETTINGS {{engine}}
COMMENT 'partial sums of one person''s hour';

CREATE MATERIALIZED VIEW IF NOT EXISTS session_minutes_from_samples TO session_minutes_rollup AS
SELECT project, toDateTime64(toStartOfMinute(observed_at), 3, 'UTC') AS minute, session_id,
{{dims}},
{{from_samples}}
FROM samples AS s GROUP BY project, minute, session_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS sessions_from_samples TO sessions_rollup AS
SELECT project, session_id,
{{dims}},
{{from_samples}}
FROM samples AS s GROUP BY project, session_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS session_minutes_from_session_events TO session_minutes_rollup AS
SELECT project, toDateTime64(toStartOfMinute(observed_at), 3, 'UTC') AS minute, session_id,
{{dims}},
{{from_events}}
FROM session_events AS s GROUP BY project, minute, session_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS sessions_from_session_events TO sessions_rollup AS
SELECT project, session_id,
{{dims}},
{{from_events}}
FROM session_events AS s GROUP BY project, session_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS session_minutes_from_turns TO session_minutes_rollup AS
SELECT project, toDateTime64(toStartOfMinute(observed_at), 3, 'UTC') AS minute, session_id,
{{dims}},
{{from_turns}}
FROM turns AS s GROUP BY project, minute, session_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS sessions_from_turns TO sessions_rollup AS
SELECT project, session_id,
{{dims}},
{{from_turns}}
FROM turns AS s GROUP BY project, session_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS session_minutes_from_messages TO session_minutes_rollup AS
SELECT project, toDateTime64(toStartOfMinute(observed_at), 3, 'UTC') AS minute, session_id,
{{dims}},
{{from_messages}}
FROM messages AS s GROUP BY project, minute, session_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS sessions_from_messages TO sessions_rollup AS
SELECT project, session_id,
{{dims}},
{{from_messages}}
FROM messages AS s GROUP BY project, session_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS user_hours_from_samples TO user_hours_rollup AS
SELECT project, user_id, toDateTime64(toStartOfHour(observed_at), 3, 'UTC') AS hour, max(s.service) AS service,
    min(observed_at) AS first_at, max(observed_at) AS last_at, count() AS samples
FROM samples AS s WHERE user_id != '' GROUP BY project, user_id, hour;

CREATE MATERIALIZED VIEW IF NOT EXISTS user_hours_from_session_events TO user_hours_rollup AS
SELECT project, user_id, toDateTime64(toStartOfHour(observed_at), 3, 'UTC') AS hour, max(s.service) AS service,
    min(observed_at) AS first_at, max(observed_at) AS last_at, countIf(name = 'joined') AS joins, countIf(name = 'join_failed') AS failed_joins
FROM session_events AS s WHERE user_id != '' GROUP BY project, user_id, hour;

CREATE MATERIALIZED VIEW IF NOT EXISTS user_hours_from_turns TO user_hours_rollup AS
SELECT project, user_id, toDateTime64(toStartOfHour(observed_at), 3, 'UTC') AS hour, max(s.service) AS service,
    min(observed_at) AS first_at, max(observed_at) AS last_at, count() AS turns
FROM turns AS s WHERE user_id != '' GROUP BY project, user_id, hour;

CREATE MATERIALIZED VIEW IF NOT EXISTS user_hours_from_messages TO user_hours_rollup AS
SELECT project, user_id, toDateTime64(toStartOfHour(observed_at), 3, 'UTC') AS hour, max(s.service) AS service,
    min(observed_at) AS first_at, max(observed_at) AS last_at, count() AS messages
FROM messages AS s WHERE user_id != '' GROUP BY project, user_id, hour;

CREATE MATERIALIZED VIEW IF NOT EXISTS user_hours_from_activity TO user_hours_rollup AS
SELECT project, user_id, toDateTime64(toStartOfHour(observed_at), 3, 'UTC') AS hour, max(s.service) AS service,
    min(observed_at) AS first_at, max(observed_at) AS last_at, count() AS activities, sum(ifNull(minutes, 0)) AS activity_minutes
FROM activity AS s WHERE user_id != '' GROUP BY project, user_id, hour;

CREATE VIEW IF NOT EXISTS session_minutes AS
SELECT r.project AS project, r.minute AS minute, r.session_id AS session_id,
{{merge session_minutes_rollup}}
FROM session_minutes_rollup AS r GROUP BY r.project, r.minute, r.session_id;

CREATE VIEW IF NOT EXISTS sessions AS
SELECT r.project AS project, r.session_id AS session_id,
{{merge sessions_rollup}}
FROM sessions_rollup AS r GROUP BY r.project, r.session_id;

CREATE VIEW IF NOT EXISTS user_hours AS
SELECT r.project AS project, r.user_id AS user_id, r.hour AS hour,
{{merge user_hours_rollup}}
FROM user_hours_rollup AS r GROUP BY r.project, r.user_id, r.hour;
