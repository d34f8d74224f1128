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

-- search.candidates: what comes near the query by meaning or by words, each memory once.
-- `small` and `broad` are the caller's scopes by search tier; `among`, when given, are the only memories considered.
CREATE FUNCTION mem0.search_candidates(
    small bigint[], broad_scopes bigint[], query halfvec, words text, most integer, among uuid[] DEFAULT NULL)
    RETURNS TABLE (memory_id uuid, similarity real, text_rank real)
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
    wanted tsquery := (
        SELECT string_agg('''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''', ' | ')::tsquery
          FROM unnest(to_tsvector('english', words)));
BEGIN
    PERFORM mem0.check_scopes(small || broad_scopes);
    IF among IS NOT NULL THEN
        RETURN QUERY
        SELECT p.memory_id, max(-(p.embedding <#> query))::real,
               max(CASE WHEN wanted IS NULL THEN 0 ELSE ts_rank(p.terms, wanted, 1) END)
          FROM memory_scopes p
         WHERE p.enterprise_id = tenant AND p.scope_id = ANY (small || broad_scopes) AND p.memory_id = ANY (among)
         GROUP BY p.memory_id
         ORDER BY 2 DESC
         LIMIT most;
        RETURN;
    END IF;
    RETURN QUERY
    WITH vectors AS MATERIALIZED (
        (SELECT p.memory_id AS id, p.embedding <#> query AS distance
           FROM memory_scopes p
          WHERE p.enterprise_id = tenant AND p.scope_id = ANY (small)
          ORDER BY 2 LIMIT most)
        UNION ALL
        (SELECT p.memory_id, p.embedding <#> query
           FROM memory_scopes p
          WHERE p.enterprise_id = tenant AND p.broad AND p.scope_id = ANY (broad_scopes)
          ORDER BY 2 LIMIT most)
    ), texts AS MATERIALIZED (
        (SELECT p.memory_id AS id, ts_rank(p.terms, wanted, 1) AS rank
           FROM memory_scopes p
          WHERE p.enterprise_id = tenant AND p.scope_id = ANY (small) AND p.terms @@ wanted
          ORDER BY 2 DESC LIMIT most)
        UNION ALL
        -- `scope_id + 0` keeps the planner from intersecting with a bitmap of the whole scope; the cap bounds the
        -- work for a word that everyone uses.
        (SELECT c.id, ts_rank(c.terms, wanted, 1)
           FROM (SELECT p.memory_id AS id, p.terms
                   FROM memory_scopes p
                  WHERE p.enterprise_id = tenant AND p.broad AND (p.scope_id + 0) = ANY (broad_scopes)
                    AND p.terms @@ wanted
                  LIMIT 500) c
          ORDER BY 2 DESC LIMIT most)
    )
    SELECT found.id, max(-found.distance)::real, max(found.rank)::real
      FROM (SELECT id, distance, NULL::real AS rank FROM vectors
            UNION ALL
            SELECT id, NULL, rank FROM texts) found
     GROUP BY found.id;
END
$$;

-- search.nearest: the stored memory of one scope that a new one resembles most, for the near-duplicate gate.
CREATE FUNCTION mem0.search_nearest(scope bigint, query halfvec, most integer)
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
    tier text := (SELECT s.search_tier FROM scopes s WHERE s.enterprise_id = tenant AND s.id = scope);
BEGIN
    PERFORM mem0.check_scopes(ARRAY[scope]);
    IF tier = 'broad' THEN
        RETURN QUERY
        SELECT p.memory_id, (-(p.embedding <#> query))::real
          FROM memory_scopes p
         WHERE p.enterprise_id = tenant AND p.broad AND p.scope_id = ANY (ARRAY[scope])
         ORDER BY p.embedding <#> query LIMIT most;
    ELSE
        RETURN QUERY
        SELECT p.memory_id, (-(p.embedding <#> query))::real
          FROM memory_scopes p
         WHERE p.enterprise_id = tenant AND p.scope_id = ANY (ARRAY[scope])
         ORDER BY p.embedding <#> query LIMIT most;
    END IF;
END
$$;

-- search.retier: recounts the scopes of all tenants and moves those that outgrew exact search to the broad arm, and
-- back. A scope is first only marked `promoting`, so that new rows arrive flagged; the next run, when every write that
-- began before the mark is over, flags the old ones and switches the reader. Demotion switches the reader first.
-- Promotion at `promote` rows, demotion below `demote`: the gap keeps a scope from swinging.
CREATE FUNCTION mem0.retier_scopes(promote bigint DEFAULT 5000, demote bigint DEFAULT 3000) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    changed integer := 0;
    item record;
    next_tier text;
BEGIN
    FOR item IN
        SELECT s.enterprise_id, s.id, s.search_tier AS tier, coalesce(n.rows, 0) AS rows
          FROM scopes s
          LEFT JOIN (SELECT scope_id, count(*) AS rows FROM memory_scopes GROUP BY scope_id) n ON n.scope_id = s.id
         WHERE s.search_tier <> 'small' OR n.rows >= promote
    LOOP
        next_tier := CASE
            WHEN item.tier = 'small' THEN 'promoting'
            WHEN item.rows < demote THEN 'small'
            ELSE 'broad' END;
        CONTINUE WHEN next_tier = item.tier;
        UPDATE scopes SET search_tier = next_tier WHERE enterprise_id = item.enterprise_id AND id = item.id;
        IF next_tier <> 'promoting' THEN
            UPDATE memory_scopes SET broad = (next_tier = 'broad')
             WHERE enterprise_id = item.enterprise_id AND scope_id = item.id AND broad <> (next_tier = 'broad');
        END IF;
        changed := changed + 1;
    END LOOP;
    RETURN changed;
END
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA mem0 FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.enterprise(), mem0.readable(), mem0.check_scopes(bigint[]),
    mem0.scope_lock(bigint), mem0.scope_usage(bigint),
    mem0.search_candidates(bigint[], bigint[], halfvec, text, integer, uuid[]),
    mem0.search_nearest(bigint, halfvec, integer) TO mem0_app;
GRANT EXECUTE ON FUNCTION mem0.enterprise(), mem0.readable() TO mem0_identity;
