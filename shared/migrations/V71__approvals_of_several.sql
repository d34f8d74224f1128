-- A request that people of several nodes have to agree to: each node decides for itself, and the last one shares.

-- The nodes of a request of several: one row for each. A request of one node has none, and is decided by its own row.
CREATE TABLE approval_parts (
    enterprise_id   uuid NOT NULL,
    approval_id     uuid NOT NULL,
    -- As in `approvals`.
    node_scope_id   bigint NOT NULL,
    approver_role   member_role NOT NULL,
    escalates_at    timestamptz NOT NULL,
    decision        text CHECK (decision IN ('approved', 'denied')),
    decided_by      uuid,
    decided_at      timestamptz,
    decision_reason text CHECK (length(decision_reason) BETWEEN 1 AND 2000),
    PRIMARY KEY (enterprise_id, approval_id, node_scope_id),
    FOREIGN KEY (enterprise_id, approval_id) REFERENCES approvals (enterprise_id, id) ON DELETE CASCADE,
    CHECK ((decision IS NULL) = (decided_at IS NULL))
);
ALTER TABLE approval_parts ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON approval_parts TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
GRANT SELECT, INSERT, UPDATE ON approval_parts TO mem0_app;

-- Who has to agree to a request, be it one node or several, and what each said.
CREATE VIEW mem0.approval_decisions WITH (security_invoker = true) AS
    SELECT a.enterprise_id, a.id AS approval_id, a.node_scope_id, a.approver_role, a.escalates_at,
           CASE WHEN a.status IN ('approved', 'denied') THEN a.status END AS decision,
           CASE WHEN a.status IN ('approved', 'denied') THEN a.decided_by END AS decided_by,
           CASE WHEN a.status IN ('approved', 'denied') THEN a.decided_at END AS decided_at,
           CASE WHEN a.status IN ('approved', 'denied') THEN a.decision_reason END AS decision_reason
      FROM approvals a
     WHERE NOT EXISTS (SELECT FROM approval_parts p WHERE p.enterprise_id = a.enterprise_id AND p.approval_id = a.id)
     UNION ALL
    SELECT p.enterprise_id, p.approval_id, p.node_scope_id, p.approver_role, p.escalates_at, p.decision, p.decided_by,
           p.decided_at, p.decision_reason
      FROM approval_parts p;
GRANT SELECT ON mem0.approval_decisions TO mem0_app;

-- approval.approve: the decision and the share that it allows, both or neither. False: it is not open any more, or others
-- have to agree, too. Of two who decide at the same time the second waits for the row, and then finds it decided. An earlier
-- share of the same with the same by the same person is replaced; what was shared on through it ends if it may do less now,
-- and else hangs on the new one.
CREATE OR REPLACE FUNCTION mem0.approve_share(approval uuid, share uuid, decider uuid, why text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tenant uuid := mem0.enterprise();
    asked approvals;
    earlier shares;
BEGIN
    UPDATE approvals a
       SET status = 'approved', decided_by = decider, decided_at = mem0.at(), decision_reason = why, share_id = share
     WHERE a.enterprise_id = tenant AND a.id = approval AND a.status = 'pending' AND a.expires_at > mem0.at()
       AND a.requested_by <> decider
       AND NOT EXISTS (SELECT FROM approval_parts p
                        WHERE p.enterprise_id = tenant AND p.approval_id = approval
                          AND p.decision IS DISTINCT FROM 'approved')
    RETURNING * INTO asked;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE shares s SET revoked_at = mem0.at(), revoked_by = asked.requested_by
     WHERE s.enterprise_id = tenant AND coalesce(s.memory_id, s.context_id) = coalesce(asked.memory_id, asked.context_id)
       AND s.grantee_scope_id = asked.grantee_scope_id AND s.granted_by = asked.requested_by AND s.revoked_at IS NULL
    RETURNING * INTO earlier;
    INSERT INTO shares (enterprise_id, id, memory_id, context_id, grantee_scope_id, permission, may_reshare, reason,
                        granted_by, granted_at, via_share_id, approval_id, expires_at)
    VALUES (tenant, share, asked.memory_id, asked.context_id, asked.grantee_scope_id, asked.permission, asked.may_reshare,
            asked.reason, asked.requested_by, mem0.at(), asked.via_share_id, approval, asked.share_expires_at);
    IF earlier.id IS NOT NULL THEN
        IF asked.permission < earlier.permission OR (earlier.may_reshare AND NOT asked.may_reshare)
           OR coalesce(asked.share_expires_at, 'infinity') < coalesce(earlier.expires_at, 'infinity') THEN
            PERFORM mem0.end_shares_via(tenant, earlier.id, asked.requested_by);
        ELSE
            UPDATE shares s SET via_share_id = share
             WHERE s.enterprise_id = tenant AND s.via_share_id = earlier.id AND s.revoked_at IS NULL;
        END IF;
    END IF;
    PERFORM mem0.project_shares(CASE WHEN asked.memory_id IS NOT NULL THEN ARRAY[asked.memory_id]
                                     ELSE mem0.memories_of_context(asked.home_scope_id) END);
    RETURN true;
END
$$;

-- approval.approve: for these nodes, of those that have to agree. 'approved': it is shared, this was the last; 'waiting':
-- others have to agree, too; 'decided': somebody was faster; 'closed': it is not open any more.
CREATE FUNCTION mem0.approve_for(approval uuid, nodes bigint[], share uuid, decider uuid, why text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tenant uuid := mem0.enterprise();
BEGIN
    PERFORM FROM approvals a
      WHERE a.enterprise_id = tenant AND a.id = approval AND a.status = 'pending' AND a.expires_at > mem0.at()
        AND a.requested_by <> decider
        FOR UPDATE;
    IF NOT FOUND THEN
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

-- approval.follow_heir: whoever answers for a dissolved node's heir decides in its place. Where the heir has to agree anyway,
-- once is enough; if it has agreed already, to what the node had still to agree to as well, it has to be asked for anew.
CREATE FUNCTION mem0.hand_over_approval_parts(node bigint, heir bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tenant uuid := mem0.enterprise();
BEGIN
    UPDATE approvals a
       SET status = 'denied', decided_at = mem0.at(),
           decision_reason = 'a node that had to agree was dissolved into one that had agreed already: ask again'
     WHERE a.enterprise_id = tenant AND a.status = 'pending'
       AND EXISTS (SELECT FROM approval_parts p WHERE p.enterprise_id = tenant AND p.approval_id = a.id
                                                  AND p.node_scope_id = node AND p.decision IS NULL)
       AND EXISTS (SELECT FROM approval_parts p WHERE p.enterprise_id = tenant AND p.approval_id = a.id
                                                  AND p.node_scope_id = heir AND p.decision IS NOT NULL);
    DELETE FROM approval_parts p
     USING approvals a, approval_parts o
     WHERE p.enterprise_id = tenant AND p.node_scope_id = node AND p.decision IS NULL
       AND a.enterprise_id = tenant AND a.id = p.approval_id AND a.status = 'pending'
       AND o.enterprise_id = tenant AND o.approval_id = p.approval_id AND o.node_scope_id = heir;
    UPDATE approval_parts p
       SET node_scope_id = heir,
           -- Where nobody else holds the role on the heir itself, those above need not wait.
           escalates_at = CASE WHEN EXISTS (SELECT FROM mem0.held_roles h
                                              JOIN users u ON u.enterprise_id = tenant AND u.id = h.user_id
                                                          AND u.status = 'active'
                                             WHERE h.enterprise_id = tenant AND h.scope_id = heir
                                               AND h.role >= p.approver_role AND h.user_id <> a.requested_by)
                               THEN p.escalates_at ELSE least(p.escalates_at, mem0.at()) END
      FROM approvals a
     WHERE p.enterprise_id = tenant AND p.node_scope_id = node AND p.decision IS NULL
       AND a.enterprise_id = tenant AND a.id = p.approval_id AND a.status = 'pending';
END
$$;

REVOKE EXECUTE ON FUNCTION mem0.approve_for(uuid, bigint[], uuid, uuid, text),
    mem0.hand_over_approval_parts(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.approve_for(uuid, bigint[], uuid, uuid, text),
    mem0.hand_over_approval_parts(bigint, bigint) TO mem0_app;
