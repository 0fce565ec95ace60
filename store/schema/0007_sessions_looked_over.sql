-- What tells whether sessions can be compared, by session, so that a running trial is looked over without its rows: the least of its labels beside the
-- greatest (a session id that several vendors, or arms of a trial, stand behind), freezes by a vendor's own definition, and clients' clocks. Of sessions from
-- before, the least labels are null and the sums 0: not known.

ALTER TABLE sessions_rollup
    ADD COLUMN IF NOT EXISTS least_vendor SimpleAggregateFunction(min, LowCardinality(Nullable(String))) COMMENT 'of its events the least vendor in alphabetical order: other than vendor where several stand behind one session id; null: not stated',
    ADD COLUMN IF NOT EXISTS least_arm SimpleAggregateFunction(min, LowCardinality(Nullable(String))) COMMENT 'of its events the least arm in alphabetical order: other than arm where several stand behind one session id; null: not stated',
    ADD COLUMN IF NOT EXISTS defined_freezes SimpleAggregateFunction(sum, UInt64) COMMENT 'samples that say by which definition freezes were counted',
    ADD COLUMN IF NOT EXISTS vendor_freezes SimpleAggregateFunction(sum, UInt64) COMMENT 'of those, by the vendor''s own',
    ADD COLUMN IF NOT EXISTS skew_s_sum SimpleAggregateFunction(sum, Float64) COMMENT 'events'' times of arrival less their times of sending, s, summed over skew_n',
    ADD COLUMN IF NOT EXISTS skew_n SimpleAggregateFunction(sum, UInt64) COMMENT 'events with a time of sending',
    ADD COLUMN IF NOT EXISTS far_clocks SimpleAggregateFunction(sum, UInt64) COMMENT 'of those, more than a minute off';

-- Views are made anew and not modified: ClickHouse 26.7 added once more what a modified view had been sent before its next restart.
DROP VIEW IF EXISTS sessions_from_samples SYNC;

CREATE MATERIALIZED VIEW IF NOT EXISTS sessions_from_samples TO sessions_rollup AS
SELECT project, session_id,
{{dims}},
{{from_samples}},
    countIf(freeze_definition != '') AS defined_freezes, countIf(freeze_definition = 'vendor') AS vendor_freezes
FROM samples AS s GROUP BY project, session_id;

DROP VIEW IF EXISTS sessions_from_session_events SYNC;

CREATE MATERIALIZED VIEW IF NOT EXISTS sessions_from_session_events TO sessions_rollup AS
SELECT project, session_id,
{{dims}},
{{from_events}},
    min(nullIf(s.vendor, '')) AS least_vendor, min(nullIf(s.arm, '')) AS least_arm,
    sum(ifNull(dateDiff('ms', s.sent_at, s.received_at) / 1000, 0)) AS skew_s_sum, count(s.sent_at) AS skew_n,
    countIf(abs(dateDiff('ms', s.sent_at, s.received_at)) > 60000) AS far_clocks
FROM session_events AS s GROUP BY project, session_id;

CREATE OR REPLACE VIEW sessions AS SELECT * FROM sessions_rollup FINAL;
