-- Searching reads the tenant's partition by its name.
--
-- A statement over the partitioned table has a plan with every partition in it, in every place where it is read: 160 nodes that
-- a new session takes 30 ms to plan, and that each search takes a millisecond to begin. So there is one function for
-- each partition, made from the same text, and each session plans the one or few that its tenants are in.

-- The number of the partition that a tenant's rows are in.
CREATE FUNCTION mem0.partition(tenant uuid) RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, public AS $$
BEGIN
    FOR number IN 0 .. 15 LOOP
        IF satisfies_hash_partition('memory_scopes'::regclass, 16, number, tenant) THEN
            RETURN number;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

-- Reads a text as a question in these scopes.
--
-- A term in at most 400 rows finds candidates by itself, the twelve rarest at most; so do the three rarest of those in at
-- most 3,000 where there is no rarer one, or those found little. What is commoner finds nothing: it only counts for
-- what was found otherwise, and not even that, beside rarer ones, if more than a sixth of the memories have it: it would tell
-- next to nothing. So every list that is read is short, however common the words. Of a long text the first 32 terms
-- count, identifiers before words.
CREATE OR REPLACE FUNCTION mem0.text_query(scopes bigint[], words text) RETURNS mem0.text_query
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, public
    SET plan_cache_mode = force_generic_plan
    AS $$
DECLARE
    tenant uuid := mem0.enterprise();
    asked mem0.text_query;
BEGIN
    SELECT coalesce(array_agg(t.term ORDER BY t.share, t.place), '{}'), array_agg(t.share ORDER BY t.share, t.place)
      INTO asked.terms, asked.shares
      FROM (SELECT w.lexeme AS term, coalesce(f.share, 0) AS share, w.place,
                   min(coalesce(f.share, 0)) OVER () AS rarest
              FROM (SELECT u.lexeme,
                           row_number() OVER (ORDER BY u.positions[1] NULLS FIRST, length(u.lexeme) DESC) AS place
                      FROM unnest(mem0.terms(words)) u) w
              LEFT JOIN frequent_terms f ON f.enterprise_id = tenant AND f.term = w.lexeme
             WHERE w.place <= 32) t
     WHERE t.share * 6 <= 1 OR t.rarest * 6 > 1;
    asked.rare := '{}';
    asked.medium := '{}';
    asked.rows := (
        SELECT coalesce(sum(n.rows), 0)
          FROM (SELECT s.rows FROM scope_sizes s WHERE s.enterprise_id = tenant AND s.scope_id = ANY (scopes)
                 UNION ALL
                SELECT c.rows FROM scope_changes c WHERE c.enterprise_id = tenant AND c.scope_id = ANY (scopes)) n);
    asked.average_length :=
        coalesce((SELECT s.average_length FROM term_samples s WHERE s.enterprise_id = tenant), 16);
    FOR place IN 1 .. cardinality(asked.terms) LOOP
        IF asked.shares[place] * asked.rows <= 400 THEN
            CONTINUE WHEN cardinality(asked.rare) = 12;
            asked.rare := asked.rare || place;
        ELSE
            CONTINUE WHEN asked.shares[place] * asked.rows > 3000 OR cardinality(asked.medium) = 3;
            asked.medium := asked.medium || place;
        END IF;
    END LOOP;
    RETURN asked;
END
$$;

-- The search in a small scope, with this prefix: for any of the rare terms or two of the medium.
CREATE FUNCTION mem0.small_scan(asked mem0.text_query, prefix bigint) RETURNS tsquery
    LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    scan tsquery := mem0.any_scan(asked, asked.rare, prefix);
    medium integer[] := asked.medium;
BEGIN
    WHILE cardinality(medium) > 1 LOOP
        scan := scan || (mem0.any_scan(asked, medium[1:1], prefix) && mem0.any_scan(asked, medium[2:], prefix));
        medium := medium[2:];
    END LOOP;
    RETURN scan;
END
$$;

-- The graph finds the nearest of vectors that are almost equally near, as those of short texts are, only if it is dense.
-- Measured on 22,000 such: at 16 neighbours each, ten of the 300 looked at are the right ones in 95 % of cases; with 32
-- in 99.6 %.
DROP INDEX memory_scopes_broad_vectors;
CREATE INDEX memory_scopes_broad_vectors ON memory_scopes USING hnsw (embedding halfvec_ip_ops)
    WITH (m = 32, ef_construction = 256) WHERE broad;

DROP FUNCTION mem0.search_candidates(bigint[], bigint[], halfvec, text, text, integer, integer, uuid[]);

-- What mem0.search_candidates answers for a tenant in one partition, whose number stands for {partition}.
--
-- Plans do not depend on what is asked, so they are made once per session. What keeps the planner from others, whose cost
-- it underrates because it does not know what is asked: `scope_id + 0` is in the text indexes only, and `IS NOT FALSE` is
-- in none.
DO $do$
DECLARE
    source text := $source$
CREATE FUNCTION mem0.search_partition_{partition}(
    tenant uuid, small bigint[], broad_scopes bigint[], query halfvec, query_model text, words text,
    nearest integer, best integer, among uuid[])
    RETURNS TABLE (memory_id uuid, similarity real, text real, matched real, more boolean)
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    comparable integer := CASE WHEN query IS NOT NULL THEN mem0.model_number(query_model) END;
    asked mem0.text_query;
    -- Up to here, comparing all is sure, and no dearer than finding the nearest few among all that the graph holds.
    approximate boolean := (SELECT coalesce(sum(n.rows), 0) > 24000 FROM scope_sizes n
                             WHERE n.enterprise_id = tenant AND n.scope_id = ANY (broad_scopes));
BEGIN
    asked := mem0.text_query(small || broad_scopes, words);
    RETURN QUERY
    WITH nearby AS MATERIALIZED (
        SELECT p.memory_id AS id, p.scope_id, p.embedding <#> query AS distance
          FROM memory_scopes_{partition} p
         WHERE p.enterprise_id = tenant AND p.scope_id = ANY (small) AND p.model = comparable
           AND query IS NOT NULL AND among IS NULL
         -- More than asked for, since a memory in several scopes is there more than once.
         ORDER BY 3 LIMIT nearest * 2
    ), bound AS MATERIALIZED (
        -- Nothing farther than the last of these can be among so many: it need not be sorted.
        SELECT coalesce(max(n.distance) FILTER (WHERE n.place = nearest * 2), 'Infinity') AS distance
          FROM (SELECT row_number() OVER (ORDER BY n.distance) AS place, n.distance FROM nearby n) n
    ), vectors AS MATERIALIZED (
        SELECT n.id, n.scope_id, n.distance FROM nearby n
         UNION ALL
        (SELECT p.memory_id, p.scope_id, p.embedding <#> query
           FROM memory_scopes_{partition} p
          WHERE p.enterprise_id = tenant AND p.scope_id = ANY (broad_scopes) AND p.model = comparable
            AND query IS NOT NULL AND among IS NULL AND NOT approximate
            AND p.embedding <#> query <= (SELECT b.distance FROM bound b)
          ORDER BY 3 LIMIT nearest * 2)
        UNION ALL
        (SELECT p.memory_id, p.scope_id, p.embedding <#> query
           FROM memory_scopes_{partition} p
          WHERE p.enterprise_id = tenant AND p.broad AND (p.scope_id = ANY (broad_scopes)) IS NOT FALSE
            AND p.model = comparable AND among IS NULL AND approximate
          ORDER BY 3 LIMIT nearest + nearest / 4)
        UNION ALL
        (SELECT p.memory_id, p.scope_id, CASE WHEN p.model = comparable THEN p.embedding <#> query END
           FROM unnest(among) a (id)
           JOIN memory_scopes_{partition} p ON p.enterprise_id = tenant AND p.memory_id = a.id
          WHERE (p.scope_id = ANY (small || broad_scopes)) IS NOT FALSE)
    ), small_hits AS MATERIALIZED (
        -- One search in each scope for all terms together: in a small scope most of the work is going through the scope.
        SELECT s.id AS scope_id, h.*
          FROM unnest(small) s (id),
               LATERAL (SELECT mem0.small_scan(asked, s.id % 64) AS scan OFFSET 0) q,
               LATERAL (SELECT p.memory_id AS id, CASE WHEN p.model = comparable THEN p.embedding <#> query END AS distance,
                               p.length, p.terms
                          FROM memory_scopes_{partition} p
                         WHERE p.enterprise_id = tenant AND (p.scope_id + 0) = s.id
                           AND mem0.scoped_terms(p.scope_id % 64, p.terms) @@ q.scan
                         LIMIT 600) h
         WHERE asked.rare <> '{}'
    ), medium_hits AS MATERIALIZED (
        SELECT s.id AS scope_id, h.*
          FROM unnest(small) s (id),
               LATERAL (SELECT mem0.any_scan(asked, asked.medium, s.id % 64) AS scan OFFSET 0) q,
               LATERAL (SELECT p.memory_id AS id, CASE WHEN p.model = comparable THEN p.embedding <#> query END AS distance,
                               p.length, p.terms
                          FROM memory_scopes_{partition} p
                         WHERE p.enterprise_id = tenant AND (p.scope_id + 0) = s.id
                           AND mem0.scoped_terms(p.scope_id % 64, p.terms) @@ q.scan
                         LIMIT 600) h
         WHERE asked.medium <> '{}' AND (SELECT count(*) FROM small_hits) < 50
           AND NOT EXISTS (SELECT FROM small_hits known WHERE known.scope_id = s.id AND known.id = h.id)
    ), few AS MATERIALIZED (
        SELECT * FROM small_hits UNION ALL SELECT * FROM medium_hits
    ), looked_for AS MATERIALIZED (
        SELECT place, mem0.lexeme(asked.terms[place]) AS term FROM unnest(asked.rare || asked.medium) place
    ), hits AS MATERIALIZED (
        SELECT h.*
          FROM (SELECT h.scope_id, t.place, h.id, h.distance, h.length, ts_rank('{1,1,1,1}', h.terms, t.term) AS rank
                  FROM few h, looked_for t) h
         WHERE h.rank > 0
         UNION ALL
        SELECT s.id, t.place, h.*
          FROM unnest(broad_scopes) s (id),
               looked_for t,
               LATERAL (SELECT mem0.broad_scan(asked, t.place, s.id) AS scan OFFSET 0) q,
               LATERAL (SELECT p.memory_id, CASE WHEN p.model = comparable THEN p.embedding <#> query END, p.length,
                               ts_rank('{1,1,1,1}', p.terms, t.term)
                          FROM memory_scopes_{partition} p
                         WHERE p.enterprise_id = tenant AND p.broad
                           AND mem0.scoped_terms(p.scope_id, p.terms) @@ q.scan
                         LIMIT 400) h
    ), recent AS MATERIALIZED (
        -- Where every word is common, the newest have to do, beside the nearest.
        SELECT h.id, h.scope_id, h.distance
          FROM unnest(small || broad_scopes) s (id),
               LATERAL (SELECT p.memory_id AS id, p.scope_id,
                               CASE WHEN p.model = comparable THEN p.embedding <#> query END AS distance
                          FROM memory_scopes_{partition} p
                         WHERE p.enterprise_id = tenant AND p.scope_id = s.id
                         ORDER BY p.memory_id DESC LIMIT 50) h
         WHERE among IS NULL AND asked.terms <> '{}' AND asked.rare || asked.medium = '{}'
    ), counted AS (
        SELECT n.place, sum(n.rows) AS rows, bool_or(n.rows >= 400) AS cut
          FROM (SELECT h.place, h.scope_id, count(*) AS rows FROM hits h GROUP BY 1, 2) n
         GROUP BY n.place
    ), cut AS MATERIALIZED (
        SELECT coalesce(bool_or(n.rows >= 600), false) AS few_cut
          FROM (SELECT count(*) AS rows FROM few GROUP BY few.scope_id) n
    ), weights AS MATERIALIZED (
        -- A term that was found wherever it is was counted; of another its share tells more.
        SELECT t.place, t.term, f.open, f.rows,
               ln(1 + (greatest(asked.rows, f.rows) - f.rows + 0.5) / (f.rows + 0.5)) AS weight
          FROM (SELECT place, mem0.lexeme(term) AS term, share
                  FROM unnest(asked.terms, asked.shares) WITH ORDINALITY t (term, share, place) OFFSET 0) t
          LEFT JOIN counted c ON c.place = t.place
          CROSS JOIN LATERAL (
               SELECT c.cut IS TRUE OR (SELECT few_cut FROM cut)
                      OR t.place <> ALL (asked.rare)
                         AND (broad_scopes <> '{}' OR asked.rare <> '{}' OR t.place <> ALL (asked.medium)) AS open OFFSET 0) o
          CROSS JOIN LATERAL (
               SELECT o.open,
                      greatest(CASE WHEN o.open THEN t.share * asked.rows END, c.rows, 0)::float8 AS rows OFFSET 0) f
    ), scored AS MATERIALIZED (
        SELECT m.id, min(m.scope_id) AS scope_id, min(m.distance) AS distance,
               sum(w.weight * m.saturation) AS all_text,
               coalesce(sum(w.weight * m.saturation) FILTER (WHERE NOT w.open), 0) AS text,
               coalesce(sum(w.weight) FILTER (WHERE NOT w.open), 0) AS matched
          FROM (SELECT h.id, h.place, min(h.scope_id) AS scope_id, min(h.distance) AS distance,
                       min(mem0.saturation(h.rank, h.length, asked.average_length)) AS saturation
                  FROM hits h GROUP BY h.id, h.place) m
          JOIN weights w ON w.place = m.place
         GROUP BY m.id
    ), pool AS MATERIALIZED (
        SELECT DISTINCT ON (u.id) u.id, u.scope_id, u.distance, coalesce(s.text, 0) AS text, coalesce(s.matched, 0) AS matched
          FROM (SELECT v.id, v.scope_id, v.distance FROM vectors v
                 UNION ALL
                SELECT r.id, r.scope_id, r.distance FROM recent r
                 UNION ALL
                (SELECT s.id, s.scope_id, s.distance FROM scored s
                  WHERE among IS NULL
                  ORDER BY s.all_text DESC, s.id DESC LIMIT best + best / 2)) u
          LEFT JOIN scored s ON s.id = u.id
    ), complete AS MATERIALIZED (
        SELECT p.id, p.distance, p.text + coalesce(o.text, 0) AS text, p.matched + coalesce(o.matched, 0) AS matched
          FROM pool p
          LEFT JOIN LATERAL (
               SELECT sum(r.weight * mem0.saturation(r.rank, r.length, asked.average_length)) AS text,
                      sum(r.weight) AS matched
                 FROM (SELECT w.weight, m.length, ts_rank('{1,1,1,1}', m.terms, w.term) AS rank
                         FROM memory_scopes_{partition} m, weights w
                        WHERE m.enterprise_id = tenant AND m.scope_id = p.scope_id AND m.memory_id = p.id AND w.open) r
                WHERE r.rank > 0) o ON (SELECT bool_or(w.open) FROM weights w)
    ), placed AS (
        SELECT c.*, row_number() OVER (ORDER BY c.distance, c.id DESC) AS by_meaning,
               row_number() OVER (ORDER BY c.text DESC, c.distance, c.id DESC) AS by_words
          FROM complete c
    )
    SELECT p.id, (-p.distance)::real, coalesce(p.text / t.weight, 0)::real, coalesce(p.matched / t.weight, 0)::real,
           (SELECT count(*) >= nearest FROM vectors) OR (SELECT count(*) > best FROM scored)
      FROM placed p
      -- An identifier that nobody has does not count against those that have its parts.
      CROSS JOIN (SELECT nullif(sum(w.weight), 0) AS weight FROM weights w
                   WHERE w.rows > 0 OR w.open OR w.term::text !~ '[-_./\\@:#+~&=%?]') t
     WHERE p.by_meaning <= nearest OR (p.by_words <= best AND p.text > 0);
END
$$
$source$;
BEGIN
    FOR number IN 0..15 LOOP
        EXECUTE replace(source, '{partition}', number::text);
        EXECUTE format('REVOKE EXECUTE ON FUNCTION mem0.search_partition_%s(uuid, bigint[], bigint[], halfvec, text, text,
            integer, integer, uuid[]) FROM PUBLIC', number);
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
        SELECT string_agg(format(
               'WHEN %1$s THEN RETURN QUERY SELECT * FROM mem0.search_partition_%1$s(
                    tenant, small, broad_scopes, query, query_model, words, nearest, best, among);', number), E'\n        ')
          FROM generate_series(0, 15) number);
BEGIN
    EXECUTE replace($source$
CREATE FUNCTION mem0.search_candidates(
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
BEGIN
    PERFORM mem0.check_scopes(small || broad_scopes);
    CASE mem0.partition(tenant)
        {branches}
    END CASE;
END
$$
$source$, '{branches}', branches);
END
$do$;

REVOKE EXECUTE ON FUNCTION mem0.partition(uuid), mem0.small_scan(mem0.text_query, bigint),
    mem0.search_candidates(bigint[], bigint[], halfvec, text, text, integer, integer, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    mem0.search_candidates(bigint[], bigint[], halfvec, text, text, integer, integer, uuid[]) TO mem0_app;
