-- What is in a context is under the rules of where it lives, whoever comes into it; and where a tree is moved, those belong
-- elsewhere who belong to it.

-- Where the path of a scope leads once everything below `source` is where `target` leads; null: as it is.
CREATE FUNCTION mem0.moved_path(path bigint[], source bigint, target bigint[]) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT CASE WHEN source = ANY (path) THEN target || path[array_position(path, source) + 1:] ELSE path END $$;

-- The organizations in which somebody holds any role, or will once `source` is where `target` leads; all of them for whoever
-- holds one on the enterprise.
DROP FUNCTION mem0.organizations_of(uuid, uuid);
CREATE FUNCTION mem0.organizations_of(tenant uuid, person uuid, source bigint DEFAULT NULL, target bigint[] DEFAULT NULL)
    RETURNS bigint[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT coalesce(array_agg(DISTINCT top.id), '{}')
      FROM mem0.held_roles h
      JOIN scopes s ON s.enterprise_id = h.enterprise_id AND s.id = h.scope_id AND s.kind <> 'context'
      CROSS JOIN LATERAL (SELECT mem0.moved_path(s.path, source, target) AS path) p
      JOIN scopes top ON top.enterprise_id = s.enterprise_id AND top.kind <> 'user'
                     AND (top.id = p.path[2]
                          OR (cardinality(p.path) = 1 AND top.parent_id = p.path[1] AND top.kind = 'organization'))
     WHERE h.enterprise_id = tenant AND h.user_id = person
$$;

-- Whether everybody behind a scope, a person or the members of a context, holds a role in one of these organizations. Who
-- cannot use their account now may later.
CREATE FUNCTION mem0.belong_to(tenant uuid, scope bigint, organizations bigint[]) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT NOT EXISTS (
        SELECT FROM (SELECT u.id FROM users u WHERE u.enterprise_id = tenant AND u.scope_id = scope
                      UNION
                     SELECT h.user_id FROM mem0.held_roles h WHERE h.enterprise_id = tenant AND h.scope_id = scope) somebody
         WHERE NOT mem0.organizations_of(tenant, somebody.id) && organizations)
$$;

-- Those of these memories that are seen by more than their class allows, by what kind of scope, or in another organization
-- than they belong to, once everything below `source` is where `target` leads (null: as it is). What is somebody's own or in a
-- context belongs to the organizations of its author.
CREATE OR REPLACE FUNCTION mem0.seen_too_widely(tenant uuid, ids uuid[], source bigint, target bigint[], at timestamptz)
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
        SELECT e.id, e.classification, e.home, s.kind, mem0.audience_of(s.kind) > l.most AS too_many,
               e.classification >= 'confidential' AND s.kind NOT IN ('user', 'context', 'enterprise', 'public')
               AND s.path[2] <> ALL (CASE WHEN h.kind IN ('user', 'context') THEN b.organizations ELSE ARRAY[h.path[2]] END)
                   AS abroad
          FROM seen e
          JOIN placed h ON h.was = e.home
          JOIN placed s ON s.was = e.scope_id
          JOIN limits l ON l.home = e.home AND l.classification = e.classification
          LEFT JOIN belonging b ON b.author_id = e.author_id
    )
    SELECT f.id, f.classification, f.home, f.kind, coalesce(f.abroad, false) FROM found f WHERE f.too_many OR f.abroad
$$;

-- context.list_agreed: where the memories of a context live, of which classes, and which way somebody agreed that they go when
-- they were pinned to it; seen by the caller or not.
CREATE FUNCTION mem0.agreed_in_context(context bigint)
    RETURNS TABLE (scope_id bigint, classification text, agreed text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT DISTINCT m.home_scope_id, m.classification::text, pin.direction
      FROM memories m
      LEFT JOIN LATERAL (
          SELECT a.direction FROM shares s
            JOIN approvals a ON a.enterprise_id = s.enterprise_id AND a.id = s.approval_id
           WHERE s.enterprise_id = m.enterprise_id AND s.memory_id = m.id AND s.grantee_scope_id = context
             AND s.revoked_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > mem0.at())
           ORDER BY array_position(ARRAY['down', 'up', 'across', 'out', 'public'], a.direction) DESC
           LIMIT 1) pin ON true
     WHERE m.enterprise_id = mem0.enterprise() AND m.deleted_at IS NULL AND m.id = ANY (mem0.memories_of_context(context))
$$;

-- What was in a context when it was asked for, as below. Null: a memory, or a request of the release before.
ALTER TABLE approvals ADD COLUMN contents bytea;

-- context.digest: of what is in a context now, which versions of it and of which class; seen by the caller or not.
CREATE FUNCTION mem0.contents_of_context(context bigint) RETURNS bytea
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT sha256(convert_to(coalesce(string_agg(concat_ws(' ', m.id, m.version, m.classification), ' ' ORDER BY m.id), ''),
                             'UTF8'))
      FROM memories m
     WHERE m.enterprise_id = mem0.enterprise() AND m.deleted_at IS NULL
       AND m.id = ANY (ARRAY(
           SELECT l.id FROM memories l WHERE l.enterprise_id = mem0.enterprise() AND l.home_scope_id = context
            UNION
           SELECT s.memory_id FROM shares s
            WHERE s.enterprise_id = mem0.enterprise() AND s.grantee_scope_id = context AND s.memory_id IS NOT NULL
              AND s.revoked_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > mem0.at())))
$$;

-- approval.look_at_subject: the memory that is asked for, as it is now, for those whom the request concerns; as
-- hold_approval_subject, and nobody waits for it.
CREATE FUNCTION mem0.asked_memory(approval uuid)
    RETURNS TABLE (author_id uuid, home_scope_id bigint, classification text, version integer)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT m.author_id, m.home_scope_id, m.classification::text, m.version
      FROM approvals a
      JOIN memories m ON m.enterprise_id = a.enterprise_id AND m.id = a.memory_id
     WHERE a.enterprise_id = mem0.enterprise() AND a.id = approval AND m.deleted_at IS NULL
       AND m.classification <= mem0.ceiling()
$$;

REVOKE EXECUTE ON FUNCTION mem0.moved_path(bigint[], bigint, bigint[]), mem0.organizations_of(uuid, uuid, bigint, bigint[]),
    mem0.belong_to(uuid, bigint, bigint[]), mem0.agreed_in_context(bigint), mem0.contents_of_context(bigint),
    mem0.asked_memory(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.moved_path(bigint[], bigint, bigint[]), mem0.organizations_of(uuid, uuid, bigint, bigint[]),
    mem0.belong_to(uuid, bigint, bigint[]), mem0.agreed_in_context(bigint), mem0.contents_of_context(bigint),
    mem0.asked_memory(uuid) TO mem0_app;
