-- What comes near a query at every level of the hierarchy, in one pass: the query is analysed once, and each level has its own best.

-- What mem0.search_levels answers for a tenant in one partition, whose number stands for {partition}. Its arms are those of
-- mem0.search_partition (V78, V81), each for every scope by itself. What V11 says of partitions and plans holds.
DO $do$
DECLARE
    source text := $source$
CREATE FUNCTION mem0.search_levels_{partition}(
    tenant uuid, small bigint[], broad_scopes bigint[], levels integer[], own bigint, lent_level integer, query halfvec,
    query_model text, words text, nearest integer, best integer, compared bigint[], near_scopes bigint[], near uuid[])
    RETURNS TABLE (memory_id uuid, level integer, similarity real, text real, more boolean)
    LANGUAGE plpgsql STABLE
    AS $$
#variable_conflict use_column
DECLARE
    comparable integer := CASE WHEN query IS NOT NULL THEN mem0.model_number(query_model) END;
    asked mem0.text_query := mem0.text_query(small || broad_scopes, words);
    -- In scopes whose vectors are compared row by row, common words are looked for, too: there are few rows to go through.
    every integer[] := CASE WHEN NOT small <@ compared
                            THEN ARRAY(SELECT generate_series(1, least(15, cardinality(asked.terms)))) ELSE '{}' END;
    looked integer[] := ARRAY(SELECT DISTINCT place FROM unnest(every || asked.rare || asked.medium) place);
    beyond bigint[] := ARRAY(SELECT s.id FROM unnest(broad_scopes) s (id) WHERE s.id <> ALL (compared));
    approximate boolean := beyond <> '{}' AND (
        SELECT coalesce(sum(n.rows), 0) > 24000
          FROM scope_sizes n WHERE n.enterprise_id = tenant AND n.scope_id = ANY (beyond));
    exact bigint[] := ARRAY(SELECT s.id FROM unnest(small) s (id) WHERE s.id <> ALL (compared));
    -- What the caller's own scope shows of others.
    lent uuid[] := CASE WHEN own IS NULL THEN '{}' ELSE ARRAY(
        SELECT m.id FROM memories m
         WHERE m.enterprise_id = tenant AND m.deleted_at IS NULL AND cardinality(m.scope_ids) > 1
           AND m.scope_ids && ARRAY[own] AND m.home_scope_id <> own
         LIMIT 2000) END;
    ids uuid[] := '{}';
    scopes bigint[] := '{}';
    distances float8[] := '{}';
    arm record;
BEGIN
    IF query IS NOT NULL THEN
        IF NOT approximate THEN
            exact := exact || beyond;
        END IF;
        IF exact <> '{}' THEN
            SELECT array_agg(n.id) AS ids, array_agg(s.id) AS scopes, array_agg(n.distance) AS distances
              INTO arm
              FROM unnest(exact) s (id)
             CROSS JOIN LATERAL (SELECT p.memory_id AS id, p.embedding <#> query AS distance
                                   FROM memory_scopes_{partition} p
                                  WHERE p.enterprise_id = tenant AND p.scope_id = s.id AND p.model = comparable
                                  ORDER BY 2 LIMIT nearest + CASE WHEN s.id = own THEN cardinality(lent) ELSE 0 END) n;
            ids := coalesce(arm.ids, '{}');
            scopes := coalesce(arm.scopes, '{}');
            distances := coalesce(arm.distances, '{}');
        END IF;
        -- What came near elsewhere, and everything that is lent.
        SELECT array_agg(n.id) AS ids, array_agg(n.scope_id) AS scopes, array_agg(p.distance) AS distances
          INTO arm
          FROM (SELECT u.scope_id, u.id FROM unnest(near_scopes, near) u (scope_id, id)
                 WHERE u.scope_id = ANY (small || broad_scopes)
                 UNION
                SELECT own, u.id FROM unnest(lent) u (id)) n
         CROSS JOIN LATERAL (SELECT p.embedding <#> query AS distance
                               FROM memory_scopes_{partition} p
                              WHERE p.enterprise_id = tenant AND p.scope_id = n.scope_id AND p.memory_id = n.id
                                AND p.model = comparable OFFSET 0) p;
        ids := ids || coalesce(arm.ids, '{}');
        scopes := scopes || coalesce(arm.scopes, '{}');
        distances := distances || coalesce(arm.distances, '{}');
        IF approximate THEN
            SELECT array_agg(n.id) AS ids, array_agg(n.scope_id) AS scopes, array_agg(n.distance) AS distances
              INTO arm
              FROM (SELECT p.memory_id AS id, p.scope_id, p.embedding <#> query AS distance
                      FROM memory_scopes_{partition} p
                     WHERE p.broad AND CASE WHEN p.enterprise_id = tenant THEN p.scope_id = ANY (beyond) END
                       AND p.model = comparable
                     ORDER BY 3 LIMIT nearest * (1 + least(cardinality(beyond), 4))) n;
            ids := ids || coalesce(arm.ids, '{}');
            scopes := scopes || coalesce(arm.scopes, '{}');
            distances := distances || coalesce(arm.distances, '{}');
        END IF;
    END IF;

    RETURN QUERY
    WITH small_hits AS MATERIALIZED (
        SELECT s.id AS scope_id, h.*
          FROM unnest(small) s (id),
               LATERAL (SELECT CASE WHEN s.id <> ALL (compared) THEN mem0.any_scan(asked, every, s.id % 64)
                                    WHEN asked.rare <> '{}' THEN mem0.small_scan(asked, s.id % 64) END AS scan OFFSET 0) q,
               LATERAL (SELECT p.memory_id AS id, CASE WHEN p.model = comparable THEN p.embedding <#> query END AS distance,
                               p.length, p.terms, p.ctid AS row
                          FROM memory_scopes_{partition} p
                         WHERE (p.enterprise_id = tenant) IS NOT FALSE AND (p.scope_id + 0) = s.id
                           AND mem0.scoped_terms(p.scope_id % 64, p.terms) @@ q.scan
                         LIMIT 600) h
    ), medium_hits AS MATERIALIZED (
        SELECT s.id AS scope_id, h.*
          FROM unnest(compared) s (id),
               LATERAL (SELECT mem0.any_scan(asked, asked.medium, s.id % 64) AS scan OFFSET 0) q,
               LATERAL (SELECT p.memory_id AS id, CASE WHEN p.model = comparable THEN p.embedding <#> query END AS distance,
                               p.length, p.terms, p.ctid AS row
                          FROM memory_scopes_{partition} p
                         WHERE (p.enterprise_id = tenant) IS NOT FALSE AND (p.scope_id + 0) = s.id
                           AND mem0.scoped_terms(p.scope_id % 64, p.terms) @@ q.scan
                         LIMIT 600) h
         WHERE asked.medium <> '{}' AND s.id = ANY (small)
           AND (SELECT count(*) FROM small_hits known WHERE known.scope_id = s.id) < best
           AND (s.id, h.id) NOT IN (SELECT known.scope_id, known.id FROM small_hits known)
    ), few AS MATERIALIZED (
        SELECT * FROM small_hits UNION ALL SELECT * FROM medium_hits
    ), looked_for AS MATERIALIZED (
        SELECT place, mem0.lexeme(asked.terms[place]) AS term FROM unnest(looked) place
    ), hits AS MATERIALIZED (
        SELECT h.*
          FROM (SELECT h.scope_id, t.place, h.id, h.distance, h.length, h.row, ts_rank('{1,1,1,1}', h.terms, t.term) AS rank
                  FROM few h, looked_for t) h
         WHERE h.rank > 0
         UNION ALL
        SELECT s.id, t.place, h.*
          FROM unnest(broad_scopes) s (id),
               (SELECT * FROM looked_for WHERE place = ANY (asked.rare || asked.medium)) t,
               LATERAL (SELECT mem0.broad_scan(asked, t.place, s.id) AS scan OFFSET 0) q,
               LATERAL (SELECT p.memory_id, CASE WHEN p.model = comparable THEN p.embedding <#> query END, p.length,
                               p.ctid, ts_rank('{1,1,1,1}', p.terms, t.term)
                          FROM memory_scopes_{partition} p
                         WHERE (p.enterprise_id = tenant) IS NOT FALSE AND p.broad
                           AND mem0.scoped_terms(p.scope_id, p.terms) @@ q.scan
                         LIMIT 400) h
    ), recent AS MATERIALIZED (
        SELECT h.id, h.scope_id, h.distance
          FROM unnest(small || broad_scopes) s (id),
               LATERAL (SELECT p.memory_id AS id, p.scope_id,
                               CASE WHEN p.model = comparable THEN p.embedding <#> query END AS distance
                          FROM memory_scopes_{partition} p
                         WHERE p.enterprise_id = tenant AND p.scope_id = s.id
                         ORDER BY p.memory_id DESC LIMIT 50) h
         WHERE asked.terms <> '{}' AND asked.rare || asked.medium = '{}'
    ), counted AS (
        SELECT n.place, sum(n.rows) AS rows, bool_or(n.rows >= 400) AS cut
          FROM (SELECT h.place, h.scope_id, count(*) AS rows FROM hits h GROUP BY 1, 2) n
         GROUP BY n.place
    ), cut AS MATERIALIZED (
        SELECT coalesce(bool_or(n.rows >= 600), false) AS few_cut
          FROM (SELECT count(*) AS rows FROM few GROUP BY few.scope_id) n
    ), weights AS MATERIALIZED (
        SELECT t.place, t.term, f.open, f.rows,
               ln(1 + (greatest(asked.rows, f.rows) - f.rows + 0.5) / (f.rows + 0.5)) AS weight
          FROM (SELECT place, mem0.lexeme(term) AS term, share
                  FROM unnest(asked.terms, asked.shares) WITH ORDINALITY t (term, share, place) OFFSET 0) t
          LEFT JOIN counted c ON c.place = t.place
          CROSS JOIN LATERAL (
               SELECT c.cut IS TRUE OR (SELECT few_cut FROM cut)
                      OR t.place <> ALL (asked.rare)
                         AND (broad_scopes <> '{}' OR compared <> '{}' OR t.place <> ALL (looked)) AS open OFFSET 0) o
          CROSS JOIN LATERAL (
               SELECT o.open,
                      greatest(CASE WHEN o.open THEN t.share * asked.rows END, c.rows, 0)::float8 AS rows OFFSET 0) f
    ), scored AS MATERIALIZED (
        SELECT m.id, m.scope_id, m.distance, m.row,
               sum(w.weight * m.saturation) AS all_text,
               coalesce(sum(w.weight * m.saturation) FILTER (WHERE NOT w.open), 0) AS text
          FROM (SELECT h.id, h.place, h.scope_id, h.distance, h.row,
                       mem0.saturation(h.rank, h.length, asked.average_length) AS saturation
                  FROM hits h) m
          JOIN weights w ON w.place = m.place
         GROUP BY m.id, m.scope_id, m.distance, m.row
    ), seen AS (
        SELECT u.id, u.scope_id, u.distance, NULL::tid AS row, 0::float8 AS all_text, 0::float8 AS text
          FROM unnest(ids, scopes, distances) u (id, scope_id, distance)
         UNION ALL
        SELECT r.id, r.scope_id, r.distance, NULL, 0, 0 FROM recent r
         UNION ALL
        SELECT s.id, s.scope_id, s.distance, s.row, s.all_text, s.text FROM scored s
    ), levelled AS MATERIALIZED (
        SELECT s.*, CASE WHEN s.scope_id = own AND s.id = ANY (lent) THEN lent_level ELSE l.level END AS level
          FROM seen s
          JOIN unnest(small || broad_scopes, levels) l (scope_id, level) ON l.scope_id = s.scope_id
    ), reached AS MATERIALIZED (
        SELECT l.level, count(DISTINCT l.id) AS rows FROM levelled l GROUP BY l.level
    ), once AS (
        -- A memory that is seen at several levels counts at the nearest.
        SELECT DISTINCT ON (l.id) l.* FROM levelled l ORDER BY l.id, l.level, l.all_text DESC
    ), pool AS MATERIALIZED (
        SELECT o.*
          FROM (SELECT o.*, row_number() OVER (PARTITION BY o.level ORDER BY o.distance, o.id DESC) AS by_meaning,
                       row_number() OVER (PARTITION BY o.level ORDER BY o.all_text DESC, o.id DESC) AS by_words
                  FROM once o) o
         WHERE o.by_meaning <= nearest OR (o.by_words <= best AND o.all_text > 0)
    ), opened AS (
        -- Open terms are looked for in each: where its row was read before, and by its key otherwise.
        SELECT r.id, sum(r.weight * mem0.saturation(r.rank, r.length, asked.average_length)) AS text
          FROM (SELECT m.id, m.length, w.weight, ts_rank('{1,1,1,1}', m.terms, w.term) AS rank
                  FROM (SELECT p.id, m.terms, m.length
                          FROM pool p CROSS JOIN LATERAL (
                               SELECT m.terms, m.length FROM memory_scopes_{partition} m WHERE m.ctid = p.row
                                UNION ALL
                               SELECT m.terms, m.length FROM memory_scopes_{partition} m
                                WHERE p.row IS NULL AND m.enterprise_id = tenant AND m.scope_id = p.scope_id
                                  AND m.memory_id = p.id) m
                         WHERE (SELECT bool_or(w.open) FROM weights w) OFFSET 0) m
                  JOIN weights w ON w.open) r
         WHERE r.rank > 0
         GROUP BY r.id
    ), placed AS (
        SELECT c.*, row_number() OVER (PARTITION BY c.level ORDER BY c.text DESC, c.distance, c.id DESC) AS by_words
          FROM (SELECT p.id, p.level, p.distance, p.by_meaning, p.text + coalesce(o.text, 0) AS text
                  FROM pool p LEFT JOIN opened o ON o.id = p.id) c
    )
    SELECT p.id, p.level, (-p.distance)::real, coalesce(p.text / t.weight, 0)::real,
           r.rows >= nearest OR (approximate AND p.level = ANY (levels[cardinality(small) + 1:]))
      FROM placed p
      JOIN reached r ON r.level = p.level
      CROSS JOIN (SELECT nullif(sum(w.weight), 0) AS weight FROM weights w
                   WHERE w.rows > 0 OR w.open OR w.term::text !~ '[-_./\\@:#+~&=%?]') t
     WHERE p.by_meaning <= nearest OR (p.by_words <= best AND p.text > 0);
END
$$;
$source$;
BEGIN
    FOR number IN 0..15 LOOP
        EXECUTE replace(source, '{partition}', number::text);
        EXECUTE format('REVOKE EXECUTE ON FUNCTION mem0.search_levels_%s(uuid, bigint[], bigint[], integer[], bigint, integer, halfvec,
            text, text, integer, integer, bigint[], bigint[], uuid[]) FROM PUBLIC', number);
    END LOOP;
END
$do$;

-- search.levels: what comes near the query by meaning or by words at each level, each memory once: of every level the `nearest` by
-- meaning and the `best` by words. `levels` has the number of the level of each of the `small` and then of the `broad_scopes`;
-- the lower number is the nearer level. What is seen in `own` and lives elsewhere is at `lent_level`. Everything else as in
-- mem0.search_candidates (V78).
--
-- level  the level of the scope in which it was found, the nearest of several: who reads its home may see it at another;
-- more  whether there may be others at that level.
DO $do$
DECLARE
    branches text := (
        SELECT string_agg(format($branch$
        WHEN %1$s THEN
            IF broad_scopes = '{}' AND compared = '{}' THEN
                RETURN QUERY
                SELECT f.memory_id, l.level, f.similarity, f.text, false
                  FROM mem0.search_few_%1$s(tenant, small, query, query_model, words, 500, 500, NULL) f
                  JOIN memories m ON m.enterprise_id = tenant AND m.id = f.memory_id
                 CROSS JOIN LATERAL (
                       SELECT CASE WHEN l.scope_id = own AND m.home_scope_id <> own THEN lent_level ELSE l.level END AS level
                         FROM unnest(small, levels) l (scope_id, level)
                        WHERE l.scope_id = ANY (m.scope_ids)
                        ORDER BY l.scope_id = m.home_scope_id DESC, 1 LIMIT 1) l;
                answered := FOUND;
            END IF;
            -- There are too many, or none.
            IF NOT answered THEN
                RETURN QUERY SELECT * FROM mem0.search_levels_%1$s(
                    tenant, small, broad_scopes, levels, own, lent_level, query, query_model, words, nearest, best, compared,
                    near_scopes, near);
            END IF;$branch$, number), '')
          FROM generate_series(0, 15) number);
    -- Loads the library that the settings named hnsw belong to: nobody may set them before.
    loaded CONSTANT halfvec := '[1]';
BEGIN
    EXECUTE replace($source$
CREATE FUNCTION mem0.search_levels(
    small bigint[], broad_scopes bigint[], levels integer[], own bigint, lent_level integer, query halfvec, query_model text,
    words text, nearest integer, best integer, compared bigint[], near_scopes bigint[], near uuid[])
    RETURNS TABLE (memory_id uuid, level integer, similarity real, text real, more boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 300
    SET search_path = pg_catalog, public
    SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off
    SET random_page_cost = 1.1
    SET hnsw.iterative_scan = relaxed_order
    SET hnsw.ef_search = 240
    SET hnsw.max_scan_tuples = 8000
    SET jit = off
    AS $$
#variable_conflict use_column
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
REVOKE EXECUTE ON FUNCTION mem0.search_levels(bigint[], bigint[], integer[], bigint, integer, halfvec, text, text, integer,
    integer, bigint[], bigint[], uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.search_levels(bigint[], bigint[], integer[], bigint, integer, halfvec, text, text, integer,
    integer, bigint[], bigint[], uuid[]) TO mem0_app;
