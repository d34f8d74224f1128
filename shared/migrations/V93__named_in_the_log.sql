-- What is handed over is named in the log, memory by memory; and requests that concern somebody are found without looking at
-- those that do not.

-- memory.rehome: up to `most` memories that live in a scope or that others shared with it go to another; answers which. One memory stays one memory, and its shares stay. A context that is
-- shared with it brings all that it holds at once. Of a restarted call nothing is done twice.
CREATE FUNCTION mem0.rehome(tenant uuid, source bigint, heir bigint, most integer, at timestamptz) RETURNS uuid[]
    LANGUAGE plpgsql SET search_path = pg_catalog, public SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    moving uuid[] := '{}';
    due record;
BEGIN
    FOR due IN
        SELECT DISTINCT c.id, c.scope_id
          FROM shares s
          JOIN sub_organizations c ON c.enterprise_id = tenant AND c.id = s.context_id
         WHERE s.enterprise_id = tenant AND s.grantee_scope_id = source AND s.revoked_at IS NULL
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
                AND m.id <> ALL (moving)
              LIMIT most)
            UNION
            (SELECT m.id FROM memories m
              WHERE m.enterprise_id = tenant AND m.scope_ids && ARRAY[source] AND cardinality(m.scope_ids) > 1
                AND m.deleted_at IS NULL AND m.id <> ALL (moving)
              LIMIT most)
            LIMIT most - cardinality(moving));
    END IF;
    -- With the last of them also what is over, which is history.
    PERFORM mem0.hand_over_shares(tenant, source, heir, CASE WHEN cardinality(moving) < most THEN NULL ELSE moving END, at);
    UPDATE memories m SET home_scope_id = heir, scope_ids = heir || array_remove(array_remove(m.scope_ids, source), heir)
     WHERE m.enterprise_id = tenant AND m.id = ANY (moving) AND m.home_scope_id = source;
    PERFORM mem0.project_shares_of(tenant, moving, at);
    RETURN moving;
END
$$;

-- node.hand_over_memories: from a node to its heir, both of which the caller can see; which.
CREATE FUNCTION mem0.hand_over_memory_ids(node bigint, heir bigint, most integer) RETURNS uuid[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM mem0.check_scopes(ARRAY[node, heir]);
    RETURN mem0.rehome(mem0.enterprise(), node, heir, most, mem0.at());
END
$$;

-- account.hand_over_personal: up to `most` personal memories of these classes of somebody who left go to a scope of the same
-- tenant; answers which, and how many there are still.
CREATE FUNCTION mem0.hand_over_personal_ids(person uuid, heir bigint, classes classification[], most integer,
                                            OUT moved uuid[], OUT kept bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tenant uuid := mem0.enterprise();
    personal bigint;
BEGIN
    SELECT u.scope_id INTO personal FROM users u
     WHERE u.enterprise_id = tenant AND u.id = person AND u.status = 'deactivated';
    IF personal IS NULL OR NOT EXISTS (SELECT FROM scopes s WHERE s.enterprise_id = tenant AND s.id = heir) THEN
        RAISE EXCEPTION 'nobody who left, or no heir' USING ERRCODE = 'insufficient_privilege';
    END IF;
    moved := mem0.rehome_personal(tenant, personal, heir, classes, most, mem0.at());
    SELECT count(*) INTO kept FROM memories m
     WHERE m.enterprise_id = tenant AND m.home_scope_id = personal AND m.deleted_at IS NULL;
END
$$;

-- Both for code of the release before: how many.
CREATE OR REPLACE FUNCTION mem0.hand_over_memories(node bigint, heir bigint, most integer) RETURNS integer
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT cardinality(mem0.hand_over_memory_ids(node, heir, most))
$$;
CREATE OR REPLACE FUNCTION mem0.hand_over_personal(person uuid, heir bigint, classes classification[], most integer,
                                                   OUT moved integer, OUT kept bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT cardinality(h.moved), h.kept FROM mem0.hand_over_personal_ids(person, heir, classes, most) h
$$;
DROP FUNCTION mem0.rehome_memories(uuid, bigint, bigint, classification[], integer, boolean, timestamptz);

REVOKE EXECUTE ON FUNCTION mem0.rehome(uuid, bigint, bigint, integer, timestamptz),
    mem0.hand_over_memory_ids(bigint, bigint, integer),
    mem0.hand_over_personal_ids(uuid, bigint, classification[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.hand_over_memory_ids(bigint, bigint, integer),
    mem0.hand_over_personal_ids(uuid, bigint, classification[], integer) TO mem0_app;

-- Requests that somebody made, and those about what lives in a scope or that its people decide.
CREATE INDEX approvals_by_requester ON approvals (enterprise_id, requested_by, requested_at, id);
CREATE INDEX approvals_by_home ON approvals (enterprise_id, home_scope_id, requested_at, id);
CREATE INDEX approvals_by_node ON approvals (enterprise_id, node_scope_id, requested_at, id);
CREATE INDEX approval_parts_by_node ON approval_parts (enterprise_id, node_scope_id);
