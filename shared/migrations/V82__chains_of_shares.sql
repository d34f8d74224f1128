-- What was shared on leads, share by share, to somebody who could share it by their role: never to itself, never to nobody.

-- The shares through which a share could be made, itself first.
CREATE FUNCTION mem0.chain_of(tenant uuid, share uuid) RETURNS TABLE (id uuid, granted_by uuid)
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    WITH RECURSIVE chain AS (
        SELECT s.id, s.granted_by, s.via_share_id FROM shares s WHERE s.enterprise_id = tenant AND s.id = share
        UNION
        SELECT s.id, s.granted_by, s.via_share_id FROM chain c
          JOIN shares s ON s.enterprise_id = tenant AND s.id = c.via_share_id
    )
    SELECT c.id, c.granted_by FROM chain c
$$;
REVOKE EXECUTE ON FUNCTION mem0.chain_of(uuid, uuid) FROM PUBLIC;

-- approval.approve: the decision and the share that it allows, both or neither. False: it is not open any more, or others
-- have to agree, too, or what it was asked for through has come to hang on a share of who asked. Of two who decide at the
-- same time the second waits for the row, and then finds it decided. An earlier share of the same with the same by the same
-- person is replaced; what was shared on through it ends if it may do less now, and else hangs on the new one.
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
       AND NOT EXISTS (SELECT FROM mem0.chain_of(tenant, a.via_share_id) c WHERE c.granted_by = a.requested_by)
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
             WHERE s.enterprise_id = tenant AND s.via_share_id = earlier.id AND s.revoked_at IS NULL AND s.id <> share;
        END IF;
    END IF;
    PERFORM mem0.project_shares(CASE WHEN asked.memory_id IS NOT NULL THEN ARRAY[asked.memory_id]
                                     ELSE mem0.memories_of_context(asked.home_scope_id) END);
    RETURN true;
END
$$;

-- What was shared with the one is shared with the other: these memories and contexts, or, if none are named, all. Where the
-- same person shared the same with both, one share is left, which gives the most of either for the longer time, as far as
-- what it is through goes, and what was shared on through either is through it, unless it goes further.
CREATE OR REPLACE FUNCTION mem0.hand_over_shares(tenant uuid, source bigint, heir bigint, things uuid[], at timestamptz) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    twice record;
    one shares;
    other shares;
    via shares;
BEGIN
    -- What is over adds nothing to what is not.
    UPDATE shares s SET revoked_at = s.expires_at
     WHERE s.enterprise_id = tenant AND s.grantee_scope_id IN (source, heir) AND s.revoked_at IS NULL AND s.expires_at <= at
       AND (things IS NULL OR coalesce(s.memory_id, s.context_id) = ANY (things));
    FOR twice IN
        SELECT s.id AS given_up, o.id AS kept
          FROM shares s
          JOIN shares o ON o.enterprise_id = tenant AND o.grantee_scope_id = heir AND o.revoked_at IS NULL
                       AND o.granted_by = s.granted_by
                       AND coalesce(o.memory_id, o.context_id) = coalesce(s.memory_id, s.context_id)
         WHERE s.enterprise_id = tenant AND s.grantee_scope_id = source AND s.revoked_at IS NULL
           AND (things IS NULL OR coalesce(s.memory_id, s.context_id) = ANY (things))
         ORDER BY s.granted_at, s.id
    LOOP
        SELECT * INTO one FROM shares s WHERE s.enterprise_id = tenant AND s.id = twice.given_up;
        SELECT * INTO other FROM shares s WHERE s.enterprise_id = tenant AND s.id = twice.kept;
        -- A share before it has ended the one of them by now.
        CONTINUE WHEN one.revoked_at IS NOT NULL OR other.revoked_at IS NOT NULL;
        via := NULL;
        IF one.via_share_id IS NOT NULL AND other.via_share_id IS NOT NULL THEN
            -- Whatever gives most, for longest, and leads to neither of the two.
            SELECT s.* INTO via FROM shares s
             WHERE s.enterprise_id = tenant AND s.id IN (one.via_share_id, other.via_share_id)
               AND NOT EXISTS (SELECT FROM mem0.chain_of(tenant, s.id) c WHERE c.id IN (one.id, other.id))
             ORDER BY s.permission DESC, coalesce(s.expires_at, 'infinity') DESC, s.id = other.via_share_id DESC LIMIT 1;
        END IF;
        -- Null is for ever, and the least of something and null is the former.
        other.permission := least(greatest(one.permission, other.permission), via.permission);
        other.expires_at := least(CASE WHEN one.expires_at IS NULL OR other.expires_at IS NULL THEN NULL
                                       ELSE greatest(one.expires_at, other.expires_at) END, via.expires_at);
        UPDATE shares s
           SET permission = other.permission, may_reshare = s.may_reshare OR one.may_reshare,
               expires_at = other.expires_at, via_share_id = via.id
         WHERE s.enterprise_id = tenant AND s.id = other.id;
        UPDATE shares s SET via_share_id = other.id
         WHERE s.enterprise_id = tenant AND s.via_share_id = one.id AND s.revoked_at IS NULL AND s.id <> other.id;
        UPDATE approvals a SET via_share_id = other.id
         WHERE a.enterprise_id = tenant AND a.via_share_id = one.id AND a.status = 'pending';
        UPDATE shares s SET revoked_at = at WHERE s.enterprise_id = tenant AND s.id = one.id;
        PERFORM mem0.end_shares(tenant, ARRAY(
            SELECT s.id FROM shares s
             WHERE s.enterprise_id = tenant AND s.via_share_id = other.id AND s.revoked_at IS NULL
               AND (s.permission > other.permission
                    OR coalesce(s.expires_at, 'infinity') > coalesce(other.expires_at, 'infinity'))), at, NULL);
    END LOOP;
    UPDATE shares s SET grantee_scope_id = heir
     WHERE s.enterprise_id = tenant AND s.grantee_scope_id = source
       AND (things IS NULL OR coalesce(s.memory_id, s.context_id) = ANY (things));
END
$$;

-- Shares that there are already. What was shared on by those with whom a memory came to live stays, as it was meant to.
UPDATE shares s SET via_share_id = NULL
  FROM shares p
  JOIN memories m ON m.enterprise_id = p.enterprise_id AND m.id = p.memory_id
 WHERE s.revoked_at IS NULL AND p.enterprise_id = s.enterprise_id AND p.id = s.via_share_id AND p.id <> s.id
   AND p.revoked_at IS NOT NULL AND p.grantee_scope_id = m.home_scope_id;

-- Whatever leads to nobody who could share it has ended.
DO $$
DECLARE
    due record;
BEGIN
    FOR due IN
        WITH RECURSIVE rooted AS (
            SELECT s.id FROM shares s
             WHERE s.revoked_at IS NULL AND s.via_share_id IS NULL AND (s.expires_at IS NULL OR s.expires_at > now())
            UNION
            SELECT s.id FROM rooted r JOIN shares s ON s.via_share_id = r.id
             WHERE s.revoked_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > now())
        )
        UPDATE shares s SET revoked_at = now()
         WHERE s.revoked_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > now())
           AND s.id NOT IN (SELECT r.id FROM rooted r)
        RETURNING s.enterprise_id, s.memory_id, s.context_id
    LOOP
        PERFORM mem0.project_shares_of(due.enterprise_id, ARRAY(
            SELECT due.memory_id WHERE due.memory_id IS NOT NULL
             UNION
            SELECT m.id FROM sub_organizations c
              JOIN memories m ON m.enterprise_id = c.enterprise_id AND m.home_scope_id = c.scope_id
             WHERE c.enterprise_id = due.enterprise_id AND c.id = due.context_id AND m.deleted_at IS NULL
             UNION
            SELECT pin.memory_id FROM sub_organizations c
              JOIN shares pin ON pin.enterprise_id = c.enterprise_id AND pin.grantee_scope_id = c.scope_id
             WHERE c.enterprise_id = due.enterprise_id AND c.id = due.context_id AND pin.memory_id IS NOT NULL), now());
    END LOOP;
END
$$;
UPDATE shares SET via_share_id = NULL WHERE via_share_id = id;
ALTER TABLE shares ADD CONSTRAINT shares_not_through_itself CHECK (via_share_id <> id);
