-- Answers that are kept for requests sent twice: for those who could still ask for them, and no longer than what they say. And what
-- people leave behind, with nobody who left themselves, and nowhere where more see it than its class allows.

ALTER TABLE idempotency_keys
    -- Where the roles of who was answered began, and the roles; the ceiling of their credential. Null in rows of earlier code.
    ADD COLUMN held_on bigint[],
    ADD COLUMN held_as text[],
    ADD COLUMN ceiling classification,
    -- The memories that the answer names. With the first of them that is forgotten, the answer is.
    ADD COLUMN memory_ids uuid[];
-- Asked for each memory that is forgotten: nothing is to be gone through first.
CREATE INDEX idempotency_keys_by_memory ON idempotency_keys USING gin (memory_ids) WITH (fastupdate = off)
    WHERE memory_ids IS NOT NULL;

-- idempotency_key.forget_answers: runs in whatever forgets a memory.
CREATE FUNCTION mem0.forget_answers() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE idempotency_keys k SET answer = NULL
     WHERE k.enterprise_id = OLD.enterprise_id AND k.memory_ids @> ARRAY[OLD.id] AND k.answer IS NOT NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER answers_forgotten AFTER UPDATE OF deleted_at ON memories
    FOR EACH ROW WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION mem0.forget_answers();
CREATE TRIGGER answers_removed AFTER DELETE ON memories
    FOR EACH ROW WHEN (OLD.deleted_at IS NULL) EXECUTE FUNCTION mem0.forget_answers();

-- idempotency_key.prune: some of those that count as new again, of every tenant.
CREATE FUNCTION mem0.prune_idempotency_keys(before timestamptz, most integer) RETURNS integer
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH gone AS (
        DELETE FROM idempotency_keys k
         USING (SELECT o.enterprise_id, o.user_id, o.key
                  FROM enterprises e
                  CROSS JOIN LATERAL (SELECT * FROM idempotency_keys i
                                       WHERE i.enterprise_id = e.id AND i.created_at <= before
                                       ORDER BY i.created_at LIMIT most FOR UPDATE SKIP LOCKED) o
                 LIMIT most) old
         WHERE k.enterprise_id = old.enterprise_id AND k.user_id = old.user_id AND k.key = old.key
        RETURNING 1)
    SELECT count(*)::integer FROM gone
$$;

REVOKE EXECUTE ON FUNCTION mem0.forget_answers(), mem0.prune_idempotency_keys(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.prune_idempotency_keys(timestamptz, integer) TO mem0_upkeep;

-- public_link.holds: see V83. A link made by role ends with that role, as one made through a share ends with the share.
CREATE OR REPLACE FUNCTION mem0.link_holds(tenant uuid, link uuid, at timestamptz) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT EXISTS (
        SELECT FROM public_links l
          JOIN users u ON u.enterprise_id = tenant AND u.id = l.created_by AND u.status = 'active'
          LEFT JOIN memories m ON m.enterprise_id = tenant AND m.id = l.memory_id
          LEFT JOIN sub_organizations n ON n.enterprise_id = tenant AND n.id = l.context_id
         WHERE l.enterprise_id = tenant AND l.id = link
           AND l.revoked_at IS NULL AND (l.expires_at IS NULL OR l.expires_at > at)
           AND (l.via_share_id IS NOT NULL
                -- By role: while the maker may still share it.
                OR EXISTS (SELECT FROM scopes h
                            WHERE h.enterprise_id = tenant AND h.id = coalesce(m.home_scope_id, n.scope_id)
                              AND (h.id = u.scope_id
                                   OR EXISTS (SELECT FROM mem0.held_roles r
                                               WHERE r.enterprise_id = tenant AND r.user_id = u.id AND r.scope_id = ANY (h.path)
                                                 AND r.role >= CASE WHEN m.author_id = u.id AND h.kind <> 'context'
                                                                    THEN 'member'::member_role ELSE 'admin' END))))
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

-- memory.rehome_personal: up to `most` memories of these classes of somebody who left go to an heir; which. What would be seen there
-- and through its shares by more than its class allows, or in another organization, stays.
CREATE FUNCTION mem0.rehome_personal(tenant uuid, personal bigint, heir bigint, classes classification[], most integer,
                                     at timestamptz) RETURNS uuid[]
    LANGUAGE plpgsql SET search_path = pg_catalog, public SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    heir_path bigint[];
    wide uuid[];
    moving uuid[];
BEGIN
    SELECT s.path INTO STRICT heir_path FROM scopes s WHERE s.enterprise_id = tenant AND s.id = heir;
    -- Those that nobody else sees are judged by their class alone.
    wide := ARRAY(
        SELECT w.memory_id
          FROM mem0.seen_too_widely(tenant, ARRAY(
                   SELECT m.id FROM memories m
                    WHERE m.enterprise_id = tenant AND m.home_scope_id = personal AND m.deleted_at IS NULL
                      AND m.classification = ANY (classes) AND cardinality(m.scope_ids) > 1), personal, heir_path, at) w);
    moving := ARRAY(
        SELECT m.id FROM memories m
         WHERE m.enterprise_id = tenant AND m.home_scope_id = personal AND m.deleted_at IS NULL
           AND m.classification = ANY (classes) AND m.id <> ALL (wide)
         LIMIT most);
    UPDATE memories m SET home_scope_id = heir, scope_ids = heir || array_remove(array_remove(m.scope_ids, personal), heir)
     WHERE m.enterprise_id = tenant AND m.id = ANY (moving);
    PERFORM mem0.project_shares_of(tenant, moving, at);
    RETURN moving;
END
$$;
REVOKE EXECUTE ON FUNCTION mem0.rehome_personal(uuid, bigint, bigint, classification[], integer, timestamptz) FROM PUBLIC;
