-- What ends with what it was made through: links with the share that they need; and what is left to whom.

-- The share through which its maker could give it to anybody, if it was not by their role; and whether it may only be there
-- while what it opens is shared with everyone, because somebody had to agree to that.
ALTER TABLE public_links ADD COLUMN via_share_id uuid;
ALTER TABLE public_links ADD COLUMN needs_public_share boolean NOT NULL DEFAULT false;
-- Those that there are: of what was shared with everyone by an approval when they were made.
UPDATE public_links l SET needs_public_share = true
 WHERE EXISTS (SELECT FROM shares s
                 JOIN scopes g ON g.enterprise_id = s.enterprise_id AND g.id = s.grantee_scope_id AND g.kind = 'public'
                WHERE s.enterprise_id = l.enterprise_id AND s.approval_id IS NOT NULL
                  AND coalesce(s.memory_id, s.context_id) = coalesce(l.memory_id, l.context_id)
                  AND s.granted_at <= l.created_at AND (s.revoked_at IS NULL OR s.revoked_at > l.created_at)
                  AND (s.expires_at IS NULL OR s.expires_at > l.created_at));

-- Whether the nodes over a scope let links show what is public there.
CREATE FUNCTION mem0.allows_links(tenant uuid, home bigint) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT NOT EXISTS (
        SELECT FROM scopes s
          JOIN sharing_policies p ON p.enterprise_id = tenant
               AND (p.scope_id = ANY (s.path)
                    OR (s.kind = 'context' AND p.scope_id = (
                        SELECT e.id FROM scopes e WHERE e.enterprise_id = tenant AND e.kind = 'enterprise' AND e.kind <> 'user')))
         WHERE s.enterprise_id = tenant AND s.id = home AND p.audiences ->> 'public' <> 'link')
$$;

-- Whether a link can be used: it has not ended, nor has what it was made through, its maker's account is in use, and links
-- are allowed there. A share that was replaced by another of the same by the same person lives on in that.
CREATE FUNCTION mem0.link_holds(tenant uuid, link uuid, at timestamptz) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT EXISTS (
        SELECT FROM public_links l
          JOIN users u ON u.enterprise_id = tenant AND u.id = l.created_by AND u.status = 'active'
          LEFT JOIN memories m ON m.enterprise_id = tenant AND m.id = l.memory_id
          LEFT JOIN sub_organizations n ON n.enterprise_id = tenant AND n.id = l.context_id
         WHERE l.enterprise_id = tenant AND l.id = link
           AND l.revoked_at IS NULL AND (l.expires_at IS NULL OR l.expires_at > at)
           AND (l.via_share_id IS NULL
                OR EXISTS (SELECT FROM shares v
                             JOIN shares s ON s.enterprise_id = tenant AND s.grantee_scope_id = v.grantee_scope_id
                                          AND coalesce(s.memory_id, s.context_id) = coalesce(v.memory_id, v.context_id)
                                          AND s.granted_by = v.granted_by
                            WHERE v.enterprise_id = tenant AND v.id = l.via_share_id AND s.permission = 'admin'
                              AND s.revoked_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > at)))
           AND (NOT l.needs_public_share
                OR EXISTS (SELECT FROM shares s
                             JOIN scopes g ON g.enterprise_id = tenant AND g.id = s.grantee_scope_id AND g.kind = 'public'
                            WHERE s.enterprise_id = tenant
                              AND coalesce(s.memory_id, s.context_id) = coalesce(l.memory_id, l.context_id)
                              AND s.revoked_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > at)))
           AND mem0.allows_links(tenant, coalesce(m.home_scope_id, n.scope_id)))
$$;
CREATE FUNCTION mem0.link_is_live(link uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ SELECT mem0.link_holds(mem0.enterprise(), link, mem0.at()) $$;

-- public_link.find: what a link is to, for a transaction of nobody.
CREATE OR REPLACE FUNCTION mem0.find_link(hash bytea, at timestamptz)
    RETURNS TABLE (enterprise_id uuid, id uuid, memory_id uuid, scope_id bigint, name text, description text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM mem0.check_unbound();
    RETURN QUERY
    SELECT l.enterprise_id, l.id, l.memory_id, n.scope_id, n.name, n.settings ->> 'description'
      FROM public_links l
      LEFT JOIN sub_organizations n ON n.enterprise_id = l.enterprise_id AND n.id = l.context_id
     WHERE l.token_hash = hash AND mem0.link_holds(l.enterprise_id, l.id, at);
END
$$;

-- public_link.read: the public memories behind it, oldest first. Asked anew each time: a link ends with its time, its
-- revocation, with what it was made through, and with the memory's being public and for links where it lives.
CREATE OR REPLACE FUNCTION mem0.read_linked(hash bytea, at timestamptz, skipped integer, most integer)
    RETURNS TABLE (id uuid, content text, categories text[], updated_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    link record;
    ids uuid[];
    homes bigint[];
BEGIN
    SELECT f.* INTO link FROM mem0.find_link(hash, at) f;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    ids := CASE WHEN link.memory_id IS NOT NULL THEN ARRAY[link.memory_id] ELSE ARRAY(
        SELECT m.id FROM memories m
         WHERE m.enterprise_id = link.enterprise_id AND m.home_scope_id = link.scope_id AND m.deleted_at IS NULL
         UNION
        SELECT s.memory_id FROM shares s
         WHERE s.enterprise_id = link.enterprise_id AND s.grantee_scope_id = link.scope_id AND s.memory_id IS NOT NULL
           AND s.revoked_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > at)) END;
    homes := ARRAY(
        SELECT h.home FROM (SELECT DISTINCT m.home_scope_id AS home FROM memories m
                             WHERE m.enterprise_id = link.enterprise_id AND m.id = ANY (ids)) h
         WHERE mem0.allows_links(link.enterprise_id, h.home));
    RETURN QUERY
    SELECT m.id, m.content, m.categories, m.updated_at
      FROM memories m
     WHERE m.enterprise_id = link.enterprise_id AND m.id = ANY (ids) AND m.home_scope_id = ANY (homes)
       AND m.classification = 'public' AND m.deleted_at IS NULL AND m.lifecycle <> 'merged'
       AND (m.expires_on IS NULL OR m.expires_on >= (at AT TIME ZONE 'UTC')::date)
     ORDER BY m.created_at, m.id
    OFFSET skipped LIMIT most;
END
$$;

-- memory.list_links: the live links that open a memory, its own and those of contexts that it is in.
CREATE FUNCTION mem0.links_to(memory uuid) RETURNS TABLE (id uuid, created_by uuid, expires_at timestamptz, in_context boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT l.id, l.created_by, l.expires_at, l.context_id IS NOT NULL
      FROM memories m
      JOIN public_links l ON l.enterprise_id = m.enterprise_id AND l.revoked_at IS NULL
           AND (l.memory_id = m.id
                OR l.context_id IN (
                    SELECT n.id FROM sub_organizations n
                     WHERE n.enterprise_id = m.enterprise_id
                       AND (n.scope_id = m.home_scope_id
                            OR n.scope_id IN (SELECT s.grantee_scope_id FROM shares s
                                               WHERE s.enterprise_id = m.enterprise_id AND s.memory_id = m.id
                                                 AND s.revoked_at IS NULL
                                                 AND (s.expires_at IS NULL OR s.expires_at > mem0.at())))))
     WHERE m.enterprise_id = mem0.enterprise() AND m.id = memory AND m.classification = 'public'
       AND m.scope_ids && mem0.readable() AND mem0.link_holds(m.enterprise_id, l.id, mem0.at())
       AND mem0.allows_links(m.enterprise_id, m.home_scope_id)
     ORDER BY l.created_at, l.id
$$;

-- account.forget_leavers: removes up to `most` memories of people whose retention is over, with their versions, and notes
-- when nothing is left. What they shared for good stays with those whom they shared it with; what they shared until a time
-- goes with what is theirs. Answers how many were removed, and whether there may be more to do. What lives in a context goes
-- with the last of its members.
CREATE OR REPLACE FUNCTION mem0.forget_leavers(at timestamptz, most integer, OUT removed integer, OUT more boolean)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    leaver record;
    batch uuid[];
    lonely bigint[];
    homes bigint[];
    pinned uuid[];
BEGIN
    removed := 0;
    SELECT u.enterprise_id, u.id, u.scope_id INTO leaver
      FROM users u JOIN enterprises e ON e.id = u.enterprise_id
     WHERE u.deactivated_at IS NOT NULL AND u.forgotten_at IS NULL AND u.status = 'deactivated'
       AND u.deactivated_at + make_interval(days => e.leaver_retention_days) <= at
     ORDER BY u.deactivated_at LIMIT 1 FOR UPDATE OF u SKIP LOCKED;
    more := FOUND;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    lonely := ARRAY(
        SELECT m.scope_id
          FROM memberships m
          JOIN scopes s ON s.enterprise_id = m.enterprise_id AND s.id = m.scope_id AND s.kind = 'context'
         WHERE m.enterprise_id = leaver.enterprise_id AND m.user_id = leaver.id
           AND NOT EXISTS (SELECT FROM memberships o
                             JOIN users u ON u.enterprise_id = o.enterprise_id AND u.id = o.user_id
                                         AND u.forgotten_at IS NULL
                            WHERE o.enterprise_id = m.enterprise_id AND o.scope_id = m.scope_id AND o.user_id <> leaver.id));
    homes := lonely || leaver.scope_id;
    -- To those whom they shared it with without an end, nodes before people: what was lent does not become anybody's own.
    WITH heirs AS (
        SELECT DISTINCT ON (m.id) m.id, g.scope_id
          FROM memories m
          CROSS JOIN LATERAL mem0.grants_of(leaver.enterprise_id, m.id, m.home_scope_id, at) g
          JOIN scopes s ON s.enterprise_id = leaver.enterprise_id AND s.id = g.scope_id
         WHERE m.enterprise_id = leaver.enterprise_id AND m.home_scope_id = ANY (homes) AND m.deleted_at IS NULL
           AND cardinality(m.scope_ids) > 1 AND g.scope_id <> ALL (homes) AND g.expires_at IS NULL
         ORDER BY m.id, s.kind = 'user', s.kind = 'context', g.scope_id
    ), moved AS (
        UPDATE memories m SET home_scope_id = h.scope_id, scope_ids = ARRAY[h.scope_id]
          FROM heirs h WHERE m.enterprise_id = leaver.enterprise_id AND m.id = h.id
        RETURNING m.id
    )
    SELECT coalesce(array_agg(moved.id), '{}') INTO batch FROM moved;
    PERFORM mem0.project_shares_of(leaver.enterprise_id, batch, at);
    batch := ARRAY(SELECT m.id FROM memories m
                    WHERE m.enterprise_id = leaver.enterprise_id AND m.home_scope_id = ANY (homes)
                    LIMIT most);
    DELETE FROM memory_scopes p WHERE p.enterprise_id = leaver.enterprise_id AND p.memory_id = ANY (batch);
    DELETE FROM memories m WHERE m.enterprise_id = leaver.enterprise_id AND m.id = ANY (batch);
    removed := coalesce(cardinality(batch), 0);
    IF removed < most THEN
        pinned := ARRAY(SELECT DISTINCT h.memory_id FROM shares h
                         WHERE h.enterprise_id = leaver.enterprise_id AND h.grantee_scope_id = ANY (lonely)
                           AND h.memory_id IS NOT NULL AND h.revoked_at IS NULL);
        PERFORM mem0.end_shares(leaver.enterprise_id, ARRAY(
            SELECT h.id FROM shares h
             WHERE h.enterprise_id = leaver.enterprise_id AND h.grantee_scope_id = ANY (lonely) AND h.revoked_at IS NULL),
            at, NULL);
        PERFORM mem0.project_shares_of(leaver.enterprise_id, pinned, at);
        DELETE FROM scopes s WHERE s.enterprise_id = leaver.enterprise_id AND s.id = ANY (lonely);
        DELETE FROM events v WHERE v.enterprise_id = leaver.enterprise_id AND v.user_id = leaver.id;
        UPDATE users u SET forgotten_at = at WHERE u.enterprise_id = leaver.enterprise_id AND u.id = leaver.id;
    END IF;
END
$$;

-- A version keeps its class when the memory gets a lower one: whoever sees the memory only because it has that now does not
-- see what it was before. Those of its home did.
ALTER POLICY visible ON memory_versions
    USING (enterprise_id = (SELECT mem0.enterprise()) AND classification <= (SELECT mem0.ceiling())
           AND EXISTS (SELECT FROM memories m
                        WHERE m.enterprise_id = memory_versions.enterprise_id AND m.id = memory_id
                          AND (memory_versions.classification <= m.classification
                               OR m.home_scope_id = ANY ((SELECT mem0.readable())::bigint[]))));

REVOKE EXECUTE ON FUNCTION mem0.allows_links(uuid, bigint), mem0.link_holds(uuid, uuid, timestamptz), mem0.link_is_live(uuid),
    mem0.links_to(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.link_is_live(uuid), mem0.links_to(uuid) TO mem0_app;
