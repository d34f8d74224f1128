-- Through what somebody sees a memory, for those who decide about it.

-- access.list_ways: the live grants by which a memory that the caller sees reaches these scopes, or any: its own, those of the
-- context where it lives, and, to read, those of contexts in which it is pinned.
CREATE FUNCTION mem0.ways_to(memory uuid, scopes bigint[])
    RETURNS TABLE (share_id uuid, in_context boolean, scope_id bigint, kind text, node_id uuid, person_id uuid, name text,
                   permission text, may_reshare boolean, granted_by uuid, expires_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH seen AS (
        SELECT m.id, m.home_scope_id FROM memories m
         WHERE m.enterprise_id = mem0.enterprise() AND m.id = memory AND m.deleted_at IS NULL
           AND m.scope_ids && mem0.readable()
    ), ways AS (
        SELECT s.id, false AS in_context, s.grantee_scope_id, s.permission, s.may_reshare, s.granted_by, s.expires_at
          FROM seen JOIN shares s ON s.enterprise_id = mem0.enterprise() AND s.memory_id = seen.id AND s.revoked_at IS NULL
         UNION ALL
        SELECT s.id, true, s.grantee_scope_id, s.permission, false, s.granted_by, s.expires_at
          FROM seen
          JOIN sub_organizations c ON c.enterprise_id = mem0.enterprise() AND c.scope_id = seen.home_scope_id
          JOIN shares s ON s.enterprise_id = mem0.enterprise() AND s.context_id = c.id AND s.revoked_at IS NULL
         UNION ALL
        SELECT s.id, true, s.grantee_scope_id, 'read', false, s.granted_by, least(pin.expires_at, s.expires_at)
          FROM seen
          JOIN shares pin ON pin.enterprise_id = mem0.enterprise() AND pin.memory_id = seen.id AND pin.revoked_at IS NULL
                         AND (pin.expires_at IS NULL OR pin.expires_at > mem0.at())
          JOIN sub_organizations c ON c.enterprise_id = mem0.enterprise() AND c.scope_id = pin.grantee_scope_id
          JOIN shares s ON s.enterprise_id = mem0.enterprise() AND s.context_id = c.id AND s.revoked_at IS NULL
    )
    SELECT w.id, w.in_context, w.grantee_scope_id, s.kind, n.id, u.id, coalesce(n.name, u.display_name),
           w.permission::text, w.may_reshare, w.granted_by, w.expires_at
      FROM ways w
      JOIN scopes s ON s.enterprise_id = mem0.enterprise() AND s.id = w.grantee_scope_id
      LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
      LEFT JOIN users u ON u.enterprise_id = s.enterprise_id AND u.scope_id = s.id
     WHERE (scopes IS NULL OR w.grantee_scope_id = ANY (scopes)) AND (w.expires_at IS NULL OR w.expires_at > mem0.at())
     ORDER BY w.permission DESC, w.expires_at DESC NULLS FIRST, w.id
$$;

-- memory.list_people: active accounts that see a memory which the caller sees, oldest first: a person in their own scope,
-- everyone in the public one, and in another whoever holds a role on it, above it, or on something below it. With the scopes
-- through which they do, its home first, and whether roles or shares let them change it.
CREATE FUNCTION mem0.people_of(memory uuid, after_at timestamptz, after_id uuid, most integer)
    RETURNS TABLE (id uuid, display_name text, created_at timestamptz, kinds text[], nodes uuid[], can_change boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public SET plan_cache_mode = force_custom_plan AS $$
    WITH it AS (
        SELECT m.id, m.home_scope_id, m.author_id FROM memories m
         WHERE m.enterprise_id = mem0.enterprise() AND m.id = memory AND m.deleted_at IS NULL
           AND m.scope_ids && mem0.readable()
    ), reach AS (
        SELECT it.home_scope_id AS scope_id, true AS home, NULL::share_permission AS permission FROM it
         UNION ALL
        SELECT g.scope_id, false, max(g.permission)
          FROM it CROSS JOIN LATERAL mem0.grants_of(mem0.enterprise(), it.id, it.home_scope_id, mem0.at()) g
         WHERE g.scope_id <> it.home_scope_id
         GROUP BY g.scope_id
    ), seen AS (
        SELECT r.scope_id, r.home, r.permission, s.kind, s.path, n.id AS node_id
          FROM reach r
          JOIN scopes s ON s.enterprise_id = mem0.enterprise() AND s.id = r.scope_id
          LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
    ), readers AS (
        SELECT u.id, seen.scope_id, 'owner'::member_role AS role
          FROM seen JOIN users u ON u.enterprise_id = mem0.enterprise() AND u.scope_id = seen.scope_id
         UNION ALL
        SELECT u.id, seen.scope_id, NULL
          FROM seen JOIN users u ON u.enterprise_id = mem0.enterprise() AND seen.kind = 'public'
         UNION ALL
        SELECT h.user_id, seen.scope_id, CASE WHEN at.id = ANY (seen.path) THEN h.role END
          FROM seen
          JOIN scopes at ON at.enterprise_id = mem0.enterprise() AND at.kind <> 'user'
                        AND (at.id = ANY (seen.path) OR seen.scope_id = ANY (at.path))
          JOIN mem0.held_roles h ON h.enterprise_id = mem0.enterprise() AND h.scope_id = at.id
         WHERE seen.kind <> 'user'
    ), by_scope AS (
        SELECT r.id, r.scope_id, max(r.role) AS role FROM readers r GROUP BY r.id, r.scope_id
    )
    SELECT u.id, u.display_name, u.created_at,
           array_agg(seen.kind ORDER BY seen.home DESC, seen.scope_id),
           array_agg(seen.node_id ORDER BY seen.home DESC, seen.scope_id),
           bool_or(CASE WHEN seen.home
                        THEN coalesce(b.role >= 'admin' OR (b.role >= 'member' AND it.author_id = u.id), false)
                        ELSE seen.permission >= 'write' END)
      FROM by_scope b
      JOIN seen ON seen.scope_id = b.scope_id
      JOIN users u ON u.enterprise_id = mem0.enterprise() AND u.id = b.id AND u.status = 'active'
      CROSS JOIN it
     WHERE after_at IS NULL OR (u.created_at, u.id) > (after_at, after_id)
     GROUP BY u.id, u.display_name, u.created_at
     ORDER BY u.created_at, u.id
     LIMIT most
$$;

REVOKE EXECUTE ON FUNCTION mem0.ways_to(uuid, bigint[]), mem0.people_of(uuid, timestamptz, uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.ways_to(uuid, bigint[]), mem0.people_of(uuid, timestamptz, uuid, integer) TO mem0_app;
