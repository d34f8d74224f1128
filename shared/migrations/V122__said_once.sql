-- What was written twice is written once: which memories more people would see than their class allows, and who sees a context.

-- What lives below a node or is shared with it and may not be seen by all who will see it once the node is where `target` leads, and
-- may now, with the scopes in which it would be seen besides its home. What nodes said later than something was shared, it need not
-- follow. One memory that is not shared (`alone`) stands for all of its home and class.
CREATE FUNCTION mem0.too_wide_there(tenant uuid, node bigint, target bigint[])
    RETURNS TABLE (id uuid, classification classification, home_scope_id bigint, alone boolean, seen_in bigint[])
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
DECLARE
    below bigint[];
    ids uuid[];
BEGIN
    below := ARRAY(SELECT s.id FROM scopes s WHERE s.enterprise_id = tenant AND s.kind <> 'user' AND node = ANY (s.path));
    ids := ARRAY(SELECT m.id FROM memories m
                  WHERE m.enterprise_id = tenant AND m.scope_ids && below AND cardinality(m.scope_ids) > 1
                    AND m.deleted_at IS NULL);
    IF EXISTS (SELECT FROM sharing_policies p
                WHERE p.enterprise_id = tenant AND p.scope_id = ANY (target) AND p.audiences <> '{}') THEN
        ids := ids || ARRAY(
            SELECT one.id
              FROM unnest(below) home
              CROSS JOIN unnest(enum_range(NULL::classification)) class
              CROSS JOIN LATERAL (SELECT m.id FROM memories m
                                   WHERE m.enterprise_id = tenant AND m.home_scope_id = home AND m.classification = class
                                     AND cardinality(m.scope_ids) = 1 AND m.deleted_at IS NULL
                                   LIMIT 1) one);
    END IF;
    RETURN QUERY
    WITH later AS MATERIALIZED (
        SELECT w.memory_id, w.scope_id FROM mem0.seen_too_widely(tenant, ids, node, target, mem0.at()) w
    ), already AS MATERIALIZED (
        SELECT w.memory_id
          FROM mem0.seen_too_widely(tenant, ARRAY(SELECT l.memory_id FROM later l), NULL, NULL, mem0.at()) w
    )
    SELECT m.id, m.classification, m.home_scope_id, cardinality(m.scope_ids) = 1,
           array_agg(DISTINCT l.scope_id) FILTER (WHERE l.scope_id <> m.home_scope_id)
      FROM later l JOIN memories m ON m.enterprise_id = tenant AND m.id = l.memory_id
     WHERE NOT EXISTS (SELECT FROM already a WHERE a.memory_id = l.memory_id)
     GROUP BY m.id, m.classification, m.home_scope_id, m.scope_ids;
END
$$;

-- node.find_too_wide: the classes of those. How many they are is for the release before.
CREATE OR REPLACE FUNCTION mem0.too_wide_below(node bigint, target bigint[], OUT memories bigint, OUT classes text[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM mem0.check_scopes(ARRAY[node, target[cardinality(target)]]);
    SELECT count(*), coalesce(array_agg(DISTINCT t.classification::text), '{}') INTO memories, classes
      FROM mem0.too_wide_there(mem0.enterprise(), node, target) t;
END
$$;

-- node.list_in_the_way: the first memories because of which mem0.too_wide_below refuses, as far as the caller sees them, and the
-- first shares through which they would be seen there, of these memories or of contexts that contain them; with how many there
-- are. Where one that is not shared stood for all of its home and class, all of them count.
CREATE OR REPLACE FUNCTION mem0.in_the_way_below(node bigint, target bigint[], most integer)
    RETURNS TABLE (memory_id uuid, context_id uuid, share_id uuid, total bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
DECLARE
    tenant uuid := mem0.enterprise();
BEGIN
    PERFORM mem0.check_scopes(ARRAY[node, target[cardinality(target)]]);
    RETURN QUERY
    WITH met AS MATERIALIZED (
        SELECT t.id, t.classification, t.home_scope_id, t.alone, t.seen_in FROM mem0.too_wide_there(tenant, node, target) t
    ), named AS (
        SELECT seen.id, count(*) OVER () AS total
          FROM met
          CROSS JOIN LATERAL (
               SELECT m.id FROM memories m
                WHERE m.enterprise_id = tenant AND m.id = met.id AND NOT met.alone
                UNION ALL
               SELECT m.id FROM memories m
                WHERE met.alone AND m.enterprise_id = tenant AND m.home_scope_id = met.home_scope_id
                  AND m.classification = met.classification AND cardinality(m.scope_ids) = 1 AND m.deleted_at IS NULL) one
          JOIN memories seen ON seen.enterprise_id = tenant AND seen.id = one.id
         WHERE seen.scope_ids && mem0.readable() AND seen.classification <= mem0.ceiling()
         ORDER BY seen.id LIMIT most
    ), ways AS (
        SELECT DISTINCT w.share_id
          FROM met
          JOIN memories seen ON seen.enterprise_id = tenant AND seen.id = met.id AND seen.classification <= mem0.ceiling()
          CROSS JOIN LATERAL mem0.ways_to(met.id, met.seen_in) w
         WHERE met.seen_in IS NOT NULL
    ), ending AS (
        SELECT h.memory_id, h.context_id, h.id, count(*) OVER () AS total
          FROM ways w JOIN shares h ON h.enterprise_id = tenant AND h.id = w.share_id
         ORDER BY h.id LIMIT most
    )
    SELECT n.id, NULL::uuid, NULL::uuid, n.total FROM named n
     UNION ALL
    SELECT e.memory_id, e.context_id, e.id, e.total FROM ending e
     ORDER BY 3 NULLS FIRST, 1;
END
$$;

-- Who sees a context at a time: its members (`user_id`), and those with whom it is shared, with the approval and the end of each share.
CREATE FUNCTION mem0.sees_context(tenant uuid, context bigint, at timestamptz)
    RETURNS TABLE (scope_id bigint, user_id uuid, approval_id uuid, expires_at timestamptz)
    LANGUAGE sql STABLE AS $$
    SELECT u.scope_id, u.id, NULL::uuid, NULL::timestamptz
      FROM mem0.held_roles r
      JOIN users u ON u.enterprise_id = r.enterprise_id AND u.id = r.user_id
     WHERE r.enterprise_id = tenant AND r.scope_id = context
     UNION ALL
    SELECT h.grantee_scope_id, NULL, h.approval_id, h.expires_at
      FROM sub_organizations c
      JOIN shares h ON h.enterprise_id = c.enterprise_id AND h.context_id = c.id AND h.revoked_at IS NULL
                   AND (h.expires_at IS NULL OR h.expires_at > at)
     WHERE c.enterprise_id = tenant AND c.scope_id = context
$$;

REVOKE EXECUTE ON FUNCTION mem0.too_wide_there(uuid, bigint, bigint[]), mem0.sees_context(uuid, bigint, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.sees_context(uuid, bigint, timestamptz) TO mem0_app;
