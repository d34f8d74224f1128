-- What the last release asked too often, or not at all.

-- memory.list_links: the live links that open a memory, its own and those of contexts that it is in. None opens what is merged
-- into another, expired or deleted.
CREATE OR REPLACE FUNCTION mem0.links_to(memory uuid) RETURNS TABLE (id uuid, created_by uuid, expires_at timestamptz, in_context boolean)
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
       AND m.deleted_at IS NULL AND m.lifecycle <> 'merged'
       AND (m.expires_on IS NULL OR m.expires_on >= (mem0.at() AT TIME ZONE 'UTC')::date)
       AND m.scope_ids && mem0.readable() AND mem0.link_holds(m.enterprise_id, l.id, mem0.at())
       AND mem0.allows_links(m.enterprise_id, m.home_scope_id)
     ORDER BY l.created_at, l.id
$$;

-- node.list_too_wide: the classes of what lives below a node or is shared with it, if that may not be seen by all who will see
-- it once the node is where `target` leads, and may now. What nodes said later than something was shared, it need not follow.
-- How many memories there are is for the release before: one stands for all of its class that are not shared.
CREATE OR REPLACE FUNCTION mem0.too_wide_below(node bigint, target bigint[], OUT memories bigint, OUT classes text[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tenant uuid := mem0.enterprise();
    below bigint[];
    ids uuid[];
BEGIN
    PERFORM mem0.check_scopes(ARRAY[node, target[cardinality(target)]]);
    below := ARRAY(SELECT s.id FROM scopes s WHERE s.enterprise_id = tenant AND s.kind <> 'user' AND node = ANY (s.path));
    ids := ARRAY(SELECT m.id FROM memories m
                  WHERE m.enterprise_id = tenant AND m.scope_ids && below AND cardinality(m.scope_ids) > 1
                    AND m.deleted_at IS NULL);
    IF EXISTS (SELECT FROM sharing_policies p
                WHERE p.enterprise_id = tenant AND p.scope_id = ANY (target) AND p.audiences <> '{}') THEN
        -- One of each class of each home stands for those that are not shared.
        ids := ids || ARRAY(
            SELECT one.id
              FROM unnest(below) home
              CROSS JOIN unnest(enum_range(NULL::classification)) class
              CROSS JOIN LATERAL (SELECT m.id FROM memories m
                                   WHERE m.enterprise_id = tenant AND m.home_scope_id = home AND m.classification = class
                                     AND cardinality(m.scope_ids) = 1 AND m.deleted_at IS NULL
                                   LIMIT 1) one);
    END IF;
    WITH later AS MATERIALIZED (
        SELECT w.memory_id, w.classification FROM mem0.seen_too_widely(tenant, ids, node, target, mem0.at()) w
    ), already AS MATERIALIZED (
        SELECT w.memory_id
          FROM mem0.seen_too_widely(tenant, ARRAY(SELECT l.memory_id FROM later l), NULL, NULL, mem0.at()) w
    )
    SELECT count(DISTINCT l.memory_id), coalesce(array_agg(DISTINCT l.classification::text), '{}') INTO memories, classes
      FROM later l
     WHERE NOT EXISTS (SELECT FROM already a WHERE a.memory_id = l.memory_id);
END
$$;

DROP TRIGGER approvals_of_removed ON memories;
CREATE TRIGGER approvals_of_removed AFTER DELETE ON memories
    FOR EACH ROW WHEN (OLD.deleted_at IS NULL) EXECUTE FUNCTION mem0.end_pointless_approvals();

-- When all is done: what a dissolved node had to agree to goes to its heir (mem0.hand_over_approval_parts).
DROP TRIGGER approvals_of_deleted ON scopes;
CREATE CONSTRAINT TRIGGER approvals_of_deleted AFTER DELETE ON scopes DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION mem0.end_pointless_approvals();

-- Those that were left open by now.
UPDATE approvals a
   SET status = 'denied', decided_at = now(), decision_reason = 'a node that had to agree was deleted: ask again'
 WHERE a.status = 'pending'
   AND EXISTS (SELECT FROM approval_parts p
                WHERE p.enterprise_id = a.enterprise_id AND p.approval_id = a.id
                  AND NOT EXISTS (SELECT FROM scopes s WHERE s.enterprise_id = p.enterprise_id AND s.id = p.node_scope_id));

-- Whether the caller's credential reaches what an event is about: `roots` are the scopes that it is narrowed to, if it is.
CREATE OR REPLACE FUNCTION mem0.reaches_event(tenant uuid, about bigint[], class classification, roots bigint[]) RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT (mem0.ceiling() = 'restricted' OR coalesce(class <= mem0.ceiling(), false))
       AND (roots IS NULL
            OR (about IS NOT NULL
                AND NOT EXISTS (SELECT FROM unnest(about) one
                                 WHERE NOT EXISTS (SELECT FROM scopes s
                                                    WHERE s.enterprise_id = tenant AND s.id = one AND s.path && roots))))
$$;
