-- Who else may see a memory: grants, the saved sets that are shared as one, and links for anybody. A memory is never
-- copied: `memories.scope_ids` and `memory_scopes.permission` are the projection of what is here.

-- Ordered: each includes those before it.
CREATE TYPE share_permission AS ENUM ('read', 'write', 'admin');

-- The time of the caller's request, as access::TenantTx bound it.
CREATE FUNCTION mem0.at() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(nullif(current_setting('mem0.at', true), '')::timestamptz, now()) $$;

-- A context is a saved set of memories for what people of several teams do together: a scope of its own kind, with a name
-- among the nodes, that hangs below nothing, so that no role is inherited into it. Who holds one there was named.
ALTER TABLE scopes DROP CONSTRAINT scopes_kind_check;
ALTER TABLE scopes ADD CONSTRAINT scopes_kind_check CHECK (kind IN
    ('enterprise', 'organization', 'division', 'department', 'unit', 'team', 'user', 'public', 'context'));
CREATE TABLE shares (
    enterprise_id   uuid NOT NULL,
    id              uuid NOT NULL UNIQUE,
    -- What is shared: a memory, or a context with whatever is in it.
    memory_id       uuid,
    context_id      uuid,
    -- With whom: a person's scope, a node's, the enterprise's, the public one, or a context's, which is a pin.
    grantee_scope_id bigint NOT NULL,
    permission      share_permission NOT NULL,
    may_reshare     boolean NOT NULL,
    reason          text CHECK (length(reason) BETWEEN 1 AND 2000),
    -- Who shared it, and the share through which they could.
    granted_by      uuid NOT NULL,
    granted_at      timestamptz NOT NULL,
    via_share_id    uuid,
    approval_id     uuid,
    expires_at      timestamptz CHECK (expires_at > granted_at),
    revoked_at      timestamptz,
    -- Null: it expired.
    revoked_by      uuid,
    PRIMARY KEY (enterprise_id, id),
    CHECK (num_nonnulls(memory_id, context_id) = 1),
    FOREIGN KEY (enterprise_id, memory_id) REFERENCES memories (enterprise_id, id) ON DELETE CASCADE,
    FOREIGN KEY (enterprise_id, context_id) REFERENCES sub_organizations (enterprise_id, id) ON DELETE CASCADE,
    FOREIGN KEY (enterprise_id, grantee_scope_id) REFERENCES scopes (enterprise_id, id) ON DELETE CASCADE,
    FOREIGN KEY (enterprise_id, via_share_id) REFERENCES shares (enterprise_id, id)
);
-- Sharing again replaces one's own earlier share.
CREATE UNIQUE INDEX shares_live ON shares
    (enterprise_id, coalesce(memory_id, context_id), grantee_scope_id, granted_by) WHERE revoked_at IS NULL;
CREATE INDEX shares_of_memory ON shares (enterprise_id, memory_id, granted_at, id) WHERE memory_id IS NOT NULL;
CREATE INDEX shares_of_context ON shares (enterprise_id, context_id, granted_at, id) WHERE context_id IS NOT NULL;
CREATE INDEX shares_with ON shares (enterprise_id, grantee_scope_id, granted_at, id) WHERE revoked_at IS NULL;
CREATE INDEX shares_via ON shares (enterprise_id, via_share_id) WHERE via_share_id IS NOT NULL AND revoked_at IS NULL;
CREATE INDEX shares_by_expiry ON shares (expires_at) WHERE revoked_at IS NULL AND expires_at IS NOT NULL;

-- When the first of the grants that made a memory visible elsewhere ends: from then on row-level security looks twice,
-- so that nothing waits for a job.
ALTER TABLE memories ADD COLUMN shares_expire_at timestamptz;

-- Every live grant that reaches a memory: of its own, of the context in which it lives, and, to read, of contexts in which
-- it is pinned.
CREATE FUNCTION mem0.grants_of(tenant uuid, memory uuid, home bigint, at timestamptz)
    RETURNS TABLE (scope_id bigint, permission share_permission, expires_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    BEGIN ATOMIC
    SELECT s.grantee_scope_id, s.permission, s.expires_at FROM shares s
     WHERE s.enterprise_id = tenant AND s.memory_id = memory AND s.revoked_at IS NULL
       AND (s.expires_at IS NULL OR s.expires_at > at)
     UNION ALL
    SELECT s.grantee_scope_id, s.permission, s.expires_at
      FROM sub_organizations c
      JOIN shares s ON s.enterprise_id = tenant AND s.context_id = c.id
     WHERE c.enterprise_id = tenant AND c.scope_id = home AND s.revoked_at IS NULL
       AND (s.expires_at IS NULL OR s.expires_at > at)
     UNION ALL
    SELECT s.grantee_scope_id, 'read', least(pin.expires_at, s.expires_at)
      FROM shares pin
      JOIN sub_organizations c ON c.enterprise_id = tenant AND c.scope_id = pin.grantee_scope_id
      JOIN shares s ON s.enterprise_id = tenant AND s.context_id = c.id
     WHERE pin.enterprise_id = tenant AND pin.memory_id = memory AND pin.revoked_at IS NULL
       AND (pin.expires_at IS NULL OR pin.expires_at > at) AND s.revoked_at IS NULL
       AND (s.expires_at IS NULL OR s.expires_at > at);
    END;

-- Whether the caller still sees a memory of which some grant has ended.
CREATE FUNCTION mem0.still_reaches(memory uuid, home bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    RETURN home = ANY (mem0.readable())
        OR EXISTS (SELECT FROM mem0.grants_of(mem0.enterprise(), memory, home, mem0.at()) g
                    WHERE g.scope_id = ANY (mem0.readable()));
END
$$;

ALTER POLICY visible ON memories
    USING (enterprise_id = (SELECT mem0.enterprise()) AND scope_ids && (SELECT mem0.readable())
           AND classification <= (SELECT mem0.ceiling())
           AND (shares_expire_at IS NULL OR shares_expire_at > (SELECT mem0.at())
                OR mem0.still_reaches(id, home_scope_id)));

-- Brings the projection of these memories up to their grants.
CREATE FUNCTION mem0.project_shares_of(tenant uuid, ids uuid[], at timestamptz) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    -- In the order in which everybody locks memories.
    PERFORM FROM memories m WHERE m.enterprise_id = tenant AND m.id = ANY (ids) ORDER BY m.id FOR UPDATE;
    WITH reach AS (
        SELECT m.id, m.home_scope_id || coalesce(array_agg(DISTINCT g.scope_id ORDER BY g.scope_id)
                                                   FILTER (WHERE g.scope_id <> m.home_scope_id), '{}') AS scope_ids,
               min(g.expires_at) AS expire_at
          FROM memories m
          LEFT JOIN LATERAL mem0.grants_of(tenant, m.id, m.home_scope_id, at) g ON true
         WHERE m.enterprise_id = tenant AND m.id = ANY (ids)
         GROUP BY m.id, m.home_scope_id
    )
    UPDATE memories m SET scope_ids = r.scope_ids, shares_expire_at = r.expire_at
      FROM reach r
     WHERE m.enterprise_id = tenant AND m.id = r.id
       AND (m.scope_ids, m.shares_expire_at) IS DISTINCT FROM (r.scope_ids, r.expire_at);
    UPDATE memory_scopes p SET permission = n.permission
      FROM (SELECT m.id, g.scope_id, max(g.permission)::text AS permission
              FROM memories m
              CROSS JOIN LATERAL mem0.grants_of(tenant, m.id, m.home_scope_id, at) g
             WHERE m.enterprise_id = tenant AND m.id = ANY (ids) AND g.scope_id <> m.home_scope_id
             GROUP BY m.id, g.scope_id) n
     WHERE p.enterprise_id = tenant AND p.scope_id = n.scope_id AND p.memory_id = n.id AND p.permission <> n.permission;
END
$$;
CREATE FUNCTION mem0.project_shares(ids uuid[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ SELECT mem0.project_shares_of(mem0.enterprise(), ids, mem0.at()) $$;

-- Everything that a context holds, seen by the caller or not: what lives in it and what is pinned to it.
CREATE FUNCTION mem0.memories_of_context(context bigint) RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT coalesce(array_agg(DISTINCT found.id), '{}')
      FROM (SELECT m.id FROM memories m
             WHERE m.enterprise_id = mem0.enterprise() AND m.home_scope_id = context AND m.deleted_at IS NULL
             UNION ALL
            SELECT s.memory_id FROM shares s
             WHERE s.enterprise_id = mem0.enterprise() AND s.grantee_scope_id = context AND s.revoked_at IS NULL
               AND s.memory_id IS NOT NULL) found
$$;

-- Where its memories live, and the highest class of those of each.
CREATE FUNCTION mem0.homes_of_context(context bigint) RETURNS TABLE (scope_id bigint, classification classification)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT m.home_scope_id, max(m.classification) FROM memories m
     WHERE m.enterprise_id = mem0.enterprise() AND m.deleted_at IS NULL
       AND m.id = ANY (mem0.memories_of_context(context))
     GROUP BY m.home_scope_id
$$;

-- What grants allow the caller to do to these memories, beside what their roles allow.
CREATE FUNCTION mem0.granted(ids uuid[]) RETURNS TABLE (memory_id uuid, permission text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT m.id, max(g.permission)::text
      FROM memories m
      CROSS JOIN LATERAL mem0.grants_of(mem0.enterprise(), m.id, m.home_scope_id, mem0.at()) g
     WHERE m.enterprise_id = mem0.enterprise() AND m.id = ANY (ids) AND g.scope_id = ANY (mem0.readable())
     GROUP BY m.id
$$;

-- share.expire: ends up to `most` shares whose time is over, with what was shared on through them; how many. Nobody waits
-- for it: it only spares row-level security the second look.
CREATE FUNCTION mem0.expire_shares(at timestamptz, most integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    ended integer := 0;
    due record;
BEGIN
    PERFORM mem0.check_unbound();
    FOR due IN
        WITH taken AS (
            SELECT s.enterprise_id, s.id FROM shares s
             WHERE s.revoked_at IS NULL AND s.expires_at <= at
             ORDER BY s.expires_at LIMIT most FOR UPDATE SKIP LOCKED
        )
        UPDATE shares s SET revoked_at = s.expires_at
          FROM taken t
         WHERE s.enterprise_id = t.enterprise_id AND s.id = t.id
        RETURNING s.enterprise_id, s.memory_id, s.context_id, s.grantee_scope_id
    LOOP
        ended := ended + 1;
        PERFORM mem0.project_shares_of(due.enterprise_id, ARRAY(
            SELECT due.memory_id WHERE due.memory_id IS NOT NULL
             UNION
            SELECT m.id FROM sub_organizations c
              JOIN memories m ON m.enterprise_id = c.enterprise_id AND m.home_scope_id = c.scope_id
             WHERE c.enterprise_id = due.enterprise_id AND c.id = due.context_id AND m.deleted_at IS NULL
             UNION
            SELECT pin.memory_id FROM sub_organizations c
              JOIN shares pin ON pin.enterprise_id = c.enterprise_id AND pin.grantee_scope_id = c.scope_id
             WHERE c.enterprise_id = due.enterprise_id AND c.id = due.context_id AND pin.memory_id IS NOT NULL
             ORDER BY 1), at);
    END LOOP;
    RETURN ended;
END
$$;

-- For anybody who has it: only of what is public, and only the text.
CREATE TABLE public_links (
    enterprise_id   uuid NOT NULL,
    id              uuid NOT NULL UNIQUE,
    memory_id       uuid NOT NULL,
    token_hash      bytea NOT NULL UNIQUE,
    created_by      uuid NOT NULL,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz CHECK (expires_at > created_at),
    revoked_at      timestamptz,
    revoked_by      uuid,
    PRIMARY KEY (enterprise_id, id),
    FOREIGN KEY (enterprise_id, memory_id) REFERENCES memories (enterprise_id, id) ON DELETE CASCADE
);
CREATE INDEX public_links_of_memory ON public_links (enterprise_id, memory_id, created_at, id);

-- public_link.read: what a link opens, to a transaction of nobody. Asked anew each time: a link ends with its time, its
-- revocation, and with the memory's being public.
CREATE FUNCTION mem0.read_link(hash bytea, at timestamptz)
    RETURNS TABLE (content text, categories text[], updated_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM mem0.check_unbound();
    RETURN QUERY
    SELECT m.content, m.categories, m.updated_at
      FROM public_links l
      JOIN memories m ON m.enterprise_id = l.enterprise_id AND m.id = l.memory_id
     WHERE l.token_hash = hash AND l.revoked_at IS NULL AND (l.expires_at IS NULL OR l.expires_at > at)
       AND m.classification = 'public' AND m.deleted_at IS NULL AND m.lifecycle <> 'merged'
       AND (m.expires_on IS NULL OR m.expires_on >= (at AT TIME ZONE 'UTC')::date);
END
$$;

ALTER TABLE shares ENABLE ROW LEVEL SECURITY;
ALTER TABLE public_links ENABLE ROW LEVEL SECURITY;
-- A share tells that its memory exists, so it is seen by whoever sees that.
CREATE POLICY visible ON shares TO mem0_app
    USING (enterprise_id = (SELECT mem0.enterprise())
           AND (memory_id IS NULL
                OR EXISTS (SELECT FROM memories m WHERE m.enterprise_id = shares.enterprise_id AND m.id = memory_id)));
CREATE POLICY visible ON public_links TO mem0_app
    USING (enterprise_id = (SELECT mem0.enterprise())
           AND EXISTS (SELECT FROM memories m WHERE m.enterprise_id = public_links.enterprise_id AND m.id = memory_id));
GRANT SELECT, INSERT, UPDATE ON shares, public_links TO mem0_app;

REVOKE EXECUTE ON FUNCTION mem0.at(), mem0.grants_of(uuid, uuid, bigint, timestamptz), mem0.still_reaches(uuid, bigint),
    mem0.project_shares_of(uuid, uuid[], timestamptz), mem0.project_shares(uuid[]), mem0.memories_of_context(bigint),
    mem0.homes_of_context(bigint), mem0.granted(uuid[]), mem0.expire_shares(timestamptz, integer), mem0.read_link(bytea, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.at(), mem0.still_reaches(uuid, bigint), mem0.project_shares(uuid[]),
    mem0.memories_of_context(bigint), mem0.homes_of_context(bigint), mem0.granted(uuid[]),
    mem0.expire_shares(timestamptz, integer), mem0.read_link(bytea, timestamptz) TO mem0_app;
