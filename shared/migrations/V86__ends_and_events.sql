-- A request ends with what it is about, and an event is shown to no credential that does not reach what it is about.

-- approval.end_pointless: closes what waits for a decision that nobody needs any more. Runs in whatever deletes.
CREATE FUNCTION mem0.end_pointless_approvals() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_TABLE_NAME = 'memories' THEN
        UPDATE approvals a
           SET status = 'denied', decided_at = mem0.at(), decision_reason = 'what was to be shared was deleted'
         WHERE a.enterprise_id = OLD.enterprise_id AND coalesce(a.memory_id, a.context_id) = OLD.id AND a.status = 'pending';
    ELSE
        UPDATE approvals a
           SET status = 'denied', decided_at = mem0.at(),
               decision_reason = CASE WHEN a.grantee_scope_id = OLD.id THEN 'with whom it was to be shared was deleted'
                                      WHEN a.context_id IS NOT NULL AND a.home_scope_id = OLD.id
                                          THEN 'what was to be shared was deleted'
                                      ELSE 'a node that had to agree was deleted: ask again' END
         WHERE a.enterprise_id = OLD.enterprise_id AND a.status = 'pending'
           AND (OLD.id IN (a.grantee_scope_id, a.node_scope_id) OR (a.context_id IS NOT NULL AND a.home_scope_id = OLD.id));
    END IF;
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION mem0.end_pointless_approvals() FROM PUBLIC;
CREATE TRIGGER approvals_of_forgotten AFTER UPDATE OF deleted_at ON memories
    FOR EACH ROW WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL)
    EXECUTE FUNCTION mem0.end_pointless_approvals();
CREATE TRIGGER approvals_of_removed AFTER DELETE ON memories
    FOR EACH ROW EXECUTE FUNCTION mem0.end_pointless_approvals();
CREATE TRIGGER approvals_of_deleted AFTER DELETE ON scopes
    FOR EACH ROW EXECUTE FUNCTION mem0.end_pointless_approvals();

-- Those that were left open by now.
UPDATE approvals a
   SET status = 'denied', decided_at = now(), decision_reason = 'what was to be shared was deleted'
 WHERE a.status = 'pending' AND a.memory_id IS NOT NULL
   AND NOT EXISTS (SELECT FROM memories m
                    WHERE m.enterprise_id = a.enterprise_id AND m.id = a.memory_id AND m.deleted_at IS NULL);
UPDATE approvals a
   SET status = 'denied', decided_at = now(), decision_reason = 'with whom it was to be shared was deleted'
 WHERE a.status = 'pending'
   AND NOT EXISTS (SELECT FROM scopes s WHERE s.enterprise_id = a.enterprise_id AND s.id = a.grantee_scope_id);

-- What an event is about: where its memories live, and the highest class among them. Null: it is older than this, and not shown
-- to credentials that are narrowed.
ALTER TABLE events ADD COLUMN scope_ids bigint[], ADD COLUMN classification classification;

-- Whether the caller's credential reaches what an event is about: `roots` are the scopes that it is narrowed to, if it is.
CREATE FUNCTION mem0.reaches_event(tenant uuid, about bigint[], class classification, roots bigint[]) RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT (mem0.ceiling() = 'restricted' OR coalesce(class <= mem0.ceiling(), false))
       AND (roots IS NULL
            OR coalesce(NOT EXISTS (SELECT FROM unnest(about) one
                                     WHERE NOT EXISTS (SELECT FROM scopes s
                                                        WHERE s.enterprise_id = tenant AND s.id = one AND s.path && roots)),
                        false)
               AND about IS NOT NULL)
$$;
REVOKE EXECUTE ON FUNCTION mem0.reaches_event(uuid, bigint[], classification, bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.reaches_event(uuid, bigint[], classification, bigint[]) TO mem0_app;
