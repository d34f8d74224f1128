-- Handing over is work that can be followed, goes on from where it was interrupted, and can be cancelled in between: each
-- memory is either where it was, with its shares, or with the heir, with its shares.

-- What people who left remembered, on its way to an heir.
CREATE TABLE reassignments (
    enterprise_id   uuid NOT NULL REFERENCES enterprises ON DELETE CASCADE,
    id              uuid NOT NULL UNIQUE,
    user_id         uuid NOT NULL,
    -- A person's scope or a node's; the person, if it is one.
    heir_scope_id   bigint NOT NULL,
    heir_user_id    uuid,
    status          text NOT NULL CHECK (status IN ('running', 'done', 'failed')),
    -- How many memories there were, and how many went to the heir by now, in how many steps.
    total           bigint NOT NULL,
    memories        bigint NOT NULL,
    steps           integer NOT NULL,
    -- What stayed because of its class, and contexts that went along, once it is done.
    kept            bigint NOT NULL,
    contexts        bigint NOT NULL,
    -- Why it failed.
    reason          text,
    requested_by    uuid NOT NULL,
    requested_at    timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    finished_at     timestamptz,
    PRIMARY KEY (enterprise_id, id),
    FOREIGN KEY (enterprise_id, user_id) REFERENCES users (enterprise_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX reassignments_running ON reassignments (enterprise_id, user_id) WHERE status = 'running';
CREATE INDEX reassignments_by_age ON reassignments (enterprise_id, requested_at, id);
ALTER TABLE reassignments ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON reassignments TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
GRANT SELECT, INSERT, UPDATE ON reassignments TO mem0_app;

-- account.count_personal: how many memories somebody who left has.
CREATE FUNCTION mem0.count_personal(person uuid) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT count(*)
      FROM users u
      JOIN memories m ON m.enterprise_id = u.enterprise_id AND m.home_scope_id = u.scope_id AND m.deleted_at IS NULL
     WHERE u.enterprise_id = mem0.enterprise() AND u.id = person AND u.status = 'deactivated'
$$;

-- Who did not want it any more. Beside the status, which stays one that earlier code knows: 'failed'.
ALTER TABLE dissolutions ADD COLUMN cancelled_by uuid CHECK (cancelled_by IS NULL OR status = 'failed');

-- What was shared with the one is shared with the other: these memories and contexts, or, if none are named, all. Where the
-- same person shared the same with both, one share is left, which gives the most of either for the longer time, and what was
-- shared on through the other is shared on through it.
CREATE FUNCTION mem0.hand_over_shares(tenant uuid, source bigint, heir bigint, things uuid[], at timestamptz) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    twice record;
BEGIN
    FOR twice IN
        SELECT s.id AS given_up, o.id AS kept, s.permission, s.may_reshare, s.expires_at
          FROM shares s
          JOIN shares o ON o.enterprise_id = tenant AND o.grantee_scope_id = heir AND o.revoked_at IS NULL
                       AND o.granted_by = s.granted_by
                       AND coalesce(o.memory_id, o.context_id) = coalesce(s.memory_id, s.context_id)
         WHERE s.enterprise_id = tenant AND s.grantee_scope_id = source AND s.revoked_at IS NULL
           AND (things IS NULL OR coalesce(s.memory_id, s.context_id) = ANY (things))
    LOOP
        UPDATE shares o
           SET permission = greatest(o.permission, twice.permission), may_reshare = o.may_reshare OR twice.may_reshare,
               -- Null is for ever.
               expires_at = CASE WHEN o.expires_at IS NULL OR twice.expires_at IS NULL THEN NULL
                                 ELSE greatest(o.expires_at, twice.expires_at) END
         WHERE o.enterprise_id = tenant AND o.id = twice.kept;
        UPDATE shares s SET via_share_id = twice.kept
         WHERE s.enterprise_id = tenant AND s.via_share_id = twice.given_up AND s.revoked_at IS NULL AND s.id <> twice.kept;
        UPDATE approvals a SET via_share_id = twice.kept
         WHERE a.enterprise_id = tenant AND a.via_share_id = twice.given_up AND a.status = 'pending';
        UPDATE shares s SET revoked_at = at WHERE s.enterprise_id = tenant AND s.id = twice.given_up;
    END LOOP;
    UPDATE shares s SET grantee_scope_id = heir
     WHERE s.enterprise_id = tenant AND s.grantee_scope_id = source
       AND (things IS NULL OR coalesce(s.memory_id, s.context_id) = ANY (things));
END
$$;

-- memory.rehome: up to `most` memories of these classes that live in a scope go to another, and with `shared` those that
-- others shared with it as well; answers how many. One memory stays one memory, and its shares stay. A context that is
-- shared with it brings all that it holds at once. Of a restarted call nothing is done twice.
CREATE OR REPLACE FUNCTION mem0.rehome_memories(tenant uuid, source bigint, heir bigint, classes classification[],
                                                most integer, shared boolean, at timestamptz) RETURNS integer
    LANGUAGE plpgsql SET search_path = pg_catalog, public SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    moving uuid[] := '{}';
    due record;
BEGIN
    FOR due IN
        SELECT DISTINCT c.id, c.scope_id
          FROM shares s
          JOIN sub_organizations c ON c.enterprise_id = tenant AND c.id = s.context_id
         WHERE shared AND s.enterprise_id = tenant AND s.grantee_scope_id = source AND s.revoked_at IS NULL
    LOOP
        EXIT WHEN cardinality(moving) >= most;
        PERFORM mem0.hand_over_shares(tenant, source, heir, ARRAY[due.id], at);
        moving := ARRAY(
            SELECT unnest(moving)
             UNION
            SELECT m.id FROM memories m
             WHERE m.enterprise_id = tenant AND m.home_scope_id = due.scope_id AND m.deleted_at IS NULL
             UNION
            SELECT m.id FROM shares pin
              JOIN memories m ON m.enterprise_id = tenant AND m.id = pin.memory_id AND m.deleted_at IS NULL
             WHERE pin.enterprise_id = tenant AND pin.grantee_scope_id = due.scope_id AND pin.revoked_at IS NULL);
    END LOOP;
    IF cardinality(moving) < most THEN
        moving := moving || ARRAY(
            (SELECT m.id FROM memories m
              WHERE m.enterprise_id = tenant AND m.home_scope_id = source AND m.deleted_at IS NULL
                AND m.classification = ANY (classes) AND m.id <> ALL (moving)
              LIMIT most)
            UNION
            (SELECT m.id FROM memories m
              WHERE shared AND m.enterprise_id = tenant AND m.scope_ids && ARRAY[source] AND cardinality(m.scope_ids) > 1
                AND m.deleted_at IS NULL AND m.classification = ANY (classes) AND m.id <> ALL (moving)
              LIMIT most)
            LIMIT most - cardinality(moving));
    END IF;
    IF shared THEN
        -- With the last of them also what is over, which is history.
        PERFORM mem0.hand_over_shares(tenant, source, heir, CASE WHEN cardinality(moving) < most THEN NULL ELSE moving END, at);
    END IF;
    UPDATE memories m SET home_scope_id = heir, scope_ids = heir || array_remove(array_remove(m.scope_ids, source), heir)
     WHERE m.enterprise_id = tenant AND m.id = ANY (moving) AND m.home_scope_id = source;
    PERFORM mem0.project_shares_of(tenant, moving, at);
    RETURN cardinality(moving);
END
$$;

REVOKE EXECUTE ON FUNCTION mem0.count_personal(uuid),
    mem0.hand_over_shares(uuid, bigint, bigint, uuid[], timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.count_personal(uuid) TO mem0_app;
