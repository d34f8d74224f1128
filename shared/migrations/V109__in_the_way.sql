-- A refused move tells which shares are in its way, and how many memories and shares there are.

-- As in V89, with the scope where a memory is seen.
DROP FUNCTION mem0.seen_too_widely(uuid, uuid[], bigint, bigint[], timestamptz);
CREATE FUNCTION mem0.seen_too_widely(tenant uuid, ids uuid[], source bigint, target bigint[], at timestamptz)
    RETURNS TABLE (memory_id uuid, classification classification, home bigint, kind text, abroad boolean, scope_id bigint)
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    WITH seen AS MATERIALIZED (
        SELECT m.id, m.classification, m.author_id, m.home_scope_id AS home, r.scope_id
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
                  FROM seen e JOIN placed h ON h.was = e.home
                 WHERE e.classification >= 'confidential' AND h.kind IN ('user', 'context')) a
    ), found AS (
        SELECT e.id, e.classification, e.home, e.scope_id, s.kind, mem0.audience_of(s.kind) > l.most AS too_many,
               e.classification >= 'confidential' AND s.kind NOT IN ('user', 'context', 'enterprise', 'public')
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
REVOKE EXECUTE ON FUNCTION mem0.seen_too_widely(uuid, uuid[], bigint, bigint[], timestamptz) FROM PUBLIC;

-- node.list_in_the_way: the first memories because of which mem0.too_wide_below refuses, as far as the caller sees them, and the
-- first shares through which they would be seen there, of these memories or of contexts that contain them; with how many there
-- are. Where one that is not shared stood for all of its home and class, all of them count.
CREATE FUNCTION mem0.in_the_way_below(node bigint, target bigint[], most integer)
    RETURNS TABLE (memory_id uuid, context_id uuid, share_id uuid, total bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
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
        SELECT w.memory_id, w.scope_id FROM mem0.seen_too_widely(tenant, ids, node, target, mem0.at()) w
    ), already AS MATERIALIZED (
        SELECT w.memory_id
          FROM mem0.seen_too_widely(tenant, ARRAY(SELECT l.memory_id FROM later l), NULL, NULL, mem0.at()) w
    ), met AS MATERIALIZED (
        SELECT m.id, m.classification, m.home_scope_id, cardinality(m.scope_ids) = 1 AS alone,
               array_agg(DISTINCT l.scope_id) FILTER (WHERE l.scope_id <> m.home_scope_id) AS seen_in
          FROM later l JOIN memories m ON m.enterprise_id = tenant AND m.id = l.memory_id
         WHERE NOT EXISTS (SELECT FROM already a WHERE a.memory_id = l.memory_id)
         GROUP BY m.id, m.classification, m.home_scope_id, m.scope_ids
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

REVOKE EXECUTE ON FUNCTION mem0.in_the_way_below(bigint, bigint[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.in_the_way_below(bigint, bigint[], integer) TO mem0_app;
