-- The statements of the release before this one, whose schema is V158, each with the types of what it takes and
-- gives there. Written by the test in released.rs when a release is made (CONTRIBUTING.md), never by hand.

-- access.become_sign_in
SET LOCAL ROLE mem0_identity
--> ()

-- access.bind_known
SELECT mem0.bind_known($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) AS policy
--> (bytea, uuid, timestamptz, uuid, uuid, uuid, text, text, _text, _int8, text, uuid, uuid, text, text) policy _text

-- access.check_standing
SELECT mem0.check_standing($1, $2, $3, $4)
--> (uuid, uuid, uuid, text) check_standing void

-- access.commit
SELECT mem0.check_standing('00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', '0') WHERE pg_current_xact_id_if_assigned() IS NOT NULL
--> () check_standing void

-- access.find_key
SELECT user_id, verbs, within_scopes, ceiling, revoked, expires_at FROM mem0.key_limits($1)
--> (uuid) user_id uuid, verbs _text, within_scopes _int8, ceiling text, revoked bool, expires_at timestamptz

-- access.find_refused
SELECT r.enterprise_id, r.user_id, r.credential_id, r.reason FROM mem0.refused_credential($1, $2, $3) r
--> (bytea, uuid, timestamptz) enterprise_id uuid, user_id uuid, credential_id uuid, reason text

-- access.find_shared_contexts
SELECT s.id AS scope_id, s.kind, s.path, s.search_tier, NULL::text AS role, n.id AS node_id, n.name
  FROM sub_organizations n
  JOIN scopes s ON s.enterprise_id = n.enterprise_id AND s.id = n.scope_id AND s.kind = 'context'
 WHERE n.enterprise_id = $1 AND n.id = ANY ($2)
   AND EXISTS (SELECT FROM shares h
                WHERE h.enterprise_id = $1 AND h.context_id = n.id AND h.revoked_at IS NULL
                  AND (h.expires_at IS NULL OR h.expires_at > $3) AND h.grantee_scope_id = ANY ($4))
--> (uuid, _uuid, timestamptz, _int8) scope_id int8, kind text, path _int8, search_tier text, role text, node_id uuid, name text

-- access.list_reaching
SELECT memory_id, share_id, scope_id, permission, may_reshare, granted_by, granter, expires_at, context_scope_id,
       context_name
  FROM mem0.reaching_shares($1, $2)
--> (_uuid, _int8) memory_id uuid, share_id uuid, scope_id int8, permission text, may_reshare bool, granted_by uuid, granter text, expires_at timestamptz, context_scope_id int8, context_name text

-- access.list_shared_contexts
SELECT DISTINCT ON (n.id)
       s.id AS scope_id, s.kind, s.path, s.search_tier, NULL::text AS role, n.id AS node_id, n.name,
       h.id AS share_id, h.grantee_scope_id, h.permission::text AS permission, h.granted_by, h.expires_at
  FROM shares h
  JOIN sub_organizations n ON n.enterprise_id = h.enterprise_id AND n.id = h.context_id
  JOIN scopes s ON s.enterprise_id = n.enterprise_id AND s.id = n.scope_id AND s.kind = 'context'
 WHERE h.enterprise_id = $1 AND h.context_id IS NOT NULL AND h.revoked_at IS NULL
   AND (h.expires_at IS NULL OR h.expires_at > $2) AND h.grantee_scope_id = ANY ($3) AND s.id <> ALL ($3)
 ORDER BY n.id, h.permission DESC, h.expires_at DESC NULLS FIRST, h.id
--> (uuid, timestamptz, _int8) scope_id int8, kind text, path _int8, search_tier text, role text, node_id uuid, name text, share_id uuid, grantee_scope_id int8, permission text, granted_by uuid, expires_at timestamptz

-- access.list_ways
SELECT w.*, $1 AS memory_id, g.display_name AS granter, c.scope_id AS context_scope_id, c.name AS context_name
  FROM mem0.ways_to($1, $2) w
  LEFT JOIN users g ON g.enterprise_id = mem0.enterprise() AND g.id = w.granted_by
  LEFT JOIN shares h ON h.enterprise_id = mem0.enterprise() AND h.id = w.share_id AND w.in_context
  LEFT JOIN sub_organizations c ON c.enterprise_id = mem0.enterprise() AND c.id = h.context_id
--> (uuid, _int8) share_id uuid, in_context bool, scope_id int8, kind text, node_id uuid, person_id uuid, name text, permission text, may_reshare bool, granted_by uuid, expires_at timestamptz, memory_id uuid, granter text, context_scope_id int8, context_name text

-- access.on_behalf
SELECT email, service, active, scope_ids, kinds, parents, held_on, held_as, named_ids, node_ids, names
  FROM mem0.on_behalf($1, $2)
--> (uuid, uuid) email text, service bool, active bool, scope_ids _int8, kinds _text, parents _int8, held_on _int8, held_as _text, named_ids _int8, node_ids _uuid, names _text

-- access.principal
SELECT i.enterprise_id, i.user_id, i.email, i.account_kind, i.credential_id, i.verbs, i.within_scopes, i.ceiling,
       i.expired, i.tree_epoch, i.access_epoch, i.broad, i.packed, i.scope_ids, i.kinds, i.parents, i.held_on,
       i.held_as, i.named_ids, i.node_ids, i.names,
       t.granted, t.names AS limits, t.quotas, t.remaining, t.body_bytes
  FROM mem0.identify($1, $2, $3, $4, $5) i
  LEFT JOIN LATERAL (
       SELECT t.* FROM mem0.take_tokens(i.enterprise_id, i.user_id, CASE WHEN $6 THEN i.credential_id END,
                                        $3, $7) t
        WHERE $7 > 0 AND NOT i.expired OFFSET 0) t ON true
--> (bytea, uuid, timestamptz, uuid, uuid, bool, int4) enterprise_id uuid, user_id uuid, email text, account_kind text, credential_id uuid, verbs _text, within_scopes _int8, ceiling text, expired bool, tree_epoch uuid, access_epoch uuid, broad _int8, packed _int8, scope_ids _int8, kinds _text, parents _int8, held_on _int8, held_as _text, named_ids _int8, node_ids _uuid, names _text, granted int4, limits _text, quotas _int4, remaining _float8, body_bytes int4

-- access.simulate
SELECT u.email, u.kind = 'service' AS service, u.status = 'active' AS active,
       x.scope_ids, x.kinds, x.parents, x.held_on, x.held_as, x.named_ids, x.node_ids, x.names
  FROM users u
  CROSS JOIN LATERAL mem0.readable_scopes(u.enterprise_id, u.id, u.scope_id) x
 WHERE u.enterprise_id = $1 AND u.id = $2
--> (uuid, uuid) email text, service bool, active bool, scope_ids _int8, kinds _text, parents _int8, held_on _int8, held_as _text, named_ids _int8, node_ids _uuid, names _text

-- account.by_email
SELECT u.enterprise_id, e.name AS enterprise_name, u.id, u.email, u.display_name, u.password_hash,
       u.password_changed_at, u.status = 'active' AS active
  FROM users u JOIN enterprises e ON e.id = u.enterprise_id
 WHERE lower(u.email) = $1
--> (text) enterprise_id uuid, enterprise_name text, id uuid, email text, display_name text, password_hash text, password_changed_at timestamptz, active bool

-- account.change_password
WITH changed AS (
    UPDATE users SET password_hash = $3, password_changed_at = $4, updated_at = $4
     WHERE id = $1 AND password_hash = $2
    RETURNING enterprise_id, id
), ended AS (
    -- Who knows the password needs no token, and nobody else should have one.
    DELETE FROM password_resets r USING changed c WHERE r.enterprise_id = c.enterprise_id AND r.user_id = c.id)
SELECT FROM changed
--> (uuid, text, text, timestamptz)

-- account.count_personal
SELECT mem0.count_personal($1)
--> (uuid) count_personal int8

-- account.forget_leavers
SELECT removed, more FROM mem0.forget_leavers($1, $2)
--> (timestamptz, int4) removed int4, more bool

-- account.hand_over_personal
SELECT moved, kept FROM mem0.hand_over_personal_ids($1, $2, $3::text[]::classification[], $4)
--> (uuid, int8, _text, int4) moved _uuid, kept int8

-- account.has_others
SELECT EXISTS (SELECT FROM scopes s
                 JOIN mem0.held_roles h ON h.enterprise_id = s.enterprise_id AND h.scope_id = s.id AND h.user_id <> $3
                 JOIN users u ON u.enterprise_id = h.enterprise_id AND u.id = h.user_id AND u.status = 'active'
                             AND u.kind = 'person'
                WHERE s.enterprise_id = $1 AND s.kind <> 'user' AND $2 = ANY (s.path))
--> (uuid, int8, uuid) exists bool

-- account.insert
INSERT INTO users (enterprise_id, id, scope_id, email, display_name, password_hash, password_changed_at,
                   created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $7)
ON CONFLICT (lower(email)) DO NOTHING
--> (uuid, uuid, int8, text, text, text, timestamptz)

-- account.list_keys_of_programs
SELECT k.id, k.user_id, k.name
  FROM api_keys k JOIN users s ON s.enterprise_id = k.enterprise_id AND s.id = k.user_id AND s.kind = 'service'
 WHERE k.enterprise_id = $1 AND k.created_by = $2 AND k.revoked_at IS NULL
   AND (k.expires_at IS NULL OR k.expires_at > $3)
 ORDER BY k.created_at, k.id
--> (uuid, uuid, timestamptz) id uuid, user_id uuid, name text

-- account.lock_active
SELECT status = 'active' AND ($2::timestamptz IS NULL OR password_changed_at IS NOT DISTINCT FROM $2)
  FROM users WHERE id = $1 FOR SHARE
--> (uuid, timestamptz) ?column? bool

-- account.lock_status
SELECT status = 'active' FROM users WHERE enterprise_id = $1 AND id = $2 FOR NO KEY UPDATE
--> (uuid, uuid) ?column? bool

-- account.profile
SELECT u.display_name, u.created_at, e.name AS enterprise_name,
       array(SELECT m.scope_id FROM memberships m
              WHERE m.enterprise_id = u.enterprise_id AND m.user_id = u.id ORDER BY m.scope_id) AS scopes,
       array(SELECT m.role::text FROM memberships m
              WHERE m.enterprise_id = u.enterprise_id AND m.user_id = u.id ORDER BY m.scope_id) AS roles
  FROM users u JOIN enterprises e ON e.id = u.enterprise_id
 WHERE u.enterprise_id = $1 AND u.id = $2
--> (uuid, uuid) display_name text, created_at timestamptz, enterprise_name text, scopes _int8, roles _text

-- account.rename
UPDATE users SET display_name = $3, updated_at = $4 WHERE enterprise_id = $1 AND id = $2
--> (uuid, uuid, text, timestamptz)

-- account.revoke_credentials
WITH ended AS (
    UPDATE sessions SET revoked_at = $3, revoke_reason = 'account_deactivated'
     WHERE enterprise_id = $1 AND user_id = $2 AND revoked_at IS NULL
    RETURNING 1),
revoked AS (
    UPDATE api_keys SET revoked_at = $3
     WHERE enterprise_id = $1 AND user_id = $2 AND revoked_at IS NULL
    RETURNING 1),
forgotten AS (DELETE FROM password_resets WHERE enterprise_id = $1 AND user_id = $2)
SELECT (SELECT count(*) FROM ended) AS sessions, (SELECT count(*) FROM revoked) AS api_keys
--> (uuid, uuid, timestamptz) sessions int8, api_keys int8

-- account.set_status
UPDATE users
   SET status = CASE WHEN $3 THEN 'active' ELSE 'deactivated' END,
       deactivated_at = CASE WHEN $3 THEN NULL ELSE $4::timestamptz END,
       -- Whoever comes back has something to lose again.
       forgotten_at = CASE WHEN $3 THEN NULL ELSE forgotten_at END, updated_at = $4
 WHERE enterprise_id = $1 AND id = $2
--> (uuid, uuid, bool, timestamptz)

-- account.upgrade_hash
UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2
--> (uuid, text, text)

-- api_key.count
SELECT count(*) FROM api_keys
 WHERE enterprise_id = $1 AND user_id = $2 AND revoked_at IS NULL
   AND (expires_at IS NULL OR expires_at > $3)
--> (uuid, uuid, timestamptz) count int8

-- api_key.exists
SELECT FROM api_keys WHERE enterprise_id = $1 AND user_id = $2 AND id = $3
--> (uuid, uuid, uuid)

-- api_key.expire
UPDATE api_keys SET expires_at = $3 WHERE enterprise_id = $1 AND id = $2
--> (uuid, uuid, timestamptz)

-- api_key.insert
INSERT INTO api_keys (enterprise_id, id, user_id, name, prefix, secret_hash, scopes, within_scopes, ceiling,
                      created_at, expires_at, rotated_from, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
--> (uuid, uuid, uuid, text, text, bytea, _text, _int8, text, timestamptz, timestamptz, uuid, uuid)

-- api_key.list
SELECT id, name, prefix, scopes, within_scopes, ceiling, created_at, expires_at, last_used_at, rotated_from,
       created_by
  FROM api_keys
 WHERE enterprise_id = $1 AND user_id = $2 AND revoked_at IS NULL
   AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4))
 ORDER BY created_at DESC, id DESC LIMIT $5
--> (uuid, uuid, timestamptz, uuid, int8) id uuid, name text, prefix text, scopes _text, within_scopes _int8, ceiling text, created_at timestamptz, expires_at timestamptz, last_used_at timestamptz, rotated_from uuid, created_by uuid

-- api_key.lock
SELECT k.id, k.name, k.prefix, k.scopes, k.within_scopes, k.ceiling, k.created_at, k.expires_at, k.last_used_at,
       k.rotated_from, k.created_by, k.revoked_at IS NOT NULL AS revoked,
       (SELECT s.id FROM api_keys s WHERE s.enterprise_id = $1 AND s.rotated_from = k.id) AS successor
  FROM api_keys k
 WHERE k.enterprise_id = $1 AND k.user_id = $2 AND k.id = $3 FOR UPDATE
--> (uuid, uuid, uuid) id uuid, name text, prefix text, scopes _text, within_scopes _int8, ceiling text, created_at timestamptz, expires_at timestamptz, last_used_at timestamptz, rotated_from uuid, created_by uuid, revoked bool, successor uuid

-- api_key.revoke
UPDATE api_keys SET revoked_at = $4
 WHERE enterprise_id = $1 AND user_id = $2 AND id = $3 AND revoked_at IS NULL
--> (uuid, uuid, uuid, timestamptz)

-- approval.approve
SELECT mem0.approve_for($1, $2, $3, $4, $5)
--> (uuid, _int8, uuid, uuid, text) approve_for text

-- approval.close
UPDATE approvals SET status = $3, decided_by = $4, decided_at = $5, decision_reason = $6
 WHERE enterprise_id = $1 AND id = $2 AND status = 'pending' AND expires_at > $5
--> (uuid, uuid, text, uuid, timestamptz, text)

-- approval.expire
SELECT mem0.expire_approvals($1)
--> (timestamptz) expire_approvals int4

-- approval.expire_own
UPDATE approvals SET status = 'expired', decided_at = expires_at
 WHERE enterprise_id = $1 AND requested_by = $2 AND status = 'pending' AND expires_at <= $3
RETURNING id, memory_id
--> (uuid, uuid, timestamptz) id uuid, memory_id uuid

-- approval.find_deciders
SELECT bool_or(h.scope_id = $2) AS there
  FROM scopes s
  JOIN mem0.held_roles h ON h.enterprise_id = s.enterprise_id AND h.scope_id = ANY (s.path)
  JOIN users u ON u.enterprise_id = h.enterprise_id AND u.id = h.user_id AND u.status = 'active'
              AND u.kind = 'person'
 WHERE s.enterprise_id = $1 AND s.id = $2 AND h.role >= $3::text::member_role
   AND h.user_id <> ALL (mem0.behind($4))
--> (uuid, int8, text, uuid) there bool

-- approval.find_excluded
SELECT DISTINCT coalesce(nullif(u.display_name, ''), u.email) AS name, u.id, a.kind = 'person' AS of_person
  FROM scopes s
  JOIN mem0.held_roles h ON h.enterprise_id = s.enterprise_id AND h.scope_id = ANY (s.path)
  JOIN users u ON u.enterprise_id = h.enterprise_id AND u.id = h.user_id AND u.status = 'active'
              AND u.kind = 'person'
  JOIN users a ON a.enterprise_id = s.enterprise_id AND a.id = $4
 WHERE s.enterprise_id = $1 AND s.id = $2 AND h.role >= $3::text::member_role
   AND u.id <> $4 AND u.id = ANY (mem0.behind($4))
 ORDER BY name, u.id
 LIMIT 4
--> (uuid, int8, text, uuid) name text, id uuid, of_person bool

-- approval.find_pending
SELECT id FROM approvals
 WHERE enterprise_id = $1 AND requested_by = $2 AND status = 'pending'
   AND coalesce(memory_id, context_id) = $3 AND grantee_scope_id = $4
--> (uuid, uuid, uuid, int8) id uuid

-- approval.find_positions
SELECT p.node_scope_id, p.open, p.rank, p.from_user_id, coalesce(u.display_name, u.email) AS in_place_of,
       NOT p.open AND p.from_user_id IS NOT NULL
       AND EXISTS (SELECT FROM mem0.approval_decisions d
                    WHERE d.enterprise_id = $1 AND d.approval_id = $4 AND d.node_scope_id = p.node_scope_id
                      AND d.decision IS NULL)
       AND mem0.gains_by_approval($1, $4, p.node_scope_id, $2, $3) AS gains
  FROM mem0.deciding_positions($1, $4, $2, $3) p
  JOIN scopes s ON s.enterprise_id = $1 AND s.id = p.node_scope_id
  LEFT JOIN users u ON u.enterprise_id = $1 AND u.id = p.from_user_id
 WHERE $5::bigint[] IS NULL OR s.path && $5
--> (uuid, uuid, timestamptz, uuid, _int8) node_scope_id int8, open bool, rank int4, from_user_id uuid, in_place_of text, gains bool

-- approval.follow_authority
UPDATE approvals SET via_share_id = $3
 WHERE enterprise_id = $1 AND id = $2 AND status = 'pending' AND via_share_id IS DISTINCT FROM $3
--> (uuid, uuid, uuid)

-- approval.follow_heir
SELECT mem0.hand_over_approval_parts($1, $2)
--> (int8, int8) hand_over_approval_parts void

-- approval.hold_subject
SELECT m.author_id, m.home_scope_id, m.classification, m.version FROM mem0.hold_approval_subject($1) m
--> (uuid) author_id uuid, home_scope_id int8, classification text, version int4

-- approval.insert
INSERT INTO approvals (enterprise_id, id, memory_id, context_id, home_scope_id, node_scope_id, approver_role,
                       grantee_scope_id, grantee, permission, may_reshare, share_expires_at, via_share_id,
                       direction, classification, reason, requested_by, requested_at, escalates_at, expires_at,
                       memory_version, contents)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::member_role, $8, $9, $10::text::share_permission, $11, $12, $13, $14,
        $15::text::classification, $16, $17, $18, $19, $20, $21, $22)
--> (uuid, uuid, uuid, uuid, int8, int8, text, int8, text, text, bool, timestamptz, uuid, text, text, text, uuid, timestamptz, timestamptz, timestamptz, int4, bytea)

-- approval.is_behind
SELECT u.kind = 'person' AS of_person FROM users u
 WHERE u.enterprise_id = $1 AND u.id = $3 AND u.id <> $2 AND $2 = ANY (mem0.behind($3))
--> (uuid, uuid, uuid) of_person bool

-- approval.list
    WITH answering AS MATERIALIZED (
        SELECT n.id, n.id = ANY ($4::bigint[]) AS administers, n.role::member_role AS role
          FROM unnest($13::bigint[], $14::text[]) n (id, role)
    ), standing_in AS MATERIALIZED (
        SELECT DISTINCT s.id FROM approval_delegates d
          JOIN scopes s ON s.enterprise_id = $1 AND s.kind <> 'user' AND s.path && ARRAY[d.scope_id]
         WHERE d.enterprise_id = $1 AND d.to_user_id = $2 AND d.revoked_at IS NULL AND d.starts_at <= $3 AND d.ends_at > $3
    ), concerned AS (
        (SELECT a.id FROM approvals a WHERE a.enterprise_id = $1 AND a.classification <= (SELECT mem0.ceiling())
AND ($5::text IS NULL
     OR $5 = CASE WHEN a.status = 'pending' AND a.expires_at <= $3 THEN 'expired' ELSE a.status END)
AND ($6::uuid IS NULL OR a.memory_id = $6)
AND ($7::uuid IS NULL OR a.requested_by = $7)
AND ($15::timestamptz IS NULL OR a.requested_at >= $15) AND ($16::timestamptz IS NULL OR a.requested_at < $16)
AND ($9::timestamptz IS NULL OR (a.requested_at, a.id) > ($9, $10::uuid))
AND ($12::bigint[] IS NULL
     OR EXISTS (SELECT FROM scopes r
                 WHERE r.enterprise_id = $1 AND r.path && $12
                   AND r.id IN (SELECT a.home_scope_id UNION ALL
                                SELECT d.node_scope_id FROM mem0.approval_decisions d
                                 WHERE d.enterprise_id = $1 AND d.approval_id = a.id)))
AND (NOT $8::boolean
     OR (a.status = 'pending' AND a.expires_at > $3
         AND EXISTS (SELECT FROM users asking
                      WHERE asking.enterprise_id = $1 AND asking.id = a.requested_by AND asking.status = 'active')
         AND EXISTS (SELECT FROM mem0.deciding_positions($1, a.id, $2, $3) p
                       JOIN scopes ds ON ds.enterprise_id = $1 AND ds.id = p.node_scope_id
                      WHERE p.open AND ($12 IS NULL OR ds.path && $12)))) AND a.requested_by = $2 ORDER BY a.requested_at, a.id LIMIT $11)
        UNION
        SELECT a.id FROM unnest($4::bigint[]) n (id) CROSS JOIN LATERAL (
               SELECT a.id FROM approvals a WHERE a.enterprise_id = $1 AND a.classification <= (SELECT mem0.ceiling())
AND ($5::text IS NULL
     OR $5 = CASE WHEN a.status = 'pending' AND a.expires_at <= $3 THEN 'expired' ELSE a.status END)
AND ($6::uuid IS NULL OR a.memory_id = $6)
AND ($7::uuid IS NULL OR a.requested_by = $7)
AND ($15::timestamptz IS NULL OR a.requested_at >= $15) AND ($16::timestamptz IS NULL OR a.requested_at < $16)
AND ($9::timestamptz IS NULL OR (a.requested_at, a.id) > ($9, $10::uuid))
AND ($12::bigint[] IS NULL
     OR EXISTS (SELECT FROM scopes r
                 WHERE r.enterprise_id = $1 AND r.path && $12
                   AND r.id IN (SELECT a.home_scope_id UNION ALL
                                SELECT d.node_scope_id FROM mem0.approval_decisions d
                                 WHERE d.enterprise_id = $1 AND d.approval_id = a.id)))
AND (NOT $8::boolean
     OR (a.status = 'pending' AND a.expires_at > $3
         AND EXISTS (SELECT FROM users asking
                      WHERE asking.enterprise_id = $1 AND asking.id = a.requested_by AND asking.status = 'active')
         AND EXISTS (SELECT FROM mem0.deciding_positions($1, a.id, $2, $3) p
                       JOIN scopes ds ON ds.enterprise_id = $1 AND ds.id = p.node_scope_id
                      WHERE p.open AND ($12 IS NULL OR ds.path && $12)))) AND a.home_scope_id = n.id ORDER BY a.requested_at, a.id LIMIT $11) a
        UNION
        SELECT a.id FROM answering n CROSS JOIN LATERAL (
               SELECT a.id FROM approvals a
                WHERE a.enterprise_id = $1 AND a.classification <= (SELECT mem0.ceiling())
AND ($5::text IS NULL
     OR $5 = CASE WHEN a.status = 'pending' AND a.expires_at <= $3 THEN 'expired' ELSE a.status END)
AND ($6::uuid IS NULL OR a.memory_id = $6)
AND ($7::uuid IS NULL OR a.requested_by = $7)
AND ($15::timestamptz IS NULL OR a.requested_at >= $15) AND ($16::timestamptz IS NULL OR a.requested_at < $16)
AND ($9::timestamptz IS NULL OR (a.requested_at, a.id) > ($9, $10::uuid))
AND ($12::bigint[] IS NULL
     OR EXISTS (SELECT FROM scopes r
                 WHERE r.enterprise_id = $1 AND r.path && $12
                   AND r.id IN (SELECT a.home_scope_id UNION ALL
                                SELECT d.node_scope_id FROM mem0.approval_decisions d
                                 WHERE d.enterprise_id = $1 AND d.approval_id = a.id)))
AND (NOT $8::boolean
     OR (a.status = 'pending' AND a.expires_at > $3
         AND EXISTS (SELECT FROM users asking
                      WHERE asking.enterprise_id = $1 AND asking.id = a.requested_by AND asking.status = 'active')
         AND EXISTS (SELECT FROM mem0.deciding_positions($1, a.id, $2, $3) p
                       JOIN scopes ds ON ds.enterprise_id = $1 AND ds.id = p.node_scope_id
                      WHERE p.open AND ($12 IS NULL OR ds.path && $12)))) AND a.node_scope_id = n.id
                  AND (n.administers OR (a.approver_role <= n.role AND EXISTS (SELECT FROM mem0.deciding_positions($1, a.id, $2, $3) p
                            JOIN scopes ds ON ds.enterprise_id = $1 AND ds.id = p.node_scope_id
                           WHERE $12::bigint[] IS NULL OR ds.path && $12))) ORDER BY a.requested_at, a.id LIMIT $11) a
        UNION
        SELECT a.id FROM answering n CROSS JOIN LATERAL (
               SELECT a.id FROM approval_parts t JOIN approvals a ON a.enterprise_id = $1 AND a.id = t.approval_id
                WHERE t.enterprise_id = $1 AND t.node_scope_id = n.id AND a.enterprise_id = $1 AND a.classification <= (SELECT mem0.ceiling())
AND ($5::text IS NULL
     OR $5 = CASE WHEN a.status = 'pending' AND a.expires_at <= $3 THEN 'expired' ELSE a.status END)
AND ($6::uuid IS NULL OR a.memory_id = $6)
AND ($7::uuid IS NULL OR a.requested_by = $7)
AND ($15::timestamptz IS NULL OR a.requested_at >= $15) AND ($16::timestamptz IS NULL OR a.requested_at < $16)
AND ($9::timestamptz IS NULL OR (a.requested_at, a.id) > ($9, $10::uuid))
AND ($12::bigint[] IS NULL
     OR EXISTS (SELECT FROM scopes r
                 WHERE r.enterprise_id = $1 AND r.path && $12
                   AND r.id IN (SELECT a.home_scope_id UNION ALL
                                SELECT d.node_scope_id FROM mem0.approval_decisions d
                                 WHERE d.enterprise_id = $1 AND d.approval_id = a.id)))
AND (NOT $8::boolean
     OR (a.status = 'pending' AND a.expires_at > $3
         AND EXISTS (SELECT FROM users asking
                      WHERE asking.enterprise_id = $1 AND asking.id = a.requested_by AND asking.status = 'active')
         AND EXISTS (SELECT FROM mem0.deciding_positions($1, a.id, $2, $3) p
                       JOIN scopes ds ON ds.enterprise_id = $1 AND ds.id = p.node_scope_id
                      WHERE p.open AND ($12 IS NULL OR ds.path && $12))))
                  AND (n.administers OR (t.approver_role <= n.role AND EXISTS (SELECT FROM mem0.deciding_positions($1, a.id, $2, $3) p
                            JOIN scopes ds ON ds.enterprise_id = $1 AND ds.id = p.node_scope_id
                           WHERE $12::bigint[] IS NULL OR ds.path && $12))) ORDER BY a.requested_at, a.id LIMIT $11) a
        UNION
        SELECT a.id FROM standing_in n CROSS JOIN LATERAL (
               SELECT a.id FROM approvals a WHERE a.enterprise_id = $1 AND a.classification <= (SELECT mem0.ceiling())
AND ($5::text IS NULL
     OR $5 = CASE WHEN a.status = 'pending' AND a.expires_at <= $3 THEN 'expired' ELSE a.status END)
AND ($6::uuid IS NULL OR a.memory_id = $6)
AND ($7::uuid IS NULL OR a.requested_by = $7)
AND ($15::timestamptz IS NULL OR a.requested_at >= $15) AND ($16::timestamptz IS NULL OR a.requested_at < $16)
AND ($9::timestamptz IS NULL OR (a.requested_at, a.id) > ($9, $10::uuid))
AND ($12::bigint[] IS NULL
     OR EXISTS (SELECT FROM scopes r
                 WHERE r.enterprise_id = $1 AND r.path && $12
                   AND r.id IN (SELECT a.home_scope_id UNION ALL
                                SELECT d.node_scope_id FROM mem0.approval_decisions d
                                 WHERE d.enterprise_id = $1 AND d.approval_id = a.id)))
AND (NOT $8::boolean
     OR (a.status = 'pending' AND a.expires_at > $3
         AND EXISTS (SELECT FROM users asking
                      WHERE asking.enterprise_id = $1 AND asking.id = a.requested_by AND asking.status = 'active')
         AND EXISTS (SELECT FROM mem0.deciding_positions($1, a.id, $2, $3) p
                       JOIN scopes ds ON ds.enterprise_id = $1 AND ds.id = p.node_scope_id
                      WHERE p.open AND ($12 IS NULL OR ds.path && $12)))) AND a.node_scope_id = n.id AND EXISTS (SELECT FROM mem0.deciding_positions($1, a.id, $2, $3) p
                            JOIN scopes ds ON ds.enterprise_id = $1 AND ds.id = p.node_scope_id
                           WHERE $12::bigint[] IS NULL OR ds.path && $12) ORDER BY a.requested_at, a.id LIMIT $11) a
        UNION
        SELECT a.id FROM standing_in n CROSS JOIN LATERAL (
               SELECT a.id FROM approval_parts t JOIN approvals a ON a.enterprise_id = $1 AND a.id = t.approval_id
                WHERE t.enterprise_id = $1 AND t.node_scope_id = n.id AND a.enterprise_id = $1 AND a.classification <= (SELECT mem0.ceiling())
AND ($5::text IS NULL
     OR $5 = CASE WHEN a.status = 'pending' AND a.expires_at <= $3 THEN 'expired' ELSE a.status END)
AND ($6::uuid IS NULL OR a.memory_id = $6)
AND ($7::uuid IS NULL OR a.requested_by = $7)
AND ($15::timestamptz IS NULL OR a.requested_at >= $15) AND ($16::timestamptz IS NULL OR a.requested_at < $16)
AND ($9::timestamptz IS NULL OR (a.requested_at, a.id) > ($9, $10::uuid))
AND ($12::bigint[] IS NULL
     OR EXISTS (SELECT FROM scopes r
                 WHERE r.enterprise_id = $1 AND r.path && $12
                   AND r.id IN (SELECT a.home_scope_id UNION ALL
                                SELECT d.node_scope_id FROM mem0.approval_decisions d
                                 WHERE d.enterprise_id = $1 AND d.approval_id = a.id)))
AND (NOT $8::boolean
     OR (a.status = 'pending' AND a.expires_at > $3
         AND EXISTS (SELECT FROM users asking
                      WHERE asking.enterprise_id = $1 AND asking.id = a.requested_by AND asking.status = 'active')
         AND EXISTS (SELECT FROM mem0.deciding_positions($1, a.id, $2, $3) p
                       JOIN scopes ds ON ds.enterprise_id = $1 AND ds.id = p.node_scope_id
                      WHERE p.open AND ($12 IS NULL OR ds.path && $12)))) AND EXISTS (SELECT FROM mem0.deciding_positions($1, a.id, $2, $3) p
                            JOIN scopes ds ON ds.enterprise_id = $1 AND ds.id = p.node_scope_id
                           WHERE $12::bigint[] IS NULL OR ds.path && $12) ORDER BY a.requested_at, a.id LIMIT $11) a
    )
    SELECT a.*, a.approver_role::text AS role, a.permission::text AS allowed, a.classification::text AS class,
           CASE WHEN a.status = 'pending' AND a.expires_at <= $3 THEN 'expired' ELSE a.status END AS state,
           s.kind AS node_kind, n.id AS node_id,
           (SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'scope', d.node_scope_id, 'kind', ds.kind, 'node', dn.id, 'role', d.approver_role,
                       'escalates_at', d.escalates_at, 'decision', d.decision, 'decided_by', d.decided_by,
                       'decided_at', d.decided_at, 'reason', d.decision_reason)
                       ORDER BY cardinality(ds.path), d.node_scope_id), '[]')
              FROM mem0.approval_decisions d
              LEFT JOIN scopes ds ON ds.enterprise_id = $1 AND ds.id = d.node_scope_id
              LEFT JOIN sub_organizations dn ON dn.enterprise_id = $1 AND dn.scope_id = d.node_scope_id
             WHERE d.enterprise_id = $1 AND d.approval_id = a.id) AS decisions
      FROM concerned c
      JOIN approvals a ON a.enterprise_id = $1 AND a.id = c.id
      LEFT JOIN scopes s ON s.enterprise_id = a.enterprise_id AND s.id = a.node_scope_id
      LEFT JOIN sub_organizations n ON n.enterprise_id = a.enterprise_id AND n.scope_id = a.node_scope_id
     ORDER BY a.requested_at, a.id
     LIMIT $11
--> (uuid, uuid, timestamptz, _int8, text, uuid, uuid, bool, timestamptz, uuid, int8, _int8, _int8, _text, timestamptz, timestamptz) enterprise_id uuid, id uuid, memory_id uuid, context_id uuid, home_scope_id int8, node_scope_id int8, approver_role member_role, grantee_scope_id int8, grantee text, permission share_permission, may_reshare bool, share_expires_at timestamptz, via_share_id uuid, direction text, classification classification, reason text, status text, requested_by uuid, requested_at timestamptz, escalates_at timestamptz, expires_at timestamptz, decided_by uuid, decided_at timestamptz, decision_reason text, share_id uuid, memory_version int4, contents bytea, role text, allowed text, class text, state text, node_kind text, node_id uuid, decisions jsonb

-- approval.list_memories
SELECT m.id, m.content, m.classification, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id
  FROM mem0.approval_shows_of($1, $2, $3) m
--> (uuid, _int8, int4) id uuid, content text, classification text, metadata jsonb, categories _text, user_id text, agent_id text, app_id text, run_id text

-- approval.list_names
SELECT u.id AS user_id, NULL::bigint AS scope_id, coalesce(u.display_name, u.email) AS name
  FROM users u WHERE u.enterprise_id = $1 AND u.id = ANY ($2)
 UNION ALL
SELECT NULL, s.id, coalesce(n.name, u.display_name, u.email)
  FROM scopes s
  LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
  LEFT JOIN users u ON u.enterprise_id = s.enterprise_id AND u.scope_id = s.id
 WHERE s.enterprise_id = $1 AND s.id = ANY ($3)
--> (uuid, _uuid, _int8) user_id uuid, scope_id int8, name text

-- approval.list_recipients
SELECT s.kind, u.id AS user_id, n.id AS node_id, coalesce(u.display_name, u.email, n.name) AS name, r.member
  FROM (SELECT c.scope_id AS id, bool_or(c.user_id IS NOT NULL) AS member
          FROM mem0.sees_context($1, $2, $3) c
         GROUP BY c.scope_id) r
  JOIN scopes s ON s.enterprise_id = $1 AND s.id = r.id
  LEFT JOIN users u ON u.enterprise_id = $1 AND u.scope_id = s.id
  LEFT JOIN sub_organizations n ON n.enterprise_id = $1 AND n.scope_id = s.id
 ORDER BY r.member DESC, name, s.id
 LIMIT $4
--> (uuid, int8, timestamptz, int8) kind text, user_id uuid, node_id uuid, name text, member bool

-- approval.look_at_subject
SELECT m.author_id, m.home_scope_id, m.classification, m.version FROM mem0.asked_memory($1) m
--> (uuid) author_id uuid, home_scope_id int8, classification text, version int4

-- approval.lookup
SELECT a.*, a.approver_role::text AS role, a.permission::text AS allowed, a.classification::text AS class,
       CASE WHEN a.status = 'pending' AND a.expires_at <= $3 THEN 'expired' ELSE a.status END AS state,
       s.kind AS node_kind, n.id AS node_id,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'scope', d.node_scope_id, 'kind', ds.kind, 'node', dn.id, 'role', d.approver_role,
                   'escalates_at', d.escalates_at, 'decision', d.decision, 'decided_by', d.decided_by,
                   'decided_at', d.decided_at, 'reason', d.decision_reason)
                   ORDER BY cardinality(ds.path), d.node_scope_id), '[]')
          FROM mem0.approval_decisions d
          LEFT JOIN scopes ds ON ds.enterprise_id = $1 AND ds.id = d.node_scope_id
          LEFT JOIN sub_organizations dn ON dn.enterprise_id = $1 AND dn.scope_id = d.node_scope_id
         WHERE d.enterprise_id = $1 AND d.approval_id = a.id) AS decisions
  FROM approvals a
  LEFT JOIN scopes s ON s.enterprise_id = a.enterprise_id AND s.id = a.node_scope_id
  LEFT JOIN sub_organizations n ON n.enterprise_id = a.enterprise_id AND n.scope_id = a.node_scope_id
 WHERE a.enterprise_id = $1 AND a.id = $2 AND a.classification <= mem0.ceiling()
   AND ($4::bigint[] IS NULL
        OR EXISTS (SELECT FROM scopes r
                    WHERE r.enterprise_id = $1 AND r.path && $4
                      AND r.id IN (SELECT a.home_scope_id UNION ALL
                                   SELECT d.node_scope_id FROM mem0.approval_decisions d
                                    WHERE d.enterprise_id = $1 AND d.approval_id = a.id)))
--> (uuid, uuid, timestamptz, _int8) enterprise_id uuid, id uuid, memory_id uuid, context_id uuid, home_scope_id int8, node_scope_id int8, approver_role member_role, grantee_scope_id int8, grantee text, permission share_permission, may_reshare bool, share_expires_at timestamptz, via_share_id uuid, direction text, classification classification, reason text, status text, requested_by uuid, requested_at timestamptz, escalates_at timestamptz, expires_at timestamptz, decided_by uuid, decided_at timestamptz, decision_reason text, share_id uuid, memory_version int4, contents bytea, role text, allowed text, class text, state text, node_kind text, node_id uuid, decisions jsonb

-- approval.lookup_context
SELECT n.name, coalesce(n.settings ->> 'description', '') AS description
  FROM sub_organizations n WHERE n.enterprise_id = $1 AND n.id = $2
--> (uuid, uuid) name text, description text

-- approval.lookup_shown
SELECT m.content, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id
  FROM mem0.approval_shows($1) m
--> (uuid) content text, metadata jsonb, categories _text, user_id text, agent_id text, app_id text, run_id text

-- approval.withdraw_outdated
UPDATE approvals
   SET status = 'withdrawn', decided_by = $2, decided_at = $3,
       decision_reason = 'it changed since, and is asked for anew'
 WHERE enterprise_id = $1 AND requested_by = $2 AND status = 'pending'
   AND coalesce(memory_id, context_id) = $4 AND grantee_scope_id = $5
   AND (memory_version <> $6 OR contents <> $8
        OR CASE WHEN memory_id IS NULL THEN classification < $7::text::classification
                                     ELSE classification <> $7::text::classification END)
RETURNING id
--> (uuid, uuid, timestamptz, uuid, int8, int4, text, bytea) id uuid

-- approval_delegate.count
SELECT count(*) FROM approval_delegates
 WHERE enterprise_id = $1 AND scope_id = $2 AND from_user_id = $3 AND revoked_at IS NULL AND ends_at > $4
--> (uuid, int8, uuid, timestamptz) count int8

-- approval_delegate.end
UPDATE approval_delegates SET revoked_at = $4
 WHERE enterprise_id = $1 AND id = $2 AND revoked_at IS NULL
   AND ($3 IN (from_user_id, to_user_id) OR scope_id = ANY ($5))
RETURNING scope_id
--> (uuid, uuid, uuid, timestamptz, _int8) scope_id int8

-- approval_delegate.insert
INSERT INTO approval_delegates (enterprise_id, id, scope_id, from_user_id, to_user_id, starts_at, ends_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
--> (uuid, uuid, int8, uuid, uuid, timestamptz, timestamptz, timestamptz)

-- approval_delegate.list
SELECT id, from_user_id, to_user_id, starts_at, ends_at
  FROM approval_delegates
 WHERE enterprise_id = $1 AND scope_id = $2 AND revoked_at IS NULL AND ends_at > $3
   AND ($4::timestamptz IS NULL OR (ends_at, id) > ($4, $5::uuid))
 ORDER BY ends_at, id
 LIMIT $6
--> (uuid, int8, timestamptz, timestamptz, uuid, int8) id uuid, from_user_id uuid, to_user_id uuid, starts_at timestamptz, ends_at timestamptz

-- approval_part.deny
UPDATE approval_parts SET decision = 'denied', decided_by = $4, decided_at = $5, decision_reason = $6
 WHERE enterprise_id = $1 AND approval_id = $2 AND node_scope_id = ANY ($3) AND decision IS NULL
--> (uuid, uuid, _int8, uuid, timestamptz, text)

-- approval_part.insert
INSERT INTO approval_parts (enterprise_id, approval_id, node_scope_id, approver_role, escalates_at)
VALUES ($1, $2, $3, $4::text::member_role, $5)
--> (uuid, uuid, int8, text, timestamptz)

-- audit.insert
INSERT INTO audit_log (enterprise_id, id, at, actor_id, actor_method, credential_id, action, target, memory_ids,
                       scope_id, outcome, operation, request_id, ip, user_agent, details, tags, place)
SELECT $1::uuid, $2::uuid, $3::timestamptz, $4::uuid, $5::text, $6::uuid, $7::text, $8::text, $9::uuid[],
       $10::bigint, $11::text, $12::text, $13::uuid, $14::text, $15::text, $16::jsonb,
       $17::text[]
       || CASE WHEN $20::text IS NOT NULL THEN ARRAY['class:' || $20]
               WHEN cardinality($9) > 0 THEN mem0.class_tags($9) ELSE '{}' END
       || ARRAY(SELECT f FROM unnest(p.frameworks) f WHERE f = ANY ($18::text[]) ORDER BY f),
       CASE WHEN $10::bigint IS NOT NULL THEN coalesce($21::text, mem0.place_of($1, $10)) END
  FROM (SELECT) one LEFT JOIN audit_policies p ON p.enterprise_id = $1
 WHERE CASE WHEN $19::boolean AND p.reads = 'buffered' THEN set_config('synchronous_commit', 'off', true) = 'off'
            ELSE true END
--> (uuid, uuid, timestamptz, uuid, text, uuid, text, text, _uuid, int8, text, text, uuid, text, text, jsonb, _text, _text, bool, text, text)

-- audit.insert_known
INSERT INTO audit_log (enterprise_id, id, at, actor_id, actor_method, credential_id, action, target, memory_ids,
                       scope_id, outcome, operation, request_id, ip, user_agent, details, tags, place)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
--> (uuid, uuid, timestamptz, uuid, text, uuid, text, text, _uuid, int8, text, text, uuid, text, text, jsonb, _text, text)

-- audit.list
SELECT l.id, l.at, l.actor_id, l.actor_method, l.credential_id, l.action, l.target, l.memory_ids, l.outcome,
       l.operation, l.request_id, l.ip, l.user_agent, l.details, l.tags,
       CASE WHEN l.scope_id IS NOT NULL THEN
           coalesce(l.place, mem0.place_of(l.enterprise_id, l.scope_id),
                    (SELECT d.node_kind || ':' || d.node_id FROM dissolutions d
                      WHERE d.enterprise_id = l.enterprise_id AND d.node_scope_id = l.scope_id AND d.status = 'done'
                      LIMIT 1)) END AS place,
       c.seq, encode(c.hash, 'hex') AS hash
  FROM audit_log l
  LEFT JOIN audit_chain c ON c.enterprise_id = l.enterprise_id AND c.id = l.id
 WHERE l.enterprise_id = $1
   AND ($2::timestamptz IS NULL OR l.at >= $2)
   AND ($3::timestamptz IS NULL OR l.at < $3)
   AND ($4::uuid IS NULL OR l.actor_id = $4)
   AND ($5::text IS NULL OR l.action LIKE $5)
   AND ($6::text IS NULL OR l.target = $6)
   AND ($7::uuid IS NULL OR $7 = ANY (l.memory_ids))
   AND ($8::text IS NULL OR l.outcome = $8)
   AND ($9::text IS NULL OR $9 = ANY (l.tags))
   AND ($10::uuid IS NULL OR l.request_id = $10)
   AND ($14::text IS NULL OR l.place = $14 OR l.scope_id = ANY ((SELECT mem0.scopes_at($15, $16))::bigint[]))
   AND ($17::bigint IS NULL
        -- What is chained later may be older by the time that a request took.
        OR (c.seq > $17 AND ($17 = 0 OR l.at >= (SELECT min(a.at) FROM audit_chain a WHERE a.enterprise_id = $1 AND a.seq > $17))))
   AND ($11::timestamptz IS NULL OR (l.at, l.id) < ($11, $12::uuid))
 ORDER BY l.at DESC, l.id DESC
 LIMIT $13
--> (uuid, timestamptz, timestamptz, uuid, text, text, uuid, text, text, uuid, timestamptz, uuid, int8, text, text, uuid, int8) id uuid, at timestamptz, actor_id uuid, actor_method text, credential_id uuid, action text, target text, memory_ids _uuid, outcome text, operation text, request_id uuid, ip text, user_agent text, details jsonb, tags _text, place text, seq int8, hash text

-- audit_chain.check
SELECT tenant, seq, hash, complete, fault, bad_seq, bad_id, bad_at FROM mem0.check_audit($1)
--> (int4) tenant uuid, seq int8, hash text, complete bool, fault text, bad_seq int8, bad_id uuid, bad_at timestamptz

-- audit_chain.find_different
SELECT a.seq, c.id IS NULL AND a.seq > 0 AS missing, c.at
  FROM unnest($2::bigint[], $3::text[]) WITH ORDINALITY a (seq, hash, place)
  LEFT JOIN audit_chain c ON c.enterprise_id = $1 AND c.seq = a.seq
 WHERE lower(a.hash) IS DISTINCT FROM
       encode(CASE WHEN a.seq = 0 THEN mem0.audit_genesis($1) ELSE c.hash END, 'hex')
 ORDER BY a.place LIMIT 1
--> (uuid, _int8, _text) seq int8, missing bool, at timestamptz

-- audit_chain.find_unchained
SELECT l.id, l.at FROM audit_log l
 WHERE l.enterprise_id = $1 AND l.xid < (SELECT z.xid FROM audit_horizon z)
   AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.enterprise_id = l.enterprise_id AND c.id = l.id)
 ORDER BY l.at, l.id LIMIT 1
--> (uuid) id uuid, at timestamptz

-- audit_chain.follow
WITH links AS MATERIALIZED (
    SELECT c.seq, c.at, c.id, c.row_hash, c.hash, l.id IS NULL AS missing, r.month IS NOT NULL AS retired,
           mem0.audit_row_hash(l) AS found
      FROM (SELECT * FROM audit_chain WHERE enterprise_id = $1 AND seq > $2 ORDER BY seq LIMIT $5) c
      LEFT JOIN audit_log l ON l.enterprise_id = c.enterprise_id AND l.at = c.at AND l.id = c.id
      LEFT JOIN mem0.retired_months($1) r ON r.month = date_trunc('month', c.at AT TIME ZONE 'UTC')::date
), told AS (
    SELECT k.*, lag(k.seq, 1, $2::bigint) OVER w AS seq_before, lag(k.hash, 1, $3::bytea) OVER w AS hash_before,
           greatest(max(k.at) OVER (ORDER BY k.seq ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW),
                    $4::timestamptz) AS latest
      FROM links k WINDOW w AS (ORDER BY k.seq)
), judged AS (
    SELECT t.*, CASE WHEN t.seq <> t.seq_before + 1 THEN 'link'
                     WHEN t.hash <> mem0.audit_link(t.hash_before, t.seq, t.row_hash) THEN 'order'
                     WHEN t.missing AND NOT t.retired THEN 'missing'
                     WHEN NOT t.missing AND t.found <> t.row_hash THEN 'content'
                     WHEN t.at < t.latest - $6::float8 * interval '1 second' THEN 'time' END AS problem
      FROM told t
)
SELECT j.seq, j.hash, j.at, j.id, j.problem, j.seq_before, greatest(j.latest, j.at) AS latest
  FROM judged j
 ORDER BY j.problem IS NULL, CASE WHEN j.problem IS NULL THEN -j.seq ELSE j.seq END LIMIT 1
--> (uuid, int8, bytea, timestamptz, int8, float8) seq int8, hash bytea, at timestamptz, id uuid, problem text, seq_before int8, latest timestamptz

-- audit_chain.lookup
SELECT coalesce(c.hash, CASE WHEN $2::bigint = 0 THEN mem0.audit_genesis($1) ELSE '' END) AS hash, c.at
  FROM (SELECT) one LEFT JOIN audit_chain c ON c.enterprise_id = $1 AND c.seq = $2
--> (uuid, int8) hash bytea, at timestamptz

-- audit_chain.seal
SELECT sealed, more FROM mem0.seal_audit($1)
--> (int4) sealed int4, more bool

-- audit_head.lookup
SELECT coalesce(h.seq, 0) AS seq, encode(coalesce(h.hash, mem0.audit_genesis($1)), 'hex') AS hash, h.sealed_at,
       (SELECT count(*) FROM audit_log l
         WHERE l.enterprise_id = $1 AND l.xid >= (SELECT z.xid FROM audit_horizon z)
           AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.enterprise_id = $1 AND c.id = l.id)) AS unsealed
  FROM (SELECT) one LEFT JOIN audit_heads h ON h.enterprise_id = $1
--> (uuid) seq int8, hash text, sealed_at timestamptz, unsealed int8

-- audit_head.note_anchor
SELECT mem0.note_anchor($1, $2)
--> (uuid, int8) note_anchor void

-- audit_head.to_anchor
SELECT tenant, seq, hash, sealed_at FROM mem0.heads_to_anchor($1, $2)
--> (uuid, int4) tenant uuid, seq int8, hash text, sealed_at timestamptz

-- audit_partition.ensure
SELECT mem0.ensure_audit_partitions()
--> () ensure_audit_partitions int4

-- audit_partition.retire
SELECT mem0.retire_audit($1)
--> (timestamptz) retire_audit int4

-- audit_policy.lookup
SELECT reads, to_jsonb(frameworks) AS frameworks, retention_months, updated_at FROM audit_policies WHERE enterprise_id = $1
--> (uuid) reads text, frameworks jsonb, retention_months int4, updated_at timestamptz

-- audit_policy.upsert
INSERT INTO audit_policies (enterprise_id, reads, frameworks, retention_months, updated_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (enterprise_id)
    DO UPDATE SET reads = excluded.reads, frameworks = excluded.frameworks,
                  retention_months = excluded.retention_months, updated_at = excluded.updated_at
--> (uuid, text, _text, int4, timestamptz)

-- context.agreed_since
WITH RECURSIVE every AS (
    SELECT h.granted_at, h.approval_id, h.expires_at, h.revoked_at
      FROM sub_organizations n
      JOIN shares h ON h.enterprise_id = n.enterprise_id AND h.context_id = n.id
     WHERE n.enterprise_id = $1 AND n.scope_id = $2 AND h.grantee_scope_id = $3
), unbroken AS (
    SELECT e.granted_at FROM every e
     WHERE e.approval_id IS NOT NULL AND e.revoked_at IS NULL AND e.expires_at IS NULL
     UNION
    SELECT e.granted_at
      FROM unbroken u
      JOIN every e ON e.granted_at < u.granted_at
                  AND (e.revoked_at IS NULL OR e.revoked_at >= u.granted_at)
                  AND (e.expires_at IS NULL OR e.expires_at >= u.granted_at)
)
SELECT min(u.granted_at) FROM unbroken u
--> (uuid, int8, int8) min timestamptz

-- context.delete
DELETE FROM scopes WHERE enterprise_id = $1 AND id = $2 AND kind = 'context'
--> (uuid, int8)

-- context.digest
SELECT mem0.contents_of_context($1)
--> (int8) contents_of_context bytea

-- context.hand_over
SELECT h.context_id, h.heir FROM mem0.hand_over_contexts($1) h
--> (uuid) context_id uuid, heir uuid

-- context.hold
SELECT pg_advisory_xact_lock(mem0.scope_lock($1))
--> (int8) pg_advisory_xact_lock void

-- context.inherit
SELECT mem0.inherit_contexts($1, $2, $3, $4)
--> (uuid, uuid, uuid, timestamptz) inherit_contexts int8

-- context.insert
WITH scope AS (
    INSERT INTO scopes (enterprise_id, id, kind, path)
    SELECT $1, i.id, 'context', ARRAY[i.id] FROM (SELECT nextval('scope_ids') AS id) i
    RETURNING id
), named AS (
    INSERT INTO sub_organizations (enterprise_id, id, scope_id, name, settings, created_at, updated_at)
    SELECT $1, $2, scope.id, $3, jsonb_build_object('description', $4::text), $5, $5 FROM scope
), owned AS (
    INSERT INTO memberships (enterprise_id, user_id, scope_id, role, created_at, created_by)
    SELECT $1, $6, scope.id, 'owner', $5, $6 FROM scope
)
SELECT id FROM scope
--> (uuid, uuid, text, text, timestamptz, uuid) id int8

-- context.is_linked
SELECT EXISTS (SELECT FROM mem0.linked_contexts($1))
--> (_int8) exists bool

-- context.keep
SELECT pg_advisory_xact_lock_shared(mem0.scope_lock($1))
--> (int8) pg_advisory_xact_lock_shared void

-- context.limit_history
UPDATE memberships SET history_from = $4 WHERE enterprise_id = $1 AND user_id = $2 AND scope_id = $3
--> (uuid, uuid, int8, timestamptz)

-- context.list
SELECT n.id, n.name, coalesce(n.settings ->> 'description', '') AS description, n.created_at, n.updated_at,
       (SELECT max(h.role)::text FROM mem0.held_roles h
         WHERE h.enterprise_id = $1 AND h.user_id = $2 AND h.scope_id = s.id) AS role
  FROM scopes s
  JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
 WHERE s.enterprise_id = $1 AND s.kind = 'context'
   AND (s.id = ANY ($3)
        OR ($7 AND n.id = ANY (ARRAY(
               SELECT h.context_id FROM shares h
                WHERE h.enterprise_id = $1 AND h.context_id IS NOT NULL AND h.revoked_at IS NULL
                  AND (h.expires_at IS NULL OR h.expires_at > $8) AND h.grantee_scope_id = ANY (mem0.readable())))))
   AND ($4::timestamptz IS NULL OR (n.created_at, n.id) > ($4, $5::uuid))
 ORDER BY n.created_at, n.id
 LIMIT $6
--> (uuid, uuid, _int8, timestamptz, uuid, int8, bool, timestamptz) id uuid, name text, description text, created_at timestamptz, updated_at timestamptz, role text

-- context.list_agreed
SELECT a.scope_id, a.classification, a.author_id, a.agreed FROM mem0.agreed_for_context($1) a
--> (int8) scope_id int8, classification text, author_id uuid, agreed text

-- context.list_audiences
SELECT DISTINCT s.kind
  FROM sub_organizations n
  JOIN shares h ON h.enterprise_id = n.enterprise_id AND h.context_id = n.id AND h.revoked_at IS NULL
               AND (h.expires_at IS NULL OR h.expires_at > $3)
  JOIN scopes s ON s.enterprise_id = h.enterprise_id AND s.id = h.grantee_scope_id
 WHERE n.enterprise_id = $1 AND n.scope_id = $2
--> (uuid, int8, timestamptz) kind text

-- context.list_carried
SELECT h.scope_id, h.classification::text, h.author_id FROM mem0.carried_by_context($1) h
--> (int8) scope_id int8, classification text, author_id uuid

-- context.list_guests
WITH sees AS MATERIALIZED (
    SELECT c.scope_id, c.user_id, c.approval_id, c.expires_at FROM mem0.sees_context($1, $2, $5) c
), agreed AS (
    SELECT e.scope_id, max(mem0.farness(a.direction)) AS far,
           max(mem0.farness(a.direction)) FILTER (WHERE e.expires_at IS NULL) AS far_for_good
      FROM sees e
      JOIN approvals a ON a.enterprise_id = $1 AND a.id = e.approval_id
                      AND a.classification >= $3::text::classification
     GROUP BY e.scope_id
), guests AS MATERIALIZED (
    SELECT DISTINCT e.scope_id AS id, e.user_id IS NOT NULL AS member
      FROM sees e WHERE e.user_id IS DISTINCT FROM $4
), ways AS MATERIALIZED (
    SELECT w.grantee, w.direction
      FROM (SELECT array_agg($2::bigint) AS homes, array_agg($4::uuid) AS authors, array_agg(g.id) AS ids
              FROM guests g) a
     CROSS JOIN LATERAL mem0.directions_of($1, a.homes, a.authors, a.ids) w
)
SELECT g.member, w.direction
  FROM guests g
  LEFT JOIN agreed a ON a.scope_id = g.id
  LEFT JOIN ways w ON w.grantee = g.id
 CROSS JOIN LATERAL (SELECT CASE WHEN g.member THEN a.far_for_good ELSE a.far END AS far) d
 WHERE d.far IS NULL OR d.far < mem0.farness(w.direction)
--> (uuid, int8, text, uuid, timestamptz) member bool, direction text

-- context.list_memories
SELECT mem0.memories_of_context($1)
--> (int8) memories_of_context _uuid

-- context.unpin_all
SELECT mem0.empty_context($1, $2)
--> (int8, uuid) empty_context void

-- context.update
UPDATE sub_organizations
   SET name = coalesce($3, name), updated_at = $5,
       settings = CASE WHEN $4::text IS NULL THEN settings
                       ELSE jsonb_set(settings, '{description}', to_jsonb($4::text)) END
 WHERE enterprise_id = $1 AND id = $2
--> (uuid, uuid, text, text, timestamptz)

-- db.has_history
SELECT to_regclass('refinery_schema_history') IS NOT NULL
--> () ?column? bool

-- db.missing_login
SELECT statement FROM (VALUES
    (1, NOT EXISTS (SELECT FROM pg_roles WHERE rolname = $1),
        format('CREATE ROLE %I LOGIN NOINHERIT', $1)),
    (2, NOT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member
                     WHERE r.rolname = $1 AND m.roleid = 'mem0_app'::regrole),
        format('GRANT mem0_app TO %I', $1)),
    -- Of RDS: whoever has it logs in with a token, and with nothing else.
    (3, EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam')
        AND NOT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member
                         JOIN pg_roles g ON g.oid = m.roleid
                        WHERE r.rolname = $1 AND g.rolname = 'rds_iam'),
        format('GRANT rds_iam TO %I', $1)),
    -- What a session begins with. Setting it afterwards would pin the session to its connection under RDS Proxy.
    (4, true, format('ALTER ROLE %I SET role TO mem0_app', $1)),
    (5, true, format('ALTER ROLE %I SET statement_timeout TO ''10s''', $1)),
    -- A frozen function does not let go of its connection.
    (6, true, format('ALTER ROLE %I SET idle_session_timeout TO ''10min''', $1))
) needed (step, missing, statement) WHERE missing ORDER BY step
--> (name) statement text

-- db.pgvector
SELECT extversion FROM pg_extension WHERE extname = 'vector'
--> () extversion text

-- db.requirements
SELECT current_setting('server_version_num')::integer, current_setting('server_version'),
       EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector'),
       (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user)
       OR (SELECT count(*) = 3 FROM pg_roles WHERE rolname IN ('mem0_app', 'mem0_identity', 'mem0_upkeep'))
--> () current_setting int4, current_setting text, exists bool, ?column? bool

-- db.version
SELECT coalesce(max(version), 0) FROM refinery_schema_history
--> () coalesce int4

-- dissolution.find_running
SELECT d.*, s.kind, n.id AS heir_node, n.name
  FROM dissolutions d
  LEFT JOIN scopes s ON s.enterprise_id = d.enterprise_id AND s.id = d.heir_scope_id
  LEFT JOIN sub_organizations n ON n.enterprise_id = d.enterprise_id AND n.scope_id = d.heir_scope_id
 WHERE d.enterprise_id = $1 AND d.node_scope_id = $2 AND d.status = 'running'
--> (uuid, int8) enterprise_id uuid, id uuid, node_id uuid, node_scope_id int8, node_kind text, node_name text, heir_scope_id int8, members text, status text, total int8, memories int8, steps int4, estate jsonb, reason text, requested_by uuid, requested_at timestamptz, updated_at timestamptz, finished_at timestamptz, cancelled_by uuid, kind text, heir_node uuid, name text

-- dissolution.insert
INSERT INTO dissolutions (enterprise_id, id, node_id, node_scope_id, node_kind, node_name, heir_scope_id, members,
                          status, total, memories, steps, estate, requested_by, requested_at, updated_at,
                          finished_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
--> (uuid, uuid, uuid, int8, text, text, int8, text, text, int8, int8, int4, jsonb, uuid, timestamptz, timestamptz, timestamptz)

-- dissolution.list
SELECT d.*, s.kind, n.id AS heir_node, n.name
  FROM dissolutions d
  LEFT JOIN scopes s ON s.enterprise_id = d.enterprise_id AND s.id = d.heir_scope_id
  LEFT JOIN sub_organizations n ON n.enterprise_id = d.enterprise_id AND n.scope_id = d.heir_scope_id
 WHERE d.enterprise_id = $1 AND ((d.requested_by = $2 AND NOT $8) OR d.heir_scope_id = ANY ($3) OR d.node_scope_id = ANY ($3))
   AND ($4::uuid IS NULL OR d.id = $4)
   AND ($5::timestamptz IS NULL OR (d.requested_at, d.id) > ($5, $6::uuid))
 ORDER BY d.requested_at, d.id
 LIMIT $7
--> (uuid, uuid, _int8, uuid, timestamptz, uuid, int8, bool) enterprise_id uuid, id uuid, node_id uuid, node_scope_id int8, node_kind text, node_name text, heir_scope_id int8, members text, status text, total int8, memories int8, steps int4, estate jsonb, reason text, requested_by uuid, requested_at timestamptz, updated_at timestamptz, finished_at timestamptz, cancelled_by uuid, kind text, heir_node uuid, name text

-- dissolution.lookup
SELECT d.*, s.kind, n.id AS heir_node, n.name
  FROM dissolutions d
  LEFT JOIN scopes s ON s.enterprise_id = d.enterprise_id AND s.id = d.heir_scope_id
  LEFT JOIN sub_organizations n ON n.enterprise_id = d.enterprise_id AND n.scope_id = d.heir_scope_id
 WHERE d.enterprise_id = $1 AND d.id = $2
--> (uuid, uuid) enterprise_id uuid, id uuid, node_id uuid, node_scope_id int8, node_kind text, node_name text, heir_scope_id int8, members text, status text, total int8, memories int8, steps int4, estate jsonb, reason text, requested_by uuid, requested_at timestamptz, updated_at timestamptz, finished_at timestamptz, cancelled_by uuid, kind text, heir_node uuid, name text

-- dissolution.update
UPDATE dissolutions
   SET status = $3, memories = $4, steps = $5, estate = $6, reason = $7, updated_at = $8, finished_at = $9,
       cancelled_by = $10
 WHERE enterprise_id = $1 AND id = $2
--> (uuid, uuid, text, int8, int4, jsonb, text, timestamptz, timestamptz, uuid)

-- embedding_work.claim
SELECT c.enterprise_id, c.memory_id, c.version, c.content
  FROM mem0.claim_embedding_work($1, $2, interval '2 minutes', $3) c
--> (text, timestamptz, int4) enterprise_id uuid, memory_id uuid, version int4, content text

-- embedding_work.finish
SELECT mem0.finish_embedding_work($1, $2, $3, $4, $5)
--> (text, _uuid, _uuid, _int4, _halfvec) finish_embedding_work int4

-- embedding_work.progress
SELECT p.model, p.memories, p.failing FROM mem0.embedding_progress() p
--> () model text, memories int8, failing int8

-- embedding_work.release
SELECT mem0.release_embedding_work($1, $2, $3)
--> (_uuid, _uuid, timestamptz) release_embedding_work void

-- enterprise.insert
INSERT INTO enterprises (id, name, created_at) VALUES ($1, $2, $3)
--> (uuid, text, timestamptz)

-- enterprise.insert_scopes
WITH ids AS (SELECT nextval('scope_ids') AS root, nextval('scope_ids') AS everyone)
INSERT INTO scopes (enterprise_id, id, kind, parent_id, path)
SELECT $1::uuid, root, 'enterprise', NULL, ARRAY[root] FROM ids
UNION ALL
SELECT $1::uuid, everyone, 'public', root, ARRAY[root, everyone] FROM ids
RETURNING id, kind
--> (uuid) id int8, kind text

-- enterprise.lookup
SELECT name, created_at, leaver_retention_days, leaver_reassignment FROM enterprises WHERE id = $1
--> (uuid) name text, created_at timestamptz, leaver_retention_days int4, leaver_reassignment text

-- enterprise.update
UPDATE enterprises
   SET name = coalesce($2, name),
       leaver_retention_days = CASE WHEN $3 THEN $4 ELSE leaver_retention_days END,
       leaver_reassignment = coalesce($5, leaver_reassignment)
 WHERE id = $1
--> (uuid, text, bool, int4, text)

-- entity.list
WITH named AS MATERIALIZED (
    SELECT e.kind, e.name, count(*) AS memories, min(m.created_at) AS created_at,
           max(m.updated_at) AS updated_at
      FROM memories m CROSS JOIN LATERAL (
           VALUES (0, m.user_id), (1, m.agent_id), (2, m.app_id), (3, m.run_id)) e (kind, name)
     WHERE m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND TRUE AND (m.home_scope_id = ANY ($2::bigint[]) OR (cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[])) AND e.name IS NOT NULL
     GROUP BY e.kind, e.name
), totals AS (
    SELECT count(*) FILTER (WHERE kind = 0) AS users, count(*) FILTER (WHERE kind = 1) AS agents,
           count(*) FILTER (WHERE kind = 2) AS apps, count(*) FILTER (WHERE kind = 3) AS runs
      FROM named
)
SELECT t.users, t.agents, t.apps, t.runs, n.kind, n.name, n.memories, n.created_at, n.updated_at
  FROM totals t
  LEFT JOIN (SELECT * FROM named ORDER BY kind, name LIMIT $4::bigint OFFSET $5::bigint) n ON true
 ORDER BY n.kind, n.name
--> (uuid, _int8, date, int8, int8) users int8, agents int8, apps int8, runs int8, kind int4, name text, memories int8, created_at timestamptz, updated_at timestamptz

-- event.count
SELECT count(*) FROM events e
 WHERE e.enterprise_id = $1 AND e.user_id = $2
   AND mem0.reaches_event($1, e.scope_ids, e.classification, $3)
--> (uuid, uuid, _int8) count int8

-- event.count_adds
SELECT count(*) FROM events e
 WHERE e.enterprise_id = $1 AND e.user_id = $2 AND e.event_type = 'ADD'
   -- Earlier events do not say where they were.
   AND coalesce(e.scope_ids && $3, true)
   AND mem0.reaches_event($1, e.scope_ids, e.classification, $4)
--> (uuid, uuid, _int8, _int8) count int8

-- event.find_texts
SELECT m.id, m.content FROM memories m
 WHERE m.enterprise_id = $1 AND m.id = ANY ($2) AND m.deleted_at IS NULL
   AND (m.expires_on IS NULL OR m.expires_on >= $3)
--> (uuid, _uuid, date) id uuid, content text

-- event.insert
INSERT INTO events (enterprise_id, id, user_id, event_type, status, payload, results, created_at, started_at,
                    completed_at, scope_ids, classification)
VALUES ($1, $2, $3, $4, 'SUCCEEDED', $5, $6, $7, $7, $8, $9, $10::text::classification)
--> (uuid, uuid, uuid, text, jsonb, jsonb, timestamptz, timestamptz, _int8, text)

-- event.list
SELECT e.id, e.event_type, e.status, e.payload, e.results, e.created_at, e.started_at, e.completed_at
  FROM events e
 WHERE e.enterprise_id = $1 AND e.user_id = $2
   AND mem0.reaches_event($1, e.scope_ids, e.classification, $5)
 ORDER BY e.created_at DESC, e.id DESC LIMIT $3 OFFSET $4
--> (uuid, uuid, int8, int8, _int8) id uuid, event_type text, status text, payload jsonb, results jsonb, created_at timestamptz, started_at timestamptz, completed_at timestamptz

-- event.lookup
SELECT e.id, e.event_type, e.status, e.payload, e.results, e.created_at, e.started_at, e.completed_at
  FROM events e
 WHERE e.enterprise_id = $1 AND e.user_id = $2 AND e.id = $3
   AND mem0.reaches_event($1, e.scope_ids, e.classification, $4)
--> (uuid, uuid, uuid, _int8) id uuid, event_type text, status text, payload jsonb, results jsonb, created_at timestamptz, started_at timestamptz, completed_at timestamptz

-- grantee.belongs_within
SELECT EXISTS (SELECT FROM users u
                 JOIN mem0.held_roles h ON h.enterprise_id = u.enterprise_id AND h.user_id = u.id
                 JOIN scopes s ON s.enterprise_id = h.enterprise_id AND s.id = h.scope_id
                WHERE u.enterprise_id = $1 AND u.scope_id = $2 AND s.path && $3)
--> (uuid, int8, _int8) exists bool

-- grantee.find_level
SELECT s.id AS scope_id, s.kind, s.path FROM scopes s
 WHERE s.enterprise_id = $1 AND s.kind = $2 AND s.kind <> 'user'
--> (uuid, text) scope_id int8, kind text, path _int8

-- grantee.find_names
SELECT coalesce(n.name, nullif(u.display_name, '')) AS name,
       CASE WHEN u.kind = 'person' THEN u.email END AS email
  FROM scopes s
  LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
  LEFT JOIN users u ON u.enterprise_id = s.enterprise_id AND u.scope_id = s.id
 WHERE s.enterprise_id = $1 AND s.id = $2
--> (uuid, int8) name text, email text

-- grantee.find_node
SELECT s.id AS scope_id, s.kind, s.path
  FROM sub_organizations n
  JOIN scopes s ON s.enterprise_id = n.enterprise_id AND s.id = n.scope_id
 WHERE n.enterprise_id = $1 AND n.id = $2
--> (uuid, uuid) scope_id int8, kind text, path _int8

-- grantee.find_person
SELECT u.id AS user_id, u.status, u.kind = 'service' AS service, s.id AS scope_id, s.kind, s.path
  FROM users u
  JOIN scopes s ON s.enterprise_id = u.enterprise_id AND s.id = u.scope_id
 WHERE u.enterprise_id = $1 AND (u.id = $2 OR lower(u.email) = $3)
--> (uuid, uuid, text) user_id uuid, status text, service bool, scope_id int8, kind text, path _int8

-- grantee.list_of_context
SELECT DISTINCT s.id AS scope_id, s.kind, s.path, u.id AS user_id, n.id AS node_id
  FROM sub_organizations c
  JOIN shares h ON h.enterprise_id = c.enterprise_id AND h.context_id = c.id AND h.revoked_at IS NULL
               AND (h.expires_at IS NULL OR h.expires_at > $3)
  JOIN scopes s ON s.enterprise_id = h.enterprise_id AND s.id = h.grantee_scope_id
  LEFT JOIN users u ON u.enterprise_id = s.enterprise_id AND u.scope_id = s.id
  LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
 WHERE c.enterprise_id = $1 AND c.scope_id = $2
--> (uuid, int8, timestamptz) scope_id int8, kind text, path _int8, user_id uuid, node_id uuid

-- group.account_is_active
SELECT status = 'active' FROM users WHERE enterprise_id = $1 AND id = $2
--> (uuid, uuid) ?column? bool

-- group.add_member
INSERT INTO group_members (enterprise_id, group_id, user_id, created_at, created_by)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (enterprise_id, group_id, user_id) DO NOTHING
--> (uuid, uuid, uuid, timestamptz, uuid)

-- group.delete
DELETE FROM groups WHERE enterprise_id = $1 AND id = $2
--> (uuid, uuid)

-- group.find
SELECT g.id, g.name AS group_name, g.managed_by, g.external_id, g.created_at, g.updated_at, g.scope_id,
       s.kind, n.id AS node_id, n.name,
       (SELECT count(*) FROM group_members m WHERE m.enterprise_id = $1 AND m.group_id = g.id) AS members
  FROM groups g
  JOIN scopes s ON s.enterprise_id = g.enterprise_id AND s.id = g.scope_id
  LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
 WHERE g.enterprise_id = $1
   AND ($2::uuid IS NULL OR g.id = $2)
   AND ($3::bigint IS NULL OR g.scope_id = $3)
   AND ($4::timestamptz IS NULL OR (g.created_at, g.id) > ($4, $5::uuid))
 ORDER BY g.created_at, g.id
 LIMIT $6
--> (uuid, uuid, int8, timestamptz, uuid, int8) id uuid, group_name text, managed_by text, external_id text, created_at timestamptz, updated_at timestamptz, scope_id int8, kind text, node_id uuid, name text, members int8

-- group.insert
INSERT INTO groups (enterprise_id, id, scope_id, name, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $5)
ON CONFLICT (enterprise_id, scope_id, lower(name)) DO NOTHING
--> (uuid, uuid, int8, text, timestamptz)

-- group.list_members
SELECT u.id, CASE WHEN u.kind = 'person' THEN u.email END AS email, u.display_name, m.created_at
  FROM group_members m
  JOIN users u ON u.enterprise_id = m.enterprise_id AND u.id = m.user_id
 WHERE m.enterprise_id = $1 AND m.group_id = $2
   AND ($3::uuid IS NULL OR m.user_id = $3)
   AND ($4::timestamptz IS NULL OR (m.created_at, m.user_id) > ($4, $5::uuid))
 ORDER BY m.created_at, m.user_id
 LIMIT $6
--> (uuid, uuid, uuid, timestamptz, uuid, int8) id uuid, email text, display_name text, created_at timestamptz

-- group.list_roles
SELECT r.group_id, r.role::text, s.kind, n.id AS node_id, n.name
  FROM group_roles r
  JOIN scopes s ON s.enterprise_id = r.enterprise_id AND s.id = r.scope_id
  LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
 WHERE r.enterprise_id = $1 AND r.group_id = ANY ($2) AND r.scope_id = ANY ((SELECT mem0.readable())::bigint[])
 ORDER BY cardinality(s.path), s.id
--> (uuid, _uuid) group_id uuid, role text, kind text, node_id uuid, name text

-- group.list_roles_of_scope
SELECT g.id, g.name, r.role::text, r.created_at,
       (SELECT count(*) FROM group_members m WHERE m.enterprise_id = $1 AND m.group_id = g.id) AS members
  FROM group_roles r
  JOIN groups g ON g.enterprise_id = r.enterprise_id AND g.id = r.group_id
 WHERE r.enterprise_id = $1 AND r.scope_id = $2
   AND ($3::uuid IS NULL OR g.id = $3)
   AND ($4::timestamptz IS NULL OR (r.created_at, g.id) > ($4, $5::uuid))
 ORDER BY r.created_at, g.id
 LIMIT $6
--> (uuid, int8, uuid, timestamptz, uuid, int8) id uuid, name text, role text, created_at timestamptz, members int8

-- group.put_role
INSERT INTO group_roles (enterprise_id, group_id, scope_id, role, created_at, created_by)
VALUES ($1, $2, $3, $4::text::member_role, $5, $6)
ON CONFLICT (enterprise_id, group_id, scope_id) DO UPDATE SET role = excluded.role
--> (uuid, uuid, int8, text, timestamptz, uuid)

-- group.remove_member
DELETE FROM group_members WHERE enterprise_id = $1 AND group_id = $2 AND user_id = $3
--> (uuid, uuid, uuid)

-- group.remove_role
DELETE FROM group_roles WHERE enterprise_id = $1 AND group_id = $2 AND scope_id = $3
--> (uuid, uuid, int8)

-- group.rename
UPDATE groups SET name = $3, updated_at = $4
 WHERE enterprise_id = $1 AND id = $2
   AND NOT EXISTS (SELECT FROM groups o WHERE o.enterprise_id = $1 AND o.scope_id = $5
                      AND lower(o.name) = lower($3) AND o.id <> $2)
--> (uuid, uuid, text, timestamptz, int8)

-- idempotency_key.claim
INSERT INTO idempotency_keys AS k (enterprise_id, user_id, key, request_hash, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (enterprise_id, user_id, key)
    DO UPDATE SET request_hash = excluded.request_hash, created_at = excluded.created_at, answer = NULL,
                  memory_ids = NULL
    WHERE k.created_at <= $6
--> (uuid, uuid, text, bytea, timestamptz, timestamptz)

-- idempotency_key.keep
UPDATE idempotency_keys
   SET answer = $4, held_on = $5, held_as = $6, ceiling = $7::text::classification, memory_ids = $8
 WHERE enterprise_id = $1 AND user_id = $2 AND key = $3
--> (uuid, uuid, text, jsonb, _int8, _text, text, _uuid)

-- idempotency_key.lookup
SELECT request_hash, answer, held_on, held_as, ceiling::text, memory_ids IS NOT NULL AS named
  FROM idempotency_keys WHERE enterprise_id = $1 AND user_id = $2 AND key = $3
--> (uuid, uuid, text) request_hash bytea, answer jsonb, held_on _int8, held_as _text, ceiling text, named bool

-- idempotency_key.prune
SELECT mem0.prune_idempotency_keys($1, $2)
--> (timestamptz, int4) prune_idempotency_keys int4

-- identity_link.insert
INSERT INTO identity_links (enterprise_id, provider_id, subject, user_id, created_at)
SELECT u.enterprise_id, $2, $3, u.id, $5 FROM users u
 WHERE u.enterprise_id = $1 AND lower(u.email) = lower($4::text) AND u.status = 'active'
   AND u.kind = 'person'
ON CONFLICT (enterprise_id, provider_id, subject) DO UPDATE SET subject = excluded.subject
RETURNING user_id
--> (uuid, uuid, text, text, timestamptz) user_id uuid

-- identity_link.knows
SELECT EXISTS (SELECT FROM identity_links l JOIN users u ON u.enterprise_id = l.enterprise_id AND u.id = l.user_id
                WHERE l.enterprise_id = $1 AND l.provider_id = $2 AND l.subject = $3 AND u.status = 'active')
    OR EXISTS (SELECT FROM users
                WHERE enterprise_id = $1 AND lower(email) = lower($4::text) AND status = 'active'
                  AND kind = 'person')
--> (uuid, uuid, text, text) ?column? bool

-- identity_link.lookup
SELECT user_id FROM identity_links WHERE enterprise_id = $1 AND provider_id = $2 AND subject = $3
--> (uuid, uuid, text) user_id uuid

-- identity_provider.delete
DELETE FROM identity_providers WHERE enterprise_id = $1 AND id = $2
--> (uuid, uuid)

-- identity_provider.exists
SELECT EXISTS (SELECT FROM identity_providers WHERE enterprise_id = $1 AND id = $2)
--> (uuid, uuid) exists bool

-- identity_provider.insert
INSERT INTO identity_providers (enterprise_id, id, name, issuer, jwks_uri, jwks, jwks_read_at, domains, created_at,
                                created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7, $9)
ON CONFLICT (enterprise_id, issuer) DO NOTHING
--> (uuid, uuid, text, text, text, jsonb, timestamptz, _text, uuid)

-- identity_provider.list
SELECT id, name, issuer, jwks_uri, domains, created_at
  FROM identity_providers
 WHERE enterprise_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid))
 ORDER BY created_at, id
 LIMIT $4
--> (uuid, timestamptz, uuid, int8) id uuid, name text, issuer text, jwks_uri text, domains _text, created_at timestamptz

-- identity_provider.lock
SELECT FROM identity_providers WHERE enterprise_id = $1 AND id = $2 FOR KEY SHARE
--> (uuid, uuid)

-- identity_provider.of_issuer
SELECT enterprise_id, id, jwks_uri, jwks, jwks_read_at, domains
  FROM identity_providers WHERE issuer = $1 AND ($2::uuid IS NULL OR id = $2) ORDER BY created_at, id LIMIT $3
--> (text, uuid, int8) enterprise_id uuid, id uuid, jwks_uri text, jwks jsonb, jwks_read_at timestamptz, domains _text

-- identity_provider.update_keys
UPDATE identity_providers SET jwks = $3, jwks_read_at = $4 WHERE enterprise_id = $1 AND id = $2
--> (uuid, uuid, jsonb, timestamptz)

-- invitation.accept
UPDATE invitations SET accepted_at = $3
 WHERE enterprise_id = $1 AND token_hash = $2
   AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $3
   AND mem0.invitation_stands(enterprise_id, id)
RETURNING id, enterprise_id, scope_id, role::text, email, invited_by
--> (uuid, bytea, timestamptz) id uuid, enterprise_id uuid, scope_id int8, role text, email text, invited_by uuid

-- invitation.find_open_for
SELECT id, role::text FROM invitations
 WHERE enterprise_id = $1 AND scope_id = $2 AND email = $3 AND accepted_at IS NULL AND revoked_at IS NULL
--> (uuid, int8, text) id uuid, role text

-- invitation.find_tenant
SELECT enterprise_id FROM invitations WHERE token_hash = $1
--> (bytea) enterprise_id uuid

-- invitation.insert
INSERT INTO invitations (enterprise_id, id, scope_id, email, role, token_hash, invited_by, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5::text::member_role, $6, $7, $8, $9)
--> (uuid, uuid, int8, text, text, bytea, uuid, timestamptz, timestamptz)

-- invitation.list_open
SELECT i.id, i.email, i.role::text, i.invited_by, i.created_at, i.expires_at, i.expires_at <= $2 AS expired,
       i.scope_id, s.kind, n.id AS node_id, n.name
  FROM invitations i
  JOIN scopes s ON s.enterprise_id = i.enterprise_id AND s.id = i.scope_id
  LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
 WHERE i.enterprise_id = $1 AND i.accepted_at IS NULL AND i.revoked_at IS NULL
   AND ($3::uuid IS NULL OR i.id = $3)
   AND ($4::bigint IS NULL OR i.scope_id = $4)
   AND ($5::timestamptz IS NULL OR (i.created_at, i.id) > ($5, $6::uuid))
 ORDER BY i.created_at, i.id
 LIMIT $7
--> (uuid, timestamptz, uuid, int8, timestamptz, uuid, int8) id uuid, email text, role text, invited_by uuid, created_at timestamptz, expires_at timestamptz, expired bool, scope_id int8, kind text, node_id uuid, name text

-- invitation.lookup
SELECT e.name, i.email, i.accepted_at IS NOT NULL AS accepted, i.revoked_at IS NOT NULL AS revoked,
       i.expires_at <= $2 AS expired, mem0.invitation_stands(i.enterprise_id, i.id) AS stands
  FROM invitations i JOIN enterprises e ON e.id = i.enterprise_id
 WHERE i.token_hash = $1
--> (bytea, timestamptz) name text, email text, accepted bool, revoked bool, expired bool, stands bool

-- invitation.revoke
UPDATE invitations SET revoked_at = $3
 WHERE enterprise_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL
--> (uuid, uuid, timestamptz)

-- invitation.revoke_of
UPDATE invitations SET revoked_at = $3
 WHERE enterprise_id = $1 AND invited_by = $2 AND accepted_at IS NULL AND revoked_at IS NULL
RETURNING id, scope_id
--> (uuid, uuid, timestamptz) id uuid, scope_id int8

-- login_attempt.blocked_until
SELECT blocked_until FROM login_attempts WHERE bucket = $1
--> (text) blocked_until timestamptz

-- login_attempt.count
INSERT INTO login_attempts AS a (bucket, failures, last_failure_at, blocked_until)
VALUES ($1, 1, $2, CASE WHEN $3 <= 1 THEN $2::timestamptz + least($5::float8, $4::float8) * interval '1 second' END)
ON CONFLICT (bucket) DO UPDATE
   SET last_failure_at = $2,
       (failures, blocked_until) =
           (SELECT n, CASE WHEN n >= $3 THEN
                          $2 + least($5, $4 * 2 ^ least(n - $3, 20)) * interval '1 second' END
              FROM (SELECT CASE WHEN a.last_failure_at <= $6 THEN 1 ELSE a.failures + 1 END AS n) counted)
 WHERE a.blocked_until IS NULL OR a.blocked_until <= $2
RETURNING blocked_until
--> (text, timestamptz, int4, float8, float8, timestamptz) blocked_until timestamptz

-- login_attempt.delete
DELETE FROM login_attempts
 WHERE bucket = $1
    OR bucket IN (SELECT bucket FROM login_attempts
                   WHERE last_failure_at < $2 AND bucket <> $1
                   ORDER BY last_failure_at LIMIT 20 FOR UPDATE SKIP LOCKED)
--> (text, timestamptz)

-- login_attempt.take_back
UPDATE login_attempts
   SET failures = greatest(failures - 1, 0), blocked_until = nullif(blocked_until, $2)
 WHERE bucket = $1
--> (text, timestamptz)

-- member.delete
DELETE FROM memberships WHERE enterprise_id = $1 AND user_id = $2 AND scope_id = $3
--> (uuid, uuid, int8)

-- member.list
SELECT u.id, CASE WHEN u.kind = 'person' THEN u.email END AS email, u.display_name, u.status, u.created_at,
       held.role::text, held.direct_role::text,
       other.role::text AS inherited_role, other.kind, other.node_id, other.name, other.group_id,
       other.group_name
  FROM (SELECT m.user_id, max(m.role) AS role,
               max(m.role) FILTER (WHERE m.scope_id = $2 AND m.group_id IS NULL) AS direct_role
          FROM mem0.held_roles m
         WHERE m.enterprise_id = $1 AND m.scope_id = ANY ($3) AND ($4::uuid IS NULL OR m.user_id = $4)
         GROUP BY m.user_id) held
  JOIN users u ON u.enterprise_id = $1 AND u.id = held.user_id
  LEFT JOIN LATERAL
       (SELECT m.role, s.kind, n.id AS node_id, n.name, m.group_id, g.name AS group_name
          FROM mem0.held_roles m
          JOIN scopes s ON s.enterprise_id = m.enterprise_id AND s.id = m.scope_id
          LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
          LEFT JOIN groups g ON g.enterprise_id = m.enterprise_id AND g.id = m.group_id
         WHERE m.enterprise_id = $1 AND m.user_id = held.user_id
           AND m.scope_id = ANY ($3) AND (m.scope_id <> $2 OR m.group_id IS NOT NULL)
         ORDER BY m.role DESC, cardinality(s.path) DESC, m.group_id NULLS FIRST
         LIMIT 1) other ON true
 WHERE $5::timestamptz IS NULL OR (u.created_at, u.id) > ($5, $6::uuid)
 ORDER BY u.created_at, u.id
 LIMIT $7
--> (uuid, int8, _int8, uuid, timestamptz, uuid, int8) id uuid, email text, display_name text, status text, created_at timestamptz, role text, direct_role text, inherited_role text, kind text, node_id uuid, name text, group_id uuid, group_name text

-- member.put
INSERT INTO memberships (enterprise_id, user_id, scope_id, role, created_at, created_by)
VALUES ($1, $2, $3, $4::text::member_role, $5, $6)
ON CONFLICT (enterprise_id, user_id, scope_id) DO UPDATE SET role = excluded.role
--> (uuid, uuid, int8, text, timestamptz, uuid)

-- member.standing
SELECT u.status,
       (SELECT m.role::text FROM memberships m
         WHERE m.enterprise_id = $1 AND m.user_id = $2 AND m.scope_id = $3) AS direct,
       (SELECT max(m.role)::text FROM mem0.held_roles m
         WHERE m.enterprise_id = $1 AND m.user_id = $2 AND m.scope_id = ANY ($4)) AS effective
  FROM users u WHERE u.enterprise_id = $1 AND u.id = $2
--> (uuid, uuid, int8, _int8) status text, direct text, effective text

-- membership.join
INSERT INTO memberships (enterprise_id, user_id, scope_id, role, created_at, created_by)
VALUES ($1, $2, $3, $4::text::member_role, $5, $6)
ON CONFLICT (enterprise_id, user_id, scope_id)
    DO UPDATE SET role = greatest(memberships.role, excluded.role)
--> (uuid, uuid, int8, text, timestamptz, uuid)

-- memory.count
SELECT count(*) FROM memories m WHERE m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND ((m.user_id = $4::text) AND (m.created_at >= $5::timestamptz) AND (EXISTS (SELECT FROM unnest(m.categories) AS category WHERE category ~ $6::text)) AND (((m.metadata @> $7::jsonb)) IS NOT TRUE) AND (m.classification = ANY($8::text[]::classification[]))) AND (m.home_scope_id = ANY ($2::bigint[]) OR (cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[]))
--> (uuid, _int8, date, text, timestamptz, text, jsonb, _text) count int8

-- memory.count
SELECT count(*) FROM memories m WHERE m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND (m.id = ANY($4::uuid[])) AND (m.home_scope_id = ANY ($2::bigint[]) OR (cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[]))
--> (uuid, _int8, date, _uuid) count int8

-- memory.count
SELECT count(*) FROM memories m WHERE m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND TRUE AND (m.home_scope_id = ANY ($2::bigint[]) OR (cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[]))
--> (uuid, _int8, date) count int8

-- memory.count_where
SELECT count(*) FROM memories m
 WHERE m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND $3::date IS NOT NULL AND TRUE AND $2::bigint[] IS NOT NULL AND m.home_scope_id = $5::bigint AND $4::uuid IS NOT NULL
--> (uuid, _int8, date, uuid, int8) count int8

-- memory.delete
WITH gone AS (
    UPDATE memories m SET deleted_at = $3, updated_at = $3, version = m.version + 1
     WHERE m.enterprise_id = $1 AND m.id = ANY ($2) AND m.deleted_at IS NULL
    RETURNING m.id, m.version, m.content, m.metadata, m.categories, m.classification)
INSERT INTO memory_versions (enterprise_id, memory_id, version, id, event, old_content, metadata, categories,
                             editor_id, at, classification)
SELECT $1, g.id, g.version, gen_random_uuid(), 'DELETE', g.content, g.metadata, g.categories, $4, $3, g.classification
  FROM gone g
--> (uuid, _uuid, timestamptz, uuid)

-- memory.delete_where
WITH doomed AS (
    SELECT m.id FROM memories m
     WHERE m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND $3::date IS NOT NULL AND (TRUE AND (m.user_id = $4::text)) AND $2::bigint[] IS NOT NULL AND m.home_scope_id = $7::bigint
     ORDER BY m.id LIMIT 1000 FOR UPDATE
), gone AS (
    UPDATE memories m SET deleted_at = $5::timestamptz, updated_at = $5::timestamptz, version = m.version + 1
      FROM doomed d WHERE m.enterprise_id = $1 AND m.id = d.id
    RETURNING m.id, m.version, m.content, m.metadata, m.categories, m.classification
), noted AS (
    INSERT INTO memory_versions (enterprise_id, memory_id, version, id, event, old_content, metadata,
                                 categories, editor_id, at, classification)
    SELECT $1, g.id, g.version, gen_random_uuid(), 'DELETE', g.content, g.metadata, g.categories,
           $6::uuid, $5::timestamptz, g.classification
      FROM gone g
)
SELECT coalesce(array_agg(g.id ORDER BY g.id), '{}') AS ids, max(g.classification)::text AS class FROM gone g
--> (uuid, _int8, date, text, timestamptz, uuid, int8) ids _uuid, class text

-- memory.delete_where
WITH doomed AS (
    SELECT m.id FROM memories m
     WHERE m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND $3::date IS NOT NULL AND (m.user_id = $4::text) AND $2::bigint[] IS NOT NULL AND m.home_scope_id = $7::bigint
     ORDER BY m.id LIMIT 1000 FOR UPDATE
), gone AS (
    UPDATE memories m SET deleted_at = $5::timestamptz, updated_at = $5::timestamptz, version = m.version + 1
      FROM doomed d WHERE m.enterprise_id = $1 AND m.id = d.id
    RETURNING m.id, m.version, m.content, m.metadata, m.categories, m.classification
), noted AS (
    INSERT INTO memory_versions (enterprise_id, memory_id, version, id, event, old_content, metadata,
                                 categories, editor_id, at, classification)
    SELECT $1, g.id, g.version, gen_random_uuid(), 'DELETE', g.content, g.metadata, g.categories,
           $6::uuid, $5::timestamptz, g.classification
      FROM gone g
)
SELECT coalesce(array_agg(g.id ORDER BY g.id), '{}') AS ids, max(g.classification)::text AS class FROM gone g
--> (uuid, _int8, date, text, timestamptz, uuid, int8) ids _uuid, class text

-- memory.find_linked
SELECT m.id FROM mem0.linked($2) l (id) JOIN memories m ON m.enterprise_id = $1 AND m.id = l.id
--> (uuid, uuid) id uuid

-- memory.find_similar
SELECT t.number, m.id, m.content, m.metadata, m.categories, m.occurred_at, m.expires_on, m.classification,
       m.similarity
  FROM unnest($3::bytea[], $4::halfvec[], $11::timestamptz[], $12::date[], $13::text[]) WITH ORDINALITY
       AS t (fingerprint, embedding, occurred_at, expires_on, actor, number)
 CROSS JOIN LATERAL (
       SELECT m.id, m.content, m.metadata, m.categories, m.occurred_at, m.expires_on,
              m.classification::text,
              CASE WHEN m.embedding_model = $10 THEN (-(m.embedding <#> t.embedding))::real END AS similarity
         FROM memories m
        WHERE m.enterprise_id = $1 AND m.home_scope_id + 0 = $2 AND m.fingerprint = t.fingerprint
          AND m.deleted_at IS NULL
          AND (m.lifecycle = 'active' OR m.lifecycle = 'superseded' AND mem0.successor(m.replaced_by, m.earlier_successors) IS NULL)
          AND (m.expires_on IS NULL OR m.expires_on >= greatest(t.expires_on, $5) AND t.expires_on IS NOT NULL)
          AND (m.occurred_at IS NULL OR t.occurred_at IS NULL OR m.occurred_at = t.occurred_at)
          AND coalesce(m.user_id, '') = coalesce($6, '') AND coalesce(m.agent_id, '') = coalesce($7, '')
          AND coalesce(m.app_id, '') = coalesce($8, '') AND coalesce(m.run_id, '') = coalesce($9, '')
          AND coalesce(m.metadata ->> 'actor_id', t.actor, '') = coalesce(t.actor, m.metadata ->> 'actor_id', '')
        ORDER BY similarity DESC NULLS LAST, m.id LIMIT 12) m
 ORDER BY t.number, m.similarity DESC NULLS LAST, m.id
--> (uuid, int8, _bytea, _halfvec, date, text, text, text, text, text, _timestamptz, _date, _text) number int8, id uuid, content text, metadata jsonb, categories _text, occurred_at timestamptz, expires_on date, classification text, similarity float4

-- memory.find_too_wide
SELECT w.classification::text, w.home, w.kind, w.abroad FROM mem0.too_wide($1) w
--> (_uuid) classification text, home int8, kind text, abroad bool

-- memory.find_too_wide_as
SELECT w.classification::text, w.home, w.kind, w.abroad FROM mem0.too_wide_as($1, $2::text::classification) w
--> (uuid, text) classification text, home int8, kind text, abroad bool

-- memory.hold_succession
SELECT mem0.hold_succession($1)
--> (_uuid) hold_succession void

-- memory.insert
INSERT INTO memories (enterprise_id, id, author_id, home_scope_id, scope_ids, content, fingerprint, metadata,
                      categories, user_id, agent_id, app_id, run_id, occurred_at, expires_on, capture_id,
                      capture_position, embedding, embedding_model, created_at, updated_at, tokens, classification)
SELECT $1, n.id, $2, $3, ARRAY[$3::bigint], n.content, n.fingerprint, n.metadata,
       ARRAY(SELECT jsonb_array_elements_text(n.categories)), $4, $5, $6, $7, n.occurred_at, n.expires_on,
       n.capture,
       n.position + CASE WHEN n.capture = n.id THEN 0
                         ELSE (SELECT coalesce(max(e.capture_position) + 1, 0) FROM memories e
                                WHERE e.enterprise_id = $1 AND e.capture_id = n.capture AND e.capture_id <> e.id) END,
       n.embedding, CASE WHEN n.embedding IS NOT NULL THEN $8 END, $9, $9, n.tokens,
       n.classification::classification
  FROM unnest($10::uuid[], $11::text[], $12::bytea[], $13::jsonb[], $14::jsonb[], $15::timestamptz[],
              $16::date[], $17::uuid[], $18::integer[], $19::halfvec[], $20::bytea[], $21::text[])
       AS n (id, content, fingerprint, metadata, categories, occurred_at, expires_on, capture, position, embedding,
             tokens, classification)
--> (uuid, uuid, int8, text, text, text, text, text, timestamptz, _uuid, _text, _bytea, _jsonb, _jsonb, _timestamptz, _date, _uuid, _int4, _halfvec, _bytea, _text)

-- memory.is_opened_unapproved
SELECT EXISTS (SELECT FROM mem0.linked_contexts($2) c WHERE NOT (c.scope_id = $3 AND c.agreed))
    OR EXISTS (SELECT FROM public_links l
                WHERE l.enterprise_id = $1 AND l.memory_id = $4 AND NOT l.needs_public_share
                  AND l.revoked_at IS NULL AND (l.expires_at IS NULL OR l.expires_at > $5))
--> (uuid, _int8, int8, uuid, timestamptz) ?column? bool

-- memory.keep_contexts
SELECT count(pg_advisory_xact_lock_shared(mem0.scope_lock(c.id)))
  FROM (SELECT DISTINCT s.id
          FROM memories m
         CROSS JOIN LATERAL unnest(m.scope_ids) AS seen (id)
          JOIN scopes s ON s.enterprise_id = m.enterprise_id AND s.id = seen.id AND s.kind = 'context'
         WHERE m.enterprise_id = $1 AND m.id = ANY ($2)
         ORDER BY s.id) c
--> (uuid, _uuid) count int8

-- memory.list
WITH near AS (
    SELECT m.id
      FROM unnest($2::bigint[]) AS s (id) CROSS JOIN LATERAL (
           SELECT m.id FROM memories m
            WHERE false AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND TRUE AND (m.home_scope_id = ANY ($4::bigint[]) OR (m.home_scope_id <> ALL ($5::bigint[]) AND NOT m.scope_ids && $6::bigint[])) AND m.home_scope_id = s.id
            ORDER BY m.created_at DESC, m.id DESC LIMIT $7::bigint) m
    UNION
    (SELECT m.id FROM memories m
      WHERE true AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND TRUE AND (m.home_scope_id = ANY ($4::bigint[]) OR (m.home_scope_id <> ALL ($5::bigint[]) AND NOT m.scope_ids && $6::bigint[])) AND cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[] AND m.home_scope_id <> ALL ($2::bigint[])
      ORDER BY m.created_at DESC, m.id DESC LIMIT $7::bigint)
)
SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at, m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text
  FROM near JOIN memories m ON m.enterprise_id = $1 AND m.id = near.id
 ORDER BY m.created_at DESC, m.id DESC LIMIT $8::bigint OFFSET $9::bigint
--> (uuid, _int8, date, _int8, _int8, _int8, int8, int8, int8) id uuid, author_id uuid, home_scope_id int8, scope_ids _int8, content text, metadata jsonb, categories _text, user_id text, agent_id text, app_id text, run_id text, lifecycle text, replaced_by uuid, occurred_at timestamptz, expires_on date, version int4, created_at timestamptz, updated_at timestamptz, classification text

-- memory.list
WITH near AS (
    SELECT m.id
      FROM unnest($2::bigint[]) AS s (id) CROSS JOIN LATERAL (
           SELECT m.id FROM memories m
            WHERE true AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND (m.lifecycle = 'active' OR m.lifecycle = 'superseded' AND mem0.successor(m.replaced_by, m.earlier_successors) IS NULL) AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND TRUE AND m.home_scope_id = s.id
            ORDER BY m.created_at DESC, m.id DESC LIMIT $4::bigint) m
    UNION
    (SELECT m.id FROM memories m
      WHERE true AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND (m.lifecycle = 'active' OR m.lifecycle = 'superseded' AND mem0.successor(m.replaced_by, m.earlier_successors) IS NULL) AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND TRUE AND cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[] AND m.home_scope_id <> ALL ($2::bigint[])
      ORDER BY m.created_at DESC, m.id DESC LIMIT $4::bigint)
)
SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, NULL::uuid AS replaced_by, m.occurred_at, m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text
  FROM near JOIN memories m ON m.enterprise_id = $1 AND m.id = near.id
 ORDER BY m.created_at DESC, m.id DESC LIMIT $5::bigint OFFSET $6::bigint
--> (uuid, _int8, date, int8, int8, int8) id uuid, author_id uuid, home_scope_id int8, scope_ids _int8, content text, metadata jsonb, categories _text, user_id text, agent_id text, app_id text, run_id text, lifecycle text, replaced_by uuid, occurred_at timestamptz, expires_on date, version int4, created_at timestamptz, updated_at timestamptz, classification text

-- memory.list
WITH near AS (
    SELECT m.id
      FROM unnest($2::bigint[]) AS s (id) CROSS JOIN LATERAL (
           SELECT m.id FROM memories m
            WHERE true AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND ((m.user_id = $4::text) AND (m.created_at >= $5::timestamptz) AND (EXISTS (SELECT FROM unnest(m.categories) AS category WHERE category ~ $6::text)) AND (((m.metadata @> $7::jsonb)) IS NOT TRUE) AND (m.classification = ANY($8::text[]::classification[]))) AND m.home_scope_id = s.id
            ORDER BY m.created_at DESC, m.id DESC LIMIT $9::bigint) m
    UNION
    (SELECT m.id FROM memories m
      WHERE true AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND ((m.user_id = $4::text) AND (m.created_at >= $5::timestamptz) AND (EXISTS (SELECT FROM unnest(m.categories) AS category WHERE category ~ $6::text)) AND (((m.metadata @> $7::jsonb)) IS NOT TRUE) AND (m.classification = ANY($8::text[]::classification[]))) AND cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[] AND m.home_scope_id <> ALL ($2::bigint[])
      ORDER BY m.created_at DESC, m.id DESC LIMIT $9::bigint)
)
SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at, m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text
  FROM near JOIN memories m ON m.enterprise_id = $1 AND m.id = near.id
 ORDER BY m.created_at DESC, m.id DESC LIMIT $10::bigint OFFSET $11::bigint
--> (uuid, _int8, date, text, timestamptz, text, jsonb, _text, int8, int8, int8) id uuid, author_id uuid, home_scope_id int8, scope_ids _int8, content text, metadata jsonb, categories _text, user_id text, agent_id text, app_id text, run_id text, lifecycle text, replaced_by uuid, occurred_at timestamptz, expires_on date, version int4, created_at timestamptz, updated_at timestamptz, classification text

-- memory.list
WITH near AS (
    SELECT m.id
      FROM unnest($2::bigint[]) AS s (id) CROSS JOIN LATERAL (
           SELECT m.id FROM memories m
            WHERE true AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND (m.id = ANY($4::uuid[])) AND m.home_scope_id = s.id
            ORDER BY m.created_at DESC, m.id DESC LIMIT $5::bigint) m
    UNION
    (SELECT m.id FROM memories m
      WHERE true AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND (m.id = ANY($4::uuid[])) AND cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[] AND m.home_scope_id <> ALL ($2::bigint[])
      ORDER BY m.created_at DESC, m.id DESC LIMIT $5::bigint)
)
SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at, m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text
  FROM near JOIN memories m ON m.enterprise_id = $1 AND m.id = near.id
 ORDER BY m.created_at DESC, m.id DESC LIMIT $6::bigint OFFSET $7::bigint
--> (uuid, _int8, date, _uuid, int8, int8, int8) id uuid, author_id uuid, home_scope_id int8, scope_ids _int8, content text, metadata jsonb, categories _text, user_id text, agent_id text, app_id text, run_id text, lifecycle text, replaced_by uuid, occurred_at timestamptz, expires_on date, version int4, created_at timestamptz, updated_at timestamptz, classification text

-- memory.list
WITH near AS (
    SELECT m.id
      FROM unnest($2::bigint[]) AS s (id) CROSS JOIN LATERAL (
           SELECT m.id FROM memories m
            WHERE true AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND TRUE AND (m.home_scope_id = ANY ($4::bigint[]) OR (m.home_scope_id <> ALL ($5::bigint[]) AND NOT m.scope_ids && $6::bigint[])) AND m.home_scope_id = s.id
            ORDER BY m.created_at DESC, m.id DESC LIMIT $7::bigint) m
    UNION
    (SELECT m.id FROM memories m
      WHERE true AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND TRUE AND (m.home_scope_id = ANY ($4::bigint[]) OR (m.home_scope_id <> ALL ($5::bigint[]) AND NOT m.scope_ids && $6::bigint[])) AND cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[] AND m.home_scope_id <> ALL ($2::bigint[])
      ORDER BY m.created_at DESC, m.id DESC LIMIT $7::bigint)
)
SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at, m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text
  FROM near JOIN memories m ON m.enterprise_id = $1 AND m.id = near.id
 ORDER BY m.created_at DESC, m.id DESC LIMIT $8::bigint OFFSET $9::bigint
--> (uuid, _int8, date, _int8, _int8, _int8, int8, int8, int8) id uuid, author_id uuid, home_scope_id int8, scope_ids _int8, content text, metadata jsonb, categories _text, user_id text, agent_id text, app_id text, run_id text, lifecycle text, replaced_by uuid, occurred_at timestamptz, expires_on date, version int4, created_at timestamptz, updated_at timestamptz, classification text

-- memory.list
WITH near AS (
    SELECT m.id
      FROM unnest($2::bigint[]) AS s (id) CROSS JOIN LATERAL (
           SELECT m.id FROM memories m
            WHERE true AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND TRUE AND m.home_scope_id = ANY ($4::bigint[]) AND m.home_scope_id = s.id
            ORDER BY m.created_at DESC, m.id DESC LIMIT $5::bigint) m
    UNION
    (SELECT m.id FROM memories m
      WHERE false AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND TRUE AND m.home_scope_id = ANY ($4::bigint[]) AND cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[] AND m.home_scope_id <> ALL ($2::bigint[])
      ORDER BY m.created_at DESC, m.id DESC LIMIT $5::bigint)
)
SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at, m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text
  FROM near JOIN memories m ON m.enterprise_id = $1 AND m.id = near.id
 ORDER BY m.created_at DESC, m.id DESC LIMIT $6::bigint OFFSET $7::bigint
--> (uuid, _int8, date, _int8, int8, int8, int8) id uuid, author_id uuid, home_scope_id int8, scope_ids _int8, content text, metadata jsonb, categories _text, user_id text, agent_id text, app_id text, run_id text, lifecycle text, replaced_by uuid, occurred_at timestamptz, expires_on date, version int4, created_at timestamptz, updated_at timestamptz, classification text

-- memory.list
WITH near AS (
    SELECT m.id
      FROM unnest($2::bigint[]) AS s (id) CROSS JOIN LATERAL (
           SELECT m.id FROM memories m
            WHERE true AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND TRUE AND m.home_scope_id = s.id
            ORDER BY m.created_at DESC, m.id DESC LIMIT $4::bigint) m
    UNION
    (SELECT m.id FROM memories m
      WHERE true AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND TRUE AND cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[] AND m.home_scope_id <> ALL ($2::bigint[])
      ORDER BY m.created_at DESC, m.id DESC LIMIT $4::bigint)
)
SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at, m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text
  FROM near JOIN memories m ON m.enterprise_id = $1 AND m.id = near.id
 ORDER BY m.created_at DESC, m.id DESC LIMIT $5::bigint OFFSET $6::bigint
--> (uuid, _int8, date, int8, int8, int8) id uuid, author_id uuid, home_scope_id int8, scope_ids _int8, content text, metadata jsonb, categories _text, user_id text, agent_id text, app_id text, run_id text, lifecycle text, replaced_by uuid, occurred_at timestamptz, expires_on date, version int4, created_at timestamptz, updated_at timestamptz, classification text

-- memory.list_links
SELECT l.created_by, l.expires_at, l.in_context, nullif(u.display_name, '') AS name
  FROM mem0.links_to($1) l
  LEFT JOIN users u ON u.enterprise_id = mem0.enterprise() AND u.id = l.created_by
--> (uuid) created_by uuid, expires_at timestamptz, in_context bool, name text

-- memory.list_people
SELECT p.id, p.display_name, p.created_at, p.kinds, p.nodes, p.can_change FROM mem0.people_of($1, $2, $3, $4) p
--> (uuid, timestamptz, uuid, int4) id uuid, display_name text, created_at timestamptz, kinds _text, nodes _uuid, can_change bool

-- memory.lock
SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories,
       m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at,
       m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text
  FROM memories m
 WHERE m.enterprise_id = $1 AND m.id = ANY ($2) AND m.deleted_at IS NULL
 ORDER BY m.id
   FOR UPDATE
--> (uuid, _uuid) id uuid, author_id uuid, home_scope_id int8, scope_ids _int8, content text, metadata jsonb, categories _text, user_id text, agent_id text, app_id text, run_id text, lifecycle text, replaced_by uuid, occurred_at timestamptz, expires_on date, version int4, created_at timestamptz, updated_at timestamptz, classification text

-- memory.lock_wordings
SELECT CASE WHEN l.shared THEN pg_advisory_xact_lock_shared(l.key)::text ELSE pg_advisory_xact_lock(l.key)::text END
  FROM (SELECT DISTINCT k.number, k.shared, hashtextextended('memories of ' || $1::bigint, k.number) AS key
          FROM unnest($2::bytea[]) AS f,
               LATERAL (SELECT get_byte(f, 0) % 32 AS number) g,
               LATERAL (VALUES (g.number, $3), (32 + g.number * 256 + get_byte(f, 1), false)) k (number, shared)
         WHERE $3 OR k.number < 32
         ORDER BY k.number) l
--> (int8, _bytea, bool) pg_advisory_xact_lock text

-- memory.lookup
SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories,
       m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at,
       m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text
  FROM memories m
 WHERE m.enterprise_id = $1 AND m.id = $2 AND m.deleted_at IS NULL
--> (uuid, uuid) id uuid, author_id uuid, home_scope_id int8, scope_ids _int8, content text, metadata jsonb, categories _text, user_id text, agent_id text, app_id text, run_id text, lifecycle text, replaced_by uuid, occurred_at timestamptz, expires_on date, version int4, created_at timestamptz, updated_at timestamptz, classification text

-- memory.lookup_all
SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories,
       m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at,
       m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text
  FROM memories m
 WHERE m.enterprise_id = $1 AND m.id = ANY ($2) AND m.deleted_at IS NULL
--> (uuid, _uuid) id uuid, author_id uuid, home_scope_id int8, scope_ids _int8, content text, metadata jsonb, categories _text, user_id text, agent_id text, app_id text, run_id text, lifecycle text, replaced_by uuid, occurred_at timestamptz, expires_on date, version int4, created_at timestamptz, updated_at timestamptz, classification text

-- memory.lookup_deleted
SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories,
       m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at,
       m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text
  FROM memories m
 WHERE m.enterprise_id = $1 AND m.id = $2 AND m.deleted_at IS NOT NULL
--> (uuid, uuid) id uuid, author_id uuid, home_scope_id int8, scope_ids _int8, content text, metadata jsonb, categories _text, user_id text, agent_id text, app_id text, run_id text, lifecycle text, replaced_by uuid, occurred_at timestamptz, expires_on date, version int4, created_at timestamptz, updated_at timestamptz, classification text

-- memory.read_known
SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories,
       m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at,
       m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text
  FROM mem0.read_known($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
                       $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28) m
--> (bytea, uuid, timestamptz, uuid, uuid, uuid, text, text, _text, _int8, text, uuid, uuid, text, text, uuid, date, uuid, text, uuid, text, text, uuid, text, text, text, _text, int8) id uuid, author_id uuid, home_scope_id int8, scope_ids _int8, content text, metadata jsonb, categories _text, user_id text, agent_id text, app_id text, run_id text, lifecycle text, replaced_by uuid, occurred_at timestamptz, expires_on date, version int4, created_at timestamptz, updated_at timestamptz, classification text

-- memory.rehome
WITH RECURSIVE needless AS (
    SELECT id, via_share_id FROM shares
     WHERE enterprise_id = $1 AND memory_id = $2 AND grantee_scope_id = $3 AND revoked_at IS NULL
), upwards AS (
    SELECT id, via_share_id FROM needless
    UNION
    SELECT u.id, n.via_share_id FROM upwards u JOIN needless n ON n.id = u.via_share_id
), ended AS (
    UPDATE shares s SET revoked_at = $4, revoked_by = $5
      FROM needless n
     WHERE s.enterprise_id = $1 AND s.id = n.id
), hung AS (
    UPDATE shares s SET via_share_id = u.via_share_id
      FROM upwards u
     WHERE s.enterprise_id = $1 AND s.via_share_id = u.id AND s.revoked_at IS NULL
       AND s.id NOT IN (SELECT id FROM needless)
       AND (u.via_share_id IS NULL OR u.via_share_id NOT IN (SELECT id FROM needless))
)
UPDATE memories
   SET home_scope_id = $3, scope_ids = $3 || array_remove(array_remove(scope_ids, home_scope_id), $3)
 WHERE enterprise_id = $1 AND id = $2
--> (uuid, uuid, int8, timestamptz, uuid)

-- memory.release_superseded
SELECT r.id, r.home_scope_id, r.version, r.classification, r.replaced_by
  FROM mem0.release_superseded($1, $2, $3) r
--> (_uuid, uuid, timestamptz) id uuid, home_scope_id int8, version int4, classification text, replaced_by uuid

-- memory.stats
SELECT count(*), count(DISTINCT m.user_id), count(DISTINCT m.agent_id), count(DISTINCT m.app_id),
       count(DISTINCT m.run_id), count(m.user_id), count(m.agent_id), count(m.app_id), count(m.run_id)
  FROM memories m WHERE m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND TRUE AND (m.home_scope_id = ANY ($2::bigint[]) OR (cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[]))
--> (uuid, _int8, date) count int8, count int8, count int8, count int8, count int8, count int8, count int8, count int8, count int8

-- memory.suggest
SELECT n.name
  FROM memories m CROSS JOIN LATERAL unnest(m.categories) n (name)
 WHERE m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND TRUE AND (m.home_scope_id = ANY ($2::bigint[]) OR (cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[])) AND starts_with(lower(n.name), lower($4::text))
 GROUP BY n.name
 ORDER BY count(*) DESC, n.name
 LIMIT $5::bigint
--> (uuid, _int8, date, text, int8) name text

-- memory.update
UPDATE memories m
   SET content = n.content, fingerprint = n.fingerprint, metadata = n.metadata,
       categories = ARRAY(SELECT jsonb_array_elements_text(n.categories)),
       occurred_at = n.occurred_at, expires_on = n.expires_on, version = n.version, updated_at = $2,
       embedding = CASE WHEN n.content = m.content THEN m.embedding ELSE n.embedding END,
       embedding_model = CASE WHEN n.content = m.content THEN m.embedding_model
                              WHEN n.embedding IS NOT NULL THEN $3 END,
       tokens = n.tokens, classification = n.classification::classification,
       lifecycle = CASE WHEN n.replaced_by IS NULL THEN m.lifecycle ELSE 'superseded' END,
       earlier_successors = CASE WHEN n.replaced_by IS NULL OR m.replaced_by IS NULL THEN m.earlier_successors
                                 ELSE (m.replaced_by || m.earlier_successors)[1:8] END,
       replaced_by = coalesce(n.replaced_by, m.replaced_by)
  FROM unnest($4::uuid[], $5::text[], $6::bytea[], $7::jsonb[], $8::jsonb[], $9::timestamptz[], $10::date[],
              $11::integer[], $12::halfvec[], $13::bytea[], $14::text[], $15::uuid[])
       AS n (id, content, fingerprint, metadata, categories, occurred_at, expires_on, version, embedding, tokens,
             classification, replaced_by)
 WHERE m.enterprise_id = $1 AND m.id = n.id
--> (uuid, timestamptz, text, _uuid, _text, _bytea, _jsonb, _jsonb, _timestamptz, _date, _int4, _halfvec, _bytea, _text, _uuid)

-- memory_feedback.delete
DELETE FROM memory_feedback WHERE enterprise_id = $1 AND memory_id = $2 AND user_id = $3
--> (uuid, uuid, uuid)

-- memory_feedback.upsert
INSERT INTO memory_feedback (enterprise_id, memory_id, user_id, id, feedback, reason, at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (enterprise_id, memory_id, user_id)
    DO UPDATE SET feedback = excluded.feedback, reason = excluded.reason, at = excluded.at
RETURNING id
--> (uuid, uuid, uuid, uuid, text, text, timestamptz) id uuid

-- memory_version.insert_first
INSERT INTO memory_versions (enterprise_id, memory_id, version, id, event, input, new_content, metadata,
                             categories, editor_id, at, classification)
SELECT $1, n.memory_id, 1, n.id, 'ADD', n.input, n.content, n.metadata,
       ARRAY(SELECT jsonb_array_elements_text(n.categories)), $2, $3,
       n.classification::classification
  FROM unnest($4::uuid[], $5::uuid[], $6::jsonb[], $7::text[], $8::jsonb[], $9::jsonb[], $10::text[])
       AS n (memory_id, id, input, content, metadata, categories, classification)
--> (uuid, uuid, timestamptz, _uuid, _uuid, _jsonb, _text, _jsonb, _jsonb, _text)

-- memory_version.insert_update
INSERT INTO memory_versions (enterprise_id, memory_id, version, id, event, input, old_content, new_content,
                             metadata, categories, editor_id, at, classification)
SELECT $1, n.memory_id, n.version, n.id, 'UPDATE', n.input, n.old_content, n.new_content, n.metadata,
       ARRAY(SELECT jsonb_array_elements_text(n.categories)), $2, $3, n.classification::classification
  FROM unnest($4::uuid[], $5::integer[], $6::uuid[], $7::jsonb[], $8::text[], $9::text[], $10::jsonb[],
              $11::jsonb[], $12::text[])
       AS n (memory_id, version, id, input, old_content, new_content, metadata, categories, classification)
--> (uuid, uuid, timestamptz, _uuid, _int4, _uuid, _jsonb, _text, _text, _jsonb, _jsonb, _text)

-- memory_version.list
SELECT v.id, v.memory_id, v.version, v.event, v.new_content, v.metadata, v.categories, v.editor_id, v.at,
       v.classification::text,
       CASE WHEN v.version > s.since THEN v.input ELSE '[]' END AS input,
       CASE WHEN v.version > s.since THEN v.old_content END AS old_content
  FROM memory_versions v CROSS JOIN (SELECT mem0.seen_since($2) AS since) s
 WHERE v.enterprise_id = $1 AND v.memory_id = $2 AND v.version > $3 AND v.version >= s.since
 ORDER BY v.version
 LIMIT $4
--> (uuid, uuid, int4, int8) id uuid, memory_id uuid, version int4, event text, new_content text, metadata jsonb, categories _text, editor_id uuid, at timestamptz, classification text, input jsonb, old_content text

-- memory_version.seen_since
SELECT coalesce(mem0.seen_since($1), 0)
--> (uuid) coalesce int4

-- node.count_classified
SELECT mem0.count_classified($1, $2::text[]::classification[])
--> (int8, _text) count_classified int8

-- node.count_memories
SELECT mem0.count_memories_of($1)
--> (int8) count_memories_of int8

-- node.delete
DELETE FROM scopes WHERE enterprise_id = $1 AND id = $2
--> (uuid, int8)

-- node.dissolve
SELECT nodes, people, kept_groups, service_accounts, invited, api_keys, approvals, approvals_ended, sharing_policy
  FROM mem0.hand_over_node($1, $2, $3, $4, $5)
--> (int8, int8, text, uuid, timestamptz) nodes int8, people int8, kept_groups int8, service_accounts int8, invited int8, api_keys int8, approvals int8, approvals_ended int8, sharing_policy jsonb

-- node.find
SELECT n.id, n.name, n.settings, n.created_at, n.updated_at, s.kind, cardinality(s.path) AS level,
       ARRAY(SELECT a.id
               FROM unnest(s.path) WITH ORDINALITY step(scope_id, at)
               JOIN sub_organizations a ON a.enterprise_id = $1 AND a.scope_id = step.scope_id
              WHERE a.id <> n.id
              ORDER BY step.at) AS ancestors,
       (SELECT max(m.role)::text FROM mem0.held_roles m
         WHERE m.enterprise_id = $1 AND m.user_id = $2 AND m.scope_id = ANY (s.path)) AS role
  FROM sub_organizations n
  JOIN scopes s ON s.enterprise_id = n.enterprise_id AND s.id = n.scope_id
 WHERE n.enterprise_id = $1 AND s.id = ANY ($3)
   AND ($4::bigint IS NULL OR s.parent_id = $4)
   AND ($5::text IS NULL OR s.kind = $5)
   AND ($6::timestamptz IS NULL OR (n.created_at, n.id) > ($6, $7::uuid))
 ORDER BY n.created_at, n.id
 LIMIT $8
--> (uuid, uuid, _int8, int8, text, timestamptz, uuid, int8) id uuid, name text, settings jsonb, created_at timestamptz, updated_at timestamptz, kind text, level int4, ancestors _uuid, role text

-- node.find_too_wide
SELECT classes FROM mem0.too_wide_below($1, $2)
--> (int8, _int8) classes _text

-- node.hand_over_memories
SELECT mem0.hand_over_memory_ids($1, $2, $3)
--> (int8, int8, int4) hand_over_memory_ids _uuid

-- node.height
SELECT max(cardinality(path)) FROM scopes WHERE enterprise_id = $1 AND kind <> 'user' AND $2 = ANY (path)
--> (uuid, int8) max int4

-- node.insert
WITH scope AS (
    INSERT INTO scopes (enterprise_id, id, kind, parent_id, path)
    SELECT $1, i.id, $3, $4, $5::bigint[] || i.id FROM (SELECT nextval('scope_ids') AS id) i
    RETURNING id
)
INSERT INTO sub_organizations (enterprise_id, id, scope_id, name, settings, created_at, updated_at)
SELECT $1, $2, scope.id, $6, $7, $8, $8 FROM scope
RETURNING scope_id
--> (uuid, uuid, text, int8, _int8, text, jsonb, timestamptz) scope_id int8

-- node.kinds_below
SELECT DISTINCT kind FROM scopes WHERE enterprise_id = $1 AND parent_id = $2 ORDER BY kind
--> (uuid, int8) kind text

-- node.list_classified
SELECT m.id FROM memories m
 WHERE m.enterprise_id = $1 AND m.home_scope_id = $2 AND m.deleted_at IS NULL
   AND m.classification = ANY ($3::text[]::classification[])
 UNION
SELECT m.id FROM memories m
 WHERE m.enterprise_id = $1 AND m.scope_ids && ARRAY[$2::bigint] AND cardinality(m.scope_ids) > 1
   AND m.deleted_at IS NULL AND m.classification = ANY ($3::text[]::classification[])
 ORDER BY 1 LIMIT $4::integer
--> (uuid, int8, _text, int4) id uuid

-- node.list_in_the_way
SELECT memory_id, context_id, share_id, total FROM mem0.in_the_way_below($1, $2, $3)
--> (int8, _int8, int4) memory_id uuid, context_id uuid, share_id uuid, total int8

-- node.list_keys
SELECT k.id FROM mem0.keys_within($1) k (id)
--> (int8) id uuid

-- node.move
WITH moved AS (
    UPDATE scopes
       SET path = $3::bigint[] || path[$4:],
           parent_id = CASE WHEN id = $2 THEN $5 ELSE parent_id END
     WHERE enterprise_id = $1 AND kind <> 'user' AND $2 = ANY (path)
)
UPDATE sub_organizations SET updated_at = $6 WHERE enterprise_id = $1 AND scope_id = $2
--> (uuid, int8, _int8, int4, int8, timestamptz)

-- node.names_below
SELECT s.id, s.kind, n.name
  FROM scopes s JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
 WHERE s.enterprise_id = $1 AND s.parent_id = $2 AND s.kind NOT IN ('user', 'context')
 ORDER BY s.id
--> (uuid, int8) id int8, kind text, name text

-- node.update
UPDATE sub_organizations
   SET name = coalesce($3, name), settings = coalesce($4, settings), updated_at = $5
 WHERE enterprise_id = $1 AND id = $2
--> (uuid, uuid, text, jsonb, timestamptz)

-- oauth_client.forget_unused
DELETE FROM oauth_clients
 WHERE id IN (SELECT id FROM oauth_clients
               WHERE expires_at < $1 AND (source <> 'document' OR expires_at < $2)
               ORDER BY expires_at LIMIT 50 FOR UPDATE SKIP LOCKED)
--> (timestamptz, timestamptz)

-- oauth_client.keep
UPDATE oauth_clients SET enterprise_id = $2, provider_id = $3, expires_at = 'infinity' WHERE id = $1
RETURNING id, name, auth_method, created_at, md5(id)::uuid AS key
--> (text, uuid, uuid) id text, name text, auth_method text, created_at timestamptz, key uuid

-- oauth_client.lock
SELECT FROM oauth_clients WHERE id = $1 FOR KEY SHARE
--> (text)

-- oauth_client.lookup
SELECT id, name, uri, redirect_uris, grant_types, auth_method, secret_hash, jwks_uri, jwks, jwks_read_at, signing_alg,
       provider_id
  FROM oauth_clients WHERE id = $1 AND source = $2 AND expires_at > $3
--> (text, text, timestamptz) id text, name text, uri text, redirect_uris _text, grant_types _text, auth_method text, secret_hash bytea, jwks_uri text, jwks jsonb, jwks_read_at timestamptz, signing_alg text, provider_id uuid

-- oauth_client.of_provider
SELECT id, name, auth_method, created_at, md5(id)::uuid AS key
  FROM oauth_clients
 WHERE enterprise_id = $1 AND provider_id = $2
   AND ($3::timestamptz IS NULL OR (created_at, md5(id)::uuid) > ($3, $4::uuid))
 ORDER BY created_at, md5(id)::uuid
 LIMIT $5
--> (uuid, uuid, timestamptz, uuid, int8) id text, name text, auth_method text, created_at timestamptz, key uuid

-- oauth_client.put
INSERT INTO oauth_clients (id, source, name, uri, redirect_uris, grant_types, auth_method, secret_hash, created_at,
                           expires_at, jwks_uri, jwks, signing_alg)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (id) DO UPDATE
   SET name = excluded.name, uri = excluded.uri, redirect_uris = excluded.redirect_uris,
       grant_types = excluded.grant_types, expires_at = excluded.expires_at, auth_method = excluded.auth_method,
       secret_hash = excluded.secret_hash, jwks_uri = excluded.jwks_uri, signing_alg = excluded.signing_alg,
       jwks = CASE WHEN excluded.jwks_uri = oauth_clients.jwks_uri THEN oauth_clients.jwks ELSE excluded.jwks END,
       jwks_read_at = CASE WHEN excluded.jwks_uri = oauth_clients.jwks_uri THEN oauth_clients.jwks_read_at END
--> (text, text, text, text, _text, _text, text, bytea, timestamptz, timestamptz, text, jsonb, text)

-- oauth_client.remove
DELETE FROM oauth_clients WHERE enterprise_id = $1 AND provider_id = $2 AND id = $3
--> (uuid, uuid, text)

-- oauth_client.spend_assertion
WITH old AS (SELECT client_id, jti_hash FROM oauth_client_assertions WHERE expires_at < $4
              ORDER BY expires_at LIMIT 50 FOR UPDATE SKIP LOCKED),
     forgotten AS (DELETE FROM oauth_client_assertions a USING old
                    WHERE a.client_id = old.client_id AND a.jti_hash = old.jti_hash)
INSERT INTO oauth_client_assertions (client_id, jti_hash, expires_at) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING
--> (text, bytea, timestamptz, timestamptz)

-- oauth_client.update_keys
UPDATE oauth_clients SET jwks = coalesce($2, jwks), jwks_read_at = $3 WHERE id = $1
--> (text, jsonb, timestamptz)

-- oauth_client.used
UPDATE oauth_clients c SET expires_at = $2 FROM oauth_clients before
 WHERE c.id = $1 AND before.id = c.id AND c.expires_at < $3
RETURNING before.expires_at <= c.created_at + interval '30 days' AS first
--> (text, timestamptz, timestamptz) first bool

-- oauth_code.delete
DELETE FROM oauth_codes WHERE enterprise_id = $1 AND code_hash = $2
--> (uuid, bytea)

-- oauth_code.end
DELETE FROM oauth_codes WHERE enterprise_id = $1 AND user_id = $2 AND redeemed_at IS NULL
--> (uuid, uuid)

-- oauth_code.holder
SELECT user_id FROM oauth_codes WHERE code_hash = $1
--> (bytea) user_id uuid

-- oauth_code.insert
WITH forgotten AS (
    DELETE FROM oauth_codes WHERE enterprise_id = $1 AND user_id = $3 AND created_at < $11)
INSERT INTO oauth_codes (enterprise_id, code_hash, user_id, client_id, redirect_uri, challenge, scopes, resource,
                         created_at, expires_at, answer_hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $12)
--> (uuid, bytea, uuid, text, text, text, _text, text, timestamptz, timestamptz, timestamptz, bytea)

-- oauth_code.lock
SELECT enterprise_id, user_id, client_id, redirect_uri, challenge, scopes, resource, expires_at, redeemed_at,
       grant_id
  FROM oauth_codes WHERE code_hash = $1 FOR UPDATE
--> (bytea) enterprise_id uuid, user_id uuid, client_id text, redirect_uri text, challenge text, scopes _text, resource text, expires_at timestamptz, redeemed_at timestamptz, grant_id uuid

-- oauth_code.redeemed
UPDATE oauth_codes SET redeemed_at = $3, grant_id = $4 WHERE enterprise_id = $1 AND code_hash = $2
--> (uuid, bytea, timestamptz, uuid)

-- oauth_code.replace
UPDATE oauth_codes SET code_hash = $4
 WHERE enterprise_id = $1 AND user_id = $2 AND answer_hash = $3 AND created_at > $5 AND expires_at > $6
   AND redeemed_at IS NULL
--> (uuid, uuid, bytea, bytea, timestamptz, timestamptz)

-- oauth_device_code.approver
SELECT user_id FROM oauth_device_codes WHERE device_code_hash = $1 AND decision = 'approved'
--> (bytea) user_id uuid

-- oauth_device_code.decide
UPDATE oauth_device_codes d
   SET enterprise_id = $2, user_id = $3, decision = $4,
       scopes = CASE WHEN $4 = 'denied' THEN d.scopes ELSE
                ARRAY(SELECT s FROM unnest(d.scopes) WITH ORDINALITY AS asked (s, n) WHERE s = ANY ($6) ORDER BY n) END
 WHERE user_code = $1 AND expires_at > $5 AND decision IS NULL AND ($4 = 'denied' OR d.scopes && $6)
--> (text, uuid, uuid, text, timestamptz, _text)

-- oauth_device_code.end
UPDATE oauth_device_codes SET decision = 'denied'
 WHERE enterprise_id = $1 AND user_id = $2 AND decision = 'approved' AND redeemed_at IS NULL
--> (uuid, uuid)

-- oauth_device_code.insert
WITH forgotten AS (
    DELETE FROM oauth_device_codes
     WHERE device_code_hash IN (SELECT device_code_hash FROM oauth_device_codes WHERE expires_at < $10
                                 ORDER BY expires_at LIMIT 20 FOR UPDATE SKIP LOCKED))
INSERT INTO oauth_device_codes (device_code_hash, user_code, client_id, scopes, resource, ip, created_at,
                                expires_at, interval_s)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (user_code) DO NOTHING
--> (bytea, text, text, _text, text, text, timestamptz, timestamptz, int4, timestamptz)

-- oauth_device_code.lock
SELECT client_id, scopes, resource, expires_at, interval_s, polled_at, decision, enterprise_id, user_id,
       redeemed_at IS NOT NULL AS redeemed
  FROM oauth_device_codes WHERE device_code_hash = $1 FOR UPDATE
--> (bytea) client_id text, scopes _text, resource text, expires_at timestamptz, interval_s int4, polled_at timestamptz, decision text, enterprise_id uuid, user_id uuid, redeemed bool

-- oauth_device_code.polled
UPDATE oauth_device_codes SET polled_at = $2 WHERE device_code_hash = $1
--> (bytea, timestamptz)

-- oauth_device_code.redeemed
UPDATE oauth_device_codes SET redeemed_at = $2 WHERE device_code_hash = $1
--> (bytea, timestamptz)

-- oauth_device_code.slow_down
UPDATE oauth_device_codes SET polled_at = $2, interval_s = least(interval_s + 5, 60) WHERE device_code_hash = $1
--> (bytea, timestamptz)

-- oauth_device_code.waiting
SELECT user_code, client_id, scopes, resource, ip, created_at FROM oauth_device_codes
 WHERE user_code = $1 AND expires_at > $2 AND decision IS NULL
--> (text, timestamptz) user_code text, client_id text, scopes _text, resource text, ip text, created_at timestamptz

-- oauth_grant.holder
SELECT g.enterprise_id, g.user_id, g.client_id, g.scopes, g.resource,
       s.revoked_at IS NULL AND s.expires_at > $2 AND u.status = 'active' AS alive
  FROM oauth_grants g
  JOIN sessions s ON s.enterprise_id = g.enterprise_id AND s.id = g.id
  JOIN users u ON u.enterprise_id = g.enterprise_id AND u.id = g.user_id
 WHERE g.id = $1
--> (uuid, timestamptz) enterprise_id uuid, user_id uuid, client_id text, scopes _text, resource text, alive bool

-- oauth_grant.insert
INSERT INTO oauth_grants (enterprise_id, id, user_id, client_id, client_name, kind, scopes, resource, created_at,
                          last_used_at, provider_id, redirect_uri)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11)
--> (uuid, uuid, uuid, text, text, text, _text, text, timestamptz, uuid, text)

-- oauth_grant.is_of
SELECT FROM oauth_grants WHERE enterprise_id = $1 AND user_id = $2 AND id = $3
--> (uuid, uuid, uuid)

-- oauth_grant.list
SELECT g.id, g.client_id, g.client_name, g.scopes, g.resource, g.redirect_uri, g.created_at, g.last_used_at, s.ip,
       s.expires_at
  FROM oauth_grants g JOIN sessions s ON s.enterprise_id = g.enterprise_id AND s.id = g.id
 WHERE g.enterprise_id = $1 AND g.user_id = $2 AND s.revoked_at IS NULL AND s.expires_at > $3
   AND ($4::timestamptz IS NULL OR (g.created_at, g.id) < ($4, $5))
 ORDER BY g.created_at DESC, g.id DESC LIMIT $6
--> (uuid, uuid, timestamptz, timestamptz, uuid, int8) id uuid, client_id text, client_name text, scopes _text, resource text, redirect_uri text, created_at timestamptz, last_used_at timestamptz, ip text, expires_at timestamptz

-- oauth_grant.removed
SELECT g.client_name
  FROM oauth_grants g JOIN sessions s ON s.enterprise_id = g.enterprise_id AND s.id = g.id
 WHERE g.enterprise_id = $1 AND g.user_id = $2 AND g.id = $3 AND s.revoked_at IS NOT NULL
--> (uuid, uuid, uuid) client_name text

-- oauth_grant.used
UPDATE oauth_grants SET last_used_at = $3 WHERE enterprise_id = $1 AND id = $2
--> (uuid, uuid, timestamptz)

-- outbox.claim
SELECT c.enterprise_id, c.id, c.topic, c.subject, c.payload, c.attempts
  FROM mem0.claim_message($1, make_interval(secs => $2), $3) c
--> (timestamptz, float8, int4) enterprise_id uuid, id int8, topic text, subject text, payload jsonb, attempts int4

-- outbox.fail
SELECT mem0.fail_message($1, $2, $3, $4, $5, $6)
--> (uuid, int8, int4, text, timestamptz, timestamptz) fail_message bool

-- outbox.finish
SELECT mem0.finish_message($1, $2, $3, $4)
--> (uuid, int8, int4, timestamptz) finish_message bool

-- outbox.insert
INSERT INTO outbox (enterprise_id, topic, subject, payload, promised_at, due_at) VALUES ($1, $2, $3, $4, $5, $5)
--> (uuid, text, text, jsonb, timestamptz)

-- outbox.prune
SELECT mem0.prune_outbox($1)
--> (timestamptz) prune_outbox int4

-- outbox.receive
SELECT mem0.receive_message($1, $2, $3, $4, $5, $6)
--> (uuid, text, text, jsonb, text, timestamptz) receive_message bool

-- outbox.state
SELECT s.open, s.oldest_seconds, s.dead FROM mem0.outbox_state($1) s
--> (timestamptz) open int8, oldest_seconds float8, dead int8

-- owners.others
SELECT EXISTS (SELECT FROM scopes s
                 JOIN memberships m ON m.enterprise_id = s.enterprise_id AND m.scope_id = s.id
                 JOIN users u ON u.enterprise_id = m.enterprise_id AND u.id = m.user_id
                WHERE s.enterprise_id = $1 AND s.kind = 'enterprise' AND m.role = 'owner'
                  AND u.status = 'active' AND u.kind = 'person' AND u.id <> $2)
--> (uuid, uuid) exists bool

-- owners.others_of
SELECT EXISTS (SELECT FROM memberships m
                 JOIN users u ON u.enterprise_id = m.enterprise_id AND u.id = m.user_id
                WHERE m.enterprise_id = $1 AND m.scope_id = $2 AND m.role = 'owner' AND u.status = 'active'
                  AND u.kind = 'person' AND u.id <> $3)
--> (uuid, int8, uuid) exists bool

-- password_reset.follow
SELECT mem0.password_was_reset($1, $2, $3, $4)
--> (uuid, uuid, uuid, timestamptz) password_was_reset void

-- password_reset.lookup
SELECT u.enterprise_id, e.name AS enterprise_name, u.id, u.email, u.display_name
  FROM password_resets r
  JOIN users u ON u.enterprise_id = r.enterprise_id AND u.id = r.user_id AND u.status = 'active'
  JOIN enterprises e ON e.id = r.enterprise_id
 WHERE r.token_hash = $1 AND r.expires_at > $2 AND mem0.password_reset_stands(r.enterprise_id, r.user_id)
--> (bytea, timestamptz) enterprise_id uuid, enterprise_name text, id uuid, email text, display_name text

-- password_reset.put
INSERT INTO password_resets (enterprise_id, user_id, token_hash, created_by, created_at, expires_at)
SELECT u.enterprise_id, u.id, $3, $4, $5, $6
  FROM users u
 WHERE u.enterprise_id = $1 AND u.id = $2 AND u.status = 'active' AND u.password_hash IS NOT NULL
ON CONFLICT (enterprise_id, user_id) DO UPDATE
   SET token_hash = excluded.token_hash, created_by = excluded.created_by,
       created_at = excluded.created_at, expires_at = excluded.expires_at
--> (uuid, uuid, bytea, uuid, timestamptz, timestamptz)

-- password_reset.redeem
WITH used AS (
    DELETE FROM password_resets r
     WHERE r.token_hash = $1 AND r.expires_at > $2 AND mem0.password_reset_stands(r.enterprise_id, r.user_id)
    RETURNING r.enterprise_id, r.user_id, r.created_by)
UPDATE users u SET password_hash = $3, password_changed_at = $2, updated_at = $2
  FROM used WHERE u.enterprise_id = used.enterprise_id AND u.id = used.user_id AND u.status = 'active'
RETURNING u.enterprise_id, u.id, used.created_by
--> (bytea, timestamptz, text) enterprise_id uuid, id uuid, created_by uuid

-- public_link.count_live
SELECT count(*) FROM public_links
 WHERE enterprise_id = $1 AND (memory_id = $2 OR context_id = $3) AND revoked_at IS NULL
   AND mem0.link_is_live(id)
--> (uuid, uuid, uuid) count int8

-- public_link.find
SELECT l.enterprise_id, l.id, l.scope_id, l.name, l.description FROM mem0.find_link($1, $2) l
--> (bytea, timestamptz) enterprise_id uuid, id uuid, scope_id int8, name text, description text

-- public_link.insert
INSERT INTO public_links (enterprise_id, id, memory_id, context_id, token_hash, created_by, created_at, expires_at,
                          via_share_id, needs_public_share)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
RETURNING id, created_by, created_at, expires_at, true AS live
--> (uuid, uuid, uuid, uuid, bytea, uuid, timestamptz, timestamptz, uuid, bool) id uuid, created_by uuid, created_at timestamptz, expires_at timestamptz, live bool

-- public_link.list
SELECT id, created_by, created_at, expires_at, mem0.link_is_live(id) AS live
  FROM public_links
 WHERE enterprise_id = $1 AND (memory_id = $2 OR context_id = $3) AND revoked_at IS NULL
   AND ($4::timestamptz IS NULL OR (created_at, id) > ($4, $5::uuid))
 ORDER BY created_at, id
 LIMIT $6
--> (uuid, uuid, uuid, timestamptz, uuid, int8) id uuid, created_by uuid, created_at timestamptz, expires_at timestamptz, live bool

-- public_link.read
SELECT m.id, m.content, m.categories, m.updated_at FROM mem0.read_linked($1, $2, $3, $4) m
--> (bytea, timestamptz, int4, int4) id uuid, content text, categories _text, updated_at timestamptz

-- public_link.revoke
UPDATE public_links SET revoked_at = $5, revoked_by = $6
 WHERE enterprise_id = $1 AND (memory_id = $2 OR context_id = $3) AND id = $4 AND revoked_at IS NULL
--> (uuid, uuid, uuid, uuid, timestamptz, uuid)

-- quota.accounts
SELECT q.most, q.used
  FROM (SELECT CASE $2::text WHEN 'service' THEN p.service_accounts ELSE p.members END AS most,
               (SELECT count(*) FROM users u
                 WHERE u.enterprise_id = $1 AND u.status = 'active' AND u.kind = $2::text) AS used
          FROM enterprise_plans e JOIN plans p ON p.name = e.plan
         WHERE e.enterprise_id = $1) q
 WHERE q.used >= q.most
--> (uuid, text) most int4, used int8

-- quota.depth
SELECT p.depth FROM enterprise_plans e JOIN plans p ON p.name = e.plan
 WHERE e.enterprise_id = $1 AND p.depth IS NOT NULL
--> (uuid) depth int4

-- quota.kind_of_account
SELECT kind = 'service' FROM users WHERE enterprise_id = $1 AND id = $2
--> (uuid, uuid) ?column? bool

-- quota.memories
SELECT most, used FROM mem0.memory_quota($1)
--> (int4) most int8, used int8

-- quota.use
SELECT p.name, p.memories, p.members, p.service_accounts, p.depth, p.body_bytes, p.key_per_minute,
       p.user_per_minute, p.tenant_per_minute, mem0.memories_in_use() AS used_memories,
       (SELECT count(*) FROM users u
         WHERE u.enterprise_id = $1 AND u.status = 'active' AND u.kind = 'person') AS used_members,
       (SELECT count(*) FROM users u
         WHERE u.enterprise_id = $1 AND u.status = 'active' AND u.kind = 'service') AS used_service_accounts,
       (SELECT max(cardinality(s.path)) FROM scopes s
         WHERE s.enterprise_id = $1 AND s.kind NOT IN ('user', 'public', 'context')) AS used_depth
  FROM plans p
 WHERE p.name = coalesce((SELECT e.plan FROM enterprise_plans e WHERE e.enterprise_id = $1), 'enterprise')
--> (uuid) name text, memories int8, members int4, service_accounts int4, depth int4, body_bytes int4, key_per_minute int4, user_per_minute int4, tenant_per_minute int4, used_memories int8, used_members int8, used_service_accounts int8, used_depth int4

-- rank.exceeds
SELECT EXISTS (
    SELECT FROM (SELECT r.scope_id, r.role FROM group_roles r WHERE r.enterprise_id = $1 AND r.group_id = $3
                  UNION ALL
                 SELECT h.scope_id, h.role FROM mem0.held_roles h WHERE h.enterprise_id = $1 AND h.user_id = $4)
                held
      JOIN scopes s ON s.enterprise_id = $1 AND s.id = held.scope_id
     WHERE NOT ($6 AND s.kind = 'context') AND NOT coalesce(held.role <= (SELECT max(m.role) FROM mem0.held_roles m
                                       WHERE m.enterprise_id = $1 AND m.user_id = $2
                                         AND m.scope_id = ANY (s.path))
                        AND ($5::bigint[] IS NULL OR s.path && $5), false))
--> (uuid, uuid, uuid, uuid, _int8, bool) exists bool

-- rate_limit.charge
SELECT mem0.charge_tokens($1, $2, $3, $4, $5)
--> (uuid, uuid, uuid, timestamptz, int4) charge_tokens void

-- rate_limit.prune
SELECT mem0.forget_rates($1)
--> (timestamptz) forget_rates int4

-- rate_limit.take_address
SELECT granted, remaining FROM mem0.take($1, ARRAY[$2::uuid], ARRAY[$3::integer], $4, $5)
--> (uuid, uuid, int4, timestamptz, int4) granted int4, remaining _float8

-- rate_limit.take_link
SELECT granted FROM mem0.take($1, ARRAY[$2::uuid], ARRAY[$3::integer], $4, 1)
--> (uuid, uuid, int4, timestamptz) granted int4

-- reassignment.find_running
SELECT r.*, s.kind, n.id AS heir_node
  FROM reassignments r
  LEFT JOIN scopes s ON s.enterprise_id = r.enterprise_id AND s.id = r.heir_scope_id
  LEFT JOIN sub_organizations n ON n.enterprise_id = r.enterprise_id AND n.scope_id = r.heir_scope_id
 WHERE r.enterprise_id = $1 AND r.user_id = $2 AND r.status = 'running'
--> (uuid, uuid) enterprise_id uuid, id uuid, user_id uuid, heir_scope_id int8, heir_user_id uuid, status text, total int8, memories int8, steps int4, kept int8, contexts int8, reason text, requested_by uuid, requested_at timestamptz, updated_at timestamptz, finished_at timestamptz, kind text, heir_node uuid

-- reassignment.follow_heir
UPDATE reassignments SET heir_scope_id = $3
 WHERE enterprise_id = $1 AND heir_scope_id = $2 AND status = 'running'
--> (uuid, int8, int8)

-- reassignment.insert
INSERT INTO reassignments (enterprise_id, id, user_id, heir_scope_id, heir_user_id, status, total, memories, steps, kept,
                           contexts, requested_by, requested_at, updated_at, finished_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
--> (uuid, uuid, uuid, int8, uuid, text, int8, int8, int4, int8, int8, uuid, timestamptz, timestamptz, timestamptz)

-- reassignment.list
SELECT r.*, s.kind, n.id AS heir_node
  FROM reassignments r
  LEFT JOIN scopes s ON s.enterprise_id = r.enterprise_id AND s.id = r.heir_scope_id
  LEFT JOIN sub_organizations n ON n.enterprise_id = r.enterprise_id AND n.scope_id = r.heir_scope_id
 WHERE r.enterprise_id = $1 AND ($2 OR r.requested_by = $3)
   AND ($4::uuid IS NULL OR r.id = $4)
   AND ($5::timestamptz IS NULL OR (r.requested_at, r.id) > ($5, $6::uuid))
 ORDER BY r.requested_at, r.id
 LIMIT $7
--> (uuid, bool, uuid, uuid, timestamptz, uuid, int8) enterprise_id uuid, id uuid, user_id uuid, heir_scope_id int8, heir_user_id uuid, status text, total int8, memories int8, steps int4, kept int8, contexts int8, reason text, requested_by uuid, requested_at timestamptz, updated_at timestamptz, finished_at timestamptz, kind text, heir_node uuid

-- reassignment.lookup
SELECT r.*, s.kind, n.id AS heir_node
  FROM reassignments r
  LEFT JOIN scopes s ON s.enterprise_id = r.enterprise_id AND s.id = r.heir_scope_id
  LEFT JOIN sub_organizations n ON n.enterprise_id = r.enterprise_id AND n.scope_id = r.heir_scope_id
 WHERE r.enterprise_id = $1 AND r.id = $2
--> (uuid, uuid) enterprise_id uuid, id uuid, user_id uuid, heir_scope_id int8, heir_user_id uuid, status text, total int8, memories int8, steps int4, kept int8, contexts int8, reason text, requested_by uuid, requested_at timestamptz, updated_at timestamptz, finished_at timestamptz, kind text, heir_node uuid

-- reassignment.update
UPDATE reassignments
   SET status = $3, memories = $4, steps = $5, kept = $6, contexts = $7, reason = $8, updated_at = $9,
       finished_at = $10
 WHERE enterprise_id = $1 AND id = $2
--> (uuid, uuid, text, int8, int4, int8, int8, text, timestamptz, timestamptz)

-- refresh_token.lock
SELECT r.id, r.expires_at, r.rotated_at, r.successor_salt, r.enterprise_id, r.session_id,
       s.expires_at AS session_ends_at, s.revoked_at IS NOT NULL OR u.status <> 'active' AS ended,
       u.id AS user_id, u.email, u.display_name, e.name AS enterprise_name, g.client_id,
       g.scopes, g.resource
  FROM refresh_tokens r
  JOIN sessions s ON s.enterprise_id = r.enterprise_id AND s.id = r.session_id
  JOIN users u ON u.enterprise_id = s.enterprise_id AND u.id = s.user_id
  JOIN enterprises e ON e.id = u.enterprise_id
  LEFT JOIN oauth_grants g ON g.enterprise_id = s.enterprise_id AND g.id = s.id
 WHERE r.token_hash = $1 FOR UPDATE OF r
--> (bytea) id uuid, expires_at timestamptz, rotated_at timestamptz, successor_salt bytea, enterprise_id uuid, session_id uuid, session_ends_at timestamptz, ended bool, user_id uuid, email text, display_name text, enterprise_name text, client_id text, scopes _text, resource text

-- refresh_token.put
WITH rotated AS (
    UPDATE refresh_tokens SET rotated_at = $6 WHERE enterprise_id = $1 AND id = $8)
INSERT INTO refresh_tokens (enterprise_id, id, session_id, token_hash, successor_salt, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
--> (uuid, uuid, uuid, bytea, bytea, timestamptz, timestamptz, uuid)

-- refresh_token.session_of
SELECT session_id FROM refresh_tokens WHERE token_hash = $1
--> (bytea) session_id uuid

-- refresh_token.unused_until
SELECT expires_at FROM refresh_tokens WHERE token_hash = $1 AND rotated_at IS NULL AND expires_at > $2
--> (bytea, timestamptz) expires_at timestamptz

-- scope.find_enterprise_name
SELECT name FROM enterprises WHERE id = $1
--> (uuid) name text

-- scope.hold
SELECT pg_advisory_xact_lock(mem0.scope_lock($1))
--> (int8) pg_advisory_xact_lock void

-- scope.lookup
SELECT s.id AS scope_id, s.kind, s.path, s.search_tier, n.id AS node_id, n.name,
       (SELECT max(m.role)::text FROM mem0.held_roles m
         WHERE m.enterprise_id = $1 AND m.user_id = $3 AND m.scope_id = ANY (s.path)) AS role
  FROM scopes s
  LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
 WHERE s.enterprise_id = $1 AND s.id = $2
--> (uuid, int8, uuid) scope_id int8, kind text, path _int8, search_tier text, node_id uuid, name text, role text

-- scope.move_tier
SELECT mem0.move_tier()
--> () move_tier bool

-- scope.review_tiers
SELECT changed, more FROM mem0.review_tiers()
--> () changed int4, more bool

-- scope.usage
SELECT (SELECT count(*) FROM scopes WHERE enterprise_id = $1 AND parent_id = $2) AS nodes,
       used.homed, used.shared,
       (SELECT count(*) FROM memberships WHERE enterprise_id = $1 AND scope_id = $2) AS members,
       greatest((SELECT max(role) FROM memberships WHERE enterprise_id = $1 AND scope_id = $2),
                (SELECT max(role) FROM group_roles WHERE enterprise_id = $1 AND scope_id = $2),
                (SELECT max(role) FROM invitations
                  WHERE enterprise_id = $1 AND scope_id = $2 AND accepted_at IS NULL AND revoked_at IS NULL
                    AND expires_at > $3))::text AS highest_role,
       (SELECT count(*) FROM groups WHERE enterprise_id = $1 AND scope_id = $2) AS groups,
       (SELECT count(*) FROM users WHERE enterprise_id = $1 AND owner_scope_id = $2) AS service_accounts,
       (SELECT count(*) FROM invitations
         WHERE enterprise_id = $1 AND scope_id = $2 AND accepted_at IS NULL AND revoked_at IS NULL) AS invitations
  FROM mem0.scope_usage($2) used
--> (uuid, int8, timestamptz) nodes int8, homed int8, shared int8, members int8, highest_role text, groups int8, service_accounts int8, invitations int8

-- search.among
WITH candidates AS MATERIALIZED (
            SELECT c.memory_id AS id, c.level, c.similarity, c.text, c.more, c.too_many,
                   row_number() OVER (PARTITION BY c.level
                                      ORDER BY c.text + greatest(c.similarity, 0) DESC, c.memory_id DESC) AS place
              FROM (SELECT c.*, 0 AS level, cardinality(a.ids) > 5000 AS too_many
           FROM (SELECT ARRAY(SELECT m.id FROM memories m WHERE m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND ((m.user_id = $4::text) AND (m.created_at >= $5::timestamptz) AND (EXISTS (SELECT FROM unnest(m.categories) AS category WHERE category ~ $6::text)) AND (((m.metadata @> $7::jsonb)) IS NOT TRUE) AND (m.classification = ANY($8::text[]::classification[]))) AND (m.home_scope_id = ANY ($2::bigint[]) OR (cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[])) LIMIT 5000 + 1) AS ids OFFSET 0) a
           LEFT JOIN LATERAL mem0.search_candidates($9::bigint[], $10::bigint[], $11::real[]::halfvec, $12::text, $13::text, $14::integer, $15::integer, CASE WHEN cardinality(a.ids) <= 5000 THEN a.ids ELSE '{}' END, $16::bigint[], $17::bigint[], $18::uuid[]) c ON true) c
        ), levels AS MATERIALIZED (
            SELECT c.level, coalesce(bool_or(c.more), false) AS more, bool_or(c.too_many) AS too_many, count(*) AS brought
              FROM candidates c
             GROUP BY c.level
        ), found AS MATERIALIZED (
            SELECT f.*, l.level
              FROM levels l
             CROSS JOIN LATERAL (
                SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at, m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text, m.capture_id, m.capture_position, m.tokens, m.opinion, c.similarity, c.text, c.place
                  FROM (SELECT * FROM candidates c WHERE c.level = l.level ORDER BY c.place OFFSET 0) c
                 CROSS JOIN LATERAL (SELECT m.* FROM memories m WHERE m.id = c.id AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND ((m.user_id = $4::text) AND (m.created_at >= $5::timestamptz) AND (EXISTS (SELECT FROM unnest(m.categories) AS category WHERE category ~ $6::text)) AND (((m.metadata @> $7::jsonb)) IS NOT TRUE) AND (m.classification = ANY($8::text[]::classification[]))) AND (m.home_scope_id = ANY ($2::bigint[]) OR (cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[])) OFFSET 0) m
                 LIMIT $19::bigint
             ) f
        ), beside AS (
            SELECT DISTINCT ON (b.level, m.id)
                   m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at, m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text, m.capture_id, m.capture_position, m.tokens, m.opinion,
                   CASE WHEN m.embedding_model = $20::text THEN -(m.embedding <#> (SELECT $11::real[]::halfvec)) END::real,
                   NULL::real, NULL::bigint, b.level
              FROM levels l
             CROSS JOIN LATERAL (
                SELECT f.level, f.capture_id, f.capture_position
                  FROM found f WHERE f.level = l.level ORDER BY f.place LIMIT 20
             ) b
             CROSS JOIN LATERAL (
                SELECT m.* FROM memories m
                 WHERE m.enterprise_id = $1 AND m.capture_id = b.capture_id AND m.capture_id <> m.id
                   AND m.capture_position BETWEEN b.capture_position - 2 AND b.capture_position + 2
                   AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND ((m.user_id = $4::text) AND (m.created_at >= $5::timestamptz) AND (EXISTS (SELECT FROM unnest(m.categories) AS category WHERE category ~ $6::text)) AND (((m.metadata @> $7::jsonb)) IS NOT TRUE) AND (m.classification = ANY($8::text[]::classification[]))) AND (m.home_scope_id = ANY ($2::bigint[]) OR (cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[])) OFFSET 0
             ) m
             WHERE (b.level, m.id) NOT IN (SELECT f.level, f.id FROM found f)
             ORDER BY b.level, m.id
        )
        SELECT m.*, l.level AS of_level, l.more, l.too_many, l.brought
          FROM levels l
          LEFT JOIN (SELECT * FROM found UNION ALL SELECT * FROM beside) m ON m.level = l.level
--> (uuid, _int8, date, text, timestamptz, text, jsonb, _text, _int8, _int8, _float4, text, text, int4, int4, _int8, _int8, _uuid, int8, text) id uuid, author_id uuid, home_scope_id int8, scope_ids _int8, content text, metadata jsonb, categories _text, user_id text, agent_id text, app_id text, run_id text, lifecycle text, replaced_by uuid, occurred_at timestamptz, expires_on date, version int4, created_at timestamptz, updated_at timestamptz, classification text, capture_id uuid, capture_position int4, tokens bytea, opinion int4, similarity float4, text float4, place int8, level int4, of_level int4, more bool, too_many bool, brought int8

-- search.find_unvectored
SELECT FROM memories m WHERE m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND ((m.user_id = $4::text) AND (m.created_at >= $5::timestamptz) AND (EXISTS (SELECT FROM unnest(m.categories) AS category WHERE category ~ $6::text)) AND (((m.metadata @> $7::jsonb)) IS NOT TRUE) AND (m.classification = ANY($8::text[]::classification[]))) AND (m.home_scope_id = ANY ($2::bigint[]) OR (cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[])) AND m.embedding_model IS DISTINCT FROM $9::text LIMIT 1
--> (uuid, _int8, date, text, timestamptz, text, jsonb, _text, text)

-- search.levels
WITH candidates AS MATERIALIZED (
            SELECT c.memory_id AS id, c.level, c.similarity, c.text, c.more, c.too_many,
                   row_number() OVER (PARTITION BY c.level
                                      ORDER BY c.text + greatest(c.similarity, 0) DESC, c.memory_id DESC) AS place
              FROM (SELECT c.*, false AS too_many FROM mem0.search_levels($4::bigint[], $5::bigint[], $6::integer[], $7::bigint, $8::integer, $9::real[]::halfvec, $10::text, $11::text, $12::integer, $13::integer, $14::bigint[], $15::bigint[], $16::uuid[]) c) c
        ), levels AS MATERIALIZED (
            SELECT c.level, coalesce(bool_or(c.more), false) AS more, bool_or(c.too_many) AS too_many, count(*) AS brought
              FROM candidates c
             GROUP BY c.level
        ), found AS MATERIALIZED (
            SELECT f.*, l.level
              FROM levels l
             CROSS JOIN LATERAL (
                SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at, m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text, m.capture_id, m.capture_position, m.tokens, m.opinion, c.similarity, c.text, c.place
                  FROM (SELECT * FROM candidates c WHERE c.level = l.level ORDER BY c.place OFFSET 0) c
                 CROSS JOIN LATERAL (SELECT m.* FROM memories m WHERE m.id = c.id AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND TRUE AND (m.home_scope_id = ANY ($2::bigint[]) OR (cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[])) OFFSET 0) m
                 LIMIT $17::bigint
             ) f
        ), beside AS (
            SELECT DISTINCT ON (b.level, m.id)
                   m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at, m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text, m.capture_id, m.capture_position, m.tokens, m.opinion,
                   CASE WHEN m.embedding_model = $18::text THEN -(m.embedding <#> (SELECT $9::real[]::halfvec)) END::real,
                   NULL::real, NULL::bigint, b.level
              FROM levels l
             CROSS JOIN LATERAL (
                SELECT f.level, f.capture_id, f.capture_position
                  FROM found f WHERE f.level = l.level ORDER BY f.place LIMIT 10
             ) b
             CROSS JOIN LATERAL (
                SELECT m.* FROM memories m
                 WHERE m.enterprise_id = $1 AND m.capture_id = b.capture_id AND m.capture_id <> m.id
                   AND m.capture_position BETWEEN b.capture_position - 2 AND b.capture_position + 2
                   AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND TRUE AND (m.home_scope_id = ANY ($2::bigint[]) OR (cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[])) OFFSET 0
             ) m
             WHERE (b.level, m.id) NOT IN (SELECT f.level, f.id FROM found f)
             ORDER BY b.level, m.id
        )
        SELECT m.*, l.level AS of_level, l.more, l.too_many, l.brought
          FROM levels l
          LEFT JOIN (SELECT * FROM found UNION ALL SELECT * FROM beside) m ON m.level = l.level
--> (uuid, _int8, date, _int8, _int8, _int4, int8, int4, _float4, text, text, int4, int4, _int8, _int8, _uuid, int8, text) id uuid, author_id uuid, home_scope_id int8, scope_ids _int8, content text, metadata jsonb, categories _text, user_id text, agent_id text, app_id text, run_id text, lifecycle text, replaced_by uuid, occurred_at timestamptz, expires_on date, version int4, created_at timestamptz, updated_at timestamptz, classification text, capture_id uuid, capture_position int4, tokens bytea, opinion int4, similarity float4, text float4, place int8, level int4, of_level int4, more bool, too_many bool, brought int8

-- search.list_blocks
SELECT packed, blocks, replaced_scopes, replaced, near_scopes, near
  FROM mem0.list_vector_blocks($1, $2::real[]::halfvec, $3, $4)
--> (_int8, _float4, text, int4) packed _int8, blocks _uuid, replaced_scopes _int8, replaced _uuid, near_scopes _int8, near _uuid

-- search.nearest
WITH candidates AS MATERIALIZED (
            SELECT c.memory_id AS id, c.level, c.similarity, c.text, c.more, c.too_many,
                   row_number() OVER (PARTITION BY c.level
                                      ORDER BY c.text + greatest(c.similarity, 0) DESC, c.memory_id DESC) AS place
              FROM (SELECT c.*, 0 AS level, false AS too_many FROM mem0.search_candidates($4::bigint[], $5::bigint[], $6::real[]::halfvec, $7::text, $8::text, $9::integer, $10::integer, NULL, $11::bigint[], $12::bigint[], $13::uuid[]) c) c
        ), levels AS MATERIALIZED (
            SELECT c.level, coalesce(bool_or(c.more), false) AS more, bool_or(c.too_many) AS too_many, count(*) AS brought
              FROM candidates c
             GROUP BY c.level
        ), found AS MATERIALIZED (
            SELECT f.*, l.level
              FROM levels l
             CROSS JOIN LATERAL (
                SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, NULL::uuid AS replaced_by, m.occurred_at, m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text, m.capture_id, m.capture_position, m.tokens, m.opinion, c.similarity, c.text, c.place
                  FROM (SELECT * FROM candidates c WHERE c.level = l.level ORDER BY c.place OFFSET 0) c
                 CROSS JOIN LATERAL (SELECT m.* FROM memories m WHERE m.id = c.id AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND (m.lifecycle = 'active' OR m.lifecycle = 'superseded' AND mem0.successor(m.replaced_by, m.earlier_successors) IS NULL) AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND TRUE AND (m.home_scope_id = ANY ($2::bigint[]) OR (cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[])) OFFSET 0) m
                 LIMIT $14::bigint
             ) f
        ), beside AS (
            SELECT DISTINCT ON (b.level, m.id)
                   m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, NULL::uuid AS replaced_by, m.occurred_at, m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text, m.capture_id, m.capture_position, m.tokens, m.opinion,
                   CASE WHEN m.embedding_model = $15::text THEN -(m.embedding <#> (SELECT $6::real[]::halfvec)) END::real,
                   NULL::real, NULL::bigint, b.level
              FROM levels l
             CROSS JOIN LATERAL (
                SELECT f.level, f.capture_id, f.capture_position
                  FROM found f WHERE f.level = l.level ORDER BY f.place LIMIT 20
             ) b
             CROSS JOIN LATERAL (
                SELECT m.* FROM memories m
                 WHERE m.enterprise_id = $1 AND m.capture_id = b.capture_id AND m.capture_id <> m.id
                   AND m.capture_position BETWEEN b.capture_position - 2 AND b.capture_position + 2
                   AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND (m.lifecycle = 'active' OR m.lifecycle = 'superseded' AND mem0.successor(m.replaced_by, m.earlier_successors) IS NULL) AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND TRUE AND (m.home_scope_id = ANY ($2::bigint[]) OR (cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[])) OFFSET 0
             ) m
             WHERE (b.level, m.id) NOT IN (SELECT f.level, f.id FROM found f)
             ORDER BY b.level, m.id
        )
        SELECT m.*, l.level AS of_level, l.more, l.too_many, l.brought
          FROM levels l
          LEFT JOIN (SELECT * FROM found UNION ALL SELECT * FROM beside) m ON m.level = l.level
--> (uuid, _int8, date, _int8, _int8, _float4, text, text, int4, int4, _int8, _int8, _uuid, int8, text) id uuid, author_id uuid, home_scope_id int8, scope_ids _int8, content text, metadata jsonb, categories _text, user_id text, agent_id text, app_id text, run_id text, lifecycle text, replaced_by uuid, occurred_at timestamptz, expires_on date, version int4, created_at timestamptz, updated_at timestamptz, classification text, capture_id uuid, capture_position int4, tokens bytea, opinion int4, similarity float4, text float4, place int8, level int4, of_level int4, more bool, too_many bool, brought int8

-- search.nearest
WITH candidates AS MATERIALIZED (
            SELECT c.memory_id AS id, c.level, c.similarity, c.text, c.more, c.too_many,
                   row_number() OVER (PARTITION BY c.level
                                      ORDER BY c.text + greatest(c.similarity, 0) DESC, c.memory_id DESC) AS place
              FROM (SELECT c.*, 0 AS level, false AS too_many FROM mem0.search_candidates($4::bigint[], $5::bigint[], $6::real[]::halfvec, $7::text, $8::text, $9::integer, $10::integer, NULL, $11::bigint[], $12::bigint[], $13::uuid[]) c) c
        ), levels AS MATERIALIZED (
            SELECT c.level, coalesce(bool_or(c.more), false) AS more, bool_or(c.too_many) AS too_many, count(*) AS brought
              FROM candidates c
             GROUP BY c.level
        ), found AS MATERIALIZED (
            SELECT f.*, l.level
              FROM levels l
             CROSS JOIN LATERAL (
                SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at, m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text, m.capture_id, m.capture_position, m.tokens, m.opinion, c.similarity, c.text, c.place
                  FROM (SELECT * FROM candidates c WHERE c.level = l.level ORDER BY c.place OFFSET 0) c
                 CROSS JOIN LATERAL (SELECT m.* FROM memories m WHERE m.id = c.id AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND TRUE AND (m.home_scope_id = ANY ($2::bigint[]) OR (cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[])) OFFSET 0) m
                 LIMIT $14::bigint
             ) f
        ), beside AS (
            SELECT DISTINCT ON (b.level, m.id)
                   m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at, m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text, m.capture_id, m.capture_position, m.tokens, m.opinion,
                   CASE WHEN m.embedding_model = $15::text THEN -(m.embedding <#> (SELECT $6::real[]::halfvec)) END::real,
                   NULL::real, NULL::bigint, b.level
              FROM levels l
             CROSS JOIN LATERAL (
                SELECT f.level, f.capture_id, f.capture_position
                  FROM found f WHERE f.level = l.level ORDER BY f.place LIMIT 20
             ) b
             CROSS JOIN LATERAL (
                SELECT m.* FROM memories m
                 WHERE m.enterprise_id = $1 AND m.capture_id = b.capture_id AND m.capture_id <> m.id
                   AND m.capture_position BETWEEN b.capture_position - 2 AND b.capture_position + 2
                   AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND TRUE AND (m.home_scope_id = ANY ($2::bigint[]) OR (cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[])) OFFSET 0
             ) m
             WHERE (b.level, m.id) NOT IN (SELECT f.level, f.id FROM found f)
             ORDER BY b.level, m.id
        )
        SELECT m.*, l.level AS of_level, l.more, l.too_many, l.brought
          FROM levels l
          LEFT JOIN (SELECT * FROM found UNION ALL SELECT * FROM beside) m ON m.level = l.level
--> (uuid, _int8, date, _int8, _int8, _float4, text, text, int4, int4, _int8, _int8, _uuid, int8, text) id uuid, author_id uuid, home_scope_id int8, scope_ids _int8, content text, metadata jsonb, categories _text, user_id text, agent_id text, app_id text, run_id text, lifecycle text, replaced_by uuid, occurred_at timestamptz, expires_on date, version int4, created_at timestamptz, updated_at timestamptz, classification text, capture_id uuid, capture_position int4, tokens bytea, opinion int4, similarity float4, text float4, place int8, level int4, of_level int4, more bool, too_many bool, brought int8

-- search.nearest
WITH candidates AS MATERIALIZED (
            SELECT c.memory_id AS id, c.level, c.similarity, c.text, c.more, c.too_many,
                   row_number() OVER (PARTITION BY c.level
                                      ORDER BY c.text + greatest(c.similarity, 0) DESC, c.memory_id DESC) AS place
              FROM (SELECT c.*, 0 AS level, false AS too_many FROM mem0.search_candidates($5::bigint[], $6::bigint[], $7::real[]::halfvec, $8::text, $9::text, $10::integer, $11::integer, NULL, $12::bigint[], $13::bigint[], $14::uuid[]) c) c
        ), levels AS MATERIALIZED (
            SELECT c.level, coalesce(bool_or(c.more), false) AS more, bool_or(c.too_many) AS too_many, count(*) AS brought
              FROM candidates c
             GROUP BY c.level
        ), found AS MATERIALIZED (
            SELECT f.*, l.level
              FROM levels l
             CROSS JOIN LATERAL (
                SELECT m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at, m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text, m.capture_id, m.capture_position, m.tokens, m.opinion, c.similarity, c.text, c.place
                  FROM (SELECT * FROM candidates c WHERE c.level = l.level ORDER BY c.place OFFSET 0) c
                 CROSS JOIN LATERAL (SELECT m.* FROM memories m WHERE m.id = c.id AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND (m.scope_ids && $4::bigint[]) AND (m.home_scope_id = ANY ($2::bigint[]) OR (cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[])) OFFSET 0) m
                 LIMIT $15::bigint
             ) f
        ), beside AS (
            SELECT DISTINCT ON (b.level, m.id)
                   m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories, m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, mem0.successor(m.replaced_by, m.earlier_successors) AS replaced_by, m.occurred_at, m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text, m.capture_id, m.capture_position, m.tokens, m.opinion,
                   CASE WHEN m.embedding_model = $16::text THEN -(m.embedding <#> (SELECT $7::real[]::halfvec)) END::real,
                   NULL::real, NULL::bigint, b.level
              FROM levels l
             CROSS JOIN LATERAL (
                SELECT f.level, f.capture_id, f.capture_position
                  FROM found f WHERE f.level = l.level ORDER BY f.place LIMIT 20
             ) b
             CROSS JOIN LATERAL (
                SELECT m.* FROM memories m
                 WHERE m.enterprise_id = $1 AND m.capture_id = b.capture_id AND m.capture_id <> m.id
                   AND m.capture_position BETWEEN b.capture_position - 2 AND b.capture_position + 2
                   AND m.enterprise_id = $1 AND m.deleted_at IS NULL AND m.lifecycle <> 'merged' AND (m.expires_on IS NULL OR m.expires_on >= $3::date) AND (m.scope_ids && $4::bigint[]) AND (m.home_scope_id = ANY ($2::bigint[]) OR (cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[])) OFFSET 0
             ) m
             WHERE (b.level, m.id) NOT IN (SELECT f.level, f.id FROM found f)
             ORDER BY b.level, m.id
        )
        SELECT m.*, l.level AS of_level, l.more, l.too_many, l.brought
          FROM levels l
          LEFT JOIN (SELECT * FROM found UNION ALL SELECT * FROM beside) m ON m.level = l.level
--> (uuid, _int8, date, _int8, _int8, _int8, _float4, text, text, int4, int4, _int8, _int8, _uuid, int8, text) id uuid, author_id uuid, home_scope_id int8, scope_ids _int8, content text, metadata jsonb, categories _text, user_id text, agent_id text, app_id text, run_id text, lifecycle text, replaced_by uuid, occurred_at timestamptz, expires_on date, version int4, created_at timestamptz, updated_at timestamptz, classification text, capture_id uuid, capture_position int4, tokens bytea, opinion int4, similarity float4, text float4, place int8, level int4, of_level int4, more bool, too_many bool, brought int8

-- search.pack_vectors
SELECT mem0.pack_vectors()
--> () pack_vectors bool

-- search.read_blocks
SELECT id, scope_id, memory_ids, codes FROM mem0.read_vector_blocks($1, $2, $3)
--> (_int8, text, _uuid) id uuid, scope_id int8, memory_ids _uuid, codes bytea

-- search.sample_terms
SELECT mem0.sample_terms()
--> () sample_terms bool

-- service_account.find
SELECT u.id, u.display_name, u.status, u.created_at, u.deactivated_at, u.owner_scope_id, u.scope_id,
       s.kind, n.id AS node_id, n.name
  FROM users u
  JOIN scopes s ON s.enterprise_id = u.enterprise_id AND s.id = u.owner_scope_id
  LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
 WHERE u.enterprise_id = $1 AND u.owner_scope_id IS NOT NULL
   AND ($2::uuid IS NULL OR u.id = $2)
   AND ($3::bigint IS NULL OR u.owner_scope_id = $3)
   AND ($4::timestamptz IS NULL OR (u.created_at, u.id) > ($4, $5::uuid))
 ORDER BY u.created_at, u.id
 LIMIT $6
--> (uuid, uuid, int8, timestamptz, uuid, int8) id uuid, display_name text, status text, created_at timestamptz, deactivated_at timestamptz, owner_scope_id int8, scope_id int8, kind text, node_id uuid, name text

-- service_account.insert
SELECT mem0.create_service_account($1, $2, $3, $4)
--> (uuid, int8, text, timestamptz) create_service_account void

-- service_account.rename
UPDATE users SET display_name = $3, updated_at = $4 WHERE enterprise_id = $1 AND id = $2
--> (uuid, uuid, text, timestamptz)

-- session.end
UPDATE sessions SET revoked_at = $4, revoke_reason = $5
 WHERE enterprise_id = $1 AND user_id = $2 AND id = $3 AND revoked_at IS NULL
--> (uuid, uuid, uuid, timestamptz, text)

-- session.end_all
UPDATE sessions SET revoked_at = $4, revoke_reason = $5
 WHERE enterprise_id = $1 AND user_id = $2 AND id IS DISTINCT FROM $3 AND revoked_at IS NULL
--> (uuid, uuid, uuid, timestamptz, text)

-- session.exists
SELECT FROM sessions WHERE enterprise_id = $1 AND user_id = $2 AND id = $3
--> (uuid, uuid, uuid)

-- session.insert
WITH forgotten AS (
    DELETE FROM sessions
     WHERE enterprise_id = $1 AND user_id = $3 AND least(expires_at, revoked_at) < $8)
INSERT INTO sessions (enterprise_id, id, user_id, ip, user_agent, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
--> (uuid, uuid, uuid, text, text, timestamptz, timestamptz, timestamptz)

-- session.is_alive
SELECT FROM sessions WHERE enterprise_id = $1 AND id = $2 AND revoked_at IS NULL AND expires_at > $3
   FOR SHARE
--> (uuid, uuid, timestamptz)

-- session.list
SELECT s.id, s.ip, s.user_agent, s.created_at, s.expires_at,
       (SELECT max(r.created_at) FROM refresh_tokens r
         WHERE r.enterprise_id = s.enterprise_id AND r.session_id = s.id) AS refreshed_at
  FROM sessions s
 WHERE s.enterprise_id = $1 AND s.user_id = $2 AND s.revoked_at IS NULL AND s.expires_at > $3
   -- Those of applications are listed as such.
   AND NOT EXISTS (SELECT FROM oauth_grants g WHERE g.enterprise_id = s.enterprise_id AND g.id = s.id)
   AND ($4::timestamptz IS NULL OR (s.created_at, s.id) < ($4, $5))
 ORDER BY s.created_at DESC, s.id DESC LIMIT $6
--> (uuid, uuid, timestamptz, timestamptz, uuid, int8) id uuid, ip text, user_agent text, created_at timestamptz, expires_at timestamptz, refreshed_at timestamptz

-- session.revoke
UPDATE sessions SET revoked_at = $3, revoke_reason = $4
 WHERE enterprise_id = $1 AND id = $2 AND revoked_at IS NULL
--> (uuid, uuid, timestamptz, text)

-- session.revoke_grants_of
UPDATE sessions s SET revoked_at = $4, revoke_reason = $5
  FROM oauth_grants g
 WHERE g.enterprise_id = $1 AND g.provider_id = $2 AND ($3::text IS NULL OR g.client_id = $3)
   AND s.enterprise_id = g.enterprise_id AND s.id = g.id AND s.revoked_at IS NULL
--> (uuid, uuid, text, timestamptz, text)

-- share.expire
SELECT mem0.expire_shares($1, $2)
--> (timestamptz, int4) expire_shares int4

-- share.find_own
SELECT id FROM shares
 WHERE enterprise_id = $1 AND coalesce(memory_id, context_id) = $2 AND grantee_scope_id = $3 AND granted_by = $4
   AND revoked_at IS NULL
--> (uuid, uuid, int8, uuid) id uuid

-- share.insert
INSERT INTO shares (enterprise_id, id, memory_id, context_id, grantee_scope_id, permission, may_reshare, reason,
                    granted_by, granted_at, via_share_id, expires_at)
VALUES ($1, $2, $3, $4, $5, $6::text::share_permission, $7, $8, $9, $10, $11, $12)
--> (uuid, uuid, uuid, uuid, int8, text, bool, text, uuid, timestamptz, uuid, timestamptz)

-- share.list
SELECT h.id, h.memory_id, h.context_id, h.grantee_scope_id, h.permission::text, h.may_reshare, h.reason,
       h.granted_by, h.granted_at, h.via_share_id, h.approval_id, h.expires_at, h.revoked_at, h.revoked_by,
       s.kind, n.id AS node_id, n.name AS node_name, u.id AS person_id, u.display_name, g.display_name AS granter,
       h.revoked_at IS NULL AND (h.expires_at IS NULL OR h.expires_at > $8) AS live
  FROM (SELECT own.* FROM shares own WHERE $12::uuid IS NULL
         UNION ALL
        SELECT asked.* FROM mem0.approval_shares($12) asked) h
  JOIN scopes s ON s.enterprise_id = h.enterprise_id AND s.id = h.grantee_scope_id
  LEFT JOIN sub_organizations n ON n.enterprise_id = h.enterprise_id AND n.scope_id = h.grantee_scope_id
  LEFT JOIN users u ON u.enterprise_id = h.enterprise_id AND u.scope_id = h.grantee_scope_id
  LEFT JOIN users g ON g.enterprise_id = h.enterprise_id AND g.id = h.granted_by
 WHERE h.enterprise_id = $1
   AND ($2::uuid IS NULL OR h.id = $2)
   AND ($3::uuid IS NULL OR h.memory_id = $3)
   AND ($4::uuid IS NULL OR h.context_id = $4)
   AND ($5 OR (h.revoked_at IS NULL AND (h.expires_at IS NULL OR h.expires_at > $8)))
   AND ($6::timestamptz IS NULL OR (h.granted_at, h.id) > ($6, $7::uuid))
   AND ($10::bigint[] IS NULL OR h.grantee_scope_id = ANY ($10) OR h.granted_by = $11)
 ORDER BY h.granted_at, h.id
 LIMIT $9
--> (uuid, uuid, uuid, uuid, bool, timestamptz, uuid, timestamptz, int8, _int8, uuid, uuid) id uuid, memory_id uuid, context_id uuid, grantee_scope_id int8, permission text, may_reshare bool, reason text, granted_by uuid, granted_at timestamptz, via_share_id uuid, approval_id uuid, expires_at timestamptz, revoked_at timestamptz, revoked_by uuid, kind text, node_id uuid, node_name text, person_id uuid, display_name text, granter text, live bool

-- share.list_directions
SELECT d.direction
  FROM unnest($2::bigint[], $3::uuid[], $4::bigint[]) WITH ORDINALITY a (home, author, grantee, place)
  LEFT JOIN mem0.directions_of($1, $2, $3, $4) d USING (home, author, grantee)
 ORDER BY a.place
--> (uuid, _int8, _uuid, _int8) direction text

-- share.list_granted
SELECT g.memory_id, g.permission FROM mem0.granted($1) g
--> (_uuid) memory_id uuid, permission text

-- share.list_unapproved
WITH live AS NOT MATERIALIZED (
    SELECT h.id, h.memory_id, h.context_id, h.grantee_scope_id, h.approval_id,
           (SELECT mem0.farness(a.direction) FROM approvals a
             WHERE a.enterprise_id = $1 AND a.id = h.approval_id
               AND a.classification >= $6::text::classification) AS agreed
      FROM shares h
     WHERE h.enterprise_id = $1 AND h.revoked_at IS NULL AND (h.expires_at IS NULL OR h.expires_at > $5)
), gone AS (
    SELECT h.id, h.grantee_scope_id, NULL::integer AS agreed
      FROM live h
     WHERE h.memory_id = $2 AND h.approval_id IS NULL
     UNION
    SELECT h.id, h.grantee_scope_id, h.agreed
      FROM sub_organizations n JOIN live h ON h.context_id = n.id
     WHERE n.enterprise_id = $1 AND n.scope_id = $3
     UNION
    SELECT pin.id, h.grantee_scope_id, h.agreed
      FROM live pin
      JOIN sub_organizations n ON n.enterprise_id = $1 AND n.scope_id = pin.grantee_scope_id
      JOIN live h ON h.context_id = n.id
     WHERE pin.memory_id = $2
), ways AS MATERIALIZED (
    SELECT w.grantee, w.direction
      FROM (SELECT array_agg($3::bigint) AS homes, array_agg($4::uuid) AS authors,
                   array_agg(g.grantee_scope_id) AS ids
              FROM gone g) a
     CROSS JOIN LATERAL mem0.directions_of($1, a.homes, a.authors, a.ids) w
)
SELECT g.id, w.direction
  FROM gone g
  LEFT JOIN ways w ON w.grantee = g.grantee_scope_id
 WHERE g.agreed IS NULL OR g.agreed < mem0.farness(w.direction)
 ORDER BY g.id
--> (uuid, uuid, int8, uuid, timestamptz, text) id uuid, direction text

-- share.project
SELECT mem0.project_shares($1)
--> (_uuid) project_shares void

-- share.revoke
WITH RECURSIVE chain AS (
    SELECT $2::uuid AS id
    UNION
    SELECT s.id FROM shares s JOIN chain c ON s.via_share_id = c.id
     WHERE s.enterprise_id = $1 AND s.revoked_at IS NULL
)
UPDATE shares s SET revoked_at = $4, revoked_by = $5
  FROM chain c
 WHERE s.enterprise_id = $1 AND s.id = c.id AND s.revoked_at IS NULL AND (s.id <> $2 OR $3)
--> (uuid, uuid, bool, timestamptz, uuid)

-- share.update
UPDATE shares SET permission = $3::text::share_permission, may_reshare = $4, reason = $5, granted_at = $6,
                  via_share_id = $7, approval_id = NULL, expires_at = $8
 WHERE enterprise_id = $1 AND id = $2
--> (uuid, uuid, text, bool, text, timestamptz, uuid, timestamptz)

-- sharing_policy.list_around
SELECT s.id, p.default_classification::text, p.audiences, p.approvals
  FROM sharing_policies p
  JOIN scopes s ON s.enterprise_id = p.enterprise_id AND s.id = p.scope_id
  JOIN scopes n ON n.enterprise_id = p.enterprise_id AND n.id = $2
 WHERE p.enterprise_id = $1 AND (s.id = ANY (n.path) OR n.id = ANY (s.path))
 ORDER BY cardinality(s.path), s.id
--> (uuid, int8) id int8, default_classification text, audiences jsonb, approvals jsonb

-- sharing_policy.list_over
SELECT s.id, s.kind, s.path, p.scope_id AS said_by, p.default_classification::text, p.audiences, p.approvals
  FROM scopes s
  LEFT JOIN sharing_policies p ON p.enterprise_id = s.enterprise_id
        AND (p.scope_id = ANY (s.path)
             -- A context hangs below nothing, and yet belongs to the enterprise.
             OR (s.kind = 'context' AND p.scope_id = (
                 SELECT e.id FROM scopes e WHERE e.enterprise_id = $1 AND e.kind = 'enterprise' AND e.kind <> 'user')))
 WHERE s.enterprise_id = $1 AND s.id = ANY ($2)
 ORDER BY s.id, array_position(s.path, p.scope_id)
--> (uuid, _int8) id int8, kind text, path _int8, said_by int8, default_classification text, audiences jsonb, approvals jsonb

-- sharing_policy.list_standings
SELECT h.user_id, max(h.role)::text AS role
  FROM mem0.held_roles h
  JOIN scopes s ON s.enterprise_id = h.enterprise_id AND s.id = h.scope_id AND s.kind <> 'context'
 WHERE h.enterprise_id = $1 AND h.user_id = ANY ($2)
 GROUP BY h.user_id
--> (uuid, _uuid) user_id uuid, role text

-- sharing_policy.lookup
SELECT default_classification::text, audiences, approvals, updated_by, updated_at
  FROM sharing_policies WHERE enterprise_id = $1 AND scope_id = $2
--> (uuid, int8) default_classification text, audiences jsonb, approvals jsonb, updated_by uuid, updated_at timestamptz

-- sharing_policy.put
INSERT INTO sharing_policies (enterprise_id, scope_id, default_classification, audiences, approvals, updated_by, updated_at)
VALUES ($1, $2, $3::text::classification, $4, $7, $5, $6)
ON CONFLICT (enterprise_id, scope_id)
    DO UPDATE SET default_classification = excluded.default_classification, audiences = excluded.audiences,
                  approvals = excluded.approvals,
                  updated_by = excluded.updated_by, updated_at = excluded.updated_at
--> (uuid, int8, text, jsonb, uuid, timestamptz, jsonb)

-- signing_key.delete
DELETE FROM signing_keys WHERE id = $1
--> (text)

-- signing_key.insert
INSERT INTO signing_keys (id, private_key, public_key, active_from, created_at) VALUES ($1, $2, $3, $4, $5)
--> (text, bytea, bytea, timestamptz, timestamptz)

-- signing_key.list
SELECT id, private_key, public_key, active_from FROM signing_keys ORDER BY active_from, id
--> () id text, private_key bytea, public_key bytea, active_from timestamptz

-- signing_key.list_public
SELECT id, public_key FROM signing_keys
--> () id text, public_key bytea

-- signing_key.lock
SELECT pg_advisory_xact_lock(hashtextextended('mem0.signing_keys', 0))
--> () pg_advisory_xact_lock void

-- simulation.list_held_roles
SELECT h.role::text, s.path, s.kind, n.id AS node_id, n.name, h.group_id, g.name AS group_name
  FROM mem0.held_roles h
  JOIN scopes s ON s.enterprise_id = h.enterprise_id AND s.id = h.scope_id
  LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
  LEFT JOIN groups g ON g.enterprise_id = h.enterprise_id AND g.id = h.group_id
 WHERE h.enterprise_id = $1 AND h.user_id = $2
 ORDER BY cardinality(s.path), s.id, h.group_id NULLS FIRST
--> (uuid, uuid) role text, path _int8, kind text, node_id uuid, name text, group_id uuid, group_name text

-- tenancy.lock
SELECT pg_advisory_xact_lock(hashtextextended('tenancy ' || $1::uuid, 0))
--> (uuid) pg_advisory_xact_lock void

-- tenancy.lock_asking
SELECT mem0.lock_tenant($1, $2, $3, $4)
--> (uuid, uuid, uuid, text) lock_tenant void

-- ticket.is_spent
SELECT 1 FROM spent_tickets
 WHERE enterprise_id = $1 AND purpose = $2 AND ticket_hash = $3 AND expires_at > $4
--> (uuid, text, bytea, timestamptz) ?column? int4

-- ticket.spend
WITH forgotten AS (DELETE FROM spent_tickets WHERE enterprise_id = $1 AND expires_at < $5)
INSERT INTO spent_tickets (enterprise_id, purpose, ticket_hash, expires_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
--> (uuid, text, bytea, timestamptz, timestamptz)

-- user.by_email
SELECT id FROM users WHERE enterprise_id = $1 AND lower(email) = $2 AND kind = 'person'
--> (uuid, text) id uuid

-- user.find_by_email
SELECT id FROM users WHERE enterprise_id = $1 AND lower(email) = $2
--> (uuid, text) id uuid

-- user.insert_scope
INSERT INTO scopes (enterprise_id, id, kind, parent_id, path)
SELECT $1, i.id, 'user', r.id, ARRAY[r.id, i.id]
  FROM (SELECT nextval('scope_ids') AS id) i, scopes r
 WHERE r.enterprise_id = $1 AND r.kind = 'enterprise'
RETURNING id
--> (uuid) id int8

-- user.list
SELECT u.id, CASE WHEN u.kind = 'person' THEN u.email END AS email, u.display_name, u.kind, u.status, u.created_at, u.deactivated_at,
       (SELECT max(m.role)::text FROM mem0.held_roles m
         WHERE m.enterprise_id = $1 AND m.user_id = u.id
           AND m.scope_id = (SELECT id FROM scopes WHERE enterprise_id = $1 AND kind = 'enterprise')) AS role
  FROM users u
 WHERE u.enterprise_id = $1
   AND ($2::uuid IS NULL OR u.id = $2)
   AND ($3::text IS NULL OR u.status = $3)
   AND ($7::text IS NULL OR lower(u.email) = $7)
   AND ($4::timestamptz IS NULL OR (u.created_at, u.id) > ($4, $5::uuid))
 ORDER BY u.created_at, u.id
 LIMIT $6
--> (uuid, uuid, text, timestamptz, uuid, int8, text) id uuid, email text, display_name text, kind text, status text, created_at timestamptz, deactivated_at timestamptz, role text

-- user.list_memberships
SELECT m.role::text, m.scope_id, s.kind, n.id AS node_id, n.name
  FROM memberships m
  JOIN scopes s ON s.enterprise_id = m.enterprise_id AND s.id = m.scope_id
  LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
 WHERE m.enterprise_id = $1 AND m.user_id = $2
 ORDER BY cardinality(s.path), s.id
--> (uuid, uuid) role text, scope_id int8, kind text, node_id uuid, name text

-- user.list_names
SELECT u.id, coalesce(u.display_name, u.email) AS name
  FROM users u WHERE u.enterprise_id = $1 AND u.id = ANY ($2)
--> (uuid, _uuid) id uuid, name text

-- user.personal_scope
SELECT scope_id FROM users WHERE enterprise_id = $1 AND id = $2
--> (uuid, uuid) scope_id int8
