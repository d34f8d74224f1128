-- What somebody may do is what they may do when it is done: asked again where a change is made, not only where it is asked for.
-- And what outlives the authority of whoever made it ends with that.

-- access.check_standing: raises what makes a request begin anew (40001) if its caller can do less than when they were
-- authenticated. `tree` and `access` are the epochs of that moment; while they hold, so does everything. Otherwise what counts
-- is whether something is lost: a role on one of the scopes that the transaction is bound to (`ranks` has one digit for each of
-- them), or the scope itself. What others gain, or make elsewhere in the tree, sends nobody back.
CREATE FUNCTION mem0.check_standing(person uuid, tree uuid, access uuid, ranks text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tenant uuid := mem0.enterprise();
    same boolean;
BEGIN
    SELECT e.tree_epoch = tree AND u.access_epoch = access INTO same
      FROM users u JOIN enterprises e ON e.id = u.enterprise_id
     WHERE u.enterprise_id = tenant AND u.id = person AND u.status = 'active';
    IF same THEN
        RETURN;
    END IF;
    IF same IS NULL OR EXISTS (
        SELECT FROM unnest(mem0.readable(), string_to_array(ranks, NULL)) held (id, rank)
          LEFT JOIN scopes s ON s.enterprise_id = tenant AND s.id = held.id
         WHERE s.id IS NULL
            OR (s.kind <> 'user'
                AND held.rank::integer > coalesce((
                    SELECT max(array_position(enum_range(NULL::member_role), h.role)) FROM mem0.held_roles h
                     WHERE h.enterprise_id = tenant AND h.user_id = person AND h.scope_id = ANY (s.path)), 0))) THEN
        RAISE EXCEPTION 'the caller can do less by now' USING ERRCODE = 'serialization_failure';
    END IF;
END
$$;

-- tenancy.lock: one at a time changes a tenant's tree, its members and the standing of its accounts. Whoever waited for that
-- is asked again what they are, unless `person` is null: who left may only be told that what they began has ended.
CREATE FUNCTION mem0.lock_tenant(person uuid, tree uuid, access uuid, ranks text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('tenancy ' || mem0.enterprise(), 0));
    -- A statement of its own sees what was committed meanwhile.
    IF person IS NOT NULL THEN
        PERFORM mem0.check_standing(person, tree, access, ranks);
    END IF;
END
$$;

-- invitation.stands: whether who invited could still invite with that role.
CREATE FUNCTION mem0.invitation_stands(tenant uuid, invitation uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT EXISTS (
        SELECT FROM invitations i
          JOIN users u ON u.enterprise_id = tenant AND u.id = i.invited_by AND u.status = 'active'
          JOIN scopes s ON s.enterprise_id = tenant AND s.id = i.scope_id
         WHERE i.enterprise_id = tenant AND i.id = invitation
           AND EXISTS (SELECT FROM mem0.held_roles h
                        WHERE h.enterprise_id = tenant AND h.user_id = u.id AND h.scope_id = ANY (s.path)
                          AND h.role >= greatest(i.role, 'admin')))
$$;

-- node.list_keys: the live keys that are narrowed to a node.
CREATE FUNCTION mem0.keys_within(node bigint) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT k.id FROM api_keys k
     WHERE k.enterprise_id = mem0.enterprise() AND k.revoked_at IS NULL AND node = ANY (k.within_scopes)
     ORDER BY k.id
$$;

REVOKE EXECUTE ON FUNCTION mem0.check_standing(uuid, uuid, uuid, text), mem0.lock_tenant(uuid, uuid, uuid, text),
    mem0.invitation_stands(uuid, uuid), mem0.keys_within(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.check_standing(uuid, uuid, uuid, text), mem0.lock_tenant(uuid, uuid, uuid, text),
    mem0.keys_within(bigint) TO mem0_app;
GRANT EXECUTE ON FUNCTION mem0.invitation_stands(uuid, uuid) TO mem0_identity;

-- context.hand_over: of the contexts that somebody who leaves owned alone: programs own none by themselves.
CREATE OR REPLACE FUNCTION mem0.hand_over_contexts(person uuid) RETURNS TABLE (context_id uuid, scope_id bigint, heir uuid)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH owned AS (
        SELECT n.id, n.scope_id
          FROM memberships m
          JOIN scopes s ON s.enterprise_id = m.enterprise_id AND s.id = m.scope_id AND s.kind = 'context'
          JOIN sub_organizations n ON n.enterprise_id = m.enterprise_id AND n.scope_id = m.scope_id
         WHERE m.enterprise_id = mem0.enterprise() AND m.user_id = person AND m.role = 'owner'
           AND NOT EXISTS (SELECT FROM memberships o
                             JOIN users u ON u.enterprise_id = o.enterprise_id AND u.id = o.user_id AND u.status = 'active'
                                         AND u.kind = 'person'
                            WHERE o.enterprise_id = m.enterprise_id AND o.scope_id = m.scope_id AND o.role = 'owner'
                              AND o.user_id <> person)
    ), next AS (
        SELECT DISTINCT ON (owned.scope_id) owned.id, owned.scope_id, m.user_id
          FROM owned
          JOIN memberships m ON m.enterprise_id = mem0.enterprise() AND m.scope_id = owned.scope_id AND m.user_id <> person
          JOIN users u ON u.enterprise_id = m.enterprise_id AND u.id = m.user_id AND u.status = 'active' AND u.kind = 'person'
         ORDER BY owned.scope_id, m.role DESC, m.created_at, m.user_id
    )
    UPDATE memberships m SET role = 'owner'
      FROM next WHERE m.enterprise_id = mem0.enterprise() AND m.scope_id = next.scope_id AND m.user_id = next.user_id
    RETURNING next.id, next.scope_id, next.user_id
$$;

-- context.inherit: the contexts of somebody who left that nobody who is there owns go to an heir.
CREATE OR REPLACE FUNCTION mem0.inherit_contexts(person uuid, heir uuid, by_user uuid, at timestamptz) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH given AS (
        INSERT INTO memberships (enterprise_id, user_id, scope_id, role, created_at, created_by)
        SELECT m.enterprise_id, heir, m.scope_id, 'owner', at, by_user
          FROM memberships m
          JOIN scopes s ON s.enterprise_id = m.enterprise_id AND s.id = m.scope_id AND s.kind = 'context'
          JOIN users left_ ON left_.enterprise_id = m.enterprise_id AND left_.id = m.user_id AND left_.status = 'deactivated'
         WHERE m.enterprise_id = mem0.enterprise() AND m.user_id = person AND m.role = 'owner'
           AND NOT EXISTS (SELECT FROM memberships o
                             JOIN users u ON u.enterprise_id = o.enterprise_id AND u.id = o.user_id AND u.status = 'active'
                                         AND u.kind = 'person'
                            WHERE o.enterprise_id = m.enterprise_id AND o.scope_id = m.scope_id AND o.role = 'owner')
        ON CONFLICT (enterprise_id, user_id, scope_id) DO UPDATE SET role = 'owner'
        RETURNING 1
    )
    SELECT count(*) FROM given
$$;

-- node.dissolve: see V61. Whoever dissolves answers for the invitations that go along.
CREATE OR REPLACE FUNCTION mem0.hand_over_node(node bigint, heir bigint, members text, by_user uuid, at timestamptz,
        OUT nodes bigint, OUT people bigint, OUT kept_groups bigint, OUT service_accounts bigint, OUT invited bigint,
        OUT api_keys bigint, OUT approvals bigint, OUT approvals_ended bigint, OUT sharing_policy jsonb)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tenant uuid := mem0.enterprise();
    node_path bigint[];
    heir_path bigint[];
    heir_kind text;
    node_kind text;
    node_name text;
BEGIN
    PERFORM mem0.check_scopes(ARRAY[node, heir]);
    SELECT s.path, s.kind INTO STRICT node_path, node_kind FROM scopes s WHERE s.enterprise_id = tenant AND s.id = node;
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
           SET scope_id = heir, role = CASE members WHEN 'move' THEN i.role ELSE 'viewer' END,
               -- Who answers for it now: the inviter may hold nothing on the heir.
               invited_by = by_user
         WHERE i.enterprise_id = tenant AND i.scope_id = node AND i.accepted_at IS NULL AND i.revoked_at IS NULL
           AND NOT EXISTS (SELECT FROM invitations o WHERE o.enterprise_id = tenant AND o.scope_id = heir
                              AND o.email = i.email AND o.accepted_at IS NULL AND o.revoked_at IS NULL);
    END IF;

    SELECT count(*) INTO api_keys FROM public.api_keys k
     WHERE k.enterprise_id = tenant AND k.revoked_at IS NULL AND node = ANY (k.within_scopes);
    -- A key never gets wider by what others do: it follows to an heir that is no more than the node was. One that does not
    -- keeps the scope that is gone, and reaches nothing through it.
    IF members <> 'leave' AND heir <> ALL (node_path) AND mem0.audience_of(heir_kind) <= mem0.audience_of(node_kind) THEN
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

-- For which nodes of a request somebody may decide at a time, and why: 1, by a role on the node itself; 2, in place of somebody
-- who holds one; 3, from above, once it has escalated. Programs and whoever was deactivated decide about nothing, and nobody
-- decides in the place of whoever asked, or of somebody whose account is out of use. Who is behind a request is asked only where
-- there is a ground.
CREATE OR REPLACE FUNCTION mem0.deciding_positions(tenant uuid, approval uuid, decider uuid, at timestamptz)
    RETURNS TABLE (node_scope_id bigint, open boolean, rank integer, from_user_id uuid)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
    WITH node AS (
        SELECT s.id, s.path, d.approver_role, d.escalates_at <= deciding_positions.at AS escalated,
               d.decided_at IS NULL AS open, a.requested_by
          FROM approvals a
          JOIN mem0.approval_decisions d ON d.enterprise_id = tenant AND d.approval_id = a.id
          JOIN scopes s ON s.enterprise_id = tenant AND s.id = d.node_scope_id
         WHERE a.enterprise_id = tenant AND a.id = deciding_positions.approval
           AND EXISTS (SELECT FROM users u
                        WHERE u.enterprise_id = tenant AND u.id = decider AND u.kind = 'person'
                           AND u.status = 'active')
    ), ground AS (
        SELECT node.id, node.open, node.requested_by, 1 AS rank, NULL::uuid AS from_user_id
          FROM node JOIN mem0.held_roles h ON h.enterprise_id = tenant AND h.scope_id = node.id
         WHERE h.user_id = decider AND h.role >= node.approver_role
         UNION ALL
        SELECT node.id, node.open, node.requested_by, 2, d.from_user_id
          FROM node
          JOIN approval_delegates d ON d.enterprise_id = tenant AND d.scope_id = node.id
          JOIN users u ON u.enterprise_id = tenant AND u.id = d.from_user_id AND u.status = 'active'
          JOIN mem0.held_roles h ON h.enterprise_id = tenant AND h.user_id = d.from_user_id
                                AND h.scope_id = node.id AND h.role >= node.approver_role
         WHERE d.to_user_id = decider AND d.from_user_id <> ALL (mem0.behind(node.requested_by))
           AND d.revoked_at IS NULL AND d.starts_at <= deciding_positions.at AND d.ends_at > deciding_positions.at
         UNION ALL
        SELECT node.id, node.open, node.requested_by, 3, NULL
          FROM node JOIN mem0.held_roles h ON h.enterprise_id = tenant AND h.scope_id = ANY (node.path)
         WHERE node.escalated AND h.user_id = decider AND h.role >= node.approver_role
    )
    SELECT DISTINCT ON (g.id) g.id, g.open, g.rank, g.from_user_id
      FROM ground g
     WHERE decider <> ALL (mem0.behind(g.requested_by))
     ORDER BY g.id, g.rank;
    END;
