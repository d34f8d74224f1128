-- A delegate does not decide whether something is shared with themselves.

-- As in V98. Where that is all the ground they have, the decision is not open to them: the request is still theirs to see, as before.
CREATE OR REPLACE FUNCTION mem0.deciding_positions(tenant uuid, approval uuid, decider uuid, at timestamptz)
    RETURNS TABLE (node_scope_id bigint, open boolean, rank integer, from_user_id uuid)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
    WITH node AS (
        SELECT s.id, s.path, d.approver_role, d.escalates_at <= deciding_positions.at AS escalated,
               d.decided_at IS NULL AS open, a.requested_by,
               EXISTS (SELECT FROM users u
                        WHERE u.enterprise_id = tenant AND u.id = decider AND u.scope_id = a.grantee_scope_id) AS gains
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
    SELECT DISTINCT ON (g.id) g.id, g.open AND NOT (node.gains AND g.from_user_id IS NOT NULL), g.rank, g.from_user_id
      FROM ground g JOIN node ON node.id = g.id
     WHERE decider <> ALL (mem0.behind(g.requested_by))
     ORDER BY g.id, node.gains AND g.from_user_id IS NOT NULL, g.rank, g.from_user_id NULLS FIRST;
    END;

-- No code calls these since V107 and V109.
DROP FUNCTION mem0.seen_whole(bigint, bigint);
DROP FUNCTION mem0.name_too_wide_below(bigint, bigint[], integer);
