-- Where few memories can be seen, all of them are compared and counted: one short statement, which a new session plans in a
-- fraction of the time, and which needs to know nothing of sizes and words beforehand. Most tenants never have more.

-- No index but the primary key has the tenant: the planner would take it for as good, and go through all of the tenant
-- for the few of a scope.
DROP INDEX memory_scopes_by_memory;
CREATE INDEX memory_scopes_by_memory ON memory_scopes (memory_id);

-- What mem0.search_candidates answers for these scopes of a tenant in one partition, whose number stands for {partition};
-- nothing if more than 500 rows can be seen there. What V11 says of partitions and plans holds.
DO $do$
DECLARE
    source text := $source$
CREATE FUNCTION mem0.search_few_{partition}(
    tenant uuid, scopes bigint[], query halfvec, query_model text, words text, nearest integer, best integer, among uuid[])
    RETURNS TABLE (memory_id uuid, similarity real, text real, matched real, more boolean)
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    comparable integer := CASE WHEN query IS NOT NULL THEN mem0.model_number(query_model) END;
BEGIN
    IF cardinality(scopes) > 200 OR (
        SELECT count(*) FROM (SELECT FROM memory_scopes_{partition} p
                               WHERE p.enterprise_id = tenant AND p.scope_id = ANY (scopes) LIMIT 501) n) > 500 THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH terms AS MATERIALIZED (
        -- Of a long text the first 32 count, identifiers before words.
        SELECT t.place, t.term, mem0.lexeme(t.term) AS lexeme
          FROM (SELECT u.lexeme AS term,
                       row_number() OVER (ORDER BY u.positions[1] NULLS FIRST, length(u.lexeme) DESC) AS place
                  FROM unnest(mem0.terms(words)) u) t
         WHERE t.place <= 32
    ), here AS MATERIALIZED (
        -- `OFFSET 0` keeps the order that is wanted of them from choosing the index.
        SELECT DISTINCT ON (p.id) p.*
          FROM (SELECT p.memory_id AS id, p.terms, p.length,
                       CASE WHEN p.model = comparable THEN p.embedding <#> query END AS distance
                  FROM memory_scopes_{partition} p
                 WHERE p.enterprise_id = tenant AND p.scope_id = ANY (scopes) OFFSET 0) p
    ), hits AS MATERIALIZED (
        SELECT h.id, h.length, t.place, ts_rank('{1,1,1,1}', h.terms, t.lexeme) AS rank
          FROM here h CROSS JOIN terms t
         WHERE h.terms @@ t.lexeme
    ), weights AS MATERIALIZED (
        SELECT t.place, t.term, c.rows, ln(1 + (n.rows - c.rows + 0.5) / (c.rows + 0.5)) AS weight, n.average_length
          FROM terms t
         CROSS JOIN LATERAL (SELECT count(*)::float8 AS rows FROM hits WHERE hits.place = t.place) c
         CROSS JOIN (SELECT count(*) AS rows, avg(here.length)::real AS average_length FROM here) n
    ), scored AS (
        SELECT h.id, sum(w.weight * mem0.saturation(h.rank, h.length, w.average_length)) AS text,
               sum(w.weight) AS matched
          FROM hits h JOIN weights w ON w.place = h.place
         GROUP BY h.id
    ), placed AS (
        SELECT h.id, h.distance, coalesce(s.text, 0) AS text, coalesce(s.matched, 0) AS matched,
               row_number() OVER (ORDER BY h.distance, h.id DESC) AS by_meaning,
               row_number() OVER (ORDER BY coalesce(s.text, 0) DESC, h.distance, h.id DESC) AS by_words,
               count(*) OVER () AS rows
          FROM here h
          LEFT JOIN scored s ON s.id = h.id
         WHERE among IS NULL OR h.id = ANY (among)
    )
    SELECT p.id, (-p.distance)::real, coalesce(p.text / t.weight, 0)::real, coalesce(p.matched / t.weight, 0)::real,
           p.rows > nearest
      FROM placed p
     -- An identifier that nobody has does not count against those that have its parts.
     CROSS JOIN (SELECT nullif(sum(w.weight), 0) AS weight FROM weights w
                  WHERE w.rows > 0 OR w.term !~ '[-_./\\@:#+~&=%?]') t
     WHERE p.by_meaning <= nearest AND (p.distance IS NOT NULL OR among IS NOT NULL)
        OR p.by_words <= best AND p.text > 0;
END
$$
$source$;
BEGIN
    FOR number IN 0..15 LOOP
        EXECUTE replace(source, '{partition}', number::text);
        EXECUTE format('REVOKE EXECUTE ON FUNCTION mem0.search_few_%s(uuid, bigint[], halfvec, text, text, integer, integer,
            uuid[]) FROM PUBLIC', number);
    END LOOP;
END
$do$;

-- search.candidates: what comes near the query by meaning or by words, each memory once, with both measures. `small` and
-- `broad_scopes` are the caller's scopes by search tier. The `nearest` by meaning and the `best` by words; if `among` is
-- given, of those memories only.
--
-- Only vectors of `query_model` are compared, and none without a `query`.
--
-- similarity  cosine, null where there are not two that compare; text  BM25 over the sum of the terms' weights, 0 to 2.2;
-- matched  the share of that sum whose terms it has; more  whether an arm was cut, so that there may be others.
DO $do$
DECLARE
    branches text := (
        SELECT string_agg(format($branch$
        WHEN %1$s THEN
            IF broad_scopes = '{}' THEN
                RETURN QUERY SELECT * FROM mem0.search_few_%1$s(
                    tenant, small, query, query_model, words, nearest, best, among);
                answered := FOUND;
            END IF;
            -- There are too many, or none.
            IF NOT answered THEN
                RETURN QUERY SELECT * FROM mem0.search_partition_%1$s(
                    tenant, small, broad_scopes, query, query_model, words, nearest, best, among);
            END IF;$branch$, number), '')
          FROM generate_series(0, 15) number);
    -- Loads the library that the settings named hnsw belong to: nobody may set them before.
    loaded CONSTANT halfvec := '[1]';
BEGIN
    EXECUTE replace($source$
CREATE OR REPLACE FUNCTION mem0.search_candidates(
    small bigint[], broad_scopes bigint[], query halfvec, query_model text, words text, nearest integer, best integer,
    among uuid[])
    RETURNS TABLE (memory_id uuid, similarity real, text real, matched real, more boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 150
    SET search_path = pg_catalog, public
    SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off
    -- At the default of 4, meant for disks that turn, the planner leaves the covering index for a bitmap of the table.
    SET random_page_cost = 1.1
    SET hnsw.iterative_scan = relaxed_order
    SET hnsw.ef_search = 240
    SET hnsw.max_scan_tuples = 8000
    SET jit = off
    AS $$
DECLARE
    tenant uuid := mem0.enterprise();
    answered boolean := false;
BEGIN
    PERFORM mem0.check_scopes(small || broad_scopes);
    CASE mem0.partition(tenant){branches}
    END CASE;
END
$$
$source$, '{branches}', branches);
END
$do$;
