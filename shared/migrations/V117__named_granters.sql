-- Why somebody sees what lives elsewhere: the names of those who shared it are looked up one by one. The plan of V105 read every
-- person of an enterprise for them.

-- access.list_reaching: the live shares by which memories that the caller sees reach these scopes: their own, oldest first; then
-- those of the contexts where they live or in which they are pinned, as in mem0.ways_to (V59).
CREATE OR REPLACE FUNCTION mem0.reaching_shares(memories uuid[], scopes bigint[])
    RETURNS TABLE (memory_id uuid, share_id uuid, scope_id bigint, permission text, may_reshare boolean, granted_by uuid,
                   granter text, expires_at timestamptz, context_scope_id bigint, context_name text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
    SET search_path = pg_catalog, public
    SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off
    SET random_page_cost = 1.1
    SET jit = off
    AS $$
#variable_conflict use_column
DECLARE
    tenant uuid := mem0.enterprise();
    readable bigint[] := mem0.readable();
    now timestamptz := mem0.at();
BEGIN
    -- Looked up one by one: `OFFSET 0` keeps the planner from reading whole tables for them, and `IS NOT FALSE` from taking the
    -- index of what is shared with a scope, and all live shares with it, while it thinks that there are few.
    RETURN QUERY
    WITH seen AS MATERIALIZED (
        SELECT m.*
          FROM unnest(memories) q (id)
         CROSS JOIN LATERAL (SELECT m.id, m.home_scope_id FROM memories m
                              WHERE m.enterprise_id = tenant AND m.id = q.id AND m.deleted_at IS NULL
                                AND m.scope_ids && readable OFFSET 0) m
    ), own AS MATERIALIZED (
        SELECT seen.id AS memory, s.*
          FROM seen
         CROSS JOIN LATERAL (SELECT s.id, s.grantee_scope_id, s.permission, s.may_reshare, s.granted_by, s.granted_at,
                                    s.expires_at
                               FROM shares s
                              WHERE s.enterprise_id = tenant AND s.memory_id = seen.id
                                AND (s.revoked_at IS NULL) IS NOT FALSE
                                AND (s.expires_at IS NULL OR s.expires_at > now) OFFSET 0) s
    ), holders AS MATERIALIZED (
        -- Contexts that contain them, and until when.
        SELECT h.memory, h.pinned, h.expires_at, c.id, c.scope_id, c.name
          FROM (SELECT seen.id AS memory, seen.home_scope_id AS scope, false AS pinned, NULL::timestamptz AS expires_at FROM seen
                 UNION ALL
                SELECT own.memory, own.grantee_scope_id, true, own.expires_at FROM own) h
         CROSS JOIN LATERAL (SELECT c.id, c.scope_id, c.name FROM sub_organizations c
                              WHERE c.enterprise_id = tenant AND c.scope_id = h.scope OFFSET 0) c
    ), ways AS (
        SELECT o.memory, o.id, o.grantee_scope_id AS scope, o.permission, o.may_reshare, o.granted_by, o.granted_at,
               o.expires_at, NULL::bigint AS context, NULL AS name
          FROM own o
         WHERE o.grantee_scope_id = ANY (scopes)
         UNION ALL
        SELECT h.memory, s.id, s.grantee_scope_id, CASE WHEN h.pinned THEN 'read' ELSE s.permission END, false, s.granted_by,
               NULL, least(h.expires_at, s.expires_at), h.scope_id, h.name
          FROM holders h
         CROSS JOIN LATERAL (SELECT s.* FROM shares s
                              WHERE s.enterprise_id = tenant AND s.context_id = h.id AND s.grantee_scope_id = ANY (scopes)
                                AND (s.revoked_at IS NULL) IS NOT FALSE
                                AND (s.expires_at IS NULL OR s.expires_at > now) OFFSET 0) s
    )
    SELECT w.memory, w.id, w.scope, w.permission::text, w.may_reshare, w.granted_by, g.display_name, w.expires_at, w.context,
           w.name
      FROM ways w
      LEFT JOIN LATERAL (SELECT g.display_name FROM users g
                          WHERE g.enterprise_id = tenant AND g.id = w.granted_by OFFSET 0) g ON true
     ORDER BY w.context IS NOT NULL, w.granted_at, w.permission DESC, w.expires_at DESC NULLS FIRST, w.id;
END
$$;
