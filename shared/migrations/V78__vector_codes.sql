-- The vectors of larger scopes are compared by whoever searches, from codes that it keeps (docs/adr/0023). The database says which
-- blocks of them there are and what has changed since; what came near is compared in full here, as all other scopes are.

-- A vector of 256 dimensions in 132 bytes: a scale (a real, as float4send writes it), and four bits for each dimension, two to
-- a byte, the earlier one in the upper half. The value of a dimension is scale * (bits - 8). Null of null.
CREATE FUNCTION mem0.vector_code(embedding halfvec) RETURNS bytea
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public AS $$
    SELECT float4send((m.most / 7)::real)
           || decode(string_agg(to_hex(coalesce(round(u.value / nullif(m.most, 0) * 7), 0)::integer + 8), ''
                                ORDER BY u.dimension), 'hex')
      FROM unnest(embedding::real[]) WITH ORDINALITY u (value, dimension),
           (SELECT max(abs(u.value)) AS most FROM unnest(embedding::real[]) u (value)) m
     GROUP BY m.most
$$;

-- Up to 54 vectors of one scope and one model: what fits on a page. A block is never changed, only replaced by another: whoever
-- has read one may keep it.
DROP TABLE vector_blocks;
CREATE TABLE vector_blocks (
    enterprise_id   uuid NOT NULL,
    scope_id        bigint NOT NULL,
    model           integer NOT NULL,
    id              uuid NOT NULL DEFAULT gen_random_uuid(),
    memory_ids      uuid[] NOT NULL CHECK (cardinality(memory_ids) BETWEEN 1 AND 54),
    -- Of each mem0.vector_code, one after the other.
    codes           bytea NOT NULL CHECK (length(codes) = 132 * cardinality(memory_ids)),
    PRIMARY KEY (enterprise_id, scope_id, model, id),
    FOREIGN KEY (enterprise_id, scope_id) REFERENCES scope_sizes (enterprise_id, scope_id) ON DELETE CASCADE
) WITH (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);
-- Neither compressed nor moved elsewhere: reading must not copy them.
ALTER TABLE vector_blocks
    ALTER memory_ids SET STORAGE PLAIN, ALTER codes SET STORAGE PLAIN,
    ALTER memory_ids SET STATISTICS 0, ALTER codes SET STATISTICS 0;

-- Until the upkeep has come by, everything is compared row by row.
UPDATE scope_sizes SET packing = NULL, filled_through = NULL WHERE packing IS NOT NULL;
DELETE FROM unpacked_vectors;
CREATE INDEX scope_sizes_by_packed_scope ON scope_sizes (enterprise_id, scope_id) WHERE packing = 'packed';

-- search.pack_vectors: one short step of what there is to do, for one scope; answers whether there may be more. Packing begins
-- at `pack` rows and ends below `unpack`: the gap keeps a scope from swinging. Where it begins or ends, who reads the scope is told
-- by the epoch of the tree. Costs what has changed, not what there is.
CREATE OR REPLACE FUNCTION mem0.pack_vectors(pack bigint DEFAULT 600, unpack bigint DEFAULT 400, most integer DEFAULT 1000)
    RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public
    SET plan_cache_mode = force_custom_plan
    SET enable_seqscan = off
    SET random_page_cost = 1.1
    AS $$
DECLARE
    item record;
    batch uuid[];
    changed uuid[];
    replaced uuid[];
    affected uuid[];
BEGIN
    -- One packer at a time; another is doing it.
    IF NOT pg_try_advisory_xact_lock(hashtextextended('mem0.pack_vectors', 0)) THEN
        RETURN false;
    END IF;

    -- A scope that has shrunk goes back to the projection alone.
    SELECT n.enterprise_id, n.scope_id INTO item
      FROM scope_sizes n WHERE n.packing IS NOT NULL AND n.rows < unpack ORDER BY n.rows LIMIT 1;
    IF FOUND THEN
        UPDATE scope_sizes n SET packing = NULL, filled_through = NULL
         WHERE n.enterprise_id = item.enterprise_id AND n.scope_id = item.scope_id;
        DELETE FROM vector_blocks b WHERE b.enterprise_id = item.enterprise_id AND b.scope_id = item.scope_id;
        DELETE FROM unpacked_vectors u WHERE u.enterprise_id = item.enterprise_id AND u.scope_id = item.scope_id;
        UPDATE enterprises e SET tree_epoch = gen_random_uuid() WHERE e.id = item.enterprise_id;
        RETURN true;
    END IF;

    -- One that is being filled: the next rows of the projection are noted, unless something newer is noted of them. Locked,
    -- so that a change under way is either waited for or noted by itself, because it begins after the mark was made.
    SELECT n.enterprise_id, n.scope_id, n.filled_through INTO item
      FROM scope_sizes n WHERE n.packing = 'filling' ORDER BY n.rows LIMIT 1;
    IF FOUND THEN
        batch := ARRAY(
            SELECT p.memory_id FROM memory_scopes p
             WHERE p.enterprise_id = item.enterprise_id AND p.scope_id = item.scope_id
               AND p.memory_id > coalesce(item.filled_through, '00000000-0000-0000-0000-000000000000')
             ORDER BY p.memory_id LIMIT most);
        INSERT INTO unpacked_vectors (enterprise_id, scope_id, memory_id, model, embedding, replaces)
        SELECT p.* FROM (
            SELECT p.enterprise_id, p.scope_id, p.memory_id, p.model, p.embedding, false
              FROM memory_scopes p
             WHERE p.enterprise_id = item.enterprise_id AND p.scope_id = item.scope_id AND p.memory_id = ANY (batch)
               AND p.embedding IS NOT NULL
             ORDER BY p.memory_id FOR SHARE) p
        ON CONFLICT (enterprise_id, scope_id, memory_id) DO NOTHING;
        UPDATE scope_sizes n
           SET packing = CASE WHEN batch = '{}' THEN 'packed' ELSE 'filling' END,
               filled_through = batch[cardinality(batch)]
         WHERE n.enterprise_id = item.enterprise_id AND n.scope_id = item.scope_id;
        IF batch = '{}' THEN
            UPDATE enterprises e SET tree_epoch = gen_random_uuid() WHERE e.id = item.enterprise_id;
        END IF;
        RETURN true;
    END IF;

    -- One with something noted. Blocks that are not full or have one of the changed memories are made anew.
    SELECT u.enterprise_id, u.scope_id, n.packing INTO item
      FROM (SELECT u.enterprise_id, u.scope_id FROM unpacked_vectors u ORDER BY 1, 2 LIMIT 1) u
      LEFT JOIN scope_sizes n ON n.enterprise_id = u.enterprise_id AND n.scope_id = u.scope_id;
    IF FOUND AND item.packing IS NULL THEN
        -- The scope has gone, or was packed when this was written.
        DELETE FROM unpacked_vectors u WHERE u.enterprise_id = item.enterprise_id AND u.scope_id = item.scope_id;
        RETURN true;
    ELSIF FOUND THEN
        SELECT coalesce(array_agg(u.memory_id), '{}'), coalesce(array_agg(u.memory_id) FILTER (WHERE u.replaces), '{}')
          INTO changed, replaced
          FROM (SELECT u.memory_id, u.replaces FROM unpacked_vectors u
                 WHERE u.enterprise_id = item.enterprise_id AND u.scope_id = item.scope_id
                 ORDER BY u.memory_id LIMIT most FOR UPDATE) u;
        affected := ARRAY(
            SELECT b.id FROM vector_blocks b
             WHERE b.enterprise_id = item.enterprise_id AND b.scope_id = item.scope_id
               AND (cardinality(b.memory_ids) < 54
                    OR replaced <> '{}' AND EXISTS (SELECT FROM unnest(b.memory_ids) m (id) WHERE m.id = ANY (replaced))));
        WITH taken AS (
            DELETE FROM unpacked_vectors u
             WHERE u.enterprise_id = item.enterprise_id AND u.scope_id = item.scope_id AND u.memory_id = ANY (changed)
            RETURNING u.model, u.memory_id, u.embedding
        ), opened AS (
            DELETE FROM vector_blocks b
             WHERE b.enterprise_id = item.enterprise_id AND b.scope_id = item.scope_id AND b.id = ANY (affected)
            RETURNING b.model, b.memory_ids, b.codes
        ), entries AS (
            SELECT t.model, t.memory_id AS id, mem0.vector_code(t.embedding) AS code
              FROM taken t WHERE t.embedding IS NOT NULL
             UNION ALL
            SELECT o.model, e.id, substr(o.codes, 132 * (e.place::integer - 1) + 1, 132)
              FROM opened o, unnest(o.memory_ids) WITH ORDINALITY e (id, place)
             WHERE e.id <> ALL (changed)
        ), placed AS (
            SELECT e.*, (row_number() OVER (PARTITION BY e.model ORDER BY e.id) - 1) / 54 AS number FROM entries e
        )
        INSERT INTO vector_blocks (enterprise_id, scope_id, model, memory_ids, codes)
        SELECT item.enterprise_id, item.scope_id, p.model, array_agg(p.id ORDER BY p.id),
               string_agg(p.code, '' ORDER BY p.id)
          FROM placed p GROUP BY p.model, p.number ORDER BY p.model, p.number;
        RETURN true;
    END IF;

    -- One that has grown: from here on what changes is noted. The lock waits for the writes that began before. The reviewer's,
    -- first: it holds sizes while it waits for scopes.
    PERFORM pg_advisory_xact_lock(hashtextextended('mem0.review_tiers', 0));
    SELECT n.enterprise_id, n.scope_id INTO item
      FROM scope_sizes n WHERE n.packing IS NULL AND n.rows >= pack ORDER BY n.rows LIMIT 1;
    IF FOUND THEN
        PERFORM pg_advisory_xact_lock(mem0.scope_lock(item.scope_id));
        DELETE FROM unpacked_vectors u WHERE u.enterprise_id = item.enterprise_id AND u.scope_id = item.scope_id;
        UPDATE scope_sizes n SET packing = 'filling', filled_through = NULL
         WHERE n.enterprise_id = item.enterprise_id AND n.scope_id = item.scope_id;
        RETURN true;
    END IF;
    RETURN false;
END
$$;

-- search.list_blocks: where the vectors of these scopes are that are kept in blocks, and what has changed since the blocks
-- were made.
--
-- packed    of the scopes, those whose vectors are all told of here
-- blocks    with vectors of `query_model`; their contents are answered by mem0.read_vector_blocks
-- replaced  memories, each with its scope, of which a block may have what is no longer so: such an entry does not count
-- near      memories, each with its scope, that no block has, nearest first; as many as there are, or twice `nearest`
CREATE FUNCTION mem0.list_vector_blocks(scopes bigint[], query halfvec, query_model text, nearest integer,
                                        OUT packed bigint[], OUT blocks uuid[], OUT replaced_scopes bigint[], OUT replaced uuid[],
                                        OUT near_scopes bigint[], OUT near uuid[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public
    SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off
    SET random_page_cost = 1.1
    SET jit = off
    AS $$
DECLARE
    tenant uuid := mem0.enterprise();
    comparable integer := mem0.model_number(query_model);
BEGIN
    PERFORM mem0.check_scopes(scopes);
    packed := ARRAY(SELECT n.scope_id FROM scope_sizes n
                     WHERE n.enterprise_id = tenant AND n.scope_id = ANY (scopes) AND n.packing = 'packed');
    blocks := ARRAY(SELECT b.id FROM vector_blocks b
                     WHERE b.enterprise_id = tenant AND b.scope_id = ANY (packed) AND b.model = comparable);
    SELECT coalesce(array_agg(u.scope_id), '{}'), coalesce(array_agg(u.memory_id), '{}') INTO replaced_scopes, replaced
      FROM unpacked_vectors u
     WHERE u.enterprise_id = tenant AND u.scope_id = ANY (packed) AND u.replaces;
    SELECT coalesce(array_agg(n.scope_id), '{}'), coalesce(array_agg(n.memory_id), '{}') INTO near_scopes, near
      FROM (SELECT u.scope_id, u.memory_id FROM unpacked_vectors u
             WHERE u.enterprise_id = tenant AND u.scope_id = ANY (packed) AND u.model = comparable
             ORDER BY u.embedding <#> query LIMIT nearest * 2) n;
END
$$;

-- search.read_blocks: the contents of blocks, as far as they are in these scopes and still there.
CREATE FUNCTION mem0.read_vector_blocks(scopes bigint[], query_model text, blocks uuid[])
    RETURNS TABLE (id uuid, scope_id bigint, memory_ids uuid[], codes bytea)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100
    SET search_path = pg_catalog, public
    SET plan_cache_mode = force_custom_plan
    SET enable_seqscan = off
    SET random_page_cost = 1.1
    SET jit = off
    AS $$
#variable_conflict use_column
DECLARE
    tenant uuid := mem0.enterprise();
BEGIN
    PERFORM mem0.check_scopes(scopes);
    RETURN QUERY
    SELECT b.id, b.scope_id, b.memory_ids, b.codes
      FROM vector_blocks b
     WHERE b.enterprise_id = tenant AND b.scope_id = ANY (scopes) AND b.model = mem0.model_number(query_model)
       AND b.id = ANY (blocks);
END
$$;

-- What mem0.search_candidates answers for a tenant in one partition, whose number stands for {partition}. What V11 says of
-- partitions and plans holds. Arms that are not needed are statements of their own, so that nothing is set up for them.
DO $do$
DECLARE
    source text := $source$
CREATE FUNCTION mem0.search_partition_{partition}(
    tenant uuid, small bigint[], broad_scopes bigint[], query halfvec, query_model text, words text,
    nearest integer, best integer, among uuid[], compared bigint[], near_scopes bigint[], near uuid[])
    RETURNS TABLE (memory_id uuid, similarity real, text real, matched real, more boolean)
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    comparable integer := CASE WHEN query IS NOT NULL THEN mem0.model_number(query_model) END;
    asked mem0.text_query;
    -- Broad scopes that the caller has not compared. Up to here, comparing all is sure, and no dearer than finding the nearest
    -- few among all that the graph holds.
    beyond bigint[] := ARRAY(SELECT s.id FROM unnest(broad_scopes) s (id) WHERE s.id <> ALL (compared));
    approximate boolean := beyond <> '{}' AND (
        SELECT coalesce(sum(n.rows), 0) > 24000
          FROM scope_sizes n WHERE n.enterprise_id = tenant AND n.scope_id = ANY (beyond));
    -- Scopes whose vectors are compared row by row.
    exact bigint[];
    -- What the arms found.
    ids uuid[] := '{}';
    scopes bigint[] := '{}';
    distances float8[] := '{}';
    arm record;
BEGIN
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
        exact := ARRAY(SELECT s.id FROM unnest(small) s (id) WHERE s.id <> ALL (compared));
        IF NOT approximate THEN
            exact := exact || beyond;
        END IF;
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
        IF near <> '{}' THEN
            SELECT array_agg(n.id) AS ids, array_agg(n.scope_id) AS scopes, array_agg(p.distance) AS distances
              INTO arm
              FROM unnest(near_scopes, near) n (scope_id, id)
             CROSS JOIN LATERAL (SELECT p.embedding <#> query AS distance
                                   FROM memory_scopes_{partition} p
                                  WHERE p.enterprise_id = tenant AND p.scope_id = n.scope_id AND p.memory_id = n.id
                                    AND p.model = comparable OFFSET 0) p
             WHERE n.scope_id = ANY (small || broad_scopes);
            ids := ids || coalesce(arm.ids, '{}');
            scopes := scopes || coalesce(arm.scopes, '{}');
            distances := distances || coalesce(arm.distances, '{}');
        END IF;
        IF approximate THEN
            SELECT array_agg(n.id) AS ids, array_agg(n.scope_id) AS scopes, array_agg(n.distance) AS distances
              INTO arm
              FROM (SELECT p.memory_id AS id, p.scope_id, p.embedding <#> query AS distance
                      FROM memory_scopes_{partition} p
                     WHERE p.enterprise_id = tenant AND p.broad AND (p.scope_id = ANY (beyond)) IS NOT FALSE
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
    FOR number IN 0..15 LOOP
        EXECUTE replace(source, '{partition}', number::text);
        EXECUTE format('REVOKE EXECUTE ON FUNCTION mem0.search_partition_%s(uuid, bigint[], bigint[], halfvec, text, text, integer,
            integer, uuid[], bigint[], bigint[], uuid[]) FROM PUBLIC', number);
    END LOOP;
END
$do$;

-- search.candidates: what comes near the query by meaning or by words, each memory once, with both measures. `small` and
-- `broad_scopes` are the caller's scopes by search tier. The `nearest` by meaning and the `best` by words; if `among` is
-- given, of those memories only.
--
-- Only vectors of `query_model` are compared, and none without a `query`. `compared` are those of the scopes whose vectors the
-- caller has compared by their codes, and `near`, each with its scope, what came nearest there.
--
-- similarity  cosine, null where there are not two that compare; text  BM25 over the sum of the terms' weights, 0 to 2.2;
-- matched  the share of that sum whose terms it has; more  whether an arm was cut, so that there may be others.
DO $do$
DECLARE
    branches text := (
        SELECT string_agg(format($branch$
        WHEN %1$s THEN
            IF broad_scopes = '{}' AND compared = '{}' THEN
                RETURN QUERY SELECT * FROM mem0.search_few_%1$s(
                    tenant, small, query, query_model, words, nearest, best, among);
                answered := FOUND;
            END IF;
            -- There are too many, or none.
            IF NOT answered THEN
                RETURN QUERY SELECT * FROM mem0.search_partition_%1$s(
                    tenant, small, broad_scopes, query, query_model, words, nearest, best, among, compared, near_scopes,
                    near);
            END IF;$branch$, number), '')
          FROM generate_series(0, 15) number);
    -- Loads the library that the settings named hnsw belong to: nobody may set them before.
    loaded CONSTANT halfvec := '[1]';
BEGIN
    EXECUTE replace($source$
CREATE FUNCTION mem0.search_candidates(
    small bigint[], broad_scopes bigint[], query halfvec, query_model text, words text, nearest integer, best integer,
    among uuid[], compared bigint[], near_scopes bigint[], near uuid[])
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

REVOKE EXECUTE ON FUNCTION mem0.vector_code(halfvec), mem0.list_vector_blocks(bigint[], halfvec, text, integer),
    mem0.read_vector_blocks(bigint[], text, uuid[]),
    mem0.search_candidates(bigint[], bigint[], halfvec, text, text, integer, integer, uuid[], bigint[], bigint[], uuid[])
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.list_vector_blocks(bigint[], halfvec, text, integer),
    mem0.read_vector_blocks(bigint[], text, uuid[]),
    mem0.search_candidates(bigint[], bigint[], halfvec, text, text, integer, integer, uuid[], bigint[], bigint[], uuid[])
    TO mem0_app;

-- Code that came before compares nothing itself.
CREATE OR REPLACE FUNCTION mem0.search_candidates(
    small bigint[], broad_scopes bigint[], query halfvec, query_model text, words text, nearest integer, best integer,
    among uuid[])
    RETURNS TABLE (memory_id uuid, similarity real, text real, matched real, more boolean)
    LANGUAGE sql STABLE SECURITY DEFINER ROWS 150 SET search_path = pg_catalog, public AS $$
    SELECT * FROM mem0.search_candidates(small, broad_scopes, query, query_model, words, nearest, best, among, '{}', '{}', '{}')
$$;
DO $$
BEGIN
    FOR number IN 0..15 LOOP
        EXECUTE format('DROP FUNCTION mem0.search_partition_%s(uuid, bigint[], bigint[], halfvec, text, text, integer, integer,
            uuid[])', number);
    END LOOP;
END
$$;

-- Who asks is told which of their scopes have blocks, as V63 tells them which are broad.
DELETE FROM kept_scopes;
ALTER TABLE kept_scopes ADD COLUMN packed bigint[] NOT NULL;
DROP FUNCTION mem0.identify(bytea, uuid, timestamptz, uuid, uuid);
CREATE FUNCTION mem0.identify(key_hash bytea, session uuid, at timestamptz, known_tree uuid, known_access uuid)
    RETURNS TABLE (enterprise_id uuid, user_id uuid, email text, account_kind text, credential_id uuid, verbs text[],
                   within_scopes bigint[], ceiling text, expired boolean, tree_epoch uuid, access_epoch uuid,
                   broad bigint[], packed bigint[], scope_ids bigint[], kinds text[], parents bigint[], held_on bigint[],
                   held_as text[], named_ids bigint[], node_ids uuid[], names text[])
    LANGUAGE plpgsql SECURITY DEFINER ROWS 1
    SET search_path = pg_catalog, public
    SET plan_cache_mode = force_generic_plan
    AS $$
#variable_conflict use_column
DECLARE
    own bigint;
    last_used timestamptz;
BEGIN
    IF key_hash IS NOT NULL THEN
        SELECT u.enterprise_id, u.id, u.email, u.kind, k.id, k.scopes, k.within_scopes, k.ceiling,
               coalesce(k.expires_at <= at, false), e.tree_epoch, u.access_epoch, u.scope_id, k.last_used_at,
               c.broad, c.packed, c.scope_ids, c.kinds, c.parents, c.held_on, c.held_as, c.named_ids, c.node_ids, c.names
          INTO enterprise_id, user_id, email, account_kind, credential_id, verbs, within_scopes, ceiling,
               expired, tree_epoch, access_epoch, own, last_used,
               broad, packed, scope_ids, kinds, parents, held_on, held_as, named_ids, node_ids, names
          FROM api_keys k
          JOIN users u ON u.enterprise_id = k.enterprise_id AND u.id = k.user_id
          JOIN enterprises e ON e.id = k.enterprise_id
          LEFT JOIN kept_scopes c ON c.enterprise_id = u.enterprise_id AND c.user_id = u.id
                                 AND c.tree_epoch = e.tree_epoch AND c.access_epoch = u.access_epoch
                                 AND (c.tree_epoch, c.access_epoch) IS DISTINCT FROM (known_tree, known_access)
         WHERE k.secret_hash = key_hash AND k.revoked_at IS NULL AND u.status = 'active';
        -- Once a minute is precise enough, and keeps reads from writing. A crash may lose it: nobody waits for the disk.
        IF NOT expired AND (last_used IS NULL OR last_used < at - interval '1 minute') THEN
            PERFORM set_config('synchronous_commit', 'off', true);
            UPDATE api_keys k SET last_used_at = at
             WHERE k.enterprise_id = identify.enterprise_id AND k.id = identify.credential_id;
        END IF;
    ELSE
        SELECT u.enterprise_id, u.id, u.email, u.kind, s.id, s.expires_at <= at, e.tree_epoch, u.access_epoch, u.scope_id,
               c.broad, c.packed, c.scope_ids, c.kinds, c.parents, c.held_on, c.held_as, c.named_ids, c.node_ids, c.names
          INTO enterprise_id, user_id, email, account_kind, credential_id, expired, tree_epoch, access_epoch, own,
               broad, packed, scope_ids, kinds, parents, held_on, held_as, named_ids, node_ids, names
          FROM sessions s
          JOIN users u ON u.enterprise_id = s.enterprise_id AND u.id = s.user_id
          JOIN enterprises e ON e.id = s.enterprise_id
          LEFT JOIN kept_scopes c ON c.enterprise_id = u.enterprise_id AND c.user_id = u.id
                                 AND c.tree_epoch = e.tree_epoch AND c.access_epoch = u.access_epoch
                                 AND (c.tree_epoch, c.access_epoch) IS DISTINCT FROM (known_tree, known_access)
         WHERE s.id = session AND s.revoked_at IS NULL AND u.status = 'active';
    END IF;
    IF user_id IS NULL THEN
        RETURN;
    END IF;
    IF scope_ids IS NULL AND (tree_epoch, access_epoch) IS DISTINCT FROM (known_tree, known_access) THEN
        SELECT r.scope_ids, r.kinds, r.parents, r.held_on, r.held_as, r.named_ids, r.node_ids, r.names
          INTO scope_ids, kinds, parents, held_on, held_as, named_ids, node_ids, names
          FROM mem0.readable_scopes(enterprise_id, user_id, own) r;
        broad := ARRAY(SELECT s.id FROM scopes s
                        WHERE s.enterprise_id = identify.enterprise_id AND s.search_tier = 'broad' ORDER BY s.id);
        packed := ARRAY(SELECT n.scope_id FROM scope_sizes n
                         WHERE n.enterprise_id = identify.enterprise_id AND n.scope_id = ANY (identify.scope_ids)
                           AND n.packing = 'packed' ORDER BY n.scope_id);
        IF cardinality(scope_ids) <= 200 THEN
            PERFORM set_config('synchronous_commit', 'off', true);
            INSERT INTO kept_scopes AS c
            VALUES (enterprise_id, user_id, tree_epoch, access_epoch, broad, scope_ids, kinds, parents, held_on, held_as,
                    named_ids, node_ids, names, packed)
                ON CONFLICT ON CONSTRAINT kept_scopes_pkey DO UPDATE
                   SET tree_epoch = excluded.tree_epoch, access_epoch = excluded.access_epoch, broad = excluded.broad,
                       packed = excluded.packed, scope_ids = excluded.scope_ids, kinds = excluded.kinds, parents = excluded.parents,
                       held_on = excluded.held_on, held_as = excluded.held_as, named_ids = excluded.named_ids,
                       node_ids = excluded.node_ids, names = excluded.names;
        END IF;
    END IF;
    RETURN NEXT;
END
$$;
REVOKE EXECUTE ON FUNCTION mem0.identify(bytea, uuid, timestamptz, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.identify(bytea, uuid, timestamptz, uuid, uuid) TO mem0_app;
