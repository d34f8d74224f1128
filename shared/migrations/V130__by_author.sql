-- Which way something goes depends on who wrote it, whoever shares it; and what a node keeps within an organization stays there.

-- The direction in which a memory goes from its home to a scope. What is a person's own or in a context goes from where its author
-- belongs, as in mem0.seen_too_widely: up to what they hold a role on, below or above, across within the organizations in which
-- they hold one, and out otherwise. For a node, its own place counts, and `author` does not.
CREATE FUNCTION mem0.direction_of(tenant uuid, home bigint, author uuid, grantee bigint) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT CASE
               WHEN g.kind = 'public' THEN 'public'
               -- Everyone sees the public scope already.
               WHEN h.kind = 'public' THEN 'down'
               WHEN h.kind IN ('user', 'context') THEN CASE
                   WHEN g.kind IN ('user', 'context') THEN
                       CASE WHEN mem0.belong_to(tenant, g.id, mem0.organizations_of(tenant, author)) THEN 'across' ELSE 'out' END
                   WHEN EXISTS (SELECT FROM mem0.held_roles r
                                  JOIN scopes s ON s.enterprise_id = r.enterprise_id AND s.id = r.scope_id AND s.kind <> 'context'
                                 WHERE r.enterprise_id = tenant AND r.user_id = author
                                   AND (g.id = ANY (s.path) OR s.id = ANY (g.path))) THEN 'up'
                   WHEN g.path[2] = ANY (mem0.organizations_of(tenant, author)) THEN 'across'
                   ELSE 'out' END
               WHEN g.kind IN ('user', 'context') THEN
                   CASE WHEN cardinality(h.path) = 1 OR mem0.belong_to(tenant, g.id, ARRAY[h.path[2]]) THEN 'across' ELSE 'out' END
               WHEN g.id = ANY (h.path) THEN 'up'
               WHEN h.id = ANY (g.path) THEN 'down'
               WHEN h.path[2] = g.path[2] THEN 'across'
               ELSE 'out' END
      FROM scopes h, scopes g
     WHERE h.enterprise_id = tenant AND h.id = home AND g.enterprise_id = tenant AND g.id = grantee
$$;

-- How far a direction goes.
CREATE FUNCTION mem0.farness(direction text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT array_position(ARRAY['down', 'up', 'across', 'out', 'public'], direction) $$;

-- context.list_carried: as mem0.classes_in_context (V60), which the code before asks, with the author of what is a person's own or lives in a context (null: of a node's).
CREATE FUNCTION mem0.carried_by_context(context bigint)
    RETURNS TABLE (scope_id bigint, classification classification, author_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT DISTINCT m.home_scope_id, m.classification, CASE WHEN s.kind IN ('user', 'context') THEN m.author_id END
      FROM memories m JOIN scopes s ON s.enterprise_id = m.enterprise_id AND s.id = m.home_scope_id
     WHERE m.enterprise_id = mem0.enterprise() AND m.deleted_at IS NULL
       AND m.id = ANY (mem0.memories_of_context(context))
$$;

-- context.list_agreed: as mem0.agreed_in_context (V89), with the same.
CREATE FUNCTION mem0.agreed_for_context(context bigint)
    RETURNS TABLE (scope_id bigint, classification text, agreed text, author_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT DISTINCT m.home_scope_id, m.classification::text, pin.direction,
           CASE WHEN s.kind IN ('user', 'context') THEN m.author_id END
      FROM memories m
      JOIN scopes s ON s.enterprise_id = m.enterprise_id AND s.id = m.home_scope_id
      LEFT JOIN LATERAL (
          SELECT a.direction FROM shares s
            JOIN approvals a ON a.enterprise_id = s.enterprise_id AND a.id = s.approval_id
           WHERE s.enterprise_id = m.enterprise_id AND s.memory_id = m.id AND s.grantee_scope_id = context
             AND s.revoked_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > mem0.at())
           ORDER BY mem0.farness(a.direction) DESC
           LIMIT 1) pin ON true
     WHERE m.enterprise_id = mem0.enterprise() AND m.deleted_at IS NULL AND m.id = ANY (mem0.memories_of_context(context))
$$;

-- As in V109. What a node lets an organization see at most stays in one, whatever its class.
CREATE OR REPLACE FUNCTION mem0.seen_too_widely(tenant uuid, ids uuid[], source bigint, target bigint[], at timestamptz)
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

-- As in V92. What may not leave the organizations of its author does not leave them with an heir either.
CREATE OR REPLACE FUNCTION mem0.rehome_personal(tenant uuid, personal bigint, heir bigint, classes classification[], most integer,
                                     at timestamptz) RETURNS uuid[]
    LANGUAGE plpgsql SET search_path = pg_catalog, public SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    heir_path bigint[];
    heir_kind text;
    confined classification[];
    strangers uuid[];
    wide uuid[];
    moving uuid[];
BEGIN
    SELECT s.path, s.kind INTO STRICT heir_path, heir_kind FROM scopes s WHERE s.enterprise_id = tenant AND s.id = heir;
    -- Those that nobody else sees are judged by their class alone.
    wide := ARRAY(
        SELECT w.memory_id
          FROM mem0.seen_too_widely(tenant, ARRAY(
                   SELECT m.id FROM memories m
                    WHERE m.enterprise_id = tenant AND m.home_scope_id = personal AND m.deleted_at IS NULL
                      AND m.classification = ANY (classes) AND cardinality(m.scope_ids) > 1), personal, heir_path, at) w);
    IF heir_kind NOT IN ('user', 'enterprise', 'public') THEN
        confined := ARRAY(
            SELECT c.class FROM unnest(classes) c (class)
              JOIN scopes s ON s.enterprise_id = tenant AND s.id = personal
             WHERE mem0.widest_audience(tenant, s.path, s.kind, c.class) <= mem0.audience_of('organization'));
        strangers := ARRAY(
            SELECT a.author_id
              FROM (SELECT DISTINCT m.author_id FROM memories m
                     WHERE m.enterprise_id = tenant AND m.home_scope_id = personal AND m.classification = ANY (confined)) a
             WHERE heir_path[2] <> ALL (mem0.organizations_of(tenant, a.author_id)));
    END IF;
    moving := ARRAY(
        SELECT m.id FROM memories m
         WHERE m.enterprise_id = tenant AND m.home_scope_id = personal AND m.deleted_at IS NULL
           AND m.classification = ANY (classes) AND m.id <> ALL (wide)
           AND NOT (m.classification = ANY (coalesce(confined, '{}')) AND m.author_id = ANY (coalesce(strangers, '{}')))
         LIMIT most);
    UPDATE memories m SET home_scope_id = heir, scope_ids = heir || array_remove(array_remove(m.scope_ids, personal), heir)
     WHERE m.enterprise_id = tenant AND m.id = ANY (moving);
    PERFORM mem0.project_shares_of(tenant, moving, at);
    RETURN moving;
END
$$;

-- approval.lookup_shown: the version of the memory that was asked for, as those see it with whom it is shared. Nothing once its
-- author made it their own again, or of a higher class, or whoever asked has left.
CREATE OR REPLACE FUNCTION mem0.approval_shows(approval uuid)
    RETURNS TABLE (content text, metadata jsonb, categories text[], user_id text, agent_id text, app_id text, run_id text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT CASE WHEN n.same THEN m.content ELSE v.new_content END, CASE WHEN n.same THEN m.metadata ELSE v.metadata END,
           CASE WHEN n.same THEN m.categories ELSE v.categories END, m.user_id, m.agent_id, m.app_id, m.run_id
      FROM approvals a
      JOIN users u ON u.enterprise_id = a.enterprise_id AND u.id = a.requested_by AND u.status = 'active'
      JOIN memories m ON m.enterprise_id = a.enterprise_id AND m.id = a.memory_id
      JOIN scopes s ON s.enterprise_id = m.enterprise_id AND s.id = m.home_scope_id
     -- Requests from before V85 name no version.
     CROSS JOIN LATERAL (SELECT a.memory_version IS NULL OR a.memory_version = m.version AS same) n
      LEFT JOIN memory_versions v
             ON v.enterprise_id = m.enterprise_id AND v.memory_id = m.id AND v.version = a.memory_version AND NOT n.same
     WHERE a.enterprise_id = mem0.enterprise() AND a.id = approval AND m.deleted_at IS NULL
       AND m.classification <= mem0.ceiling() AND m.classification <= a.classification
       AND (s.kind <> 'user' OR m.home_scope_id = a.home_scope_id)
       AND (n.same OR v.new_content IS NOT NULL)
$$;

-- approval.list_shown: as in V87, as far as it was there when the context was asked for, and is the same still.
CREATE OR REPLACE FUNCTION mem0.approval_memories(approval uuid, nodes bigint[], most integer)
    RETURNS TABLE (id uuid, content text, classification text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT m.id, m.content, m.classification::text
      FROM approvals a
      JOIN users u ON u.enterprise_id = a.enterprise_id AND u.id = a.requested_by AND u.status = 'active'
      JOIN memories m ON m.enterprise_id = a.enterprise_id AND m.id = ANY (mem0.memories_of_context(a.home_scope_id))
      JOIN scopes s ON s.enterprise_id = m.enterprise_id AND s.id = m.home_scope_id
     WHERE a.enterprise_id = mem0.enterprise() AND a.id = approval AND a.context_id IS NOT NULL
       AND m.deleted_at IS NULL AND m.classification <= mem0.ceiling() AND m.classification <= a.classification
       AND NOT EXISTS (SELECT FROM memory_versions v
                        WHERE v.enterprise_id = m.enterprise_id AND v.memory_id = m.id AND v.version = m.version
                          AND v.at > a.requested_at)
       AND (m.home_scope_id = a.home_scope_id
            OR EXISTS (SELECT FROM shares p
                        WHERE p.enterprise_id = m.enterprise_id AND p.memory_id = m.id AND p.grantee_scope_id = a.home_scope_id
                          AND p.revoked_at IS NULL AND p.granted_at <= a.requested_at))
       AND (s.path && nodes
            -- A context hangs below nothing, and yet belongs to the enterprise.
            OR (s.kind = 'context' AND EXISTS (SELECT FROM scopes e WHERE e.enterprise_id = a.enterprise_id
                                                                      AND e.kind = 'enterprise' AND e.id = ANY (nodes))))
     ORDER BY m.created_at DESC, m.id DESC
     LIMIT most
$$;

REVOKE EXECUTE ON FUNCTION mem0.direction_of(uuid, bigint, uuid, bigint), mem0.farness(text), mem0.carried_by_context(bigint),
    mem0.agreed_for_context(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.direction_of(uuid, bigint, uuid, bigint), mem0.farness(text), mem0.carried_by_context(bigint),
    mem0.agreed_for_context(bigint) TO mem0_app;
