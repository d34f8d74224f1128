-- What is shared is shown from then on: the history of a memory begins, for those who see it through shares, with the version that
-- was shared. Those who decide about a share see all of what it shows. And links, asked about by those who do not see them.

-- The version that a memory had when it was first seen in a scope. Rows of earlier shares: its first.
ALTER TABLE memory_scopes ADD COLUMN since_version integer NOT NULL DEFAULT 1;

-- As in V3. A row that stays keeps its version: what was seen there once stays so.
CREATE OR REPLACE FUNCTION mem0.project_updated() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM mem0.hold_scopes(named.enterprise_id, array_agg(named.id ORDER BY named.id))
       FROM (SELECT DISTINCT u.enterprise_id, unnest(u.scope_ids) AS id
               FROM updated u JOIN previous v ON v.enterprise_id = u.enterprise_id AND v.id = u.id
              WHERE u.scope_ids <> v.scope_ids) named
      GROUP BY named.enterprise_id;
    DELETE FROM memory_scopes p
     USING updated u
     WHERE p.enterprise_id = u.enterprise_id AND p.memory_id = u.id
       AND (u.deleted_at IS NOT NULL OR u.lifecycle = 'merged' OR p.scope_id <> ALL (u.scope_ids));
    WITH analysed AS MATERIALIZED (
        SELECT u.enterprise_id, u.id, u.scope_ids, u.embedding, mem0.model_number(u.embedding_model) AS model,
               mem0.terms(u.content) AS terms, u.version
          FROM updated u
          JOIN previous v ON v.enterprise_id = u.enterprise_id AND v.id = u.id
         WHERE u.deleted_at IS NULL AND u.lifecycle <> 'merged'
           AND (u.content, u.embedding, u.embedding_model, u.scope_ids, u.deleted_at, u.lifecycle)
               IS DISTINCT FROM (v.content, v.embedding, v.embedding_model, v.scope_ids, v.deleted_at, v.lifecycle)
    )
    INSERT INTO memory_scopes (enterprise_id, scope_id, memory_id, broad, embedding, model, terms, length, since_version)
    SELECT a.enterprise_id, s.id, a.id, s.search_tier IN ('promoting', 'broad'), a.embedding, a.model,
           a.terms, mem0.terms_length(a.terms), a.version
      FROM analysed a
      JOIN scopes s ON s.enterprise_id = a.enterprise_id AND s.id = ANY (a.scope_ids)
    ON CONFLICT (enterprise_id, scope_id, memory_id)
        DO UPDATE SET embedding = excluded.embedding, model = excluded.model, terms = excluded.terms,
                      length = excluded.length;
    RETURN NULL;
END
$$;

-- The version with which the history of a memory begins for the caller: 0 (all of it) where it lives, and otherwise the version that
-- it had when it was first shared with them, by any share that is still in effect.
CREATE FUNCTION mem0.seen_since(memory uuid) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT CASE WHEN m.home_scope_id = ANY (mem0.readable()) THEN 0
                ELSE coalesce((SELECT min(p.since_version)
                                 FROM memory_scopes p
                                WHERE p.enterprise_id = m.enterprise_id AND p.memory_id = m.id
                                  AND p.scope_id = ANY (mem0.readable())
                                  AND p.scope_id IN (SELECT g.scope_id
                                                       FROM mem0.grants_of(m.enterprise_id, m.id, m.home_scope_id, mem0.at()) g)),
                              m.version) END
      FROM memories m
     WHERE m.enterprise_id = mem0.enterprise() AND m.id = memory
$$;

ALTER POLICY visible ON memory_versions
    USING (enterprise_id = (SELECT mem0.enterprise()) AND classification <= (SELECT mem0.ceiling())
           AND EXISTS (SELECT FROM memories m
                        WHERE m.enterprise_id = memory_versions.enterprise_id AND m.id = memory_id
                          AND (m.home_scope_id = ANY ((SELECT mem0.readable())::bigint[])
                               OR (memory_versions.classification <= m.classification
                                   AND memory_versions.version >= mem0.seen_since(m.id)))));

-- approval.lookup_shown: what the requested memory shows to those with whom it is shared. As approval_memory (V85).
CREATE FUNCTION mem0.approval_shows(approval uuid)
    RETURNS TABLE (content text, metadata jsonb, categories text[], user_id text, agent_id text, app_id text, run_id text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT m.content, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id
      FROM approvals a
      JOIN memories m ON m.enterprise_id = a.enterprise_id AND m.id = a.memory_id
     WHERE a.enterprise_id = mem0.enterprise() AND a.id = approval AND m.deleted_at IS NULL
       AND m.classification <= mem0.ceiling()
$$;

-- approval.list_shown: the same for a context. As approval_memories (V87).
CREATE FUNCTION mem0.approval_shows_of(approval uuid, nodes bigint[], most integer)
    RETURNS TABLE (id uuid, content text, classification text, metadata jsonb, categories text[], user_id text, agent_id text,
                   app_id text, run_id text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT m.id, m.content, m.classification::text, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id
      FROM mem0.approval_memories(approval, nodes, most) WITH ORDINALITY AS listed (id, content, classification, number)
      JOIN memories m ON m.enterprise_id = mem0.enterprise() AND m.id = listed.id
     ORDER BY listed.number
$$;

-- context.list_links: the contexts among these scopes that a link opens, whether or not the caller sees them; and whether every
-- such link needs an approved share of the context with everyone.
CREATE FUNCTION mem0.linked_contexts(scopes bigint[]) RETURNS TABLE (scope_id bigint, agreed boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT n.scope_id, bool_and(l.needs_public_share)
      FROM sub_organizations n
      JOIN public_links l ON l.enterprise_id = n.enterprise_id AND l.context_id = n.id
     WHERE n.enterprise_id = mem0.enterprise() AND n.scope_id = ANY (scopes) AND l.revoked_at IS NULL
       AND (l.expires_at IS NULL OR l.expires_at > mem0.at())
     GROUP BY n.scope_id
$$;

-- context.is_agreed: whether a person who sees a context through a share has seen of every memory in it what a member sees: its
-- history from the beginning, or since it was pinned.
CREATE FUNCTION mem0.seen_whole(context bigint, person bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT NOT EXISTS (
        SELECT FROM memories m
          LEFT JOIN memory_scopes p ON p.enterprise_id = m.enterprise_id AND p.memory_id = m.id AND p.scope_id = person
          LEFT JOIN memory_scopes c ON c.enterprise_id = m.enterprise_id AND c.memory_id = m.id AND c.scope_id = context
         WHERE m.enterprise_id = mem0.enterprise() AND m.id = ANY (mem0.memories_of_context(context)) AND m.deleted_at IS NULL
           AND coalesce(p.since_version, m.version)
               > CASE WHEN m.home_scope_id = context THEN 1 ELSE coalesce(c.since_version, 1) END)
$$;

REVOKE EXECUTE ON FUNCTION mem0.seen_whole(bigint, bigint), mem0.seen_since(uuid), mem0.approval_shows(uuid), mem0.approval_shows_of(uuid, bigint[], integer),
    mem0.linked_contexts(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.seen_whole(bigint, bigint), mem0.seen_since(uuid), mem0.approval_shows(uuid), mem0.approval_shows_of(uuid, bigint[], integer),
    mem0.linked_contexts(bigint[]) TO mem0_app;
