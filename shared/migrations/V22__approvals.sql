-- Whether somebody else has to agree before something is shared, and what became of asking.

-- Which sharing needs an approval, whose, and until when: the rules of a node hold for everything below it.
ALTER TABLE sharing_policies ADD COLUMN approvals jsonb NOT NULL DEFAULT '[]';

CREATE TABLE approvals (
    enterprise_id   uuid NOT NULL REFERENCES enterprises ON DELETE CASCADE,
    id              uuid NOT NULL UNIQUE,
    memory_id       uuid,
    context_id      uuid,
    home_scope_id   bigint NOT NULL,
    -- The node whose rule it is: those who hold at least this role on it decide, and after a time those above it, too.
    node_scope_id   bigint NOT NULL,
    approver_role   member_role NOT NULL,
    grantee_scope_id bigint NOT NULL,
    grantee         text NOT NULL,
    permission      share_permission NOT NULL,
    may_reshare     boolean NOT NULL,
    share_expires_at timestamptz,
    via_share_id    uuid,
    direction       text NOT NULL CHECK (direction IN ('down', 'up', 'across', 'out', 'public')),
    classification  classification NOT NULL,
    reason          text CHECK (length(reason) BETWEEN 1 AND 2000),
    status          text NOT NULL DEFAULT 'pending'
                    CHECK (status IN ('pending', 'approved', 'denied', 'withdrawn', 'expired')),
    requested_by    uuid NOT NULL,
    requested_at    timestamptz NOT NULL,
    escalates_at    timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL CHECK (expires_at > requested_at),
    decided_by      uuid CHECK (status <> 'approved' OR decided_by <> requested_by),
    decided_at      timestamptz,
    decision_reason text CHECK (length(decision_reason) BETWEEN 1 AND 2000),
    share_id        uuid,
    PRIMARY KEY (enterprise_id, id),
    CHECK (num_nonnulls(memory_id, context_id) = 1)
);
-- Nobody asks for the same twice while the first request is open.
CREATE UNIQUE INDEX approvals_pending ON approvals
    (enterprise_id, coalesce(memory_id, context_id), grantee_scope_id, requested_by) WHERE status = 'pending';
CREATE INDEX approvals_by_age ON approvals (enterprise_id, requested_at, id) WHERE status IS NOT NULL;
CREATE INDEX approvals_due ON approvals (expires_at) WHERE status = 'pending';

-- Somebody who decides in another's place for a time.
CREATE TABLE approval_delegates (
    enterprise_id   uuid NOT NULL,
    id              uuid NOT NULL UNIQUE,
    scope_id        bigint NOT NULL,
    from_user_id    uuid NOT NULL,
    to_user_id      uuid NOT NULL CHECK (to_user_id <> from_user_id),
    starts_at       timestamptz NOT NULL,
    ends_at         timestamptz NOT NULL CHECK (ends_at > starts_at),
    created_at      timestamptz NOT NULL,
    revoked_at      timestamptz,
    PRIMARY KEY (enterprise_id, id),
    FOREIGN KEY (enterprise_id, scope_id) REFERENCES scopes (enterprise_id, id) ON DELETE CASCADE,
    FOREIGN KEY (enterprise_id, from_user_id) REFERENCES users (enterprise_id, id) ON DELETE CASCADE,
    FOREIGN KEY (enterprise_id, to_user_id) REFERENCES users (enterprise_id, id) ON DELETE CASCADE
);
CREATE INDEX approval_delegates_of ON approval_delegates (enterprise_id, to_user_id, scope_id) WHERE revoked_at IS NULL;

ALTER TABLE approvals ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval_delegates ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON approvals TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
CREATE POLICY tenant ON approval_delegates TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
GRANT SELECT, INSERT, UPDATE ON approvals, approval_delegates TO mem0_app;

-- What is asked for: approvers need not see it by their own roles. Whoever calls this has found that they may decide.
CREATE FUNCTION mem0.approval_subject(approval uuid)
    RETURNS TABLE (content text, classification text, home_scope_id bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT m.content, m.classification::text, m.home_scope_id
      FROM approvals a
      JOIN memories m ON m.enterprise_id = a.enterprise_id AND m.id = a.memory_id
     WHERE a.enterprise_id = mem0.enterprise() AND a.id = approval AND m.deleted_at IS NULL
       AND m.classification <= mem0.ceiling()
$$;

-- approval.approve: the decision and the share that it allows, both or neither. False: it is not open any more. Of two who
-- decide at the same time the second waits for the row, and then finds it decided.
CREATE FUNCTION mem0.approve_share(approval uuid, share uuid, decider uuid, why text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tenant uuid := mem0.enterprise();
    asked approvals;
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
       AND s.grantee_scope_id = asked.grantee_scope_id AND s.granted_by = asked.requested_by AND s.revoked_at IS NULL;
    INSERT INTO shares (enterprise_id, id, memory_id, context_id, grantee_scope_id, permission, may_reshare, reason,
                        granted_by, granted_at, via_share_id, approval_id, expires_at)
    VALUES (tenant, share, asked.memory_id, asked.context_id, asked.grantee_scope_id, asked.permission, asked.may_reshare,
            asked.reason, asked.requested_by, mem0.at(), asked.via_share_id, approval, asked.share_expires_at);
    PERFORM mem0.project_shares(CASE WHEN asked.memory_id IS NOT NULL THEN ARRAY[asked.memory_id]
                                     ELSE mem0.memories_of_context(asked.home_scope_id) END);
    RETURN true;
END
$$;

-- approval.expire: closes requests whose time is over. Nobody waits for it: they cannot be decided from that moment on.
CREATE FUNCTION mem0.expire_approvals(at timestamptz) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    closed integer;
BEGIN
    PERFORM mem0.check_unbound();
    UPDATE approvals a SET status = 'expired', decided_at = a.expires_at
     WHERE a.status = 'pending' AND a.expires_at <= at;
    GET DIAGNOSTICS closed = ROW_COUNT;
    RETURN closed;
END
$$;

REVOKE EXECUTE ON FUNCTION mem0.approval_subject(uuid), mem0.approve_share(uuid, uuid, uuid, text),
    mem0.expire_approvals(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.approval_subject(uuid), mem0.approve_share(uuid, uuid, uuid, text),
    mem0.expire_approvals(timestamptz) TO mem0_app;

-- Ends everything that is shared with a context, and it with anybody, seen by the caller or not: before it is deleted.
CREATE FUNCTION mem0.empty_context(context bigint, by_user uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    UPDATE shares s SET revoked_at = mem0.at(), revoked_by = by_user
     WHERE s.enterprise_id = mem0.enterprise() AND s.revoked_at IS NULL
       AND (s.grantee_scope_id = context
            OR s.context_id = (SELECT n.id FROM sub_organizations n
                                WHERE n.enterprise_id = mem0.enterprise() AND n.scope_id = context))
$$;
REVOKE EXECUTE ON FUNCTION mem0.empty_context(bigint, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.empty_context(bigint, uuid) TO mem0_app;

-- Whether a share still holds, for those who decide about something that they need not see.
CREATE FUNCTION mem0.share_is_live(share uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT EXISTS (SELECT FROM shares s
                    WHERE s.enterprise_id = mem0.enterprise() AND s.id = share AND s.revoked_at IS NULL
                      AND (s.expires_at IS NULL OR s.expires_at > mem0.at()))
$$;
REVOKE EXECUTE ON FUNCTION mem0.share_is_live(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.share_is_live(uuid) TO mem0_app;
