-- A delegate does not decide whether they get something with others either.

-- Whether somebody would get something by a request that a node decides: they themselves, or as one of those who see the scope with
-- which it is to be shared, or one with which that scope, a context, is shared; unless they see it already and could do no more with
-- it. What all who belong to the node get with it, so does the person in whose place they decide: then nobody could.
CREATE FUNCTION mem0.gains_by_approval(tenant uuid, approval uuid, node bigint, decider uuid, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    asked record;
    own bigint := (SELECT u.scope_id FROM users u WHERE u.enterprise_id = tenant AND u.id = decider);
    given bigint[];
    readable bigint[];
BEGIN
    SELECT a.memory_id, a.context_id, a.home_scope_id, a.grantee_scope_id, a.permission = 'read' AND NOT a.may_reshare AS read_only
      INTO asked
      FROM approvals a WHERE a.enterprise_id = tenant AND a.id = approval;
    IF NOT FOUND OR own IS NULL OR own = asked.grantee_scope_id THEN
        RETURN true;
    END IF;
    given := ARRAY(
        SELECT g.id
          FROM (SELECT asked.grantee_scope_id AS id
                 UNION
                SELECT h.grantee_scope_id
                  FROM sub_organizations c
                  JOIN shares h ON h.enterprise_id = tenant AND h.context_id = c.id
                 WHERE c.enterprise_id = tenant AND c.scope_id = asked.grantee_scope_id AND h.revoked_at IS NULL
                   AND (h.expires_at IS NULL OR h.expires_at > gains_by_approval.at)) w
          JOIN scopes g ON g.enterprise_id = tenant AND g.id = w.id
          JOIN scopes n ON n.enterprise_id = tenant AND n.id = node
         WHERE g.kind <> 'public' AND g.id <> ALL (n.path));
    IF given = '{}' THEN
        RETURN false;
    END IF;
    readable := (SELECT x.scope_ids FROM mem0.readable_scopes(tenant, decider, own) x);
    IF NOT given && readable THEN
        RETURN false;
    END IF;
    RETURN NOT asked.read_only
        OR NOT (EXISTS (SELECT FROM memories m
                         WHERE m.enterprise_id = tenant AND m.id = asked.memory_id
                           AND (m.home_scope_id = ANY (readable)
                                OR EXISTS (SELECT FROM mem0.grants_of(tenant, m.id, m.home_scope_id, gains_by_approval.at) g
                                            WHERE g.scope_id = ANY (readable))))
                OR (asked.context_id IS NOT NULL
                    AND (asked.home_scope_id = ANY (readable)
                         OR EXISTS (SELECT FROM shares h
                                     WHERE h.enterprise_id = tenant AND h.context_id = asked.context_id AND h.revoked_at IS NULL
                                       AND (h.expires_at IS NULL OR h.expires_at > gains_by_approval.at)
                                       AND h.grantee_scope_id = ANY (readable)))));
END
$$;
REVOKE EXECUTE ON FUNCTION mem0.gains_by_approval(uuid, uuid, bigint, uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.gains_by_approval(uuid, uuid, bigint, uuid, timestamptz) TO mem0_app;

-- As in V121. What is decided already is not asked about.
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
    ), above AS (
        SELECT node.id, node.path, node.open, node.approver_role, node.requested_by, NULL::uuid AS from_user_id
          FROM node JOIN mem0.held_roles h ON h.enterprise_id = tenant AND h.scope_id = ANY (node.path)
         WHERE h.user_id = decider AND h.role >= node.approver_role
         UNION
        SELECT node.id, node.path, node.open, node.approver_role, node.requested_by, d.from_user_id
          FROM node
          JOIN approval_delegates d ON d.enterprise_id = tenant AND d.scope_id = ANY (node.path)
          JOIN scopes delegated ON delegated.enterprise_id = tenant AND delegated.id = d.scope_id
          JOIN users u ON u.enterprise_id = tenant AND u.id = d.from_user_id AND u.status = 'active'
          JOIN mem0.held_roles h ON h.enterprise_id = tenant AND h.user_id = d.from_user_id
                                AND h.scope_id = ANY (delegated.path) AND h.role >= node.approver_role
         WHERE d.to_user_id = decider AND d.from_user_id <> ALL (mem0.behind(node.requested_by))
           AND d.revoked_at IS NULL AND d.starts_at <= deciding_positions.at AND d.ends_at > deciding_positions.at
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
        SELECT above.id, above.open, above.requested_by, 3, above.from_user_id
          FROM above JOIN node ON node.id = above.id
         WHERE node.escalated
            OR NOT EXISTS (SELECT FROM mem0.held_roles h
                             JOIN users u ON u.enterprise_id = tenant AND u.id = h.user_id AND u.status = 'active'
                                         AND u.kind = 'person'
                            WHERE h.enterprise_id = tenant AND h.scope_id = above.id AND h.role >= above.approver_role
                              AND h.user_id <> ALL (mem0.behind(above.requested_by)))
    )
    SELECT DISTINCT ON (g.id) g.id, g.open AND NOT w.gains, g.rank, g.from_user_id
      FROM ground g
     -- Once for each: without OFFSET it would be found again to sort.
     CROSS JOIN LATERAL (SELECT CASE WHEN g.from_user_id IS NULL OR NOT g.open THEN false
                                     ELSE mem0.gains_by_approval(tenant, deciding_positions.approval, g.id, decider,
                                                                 deciding_positions.at) END AS gains OFFSET 0) w
     WHERE decider <> ALL (mem0.behind(g.requested_by))
     ORDER BY g.id, w.gains, g.rank, g.from_user_id NULLS FIRST;
    END;
