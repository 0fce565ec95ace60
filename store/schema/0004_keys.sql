-- Who may send and who may read: administration, not telemetry. These tables are no part of what `qoe sql` shows.
-- Nothing here is ever changed in place: a key's state is a row of a higher version over the one before, its last use is a row that merges by the
-- greatest, and what was done is a log. `access_keys_now` is what is asked.

CREATE TABLE IF NOT EXISTS access_keys (
    key_id     String COMMENT 'name of the key, shown and logged; the key itself begins with it',
    kind       LowCardinality(String) COMMENT 'what the key is for: write (intake into one project) or read (pages and API of its projects)',
    projects   Array(String) COMMENT 'projects it opens; one for a write key',
    public_key String COMMENT 'a write key as it is sent: it stands in web pages, so it is no secret; empty for a read key',
    salt       String COMMENT 'random letters that go before a read key when it is hashed; empty for a write key',
    hash       String COMMENT 'SHA-256 of salt, a zero byte and the read key, lower-case hexadecimal; empty for a write key',
    origins    Array(String) COMMENT 'origins whose pages may send with it, scheme://host[:port] or *; empty: any, and senders that are no browsers always',
    rows_per_second    UInt32 COMMENT 'rows taken under the key, sustained, rows/s; 0 for a read key',
    batches_per_second UInt32 COMMENT 'batches taken under the key from one client address, sustained, batches/s; 0 for a read key',
    note       String COMMENT 'in the words of whoever made it; empty: none',
    created_at DateTime64(3, 'UTC') COMMENT 'when it was made',
    revoked_at Nullable(DateTime64(3, 'UTC')) COMMENT 'when it was revoked; null: it is valid',
    version    UInt64 COMMENT 'of the rows of one key the one of the highest version counts'
) ENGINE = ReplacingMergeTree(version) ORDER BY key_id
SETTINGS {{engine}}
COMMENT 'one state of one access key';

CREATE TABLE IF NOT EXISTS access_key_uses (
    key_id       String COMMENT 'name of the key',
    last_used_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'latest use known; written at most once a minute'
) ENGINE = AggregatingMergeTree ORDER BY key_id
SETTINGS {{engine}}
COMMENT 'when a key was last used';

CREATE TABLE IF NOT EXISTS audit (
    at      DateTime64(3, 'UTC') COMMENT 'when it was done; of refusals, the first this row stands for' CODEC(DoubleDelta, ZSTD(1)),
    actor   LowCardinality(String) COMMENT 'who: cli, or the sender''s network (/24 of IPv4, /48 of IPv6; of several refusals the first sender''s); unknown: not seen',
    action  LowCardinality(String) COMMENT 'what: create, revoke or refuse',
    reason  LowCardinality(String) COMMENT 'of a refusal, why: unknown_key, missing_key, revoked, wrong_kind, wrong_project, wrong_origin, too_many_rows, too_many_batches; else empty',
    key_id  String COMMENT 'which key; never the key itself; empty: no key that is known here' CODEC(ZSTD(1)),
    project LowCardinality(String) COMMENT 'which project, where it is one that is known here; else empty',
    times   UInt64 COMMENT 'how many refusals this row stands for; 1 for other actions' CODEC(T64, ZSTD(1))
) ENGINE = MergeTree PARTITION BY toYYYYMM(at)
ORDER BY (at, key_id)
SETTINGS {{engine}}
COMMENT 'what was done with keys, and what was refused: at most one row a minute for each key, project and reason';

CREATE VIEW IF NOT EXISTS access_keys_now AS
SELECT k.key_id AS key_id, k.kind AS kind, k.projects AS projects, k.public_key AS public_key, k.salt AS salt, k.hash AS hash,
    k.origins AS origins, k.rows_per_second AS rows_per_second, k.batches_per_second AS batches_per_second, k.note AS note,
    k.created_at AS created_at, k.revoked_at AS revoked_at, u.last_used_at AS last_used_at
FROM (SELECT * FROM access_keys ORDER BY version DESC LIMIT 1 BY key_id) AS k
LEFT JOIN (SELECT key_id, toNullable(max(last_used_at)) AS last_used_at FROM access_key_uses GROUP BY key_id) AS u ON u.key_id = k.key_id;
