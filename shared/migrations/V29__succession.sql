-- What a node or a person leaves behind, and who gets it.

-- Whose personal memories are kept for how long after they left, and who may hand them to others.
ALTER TABLE enterprises
    -- Days after the deactivation; null: for ever.
    ADD COLUMN leaver_retention_days integer DEFAULT 365 CHECK (leaver_retention_days BETWEEN 0 AND 36500),
    ADD COLUMN leaver_reassignment text NOT NULL DEFAULT 'owners' CHECK (leaver_reassignment IN ('nobody', 'owners', 'admins'));
-- Since when nothing personal of theirs is left.
ALTER TABLE users ADD COLUMN forgotten_at timestamptz;
GRANT SELECT (forgotten_at) ON users TO mem0_app;
CREATE INDEX users_who_left ON users (deactivated_at) WHERE deactivated_at IS NOT NULL AND forgotten_at IS NULL;

-- memory.rehome: up to `most` memories of these classes that live in a scope go to another, and with `shared` those that
-- others shared with it as well; answers how many. One memory stays one memory, and its shares stay. Of a restarted call
-- nothing is done twice.
CREATE FUNCTION mem0.rehome_memories(tenant uuid, source bigint, heir bigint, classes classification[], most integer,
                                     shared boolean, at timestamptz) RETURNS integer
    LANGUAGE plpgsql SET search_path = pg_catalog, public SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    moving uuid[];
BEGIN
    IF shared THEN
        -- What was shared with the one is shared with the other, unless it is already, by the same person.
        UPDATE shares s SET grantee_scope_id = heir
         WHERE s.enterprise_id = tenant AND s.grantee_scope_id = source
           AND (s.revoked_at IS NOT NULL
                OR NOT EXISTS (SELECT FROM shares o
                                WHERE o.enterprise_id = tenant AND o.grantee_scope_id = heir AND o.revoked_at IS NULL
                                  AND o.granted_by = s.granted_by
                                  AND coalesce(o.memory_id, o.context_id) = coalesce(s.memory_id, s.context_id)));
        UPDATE shares o SET permission = s.permission
          FROM shares s
         WHERE s.enterprise_id = tenant AND s.grantee_scope_id = source AND s.revoked_at IS NULL
           AND o.enterprise_id = tenant AND o.grantee_scope_id = heir AND o.revoked_at IS NULL
           AND o.granted_by = s.granted_by AND coalesce(o.memory_id, o.context_id) = coalesce(s.memory_id, s.context_id)
           AND o.permission < s.permission;
        UPDATE shares s SET grantee_scope_id = heir, revoked_at = at
         WHERE s.enterprise_id = tenant AND s.grantee_scope_id = source;
    END IF;
    moving := ARRAY(
        (SELECT m.id FROM memories m
          WHERE m.enterprise_id = tenant AND m.home_scope_id = source AND m.deleted_at IS NULL
            AND m.classification = ANY (classes)
          LIMIT most)
        UNION
        (SELECT m.id FROM memories m
          WHERE shared AND m.enterprise_id = tenant AND m.scope_ids && ARRAY[source] AND cardinality(m.scope_ids) > 1
            AND m.deleted_at IS NULL AND m.classification = ANY (classes)
          LIMIT most)
        LIMIT most);
    UPDATE memories m SET home_scope_id = heir, scope_ids = heir || array_remove(array_remove(m.scope_ids, source), heir)
     WHERE m.enterprise_id = tenant AND m.id = ANY (moving) AND m.home_scope_id = source;
    PERFORM mem0.project_shares_of(tenant, moving, at);
    RETURN cardinality(moving);
END
$$;

-- node.hand_over_memories: from a node to its heir, both of which the caller can see.
CREATE FUNCTION mem0.hand_over_memories(node bigint, heir bigint, most integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM mem0.check_scopes(ARRAY[node, heir]);
    RETURN mem0.rehome_memories(mem0.enterprise(), node, heir, enum_range(NULL::classification), most, true, mem0.at());
END
$$;

-- node.count_classified: how many memories of these classes live in a scope or can be seen there.
CREATE FUNCTION mem0.count_classified(node bigint, classes classification[]) RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM mem0.check_scopes(ARRAY[node]);
    RETURN (SELECT count(*) FROM memories m
             WHERE m.enterprise_id = mem0.enterprise() AND m.home_scope_id = node AND m.deleted_at IS NULL
               AND m.classification = ANY (classes))
         + (SELECT count(*) FROM memories m
             WHERE m.enterprise_id = mem0.enterprise() AND m.scope_ids && ARRAY[node] AND cardinality(m.scope_ids) > 1
               AND m.home_scope_id <> node AND m.deleted_at IS NULL AND m.classification = ANY (classes));
END
$$;

-- node.dissolve: everything else that belongs to a node goes to its heir, and the node goes. The caller has checked that it
-- may stand there and holds the tenant's lock and the node's. `members` says what becomes of roles on the node, those of
-- groups too, and of open invitations: they are moved as they are (`move`), as viewers (`move_as_viewers`), or end (`leave`).
-- Keys narrowed to the node are narrowed to the heir if roles are moved; else nothing is left for them there.
CREATE FUNCTION mem0.dissolve_node(node bigint, heir bigint, members text, by_user uuid, at timestamptz,
        OUT nodes bigint, OUT people bigint, OUT kept_groups bigint, OUT service_accounts bigint, OUT invited bigint,
        OUT api_keys bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tenant uuid := mem0.enterprise();
    node_path bigint[];
    heir_path bigint[];
    heir_kind text;
    node_name text;
BEGIN
    PERFORM mem0.check_scopes(ARRAY[node, heir]);
    SELECT s.path INTO STRICT node_path FROM scopes s WHERE s.enterprise_id = tenant AND s.id = node;
    SELECT s.path, s.kind INTO STRICT heir_path, heir_kind FROM scopes s WHERE s.enterprise_id = tenant AND s.id = heir;
    SELECT n.name INTO STRICT node_name FROM sub_organizations n WHERE n.enterprise_id = tenant AND n.scope_id = node;

    SELECT count(*) INTO nodes FROM scopes s WHERE s.enterprise_id = tenant AND s.parent_id = node;
    UPDATE scopes s
       SET path = heir_path || s.path[cardinality(node_path) + 1:],
           parent_id = CASE WHEN s.parent_id = node THEN heir ELSE s.parent_id END
     WHERE s.enterprise_id = tenant AND s.kind <> 'user' AND node = ANY (s.path) AND s.id <> node;

    SELECT count(*) INTO people FROM memberships m WHERE m.enterprise_id = tenant AND m.scope_id = node;
    IF members <> 'leave' THEN
        INSERT INTO memberships (enterprise_id, user_id, scope_id, role, created_at, created_by)
        SELECT tenant, m.user_id, heir,
               CASE members WHEN 'move' THEN m.role ELSE 'viewer' END, at, by_user
          FROM memberships m WHERE m.enterprise_id = tenant AND m.scope_id = node
        ON CONFLICT (enterprise_id, user_id, scope_id)
            DO UPDATE SET role = greatest(memberships.role, excluded.role);
        INSERT INTO group_roles (enterprise_id, group_id, scope_id, role, created_at, created_by)
        SELECT tenant, r.group_id, heir,
               -- The enterprise's owners are people.
               CASE WHEN members <> 'move' THEN 'viewer'
                    WHEN heir_kind = 'enterprise' THEN least(r.role, 'admin') ELSE r.role END, at, by_user
          FROM group_roles r WHERE r.enterprise_id = tenant AND r.scope_id = node
        ON CONFLICT (enterprise_id, group_id, scope_id)
            DO UPDATE SET role = greatest(group_roles.role, excluded.role);
    END IF;

    UPDATE groups g
       SET scope_id = heir, updated_at = at,
           name = CASE WHEN EXISTS (SELECT FROM groups o WHERE o.enterprise_id = tenant AND o.scope_id = heir
                                       AND lower(o.name) = lower(g.name))
                       THEN left(g.name, 90) || ' (' || left(node_name, 80) || ' ' || right(g.id::text, 12) || ')'
                       ELSE g.name END
     WHERE g.enterprise_id = tenant AND g.scope_id = node;
    GET DIAGNOSTICS kept_groups = ROW_COUNT;
    UPDATE users u SET owner_scope_id = heir WHERE u.enterprise_id = tenant AND u.owner_scope_id = node;
    GET DIAGNOSTICS service_accounts = ROW_COUNT;

    SELECT count(*) INTO invited FROM invitations i
     WHERE i.enterprise_id = tenant AND i.scope_id = node AND i.accepted_at IS NULL AND i.revoked_at IS NULL;
    IF members <> 'leave' THEN
        UPDATE invitations i
           SET scope_id = heir, role = CASE members WHEN 'move' THEN i.role ELSE 'viewer' END
         WHERE i.enterprise_id = tenant AND i.scope_id = node AND i.accepted_at IS NULL AND i.revoked_at IS NULL
           AND NOT EXISTS (SELECT FROM invitations o WHERE o.enterprise_id = tenant AND o.scope_id = heir
                              AND o.email = i.email AND o.accepted_at IS NULL AND o.revoked_at IS NULL);
    END IF;

    SELECT count(*) INTO api_keys FROM public.api_keys k
     WHERE k.enterprise_id = tenant AND k.revoked_at IS NULL AND node = ANY (k.within_scopes);
    IF members <> 'leave' THEN
        UPDATE public.api_keys k
           SET within_scopes = (SELECT array_agg(DISTINCT CASE WHEN s = node THEN heir ELSE s END)
                                  FROM unnest(k.within_scopes) s)
         WHERE k.enterprise_id = tenant AND node = ANY (k.within_scopes);
    END IF;

    -- What is left of it (roles, invitations, settings) ends with it.
    DELETE FROM scopes s WHERE s.enterprise_id = tenant AND s.id = node;
END
$$;

-- account.hand_over: up to `most` personal memories of these classes of somebody who left go to a scope of the same
-- tenant; answers how many, and how many there are still.
CREATE FUNCTION mem0.hand_over_personal(person uuid, heir bigint, classes classification[], most integer,
                                        OUT moved integer, OUT kept bigint)
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
    moved := mem0.rehome_memories(tenant, personal, heir, classes, most, false, mem0.at());
    SELECT count(*) INTO kept FROM memories m
     WHERE m.enterprise_id = tenant AND m.home_scope_id = personal AND m.deleted_at IS NULL;
END
$$;

-- account.forget_leavers: removes up to `most` memories of people whose retention is over, with their versions, and notes
-- when nothing is left. What they shared stays with those whom they shared it with. Answers how many were removed, and
-- whether there may be more to do.
CREATE FUNCTION mem0.forget_leavers(at timestamptz, most integer, OUT removed integer, OUT more boolean)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    leaver record;
    batch uuid[];
BEGIN
    removed := 0;
    SELECT u.enterprise_id, u.id, u.scope_id INTO leaver
      FROM users u JOIN enterprises e ON e.id = u.enterprise_id
     WHERE u.deactivated_at IS NOT NULL AND u.forgotten_at IS NULL AND u.status = 'deactivated'
       AND u.deactivated_at + make_interval(days => e.leaver_retention_days) <= at
     ORDER BY u.deactivated_at LIMIT 1 FOR UPDATE OF u SKIP LOCKED;
    more := FOUND;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    -- To those whom they shared it with, nodes before people.
    WITH heirs AS (
        SELECT DISTINCT ON (m.id) m.id, g.scope_id
          FROM memories m
          CROSS JOIN LATERAL mem0.grants_of(leaver.enterprise_id, m.id, m.home_scope_id, at) g
          JOIN scopes s ON s.enterprise_id = leaver.enterprise_id AND s.id = g.scope_id
         WHERE m.enterprise_id = leaver.enterprise_id AND m.home_scope_id = leaver.scope_id AND m.deleted_at IS NULL
           AND cardinality(m.scope_ids) > 1 AND g.scope_id <> leaver.scope_id
         ORDER BY m.id, s.kind = 'user', s.kind = 'context', g.scope_id
    ), moved AS (
        UPDATE memories m SET home_scope_id = h.scope_id, scope_ids = ARRAY[h.scope_id]
          FROM heirs h WHERE m.enterprise_id = leaver.enterprise_id AND m.id = h.id
        RETURNING m.id
    )
    SELECT coalesce(array_agg(moved.id), '{}') INTO batch FROM moved;
    PERFORM mem0.project_shares_of(leaver.enterprise_id, batch, at);
    batch := ARRAY(SELECT m.id FROM memories m
                    WHERE m.enterprise_id = leaver.enterprise_id AND m.home_scope_id = leaver.scope_id
                    LIMIT most);
    DELETE FROM memory_scopes p WHERE p.enterprise_id = leaver.enterprise_id AND p.memory_id = ANY (batch);
    DELETE FROM memories m WHERE m.enterprise_id = leaver.enterprise_id AND m.id = ANY (batch);
    removed := coalesce(cardinality(batch), 0);
    IF removed < most THEN
        DELETE FROM events v WHERE v.enterprise_id = leaver.enterprise_id AND v.user_id = leaver.id;
        UPDATE users u SET forgotten_at = at WHERE u.enterprise_id = leaver.enterprise_id AND u.id = leaver.id;
    END IF;
END
$$;

REVOKE EXECUTE ON FUNCTION mem0.rehome_memories(uuid, bigint, bigint, classification[], integer, boolean, timestamptz),
    mem0.hand_over_memories(bigint, bigint, integer), mem0.count_classified(bigint, classification[]),
    mem0.dissolve_node(bigint, bigint, text, uuid, timestamptz),
    mem0.hand_over_personal(uuid, bigint, classification[], integer), mem0.forget_leavers(timestamptz, integer)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.hand_over_memories(bigint, bigint, integer),
    mem0.count_classified(bigint, classification[]), mem0.dissolve_node(bigint, bigint, text, uuid, timestamptz),
    mem0.hand_over_personal(uuid, bigint, classification[], integer), mem0.forget_leavers(timestamptz, integer)
    TO mem0_app;
