-- Where few memories can be seen, all of them are compared and counted: one short statement, which a new session plans in a
-- fraction of the time, and which needs to know nothing of sizes and words beforehand. Most tenants never have more.
--
-- What V11 and V52 say of partitions, plans and arms holds.
DO $do$
DECLARE
    source text := $source$
CREATE OR REPLACE FUNCTION mem0.search_partition_{partition}(
    tenant uuid, small bigint[], broad_scopes bigint[], query halfvec, query_model text, words text,
    nearest integer, best integer, among uuid[])
    RETURNS TABLE (memory_id uuid, similarity real, text real, matched real, more boolean)
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    comparable integer := CASE WHEN query IS NOT NULL THEN mem0.model_number(query_model) END;
    asked mem0.text_query;
    approximate boolean;
    -- Scopes whose vectors are all compared: in blocks, or row by row.
    packed bigint[];
    exact bigint[];
    rows bigint;
    head halfvec := subvector(query, 1, 128);
    tail halfvec := subvector(query, 129, 128);
    -- How many of the packed are compared in full, and about how many blocks those are in.
    compared bigint := 100 + 5 * nearest;
    blocks bigint;
    -- What the arms found.
    ids uuid[] := '{}';
    scopes bigint[] := '{}';
    distances float8[] := '{}';
    arm record;
BEGIN
    IF broad_scopes = '{}' AND cardinality(small) <= 200 AND (
        SELECT count(*) FROM (SELECT FROM memory_scopes_{partition} p
                               WHERE p.enterprise_id = tenant AND p.scope_id = ANY (small) LIMIT 501) n) <= 500 THEN
        RETURN QUERY
        WITH terms AS MATERIALIZED (
            -- Of a long text the first 32 count, identifiers before words.
            SELECT t.place, t.term, mem0.lexeme(t.term) AS lexeme
              FROM (SELECT u.lexeme AS term,
                           row_number() OVER (ORDER BY u.positions[1] NULLS FIRST, length(u.lexeme) DESC) AS place
                      FROM unnest(mem0.terms(words)) u) t
             WHERE t.place <= 32
        ), here AS MATERIALIZED (
            -- Scope by scope, or the planner goes through all of the tenant in the order of memories.
            SELECT DISTINCT ON (p.id) p.*
              FROM unnest(small) s (id),
                   LATERAL (SELECT p.memory_id AS id, p.terms, p.length,
                                   CASE WHEN p.model = comparable THEN p.embedding <#> query END AS distance
                              FROM memory_scopes_{partition} p
                             WHERE p.enterprise_id = tenant AND p.scope_id = s.id OFFSET 0) p
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
        RETURN;
    END IF;

    -- Up to here, comparing all is sure, and no dearer than finding the nearest few among all that the graph holds.
    approximate := broad_scopes <> '{}' AND (
        SELECT coalesce(sum(n.rows), 0) > 100000
               OR coalesce(sum(n.rows) FILTER (WHERE n.packing IS DISTINCT FROM 'packed'), 0) > 24000
          FROM scope_sizes n WHERE n.enterprise_id = tenant AND n.scope_id = ANY (broad_scopes));
    asked := mem0.text_query(small || broad_scopes, words);

    IF among IS NOT NULL THEN
        SELECT array_agg(a.id) AS ids, array_agg(p.scope_id) AS scopes,
               array_agg(CASE WHEN p.model = comparable THEN p.embedding <#> query END) AS distances
          INTO arm
          FROM unnest(among) a (id)
          JOIN memory_scopes_{partition} p ON p.enterprise_id = tenant AND p.memory_id = a.id
         WHERE (p.scope_id = ANY (small || broad_scopes)) IS NOT FALSE;
        ids := coalesce(arm.ids, '{}');
        scopes := coalesce(arm.scopes, '{}');
        distances := coalesce(arm.distances, '{}');
    ELSIF query IS NOT NULL THEN
        SELECT coalesce(array_agg(s.id) FILTER (WHERE n.packing = 'packed'), '{}'),
               coalesce(array_agg(s.id) FILTER (WHERE n.packing IS DISTINCT FROM 'packed'), '{}'),
               coalesce(sum(n.rows) FILTER (WHERE n.packing = 'packed'), 0)
          INTO packed, exact, rows
          FROM unnest(CASE WHEN approximate THEN small ELSE small || broad_scopes END) s (id)
          LEFT JOIN LATERAL (SELECT n.packing, n.rows FROM scope_sizes n
                              WHERE n.enterprise_id = tenant AND n.scope_id = s.id LIMIT 1) n ON true;
        -- Of each arm more than asked for, since a memory in several scopes is there more than once.
        IF exact <> '{}' THEN
            SELECT array_agg(n.id) AS ids, array_agg(n.scope_id) AS scopes, array_agg(n.distance) AS distances
              INTO arm
              FROM (SELECT p.memory_id AS id, p.scope_id, p.embedding <#> query AS distance
                      FROM memory_scopes_{partition} p
                     WHERE p.enterprise_id = tenant AND p.scope_id = ANY (exact) AND p.model = comparable
                     ORDER BY 3 LIMIT nearest * 2) n;
            ids := coalesce(arm.ids, '{}');
            scopes := coalesce(arm.scopes, '{}');
            distances := coalesce(arm.distances, '{}');
        END IF;
        IF packed <> '{}' THEN
            -- The blocks whose best head is nearest, and in them what is as near as the farthest of those. If vectors were
            -- shuffled, so many blocks would have as many as are to be compared; if there are no more, all are.
            blocks := CASE WHEN compared < rows
                THEN ceil(rows / 14.0 * (1 - power(1 - compared / rows::float8, 14))) + 8
                ELSE rows + 8 END;
            WITH noted AS MATERIALIZED (
                SELECT u.memory_id AS id, u.scope_id,
                       CASE WHEN u.model = comparable THEN u.embedding <#> query END AS distance
                  FROM unpacked_vectors u
                 WHERE u.enterprise_id = tenant AND u.scope_id = ANY (packed)
            ), near AS MATERIALIZED (
                SELECT b.ctid AS place, least({distances}) AS distance
                  FROM vector_blocks b
                 WHERE b.enterprise_id = tenant AND b.scope_id = ANY (packed) AND b.model = comparable
                 ORDER BY 2 LIMIT blocks
            ), found AS (
                SELECT n.memory_ids[n.i] AS id, n.scope_id, (n.heads[n.i] <#> head) + (n.tails[n.i] <#> tail) AS distance
                  FROM (SELECT b.scope_id, b.memory_ids, b.heads, b.tails, unnest(array_remove(ARRAY[{near}], NULL)) AS i
                          FROM (SELECT CASE WHEN count(*) < blocks THEN 'Infinity' ELSE max(near.distance) END AS distance
                                  FROM near) far,
                               vector_blocks b
                         WHERE b.ctid = ANY (ARRAY(SELECT near.place FROM near))) n
            )
            SELECT array_agg(n.id) AS ids, array_agg(n.scope_id) AS scopes, array_agg(n.distance) AS distances
              INTO arm
              FROM (SELECT f.* FROM found f
                     WHERE (f.scope_id, f.id) NOT IN (SELECT noted.scope_id, noted.id FROM noted)
                     UNION ALL
                    SELECT noted.id, noted.scope_id, noted.distance FROM noted WHERE noted.distance IS NOT NULL
                     ORDER BY 3 LIMIT nearest * 2) n;
            ids := ids || coalesce(arm.ids, '{}');
            scopes := scopes || coalesce(arm.scopes, '{}');
            distances := distances || coalesce(arm.distances, '{}');
        END IF;
        IF approximate THEN
            SELECT array_agg(n.id) AS ids, array_agg(n.scope_id) AS scopes, array_agg(n.distance) AS distances
              INTO arm
              FROM (SELECT p.memory_id AS id, p.scope_id, p.embedding <#> query AS distance
                      FROM memory_scopes_{partition} p
                     WHERE p.enterprise_id = tenant AND p.broad AND (p.scope_id = ANY (broad_scopes)) IS NOT FALSE
                       AND p.model = comparable
                     ORDER BY 3 LIMIT nearest + nearest / 4) n;
            ids := ids || coalesce(arm.ids, '{}');
            scopes := scopes || coalesce(arm.scopes, '{}');
            distances := distances || coalesce(arm.distances, '{}');
        END IF;
    END IF;

    RETURN QUERY
    WITH vectors AS MATERIALIZED (
        -- With words to look for, what comes by its meaning alone has to be among the nearest.
        SELECT v.id, v.scope_id, v.distance
          FROM (SELECT DISTINCT ON (u.id) u.id, u.scope_id, u.distance
                  FROM unnest(ids, scopes, distances) u (id, scope_id, distance)
                 ORDER BY u.id, u.scope_id) v
         ORDER BY v.distance, v.id DESC
         LIMIT CASE WHEN among IS NULL AND asked.rare || asked.medium <> '{}' THEN nearest END
    ), small_hits AS MATERIALIZED (
        -- One search in each scope for all terms together: in a small scope most of the work is going through the scope.
        SELECT s.id AS scope_id, h.*
          FROM unnest(small) s (id),
               LATERAL (SELECT mem0.small_scan(asked, s.id % 64) AS scan OFFSET 0) q,
               LATERAL (SELECT p.memory_id AS id, CASE WHEN p.model = comparable THEN p.embedding <#> query END AS distance,
                               p.length, p.terms, p.ctid AS row
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
                               p.length, p.terms, p.ctid AS row
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
          FROM (SELECT h.scope_id, t.place, h.id, h.distance, h.length, h.row, ts_rank('{1,1,1,1}', h.terms, t.term) AS rank
                  FROM few h, looked_for t) h
         WHERE h.rank > 0
         UNION ALL
        SELECT s.id, t.place, h.*
          FROM unnest(broad_scopes) s (id),
               looked_for t,
               LATERAL (SELECT mem0.broad_scan(asked, t.place, s.id) AS scan OFFSET 0) q,
               LATERAL (SELECT p.memory_id, CASE WHEN p.model = comparable THEN p.embedding <#> query END, p.length,
                               p.ctid, ts_rank('{1,1,1,1}', p.terms, t.term)
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
        SELECT m.id, min(m.scope_id) AS scope_id, min(m.distance) AS distance, min(m.row) AS row,
               sum(w.weight * m.saturation) AS all_text,
               coalesce(sum(w.weight * m.saturation) FILTER (WHERE NOT w.open), 0) AS text,
               coalesce(sum(w.weight) FILTER (WHERE NOT w.open), 0) AS matched
          FROM (SELECT h.id, h.place, min(h.scope_id) AS scope_id, min(h.distance) AS distance, min(h.row) AS row,
                       min(mem0.saturation(h.rank, h.length, asked.average_length)) AS saturation
                  FROM hits h GROUP BY h.id, h.place) m
          JOIN weights w ON w.place = m.place
         GROUP BY m.id
    ), pool AS MATERIALIZED (
        SELECT DISTINCT ON (u.id) u.id, u.scope_id, u.distance, coalesce(s.text, 0) AS text, coalesce(s.matched, 0) AS matched,
               s.row
          FROM (SELECT v.id, v.scope_id, v.distance FROM vectors v
                 UNION ALL
                SELECT r.id, r.scope_id, r.distance FROM recent r
                 UNION ALL
                (SELECT s.id, s.scope_id, s.distance FROM scored s
                  WHERE among IS NULL
                  ORDER BY s.all_text DESC, s.id DESC LIMIT best + best / 2)) u
          LEFT JOIN scored s ON s.id = u.id
    ), complete AS MATERIALIZED (
        -- Open terms are looked for in each: where its row was read before, and by its key otherwise.
        SELECT p.id, p.distance, p.text + coalesce(o.text, 0) AS text, p.matched + coalesce(o.matched, 0) AS matched
          FROM pool p
          LEFT JOIN LATERAL (
               SELECT sum(r.weight * mem0.saturation(r.rank, r.length, asked.average_length)) AS text,
                      sum(r.weight) AS matched
                 FROM (SELECT w.weight, m.length, ts_rank('{1,1,1,1}', m.terms, w.term) AS rank
                         FROM (SELECT m.terms, m.length FROM memory_scopes_{partition} m WHERE m.ctid = p.row
                                UNION ALL
                               SELECT m.terms, m.length FROM memory_scopes_{partition} m
                                WHERE p.row IS NULL AND m.enterprise_id = tenant AND m.scope_id = p.scope_id
                                  AND m.memory_id = p.id) m,
                              weights w
                        WHERE w.open AND (SELECT bool_or(w.open) FROM weights w)) r
                WHERE r.rank > 0) o ON true
    ), placed AS (
        SELECT c.*, row_number() OVER (ORDER BY c.distance, c.id DESC) AS by_meaning,
               row_number() OVER (ORDER BY c.text DESC, c.distance, c.id DESC) AS by_words
          FROM complete c
    )
    SELECT p.id, (-p.distance)::real, coalesce(p.text / t.weight, 0)::real, coalesce(p.matched / t.weight, 0)::real,
           cardinality(ids) >= nearest OR (SELECT count(*) > best FROM scored)
      FROM placed p
      -- An identifier that nobody has does not count against those that have its parts.
      CROSS JOIN (SELECT nullif(sum(w.weight), 0) AS weight FROM weights w
                   WHERE w.rows > 0 OR w.open OR w.term::text !~ '[-_./\\@:#+~&=%?]') t
     WHERE p.by_meaning <= nearest OR (p.by_words <= best AND p.text > 0);
END
$$;
$source$;
BEGIN
    source := replace(source, '{distances}', (
        SELECT string_agg(format('b.heads[%s] <#> head', i), ', ') FROM generate_series(1, 14) i));
    source := replace(source, '{near}', (
        SELECT string_agg(format('CASE WHEN b.heads[%1$s] <#> head <= far.distance THEN %1$s END', i), ', ')
          FROM generate_series(1, 14) i));
    FOR number IN 0..15 LOOP
        EXECUTE replace(source, '{partition}', number::text);
    END LOOP;
END
$do$;
