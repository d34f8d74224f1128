-- Whether a memory could have another class is found out without giving it that one.

-- As in V130, and for another class (null: their own).
DROP FUNCTION mem0.seen_too_widely(uuid, uuid[], bigint, bigint[], timestamptz);
CREATE FUNCTION mem0.seen_too_widely(tenant uuid, ids uuid[], source bigint, target bigint[], at timestamptz,
                                     class classification DEFAULT NULL)
    RETURNS TABLE (memory_id uuid, classification classification, home bigint, kind text, abroad boolean, scope_id bigint)
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    WITH seen AS MATERIALIZED (
        SELECT m.id, coalesce(class, m.classification) AS classification, m.author_id, m.home_scope_id AS home, r.scope_id
          FROM memories m
          CROSS JOIN LATERAL (SELECT m.home_scope_id AS scope_id
                               UNION
                              SELECT g.scope_id FROM mem0.grants_of(tenant, m.id, m.home_scope_id, at) g) r
         WHERE m.enterprise_id = tenant AND m.id = ANY (ids) AND m.deleted_at IS NULL
    ), places AS (
        SELECT s.id AS was, mem0.moved_path(s.path, source, target) AS path
          FROM scopes s
         WHERE s.enterprise_id = tenant AND s.id IN (SELECT e.home FROM seen e UNION SELECT e.scope_id FROM seen e)
    ), placed AS MATERIALIZED (
        SELECT p.was, p.path, s.kind
          FROM places p JOIN scopes s ON s.enterprise_id = tenant AND s.id = p.path[cardinality(p.path)]
    ), limits AS MATERIALIZED (
        SELECT e.home, e.classification, mem0.widest_audience(tenant, h.path, h.kind, e.classification) AS most
          FROM (SELECT DISTINCT e.home, e.classification FROM seen e) e JOIN placed h ON h.was = e.home
    ), belonging AS MATERIALIZED (
        SELECT a.author_id, mem0.organizations_of(tenant, a.author_id, source, target) AS organizations
          FROM (SELECT DISTINCT e.author_id
                  FROM seen e
                  JOIN placed h ON h.was = e.home
                  JOIN limits l ON l.home = e.home AND l.classification = e.classification
                 WHERE l.most <= mem0.audience_of('organization') AND h.kind IN ('user', 'context')) a
    ), found AS (
        SELECT e.id, e.classification, e.home, e.scope_id, s.kind, mem0.audience_of(s.kind) > l.most AS too_many,
               l.most <= mem0.audience_of('organization') AND s.kind NOT IN ('user', 'context', 'enterprise', 'public')
               AND s.path[2] <> ALL (CASE WHEN h.kind IN ('user', 'context') THEN b.organizations ELSE ARRAY[h.path[2]] END)
                   AS abroad
          FROM seen e
          JOIN placed h ON h.was = e.home
          JOIN placed s ON s.was = e.scope_id
          JOIN limits l ON l.home = e.home AND l.classification = e.classification
          LEFT JOIN belonging b ON b.author_id = e.author_id
    )
    SELECT f.id, f.classification, f.home, f.kind, coalesce(f.abroad, false), f.scope_id FROM found f WHERE f.too_many OR f.abroad
$$;

REVOKE EXECUTE ON FUNCTION mem0.seen_too_widely(uuid, uuid[], bigint, bigint[], timestamptz, classification) FROM PUBLIC;

-- memory.find_too_wide_as: what mem0.too_wide would find if a memory that the caller sees had another class.
CREATE OR REPLACE FUNCTION mem0.too_wide_as(memory uuid, class classification)
    RETURNS TABLE (classification classification, home bigint, kind text, abroad boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT w.classification, w.home, w.kind, w.abroad
      FROM memories m
     CROSS JOIN LATERAL mem0.seen_too_widely(m.enterprise_id, ARRAY[m.id], NULL, NULL, mem0.at(), class) w
     WHERE m.enterprise_id = mem0.enterprise() AND m.id = memory AND m.deleted_at IS NULL
       AND m.scope_ids && mem0.readable() AND m.classification <= mem0.ceiling()
     ORDER BY w.abroad, w.memory_id
     LIMIT 1
$$;
