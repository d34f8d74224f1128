-- Dissolving a node that holds much is work that goes on after the request, and can be followed.

CREATE TABLE dissolutions (
    enterprise_id   uuid NOT NULL REFERENCES enterprises ON DELETE CASCADE,
    id              uuid NOT NULL UNIQUE,
    -- The node as it was: it is gone when this is done.
    node_id         uuid NOT NULL,
    node_scope_id   bigint NOT NULL,
    node_kind       text NOT NULL,
    node_name       text NOT NULL,
    heir_scope_id   bigint NOT NULL,
    members         text NOT NULL CHECK (members IN ('move', 'move_as_viewers', 'leave')),
    status          text NOT NULL CHECK (status IN ('running', 'done', 'failed')),
    -- How many memories there were, and how many went to the heir by now, in how many steps.
    total           bigint NOT NULL,
    memories        bigint NOT NULL,
    steps           integer NOT NULL,
    -- What else went there, once it is done.
    estate          jsonb,
    -- Why it failed.
    reason          text,
    requested_by    uuid NOT NULL,
    requested_at    timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    finished_at     timestamptz,
    PRIMARY KEY (enterprise_id, id)
);
CREATE UNIQUE INDEX dissolutions_running ON dissolutions (enterprise_id, node_scope_id) WHERE status = 'running';
CREATE INDEX dissolutions_by_age ON dissolutions (enterprise_id, requested_at, id);
ALTER TABLE dissolutions ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON dissolutions TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
GRANT SELECT, INSERT, UPDATE ON dissolutions TO mem0_app;

-- access.on_behalf: somebody as they are now, for work that they promised.
CREATE FUNCTION mem0.on_behalf(tenant uuid, person uuid)
    RETURNS TABLE (email text, service boolean, active boolean, scope_ids bigint[], kinds text[], parents bigint[],
                   held_on bigint[], held_as text[], named_ids bigint[], node_ids uuid[], names text[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM mem0.check_unbound();
    RETURN QUERY
    SELECT u.email, u.kind = 'service', u.status = 'active',
           x.scope_ids, x.kinds, x.parents, x.held_on, x.held_as, x.named_ids, x.node_ids, x.names
      FROM users u CROSS JOIN LATERAL mem0.readable_scopes(u.enterprise_id, u.id, u.scope_id) x
     WHERE u.enterprise_id = tenant AND u.id = person;
END
$$;

-- node.count_memories: how many memories a dissolution will hand over.
CREATE FUNCTION mem0.count_memories_of(node bigint) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT mem0.count_classified(node, enum_range(NULL::classification))
$$;

-- node.dissolve: everything else that belongs to a node goes to its heir, and the node goes. The caller has checked that it
-- may stand there and holds the tenant's lock and the node's. `members` says what becomes of roles on the node, those of
-- groups too, and of open invitations: they are moved as they are (`move`), as viewers (`move_as_viewers`), or end (`leave`).
-- Keys narrowed to the node are narrowed to the heir if roles are moved; else nothing is left for them there.
-- Whoever answers for the heir decides about requests that the node's people would have decided; a request to share with the
-- node itself ends, because nobody has agreed to share with the heir. What the node said about sharing ends with it.
-- `mem0.dissolve_node` of V29 stays for code that came before.
CREATE FUNCTION mem0.hand_over_node(node bigint, heir bigint, members text, by_user uuid, at timestamptz,
        OUT nodes bigint, OUT people bigint, OUT kept_groups bigint, OUT service_accounts bigint, OUT invited bigint,
        OUT api_keys bigint, OUT approvals bigint, OUT approvals_ended bigint, OUT sharing_policy jsonb)
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

    UPDATE public.approvals a
       SET status = 'denied', decided_at = at,
           decision_reason = left('"' || node_name || '" was dissolved, with which it was to be shared: ask again', 2000)
     WHERE a.enterprise_id = tenant AND a.status = 'pending' AND a.grantee_scope_id = node;
    GET DIAGNOSTICS approvals_ended = ROW_COUNT;
    UPDATE public.approvals a
       SET status = 'denied', decided_at = at,
           decision_reason = left('it lives there since "' || node_name || '" was dissolved', 2000)
     WHERE a.enterprise_id = tenant AND a.status = 'pending' AND a.home_scope_id = node AND a.grantee_scope_id = heir;
    GET DIAGNOSTICS approvals = ROW_COUNT;
    approvals_ended := approvals_ended + approvals;
    SELECT count(*) INTO approvals FROM public.approvals a
     WHERE a.enterprise_id = tenant AND a.status = 'pending' AND a.node_scope_id = node;
    UPDATE public.approvals a
       SET node_scope_id = CASE WHEN a.node_scope_id = node THEN heir ELSE a.node_scope_id END,
           home_scope_id = CASE WHEN a.home_scope_id = node THEN heir ELSE a.home_scope_id END,
           -- Where nobody else holds the role on the heir itself, those above need not wait.
           escalates_at = CASE WHEN a.status = 'pending' AND a.node_scope_id = node AND a.escalates_at > at
                                    AND NOT EXISTS (SELECT FROM mem0.held_roles h
                                                      JOIN users u ON u.enterprise_id = tenant AND u.id = h.user_id
                                                                  AND u.status = 'active'
                                                     WHERE h.enterprise_id = tenant AND h.scope_id = heir
                                                       AND h.role >= a.approver_role AND h.user_id <> a.requested_by)
                               THEN at ELSE a.escalates_at END
     WHERE a.enterprise_id = tenant AND node IN (a.node_scope_id, a.home_scope_id);
    IF members <> 'leave' THEN
        UPDATE approval_delegates d SET scope_id = heir WHERE d.enterprise_id = tenant AND d.scope_id = node;
    END IF;
    UPDATE dissolutions d SET heir_scope_id = heir, updated_at = at
     WHERE d.enterprise_id = tenant AND d.heir_scope_id = node AND d.status = 'running';
    SELECT jsonb_build_object('default_classification', p.default_classification, 'audiences', p.audiences,
                              'approvals', p.approvals)
      INTO sharing_policy FROM sharing_policies p WHERE p.enterprise_id = tenant AND p.scope_id = node;

    -- What is left of it (roles, invitations, settings) ends with it.
    DELETE FROM scopes s WHERE s.enterprise_id = tenant AND s.id = node;
END
$$;

REVOKE EXECUTE ON FUNCTION mem0.on_behalf(uuid, uuid), mem0.count_memories_of(bigint),
    mem0.hand_over_node(bigint, bigint, text, uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.on_behalf(uuid, uuid), mem0.count_memories_of(bigint),
    mem0.hand_over_node(bigint, bigint, text, uuid, timestamptz) TO mem0_app;
