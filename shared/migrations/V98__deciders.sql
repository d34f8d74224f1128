-- A request can be decided by somebody as soon as nobody is left below them to do it, and in their place by their delegates.

-- For which nodes of a request somebody may decide at a time, and why: 1, by a role on the node itself; 2, in place of somebody
-- who holds one; 3, from above, or in place of somebody above (then `from_user_id` is set), once the request has escalated or
-- nobody else holds the role on the node. Service accounts and deactivated people decide about nothing, and nobody decides in
-- place of the requester, or of somebody whose account is deactivated. Who is behind a request is looked up only where there is
-- a ground.
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
    SELECT DISTINCT ON (g.id) g.id, g.open, g.rank, g.from_user_id
      FROM ground g
     WHERE decider <> ALL (mem0.behind(g.requested_by))
     ORDER BY g.id, g.rank, g.from_user_id NULLS FIRST;
    END;

-- The contexts that are shared with a scope, among whatever else is.
CREATE INDEX shares_of_contexts_with ON shares (enterprise_id, grantee_scope_id)
    WHERE context_id IS NOT NULL AND revoked_at IS NULL;
