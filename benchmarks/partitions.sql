-- What 10^8 submissions need, tried on a million: partitions by month, and a sample for refining.
--
-- Usage: psql --quiet --file benchmarks/partitions.sql postgresql://…   (a database to throw away,
-- in which the store has made its tables and that holds some submissions; they are multiplied)
\set ON_ERROR_STOP on
\pset footer off

-- The id begins with its time (UUIDv7), so it is the key of both the rows and the partitions: a
-- submission that is sent twice is still stored once.
CREATE FUNCTION id_at(moment timestamp, rest text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || rest)::uuid
$$;
ALTER TABLE submissions RENAME TO single;
CREATE TABLE submissions (LIKE single INCLUDING ALL) PARTITION BY RANGE (id);
DO $$
DECLARE
    first timestamp;
BEGIN
    FOR month IN 1..12 LOOP
        first := make_timestamp(2026, month, 1, 0, 0, 0);
        EXECUTE format(
            'CREATE TABLE submissions_2026_%s PARTITION OF submissions FOR VALUES FROM (%L) TO (%L)',
            to_char(first, 'MM'), id_at(first, repeat('0', 20)),
            id_at(first + interval '1 month', repeat('0', 20)));
    END LOOP;
END $$;
CREATE TABLE submissions_other PARTITION OF submissions DEFAULT;

CREATE TABLE few AS
SELECT row_number() OVER () - 1 AS number, * FROM (SELECT * FROM single LIMIT 1000) AS chosen;
SELECT count(*) AS few_count FROM few \gset

\echo 'A million submissions of a year, ten a visit:'
\timing on
INSERT INTO submissions
SELECT id_at(moment, '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15)),
    moment, 'visit ' || n / 10, label, predicted, probabilities, image, strokes, model, review
FROM generate_series(0, 999999) AS n
JOIN few ON number = n % :few_count,
    LATERAL (SELECT timestamp '2026-01-01' + n * interval '31.5 seconds' AS moment) AS clock;
\timing off
ANALYZE submissions;
SELECT round(sum(pg_total_relation_size(relid)) / 1e6) AS bytes_a_row,
    round(sum(pg_indexes_size(relid)) / 1e6) AS of_which_indexes
FROM pg_partition_tree('submissions') WHERE isleaf;

\timing on
\echo '\nThe newest hundred:'
SELECT count(*), sum(octet_length(strokes::text)) AS bytes FROM (
    SELECT strokes FROM submissions ORDER BY submitted_at DESC, id DESC LIMIT 100
) AS page;

\echo '\nA sample for refining: up to a hundred sketches of each of 2,000 visits of the last month:'
SELECT count(*), sum(octet_length(strokes::text)) AS bytes FROM (
    SELECT DISTINCT session FROM submissions
    WHERE id >= id_at('2026-12-01', repeat('0', 20)) LIMIT 2000
) AS visits, LATERAL (
    SELECT strokes FROM submissions WHERE submissions.session = visits.session
    AND id >= id_at('2026-12-01', repeat('0', 20)) ORDER BY submitted_at DESC LIMIT 100
) AS sketches;

\echo '\nJanuary is deleted, and February for comparison row by row:'
DROP TABLE submissions_2026_01;
DELETE FROM submissions WHERE id < id_at('2026-03-01', repeat('0', 20));
