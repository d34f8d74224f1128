-- Whether what is of a class may be seen wherever it is seen: asked when its class, its home or the tree changes.

-- How many a scope makes of those who see something, as access::Audience orders them.
CREATE FUNCTION mem0.audience_of(kind text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT CASE kind WHEN 'user' THEN 0 WHEN 'team' THEN 1 WHEN 'context' THEN 1 WHEN 'unit' THEN 2 WHEN 'department' THEN 2
                           WHEN 'division' THEN 2 WHEN 'organization' THEN 3 WHEN 'enterprise' THEN 4 ELSE 5 END $$;

-- The widest of them that a class may have where the nodes of a path say so.
CREATE FUNCTION mem0.widest_audience(tenant uuid, path bigint[], kind text, class classification) RETURNS integer
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT least(CASE class WHEN 'public' THEN 6 WHEN 'internal' THEN 4 WHEN 'confidential' THEN 3 ELSE 1 END,
                 min(array_position(ARRAY['person', 'team', 'division', 'organization', 'enterprise', 'public', 'link'],
                                    p.audiences ->> class::text) - 1))
      FROM sharing_policies p
     WHERE p.enterprise_id = tenant
       AND (p.scope_id = ANY (path)
            OR (kind = 'context' AND p.scope_id = (
                SELECT e.id FROM scopes e WHERE e.enterprise_id = tenant AND e.kind = 'enterprise' AND e.kind <> 'user')))
$$;

-- The organizations in which somebody holds any role; all of them for whoever holds one on the enterprise.
CREATE FUNCTION mem0.organizations_of(tenant uuid, person uuid) RETURNS bigint[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT coalesce(array_agg(DISTINCT top.id), '{}')
      FROM mem0.held_roles h
      JOIN scopes s ON s.enterprise_id = h.enterprise_id AND s.id = h.scope_id
      JOIN scopes top ON top.enterprise_id = s.enterprise_id AND top.kind <> 'user'
                     AND (top.id = s.path[2]
                          OR (s.kind = 'enterprise' AND top.parent_id = s.id AND top.kind = 'organization'))
     WHERE h.enterprise_id = tenant AND h.user_id = person
$$;

-- Those of these memories that are seen by more than their class allows, by what kind of scope, or in another organization
-- than they belong to, once everything below `source` is where `target` leads (null: as it is). What is somebody's own belongs
-- to the organizations of its author.
CREATE FUNCTION mem0.seen_too_widely(tenant uuid, ids uuid[], source bigint, target bigint[], at timestamptz)
    RETURNS TABLE (memory_id uuid, classification classification, home bigint, kind text, abroad boolean)
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    WITH seen AS MATERIALIZED (
        SELECT m.id, m.classification, m.author_id, m.home_scope_id AS home, r.scope_id
          FROM memories m
          CROSS JOIN LATERAL (SELECT m.home_scope_id AS scope_id
                               UNION
                              SELECT g.scope_id FROM mem0.grants_of(tenant, m.id, m.home_scope_id, at) g) r
         WHERE m.enterprise_id = tenant AND m.id = ANY (ids) AND m.deleted_at IS NULL
    ), places AS (
        SELECT s.id AS was, CASE WHEN source = ANY (s.path) THEN target || s.path[array_position(s.path, source) + 1:]
                                 ELSE s.path END AS path
          FROM scopes s
         WHERE s.enterprise_id = tenant AND s.id IN (SELECT e.home FROM seen e UNION SELECT e.scope_id FROM seen e)
    ), placed AS MATERIALIZED (
        SELECT p.was, p.path, s.kind
          FROM places p JOIN scopes s ON s.enterprise_id = tenant AND s.id = p.path[cardinality(p.path)]
    ), limits AS MATERIALIZED (
        SELECT e.home, e.classification, mem0.widest_audience(tenant, h.path, h.kind, e.classification) AS most
          FROM (SELECT DISTINCT e.home, e.classification FROM seen e) e JOIN placed h ON h.was = e.home
    ), found AS (
        SELECT e.id, e.classification, e.home, s.kind, mem0.audience_of(s.kind) > l.most AS too_many,
               e.classification >= 'confidential' AND s.kind NOT IN ('user', 'context', 'enterprise', 'public')
               AND CASE WHEN h.kind NOT IN ('user', 'context') THEN s.path[2] <> h.path[2]
                        WHEN source IS NULL THEN s.path[2] <> ALL (mem0.organizations_of(tenant, e.author_id))
                        ELSE false END AS abroad
          FROM seen e
          JOIN placed h ON h.was = e.home
          JOIN placed s ON s.was = e.scope_id
          JOIN limits l ON l.home = e.home AND l.classification = e.classification
    )
    SELECT f.id, f.classification, f.home, f.kind, coalesce(f.abroad, false) FROM found f WHERE f.too_many OR f.abroad
$$;

-- memory.list_too_wide: of these, as they are now.
CREATE FUNCTION mem0.too_wide(ids uuid[])
    RETURNS TABLE (classification classification, home bigint, kind text, abroad boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT w.classification, w.home, w.kind, w.abroad
      FROM mem0.seen_too_widely(mem0.enterprise(), ids, NULL, NULL, mem0.at()) w
     ORDER BY w.abroad, w.memory_id
     LIMIT 1
$$;

-- node.list_too_wide: the classes of what lives below a node or is shared with it, if that may not be seen by all who will see
-- it once the node is where `target` leads, and may now; and how much there is. What nodes said later than something was
-- shared, it need not follow.
CREATE FUNCTION mem0.too_wide_below(node bigint, target bigint[], OUT memories bigint, OUT classes text[])
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
                    AND m.deleted_at IS NULL);
    IF EXISTS (SELECT FROM sharing_policies p
                WHERE p.enterprise_id = tenant AND p.scope_id = ANY (target) AND p.audiences <> '{}') THEN
        -- One of each class of each home stands for those that are not shared.
        ids := ids || ARRAY(
            SELECT one.id
              FROM unnest(below) home
              CROSS JOIN unnest(enum_range(NULL::classification)) class
              CROSS JOIN LATERAL (SELECT m.id FROM memories m
                                   WHERE m.enterprise_id = tenant AND m.home_scope_id = home AND m.classification = class
                                     AND m.deleted_at IS NULL
                                   LIMIT 1) one);
    END IF;
    SELECT count(DISTINCT later.memory_id), coalesce(array_agg(DISTINCT later.classification::text), '{}') INTO memories, classes
      FROM mem0.seen_too_widely(tenant, ids, node, target, mem0.at()) later
     WHERE NOT EXISTS (SELECT FROM mem0.seen_too_widely(tenant, ARRAY[later.memory_id], NULL, NULL, mem0.at()));
END
$$;

REVOKE EXECUTE ON FUNCTION mem0.audience_of(text), mem0.widest_audience(uuid, bigint[], text, classification),
    mem0.organizations_of(uuid, uuid), mem0.seen_too_widely(uuid, uuid[], bigint, bigint[], timestamptz), mem0.too_wide(uuid[]),
    mem0.too_wide_below(bigint, bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.too_wide(uuid[]), mem0.too_wide_below(bigint, bigint[]) TO mem0_app;
