-- Loads pgvector's library: until then its settings are unknown and may not be named below.
SELECT '[1]'::vector;

-- The only readers of the projection. Each refuses a scope that the transaction's caller may not read, so a mistake
-- in the application cannot widen a search.
CREATE FUNCTION mem0.check_scopes(asked bigint[]) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF asked IS NULL OR NOT asked <@ mem0.readable() OR mem0.enterprise() IS NULL THEN
        RAISE EXCEPTION 'scope outside the visible set' USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$$;

-- The words of a query as a text search: any of them. Null when it has none but stop words. The number of words is
-- bounded, because each of them costs a look-up.
CREATE FUNCTION mem0.any_word(words text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, public AS $$
    SELECT string_agg('''' || replace(replace(w.lexeme, '\', '\\'), '''', '''''') || '''', ' | ')::tsquery
      FROM (SELECT lexeme FROM unnest(to_tsvector('english', words)) ORDER BY positions[1] LIMIT 64) w
$$;

-- search.candidates: what comes near the query by meaning or by words, each memory once, with both measures.
-- `small` and `broad_scopes` are the caller's scopes by search tier. At most `most` from each arm: fewer than `most`
-- in all means that there are no others. Only vectors of `query_model` are compared, and none without a `query`: what has
-- no such vector is found by its words, with a null for its similarity.
CREATE FUNCTION mem0.search_candidates(
    small bigint[], broad_scopes bigint[], query halfvec, query_model text, words text, most integer)
    RETURNS TABLE (memory_id uuid, similarity real, text real, matched real)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public
    SET plan_cache_mode = force_custom_plan
    -- At the default of 4, meant for disks that turn, the planner leaves the covering index for a bitmap of the table.
    SET random_page_cost = 1.1
    SET hnsw.iterative_scan = relaxed_order
    SET hnsw.ef_search = 100
    SET jit = off
    AS $$
DECLARE
    tenant uuid := mem0.enterprise();
    comparable integer := CASE WHEN query IS NOT NULL THEN mem0.model_number(query_model) END;
    wanted tsquery := mem0.any_word(words);
BEGIN
    PERFORM mem0.check_scopes(small || broad_scopes);
    RETURN QUERY
    WITH vectors AS MATERIALIZED (
        (SELECT p.memory_id AS id, p.embedding <#> query AS distance
           FROM memory_scopes p
          WHERE p.enterprise_id = tenant AND p.scope_id = ANY (small) AND p.model = comparable
          ORDER BY 2 LIMIT most)
        UNION ALL
        (SELECT p.memory_id, p.embedding <#> query
           FROM memory_scopes p
          WHERE p.enterprise_id = tenant AND p.broad AND p.scope_id = ANY (broad_scopes) AND p.model = comparable
          ORDER BY 2 LIMIT most)
    ), texts AS MATERIALIZED (
        (SELECT p.memory_id AS id, CASE WHEN p.model = comparable THEN p.embedding <#> query END AS distance,
                ts_rank(p.terms, wanted) AS rank
           FROM memory_scopes p
          WHERE p.enterprise_id = tenant AND p.scope_id = ANY (small) AND p.terms @@ wanted
          ORDER BY 3 DESC LIMIT most)
        UNION ALL
        -- `scope_id + 0` keeps the planner from intersecting with a bitmap of the whole scope; the cap bounds the
        -- work for a word that everyone uses.
        (SELECT c.id, CASE WHEN c.model = comparable THEN c.embedding <#> query END, ts_rank(c.terms, wanted)
           FROM (SELECT p.memory_id AS id, p.embedding, p.model, p.terms
                   FROM memory_scopes p
                  WHERE p.enterprise_id = tenant AND p.broad AND (p.scope_id + 0) = ANY (broad_scopes)
                    AND p.terms @@ wanted
                  LIMIT greatest(500, most)) c
          ORDER BY 3 DESC LIMIT most)
    ), found AS (
        SELECT every.id, max(-every.distance) AS similarity, max(every.rank) AS rank
          FROM (SELECT id, distance, NULL::real AS rank FROM vectors
                UNION ALL
                SELECT id, distance, rank FROM texts) every
         GROUP BY every.id
    )
    SELECT found.id, found.similarity::real,
           coalesce(found.rank,
                    -- Only where the text arm was cut can one that came by its vector have the words as well.
                    CASE WHEN (SELECT count(*) FROM texts) >= most THEN
                        (SELECT ts_rank(p.terms, wanted)
                           FROM memory_scopes p
                          WHERE p.enterprise_id = tenant AND p.memory_id = found.id AND p.terms @@ wanted
                          LIMIT 1)
                    END,
                    0)::real / 0.06079271::real,
           coalesce(found.rank, 0)::real / 0.06079271::real
      FROM found;
END
$$;

-- search.among: the same measures for the given memories, as far as they are in the caller's scopes: the `most` nearest
-- by meaning and the `most` best by words.
CREATE FUNCTION mem0.search_among(
    scopes bigint[], query halfvec, query_model text, words text, most integer, among uuid[])
    RETURNS TABLE (memory_id uuid, similarity real, text real, matched real)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public
    SET plan_cache_mode = force_custom_plan
    SET random_page_cost = 1.1
    SET jit = off
    AS $$
DECLARE
    tenant uuid := mem0.enterprise();
    comparable integer := CASE WHEN query IS NOT NULL THEN mem0.model_number(query_model) END;
    wanted tsquery := mem0.any_word(words);
BEGIN
    PERFORM mem0.check_scopes(scopes);
    RETURN QUERY
    WITH every AS MATERIALIZED (
        SELECT p.memory_id AS id, max(CASE WHEN p.model = comparable THEN -(p.embedding <#> query) END) AS similarity,
               max(CASE WHEN p.terms @@ wanted THEN ts_rank(p.terms, wanted) ELSE 0 END) AS rank
          FROM memory_scopes p
         WHERE p.enterprise_id = tenant AND p.scope_id = ANY (scopes) AND p.memory_id = ANY (among)
         GROUP BY p.memory_id
    )
    SELECT e.id, e.similarity::real, e.rank::real / 0.06079271::real, e.rank::real / 0.06079271::real FROM every e
     WHERE e.id IN (SELECT v.id FROM every v WHERE v.similarity IS NOT NULL ORDER BY v.similarity DESC LIMIT most)
        OR e.id IN (SELECT t.id FROM every t WHERE t.rank > 0 ORDER BY t.rank DESC LIMIT most);
END
$$;

-- search.nearest: the stored memory of one scope that a new one resembles most, for the near-duplicate gate.
CREATE FUNCTION mem0.search_nearest(scope bigint, query halfvec, query_model text, most integer)
    RETURNS TABLE (memory_id uuid, similarity real)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public
    SET plan_cache_mode = force_custom_plan
    SET random_page_cost = 1.1
    SET hnsw.iterative_scan = relaxed_order
    SET jit = off
    AS $$
DECLARE
    tenant uuid := mem0.enterprise();
    comparable integer := CASE WHEN query IS NOT NULL THEN mem0.model_number(query_model) END;
    tier text := (SELECT s.search_tier FROM scopes s WHERE s.enterprise_id = tenant AND s.id = scope);
BEGIN
    PERFORM mem0.check_scopes(ARRAY[scope]);
    IF tier = 'broad' THEN
        RETURN QUERY
        SELECT p.memory_id, (-(p.embedding <#> query))::real
          FROM memory_scopes p
         WHERE p.enterprise_id = tenant AND p.broad AND p.scope_id = ANY (ARRAY[scope]) AND p.model = comparable
         ORDER BY p.embedding <#> query LIMIT most;
    ELSE
        RETURN QUERY
        SELECT p.memory_id, (-(p.embedding <#> query))::real
          FROM memory_scopes p
         WHERE p.enterprise_id = tenant AND p.scope_id = ANY (ARRAY[scope]) AND p.model = comparable
         ORDER BY p.embedding <#> query LIMIT most;
    END IF;
END
$$;

-- search.retier, in two steps that a scheduler calls, and neither of which runs long.
--
-- First it recounts the scopes of all tenants. One that outgrew exact search becomes `promoting`: from then on new rows
-- arrive flagged for the broad arm. The lock waits for the writes that began before, so none of theirs arrives without.
-- A broad scope that has shrunk becomes `demoting`, and is read exactly from then on. Promotion at `promote` rows,
-- demotion below `demote`: the gap keeps a scope from swinging.
CREATE FUNCTION mem0.review_tiers(promote bigint DEFAULT 5000, demote bigint DEFAULT 3000) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    changed integer := 0;
    item record;
BEGIN
    FOR item IN
        SELECT s.enterprise_id, s.id,
               CASE WHEN s.search_tier IN ('small', 'demoting') AND n.rows >= promote THEN 'promoting'
                    WHEN s.search_tier IN ('promoting', 'broad') AND coalesce(n.rows, 0) < demote THEN 'demoting'
               END AS next_tier
          FROM scopes s
          LEFT JOIN (SELECT p.scope_id, count(*) AS rows FROM memory_scopes p GROUP BY p.scope_id) n
                 ON n.scope_id = s.id
         WHERE s.search_tier <> 'small' OR n.rows >= promote
         ORDER BY s.id
    LOOP
        CONTINUE WHEN item.next_tier IS NULL;
        PERFORM pg_advisory_xact_lock(mem0.scope_lock(item.id));
        UPDATE scopes s SET search_tier = item.next_tier
         WHERE s.enterprise_id = item.enterprise_id AND s.id = item.id;
        changed := changed + 1;
    END LOOP;
    RETURN changed;
END
$$;

-- Then it flags, or unflags, up to `most` rows of one scope on its way; when none is left, the scope has arrived, and
-- only then do searches change arms. Answers whether there may be more to do.
CREATE FUNCTION mem0.move_tier(most integer DEFAULT 200) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    moving record;
    moved bigint;
BEGIN
    SELECT s.enterprise_id, s.id, s.search_tier = 'promoting' AS promote INTO moving
      FROM scopes s
     WHERE s.search_tier IN ('promoting', 'demoting')
     ORDER BY s.id LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE memory_scopes p SET broad = moving.promote
      FROM (SELECT r.memory_id FROM memory_scopes r
             WHERE r.enterprise_id = moving.enterprise_id AND r.scope_id = moving.id AND r.broad <> moving.promote
             LIMIT most) batch
     WHERE p.enterprise_id = moving.enterprise_id AND p.scope_id = moving.id AND p.memory_id = batch.memory_id;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved < most THEN
        UPDATE scopes s SET search_tier = CASE WHEN moving.promote THEN 'broad' ELSE 'small' END
         WHERE s.enterprise_id = moving.enterprise_id AND s.id = moving.id;
    END IF;
    RETURN true;
END
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA mem0 FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.enterprise(), mem0.readable(), mem0.check_scopes(bigint[]),
    mem0.scope_lock(bigint), mem0.scope_usage(bigint),
    mem0.search_candidates(bigint[], bigint[], halfvec, text, text, integer),
    mem0.search_among(bigint[], halfvec, text, text, integer, uuid[]),
    mem0.search_nearest(bigint, halfvec, text, integer), mem0.review_tiers(bigint, bigint),
    mem0.move_tier(integer) TO mem0_app;
GRANT EXECUTE ON FUNCTION mem0.enterprise(), mem0.readable() TO mem0_identity;
