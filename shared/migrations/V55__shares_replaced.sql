-- What was shared on through a share follows it when an approval replaces it, and does not keep a node from being deleted.

-- A node that holds nothing is deleted with the shares that once led to it. What was shared on through those has ended, too,
-- and is history of its own.
ALTER TABLE shares DROP CONSTRAINT shares_enterprise_id_via_share_id_fkey;
ALTER TABLE shares ADD CONSTRAINT shares_via FOREIGN KEY (enterprise_id, via_share_id)
    REFERENCES shares (enterprise_id, id) ON DELETE SET NULL (via_share_id);

-- Ends what was shared on through a share, however often, as of the time of the caller's request.
CREATE FUNCTION mem0.end_shares_via(tenant uuid, share uuid, by_user uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH RECURSIVE chain AS (
        SELECT share AS id
        UNION
        SELECT s.id FROM shares s JOIN chain c ON s.via_share_id = c.id
         WHERE s.enterprise_id = tenant AND s.revoked_at IS NULL
    )
    UPDATE shares s SET revoked_at = mem0.at(), revoked_by = by_user
      FROM chain c
     WHERE s.enterprise_id = tenant AND s.id = c.id AND s.id <> share AND s.revoked_at IS NULL
$$;

-- approval.approve: the decision and the share that it allows, both or neither. False: it is not open any more. Of two who
-- decide at the same time the second waits for the row, and then finds it decided. An earlier share of the same with the
-- same by the same person is replaced; what was shared on through it ends if it may do less now, and else hangs on the new one.
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
REVOKE EXECUTE ON FUNCTION mem0.end_shares_via(uuid, uuid, uuid) FROM PUBLIC;
