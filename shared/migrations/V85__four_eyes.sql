-- Nobody approves what they asked for, in no way: neither by whom they let decide in their place, nor by a program. And what is
-- decided is what was asked for, by somebody who could still ask for it.

-- What the memory was when it was asked for. Null: a context, or a request of the release before.
ALTER TABLE approvals ADD COLUMN memory_version integer;

-- Who may be behind what an account does: itself and, if it is a program, whoever made a key for it.
CREATE FUNCTION mem0.behind(account uuid) RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT ARRAY(SELECT account
                  UNION
                 SELECT k.created_by FROM api_keys k
                  WHERE k.enterprise_id = mem0.enterprise() AND k.user_id = account AND k.created_by IS NOT NULL)
$$;

-- For which nodes of a request somebody may decide at a time, and why: 1, by a role on the node itself; 2, in place of somebody
-- who holds one; 3, from above, once it has escalated. Programs decide about nothing, and nobody decides in the place of whoever
-- asked, or of somebody whose account is out of use.
CREATE FUNCTION mem0.deciding_positions(tenant uuid, approval uuid, decider uuid, at timestamptz)
    RETURNS TABLE (node_scope_id bigint, open boolean, rank integer, from_user_id uuid)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
    WITH node AS (
        SELECT s.id, s.path, d.approver_role, d.escalates_at <= deciding_positions.at AS escalated,
               d.decided_at IS NULL AS open, mem0.behind(a.requested_by) AS asking
          FROM approvals a
          JOIN mem0.approval_decisions d ON d.enterprise_id = tenant AND d.approval_id = a.id
          JOIN scopes s ON s.enterprise_id = tenant AND s.id = d.node_scope_id
         WHERE a.enterprise_id = tenant AND a.id = deciding_positions.approval
           AND EXISTS (SELECT FROM users u
                        WHERE u.enterprise_id = tenant AND u.id = decider AND u.kind = 'person')
    ), ground AS (
        SELECT node.id, node.open, node.asking, 1 AS rank, NULL::uuid AS from_user_id
          FROM node JOIN mem0.held_roles h ON h.enterprise_id = tenant AND h.scope_id = node.id
         WHERE h.user_id = decider AND h.role >= node.approver_role
         UNION ALL
        SELECT node.id, node.open, node.asking, 2, d.from_user_id
          FROM node
          JOIN approval_delegates d ON d.enterprise_id = tenant AND d.scope_id = node.id
          JOIN users u ON u.enterprise_id = tenant AND u.id = d.from_user_id AND u.status = 'active'
          JOIN mem0.held_roles h ON h.enterprise_id = tenant AND h.user_id = d.from_user_id
                                AND h.scope_id = node.id AND h.role >= node.approver_role
         WHERE d.to_user_id = decider AND d.from_user_id <> ALL (node.asking)
           AND d.revoked_at IS NULL AND d.starts_at <= deciding_positions.at AND d.ends_at > deciding_positions.at
         UNION ALL
        SELECT node.id, node.open, node.asking, 3, NULL
          FROM node JOIN mem0.held_roles h ON h.enterprise_id = tenant AND h.scope_id = ANY (node.path)
         WHERE node.escalated AND h.user_id = decider AND h.role >= node.approver_role
    )
    SELECT DISTINCT ON (g.id) g.id, g.open, g.rank, g.from_user_id
      FROM ground g
     WHERE decider <> ALL (g.asking)
     ORDER BY g.id, g.rank;
    END;

-- The memory that is asked for, as it is now, whoever may see it. Whoever calls this has found that the request concerns them, and
-- that they may decide if they are shown the text.
CREATE FUNCTION mem0.approval_memory(approval uuid)
    RETURNS TABLE (content text, classification text, version integer)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT m.content, m.classification::text, m.version
      FROM approvals a
      JOIN memories m ON m.enterprise_id = a.enterprise_id AND m.id = a.memory_id
     WHERE a.enterprise_id = mem0.enterprise() AND a.id = approval AND m.deleted_at IS NULL
       AND m.classification <= mem0.ceiling()
$$;

-- The same, held until the transaction ends: by those who decide.
CREATE FUNCTION mem0.hold_approval_subject(approval uuid)
    RETURNS TABLE (author_id uuid, home_scope_id bigint, classification text, version integer)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT m.author_id, m.home_scope_id, m.classification::text, m.version
      FROM approvals a
      JOIN memories m ON m.enterprise_id = a.enterprise_id AND m.id = a.memory_id
     WHERE a.enterprise_id = mem0.enterprise() AND a.id = approval AND m.deleted_at IS NULL
       AND m.classification <= mem0.ceiling()
       FOR UPDATE OF m
$$;

-- The live shares of what is asked for, seen by the caller or not: by those who decide.
CREATE FUNCTION mem0.approval_shares(approval uuid) RETURNS SETOF shares
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT s.*
      FROM approvals a
      JOIN shares s ON s.enterprise_id = a.enterprise_id
                   AND (s.memory_id = a.memory_id OR s.context_id = a.context_id)
     WHERE a.enterprise_id = mem0.enterprise() AND a.id = approval AND s.revoked_at IS NULL
       AND (s.expires_at IS NULL OR s.expires_at > mem0.at())
$$;

-- approval.approve: for these nodes, of those that have to agree, and that are the decider's to answer for. 'approved': it is
-- shared, this was the last; 'waiting': others have to agree, too; 'decided': somebody was faster; 'closed': it is not open any
-- more, or not the decider's to decide.
CREATE OR REPLACE FUNCTION mem0.approve_for(approval uuid, nodes bigint[], share uuid, decider uuid, why text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tenant uuid := mem0.enterprise();
BEGIN
    PERFORM FROM approvals a
      WHERE a.enterprise_id = tenant AND a.id = approval AND a.status = 'pending' AND a.expires_at > mem0.at()
        AND a.requested_by <> decider
        FOR UPDATE;
    IF NOT FOUND OR EXISTS (SELECT unnest(nodes)
                            EXCEPT
                            SELECT p.node_scope_id FROM mem0.deciding_positions(tenant, approval, decider, mem0.at()) p) THEN
        RETURN 'closed';
    END IF;
    IF EXISTS (SELECT FROM approval_parts p WHERE p.enterprise_id = tenant AND p.approval_id = approval) THEN
        UPDATE approval_parts p
           SET decision = 'approved', decided_by = decider, decided_at = mem0.at(), decision_reason = why
         WHERE p.enterprise_id = tenant AND p.approval_id = approval AND p.node_scope_id = ANY (nodes) AND p.decision IS NULL;
        IF NOT FOUND THEN
            RETURN 'decided';
        END IF;
        IF EXISTS (SELECT FROM approval_parts p
                    WHERE p.enterprise_id = tenant AND p.approval_id = approval AND p.decision IS NULL) THEN
            RETURN 'waiting';
        END IF;
    END IF;
    RETURN CASE WHEN mem0.approve_share(approval, share, decider, why) THEN 'approved' ELSE 'closed' END;
END
$$;

REVOKE EXECUTE ON FUNCTION mem0.behind(uuid), mem0.deciding_positions(uuid, uuid, uuid, timestamptz),
    mem0.approval_memory(uuid), mem0.hold_approval_subject(uuid), mem0.approval_shares(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.behind(uuid), mem0.deciding_positions(uuid, uuid, uuid, timestamptz),
    mem0.approval_memory(uuid), mem0.hold_approval_subject(uuid), mem0.approval_shares(uuid) TO mem0_app;
