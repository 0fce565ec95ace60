-- What did not arrive, or could not be stored.
--
-- Rows that were sent and could not be stored where they belong, each with the reason, so that nothing disappears without a trace: rows whose time lies outside
-- what live intake takes, and rows that ClickHouse refused. `observed_at` is when the row was set aside; the time it states stands in `client_at`
-- as far as it can be stored, and as it was sent in `row`.

CREATE TABLE IF NOT EXISTS dead_letters (
    {{keys}}
    meant_for LowCardinality(String) COMMENT 'the table the row was meant for, or the type of row',
    reason    String COMMENT 'why it is not there' CODEC(ZSTD(1)),
    row       String COMMENT 'the row: as it was sent, or its columns as JSON if ClickHouse refused it' CODEC(ZSTD(1)),
    INDEX by_session session_id TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree PARTITION BY toDate(observed_at)
PRIMARY KEY (project, toStartOfHour(observed_at), session_id)
ORDER BY (project, toStartOfHour(observed_at), session_id, observed_at)
SETTINGS {{engine}}
COMMENT 'a row that could not be stored where it belongs';

-- Gaps in the numbers of a session's batches. Summed up they are how many batches of the session did not arrive; an estimate, since nobody hears of those after
-- the last that did.
CREATE TABLE IF NOT EXISTS sequence_gaps (
    {{keys}}
    batches Int32 COMMENT 'batches missing before the one that came; -1: one that was counted as missing came late' CODEC(T64, ZSTD(1)),
    INDEX by_session session_id TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree PARTITION BY toDate(observed_at)
PRIMARY KEY (project, toStartOfHour(observed_at), session_id)
ORDER BY (project, toStartOfHour(observed_at), session_id, observed_at)
SETTINGS {{engine}}
COMMENT 'batches of a session that did not arrive';
