-- What administrators are told: which memories are in the way of a move, and how much of the plan is used.

-- node.name_too_wide: up to `most` of the memories because of which mem0.too_wide_below refuses, as far as the caller sees them,
-- and how many those are at least. Where one that is not shared stood for all of its home and class, all of them count.
CREATE FUNCTION mem0.name_too_wide_below(node bigint, target bigint[], most integer) RETURNS TABLE (memory_id uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tenant uuid := mem0.enterprise();
    below bigint[];
    ids uuid[];
BEGIN
    PERFORM mem0.check_scopes(ARRAY[node, target[cardinality(target)]]);
    below := ARRAY(SELECT s.id FROM scopes s WHERE s.enterprise_id = tenant AND s.kind <> 'user' AND node = ANY (s.path));
    ids := ARRAY(SELECT m.id FROM memories m
                  WHERE m.enterprise_id = tenant AND m.scope_ids && below AND cardinality(m.scope_ids) > 1
                    AND m.deleted_at IS NULL)
           || ARRAY(SELECT one.id
                      FROM unnest(below) home
                      CROSS JOIN unnest(enum_range(NULL::classification)) class
                      CROSS JOIN LATERAL (SELECT m.id FROM memories m
                                           WHERE m.enterprise_id = tenant AND m.home_scope_id = home AND m.classification = class
                                             AND cardinality(m.scope_ids) = 1 AND m.deleted_at IS NULL
                                           LIMIT 1) one);
    RETURN QUERY
    WITH later AS MATERIALIZED (
        SELECT DISTINCT w.memory_id, w.classification, w.home
          FROM mem0.seen_too_widely(tenant, ids, node, target, mem0.at()) w
    ), already AS MATERIALIZED (
        SELECT w.memory_id
          FROM mem0.seen_too_widely(tenant, ARRAY(SELECT l.memory_id FROM later l), NULL, NULL, mem0.at()) w
    ), met AS MATERIALIZED (
        SELECT m.id, m.classification, m.home_scope_id, cardinality(m.scope_ids) = 1 AS alone
          FROM later l JOIN memories m ON m.enterprise_id = tenant AND m.id = l.memory_id
         WHERE NOT EXISTS (SELECT FROM already a WHERE a.memory_id = l.memory_id)
    )
    SELECT named.id
      FROM met
      CROSS JOIN LATERAL (
           SELECT m.id FROM memories m
            WHERE m.enterprise_id = tenant AND m.id = met.id AND NOT met.alone
            UNION ALL
           (SELECT m.id FROM memories m
             WHERE met.alone AND m.enterprise_id = tenant AND m.home_scope_id = met.home_scope_id
               AND m.classification = met.classification AND cardinality(m.scope_ids) = 1 AND m.deleted_at IS NULL
             LIMIT most)) named
      JOIN memories seen ON seen.enterprise_id = tenant AND seen.id = named.id
     WHERE seen.scope_ids && mem0.readable() AND seen.classification <= mem0.ceiling()
     ORDER BY named.id
     LIMIT most;
END
$$;

-- quota.use: how many memories the enterprise has. Beyond 10,000 the count is up to a minute old.
CREATE FUNCTION mem0.memories_in_use() RETURNS bigint LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tenant uuid := mem0.enterprise();
    used bigint;
    since timestamptz;
BEGIN
    SELECT c.memories, c.counted_at INTO used, since FROM memory_counts c WHERE c.enterprise_id = tenant;
    IF used > 10000 AND since > clock_timestamp() - interval '1 minute' THEN
        RETURN used;
    END IF;
    SELECT count(*), clock_timestamp() INTO used, since
      FROM memories m WHERE m.enterprise_id = tenant AND m.deleted_at IS NULL;
    IF used > 10000 AND pg_try_advisory_xact_lock(hashtextextended('memory count ' || tenant, 0)) THEN
        INSERT INTO memory_counts VALUES (tenant, used, since)
            ON CONFLICT (enterprise_id) DO UPDATE SET memories = excluded.memories, counted_at = excluded.counted_at;
    END IF;
    RETURN used;
END
$$;

REVOKE EXECUTE ON FUNCTION mem0.name_too_wide_below(bigint, bigint[], integer), mem0.memories_in_use() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.name_too_wide_below(bigint, bigint[], integer), mem0.memories_in_use() TO mem0_app;
