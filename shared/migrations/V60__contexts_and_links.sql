-- A context always has an owner who is there; links open contexts, too, and whoever opens one is in the log.

-- context.hand_over: whoever leaves owned these contexts alone, and the member of highest role who has been in it for
-- longest owns it now. Where nobody else is a member nothing changes: `context.inherit` can give it to somebody.
CREATE FUNCTION mem0.hand_over_contexts(person uuid) RETURNS TABLE (context_id uuid, scope_id bigint, heir uuid)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH owned AS (
        SELECT n.id, n.scope_id
          FROM memberships m
          JOIN scopes s ON s.enterprise_id = m.enterprise_id AND s.id = m.scope_id AND s.kind = 'context'
          JOIN sub_organizations n ON n.enterprise_id = m.enterprise_id AND n.scope_id = m.scope_id
         WHERE m.enterprise_id = mem0.enterprise() AND m.user_id = person AND m.role = 'owner'
           AND NOT EXISTS (SELECT FROM memberships o
                             JOIN users u ON u.enterprise_id = o.enterprise_id AND u.id = o.user_id AND u.status = 'active'
                            WHERE o.enterprise_id = m.enterprise_id AND o.scope_id = m.scope_id AND o.role = 'owner'
                              AND o.user_id <> person)
    ), next AS (
        SELECT DISTINCT ON (owned.scope_id) owned.id, owned.scope_id, m.user_id
          FROM owned
          JOIN memberships m ON m.enterprise_id = mem0.enterprise() AND m.scope_id = owned.scope_id AND m.user_id <> person
          JOIN users u ON u.enterprise_id = m.enterprise_id AND u.id = m.user_id AND u.status = 'active'
         ORDER BY owned.scope_id, m.role DESC, m.created_at, m.user_id
    )
    UPDATE memberships m SET role = 'owner'
      FROM next WHERE m.enterprise_id = mem0.enterprise() AND m.scope_id = next.scope_id AND m.user_id = next.user_id
    RETURNING next.id, next.scope_id, next.user_id
$$;

-- context.inherit: the contexts of somebody who left that nobody who is there owns go to an heir.
CREATE FUNCTION mem0.inherit_contexts(person uuid, heir uuid, by_user uuid, at timestamptz) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH given AS (
        INSERT INTO memberships (enterprise_id, user_id, scope_id, role, created_at, created_by)
        SELECT m.enterprise_id, heir, m.scope_id, 'owner', at, by_user
          FROM memberships m
          JOIN scopes s ON s.enterprise_id = m.enterprise_id AND s.id = m.scope_id AND s.kind = 'context'
          JOIN users left_ ON left_.enterprise_id = m.enterprise_id AND left_.id = m.user_id AND left_.status = 'deactivated'
         WHERE m.enterprise_id = mem0.enterprise() AND m.user_id = person AND m.role = 'owner'
           AND NOT EXISTS (SELECT FROM memberships o
                             JOIN users u ON u.enterprise_id = o.enterprise_id AND u.id = o.user_id AND u.status = 'active'
                            WHERE o.enterprise_id = m.enterprise_id AND o.scope_id = m.scope_id AND o.role = 'owner')
        ON CONFLICT (enterprise_id, user_id, scope_id) DO UPDATE SET role = 'owner'
        RETURNING 1
    )
    SELECT count(*) FROM given
$$;

-- A link opens a memory, or a context with whatever in it is public.
ALTER TABLE public_links ALTER COLUMN memory_id DROP NOT NULL;
ALTER TABLE public_links ADD COLUMN context_id uuid;
ALTER TABLE public_links ADD CONSTRAINT public_links_subject CHECK (num_nonnulls(memory_id, context_id) = 1);
ALTER TABLE public_links ADD FOREIGN KEY (enterprise_id, context_id)
    REFERENCES sub_organizations (enterprise_id, id) ON DELETE CASCADE;
CREATE INDEX public_links_of_context ON public_links (enterprise_id, context_id, created_at, id)
    WHERE context_id IS NOT NULL;
ALTER POLICY visible ON public_links
    USING (enterprise_id = (SELECT mem0.enterprise())
           AND CASE WHEN memory_id IS NOT NULL
                    THEN EXISTS (SELECT FROM memories m
                                  WHERE m.enterprise_id = public_links.enterprise_id AND m.id = memory_id)
                    ELSE EXISTS (SELECT FROM sub_organizations n
                                  WHERE n.enterprise_id = public_links.enterprise_id AND n.id = context_id
                                    AND n.scope_id = ANY ((SELECT mem0.readable())::bigint[])) END);

-- public_link.find: what a link is to, for a transaction of nobody.
CREATE FUNCTION mem0.find_link(hash bytea, at timestamptz)
    RETURNS TABLE (enterprise_id uuid, id uuid, memory_id uuid, scope_id bigint, name text, description text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM mem0.check_unbound();
    RETURN QUERY
    SELECT l.enterprise_id, l.id, l.memory_id, n.scope_id, n.name, n.settings ->> 'description'
      FROM public_links l
      LEFT JOIN sub_organizations n ON n.enterprise_id = l.enterprise_id AND n.id = l.context_id
     WHERE l.token_hash = hash AND l.revoked_at IS NULL AND (l.expires_at IS NULL OR l.expires_at > at);
END
$$;

-- public_link.read: the public memories behind it, oldest first. Asked anew each time: a link ends with its time, its
-- revocation, and with the memory's being public.
CREATE FUNCTION mem0.read_linked(hash bytea, at timestamptz, skipped integer, most integer)
    RETURNS TABLE (id uuid, content text, categories text[], updated_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    link record;
    ids uuid[];
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
    RETURN QUERY
    SELECT m.id, m.content, m.categories, m.updated_at
      FROM memories m
     WHERE m.enterprise_id = link.enterprise_id AND m.id = ANY (ids)
       AND m.classification = 'public' AND m.deleted_at IS NULL AND m.lifecycle <> 'merged'
       AND (m.expires_on IS NULL OR m.expires_on >= (at AT TIME ZONE 'UTC')::date)
     ORDER BY m.created_at, m.id
    OFFSET skipped LIMIT most;
END
$$;

-- context.list_homes: where its memories live, and of which classes there are any, seen by the caller or not.
CREATE FUNCTION mem0.classes_in_context(context bigint) RETURNS TABLE (scope_id bigint, classification classification)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT DISTINCT m.home_scope_id, m.classification FROM memories m
     WHERE m.enterprise_id = mem0.enterprise() AND m.deleted_at IS NULL
       AND m.id = ANY (mem0.memories_of_context(context))
$$;

REVOKE EXECUTE ON FUNCTION mem0.hand_over_contexts(uuid), mem0.inherit_contexts(uuid, uuid, uuid, timestamptz),
    mem0.find_link(bytea, timestamptz), mem0.read_linked(bytea, timestamptz, integer, integer),
    mem0.classes_in_context(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.hand_over_contexts(uuid), mem0.inherit_contexts(uuid, uuid, uuid, timestamptz),
    mem0.classes_in_context(bigint) TO mem0_app;
-- Opening a link is signing in with one: it reads nothing but what the link is to.
GRANT EXECUTE ON FUNCTION mem0.hand_over_contexts(uuid), mem0.find_link(bytea, timestamptz),
    mem0.read_linked(bytea, timestamptz, integer, integer),
    mem0.take(uuid, uuid[], integer[], timestamptz, integer) TO mem0_identity;
