-- A context ends with whatever was shared on because it was pinned to it.

-- Ends shares with what was shared on through them, however often.
CREATE FUNCTION mem0.end_shares(tenant uuid, ids uuid[], at timestamptz, by_user uuid) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, public AS $$
    WITH RECURSIVE chain AS (
        SELECT unnest(ids) AS id
        UNION
        SELECT s.id FROM shares s JOIN chain c ON s.via_share_id = c.id
         WHERE s.enterprise_id = tenant AND s.revoked_at IS NULL
    )
    UPDATE shares s SET revoked_at = at, revoked_by = by_user
      FROM chain c
     WHERE s.enterprise_id = tenant AND s.id = c.id AND s.revoked_at IS NULL
$$;

-- Ends everything that is shared with a context, and it with anybody, seen by the caller or not: before it is deleted.
CREATE OR REPLACE FUNCTION mem0.empty_context(context bigint, by_user uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT mem0.end_shares(mem0.enterprise(), ARRAY(
        SELECT s.id FROM shares s
         WHERE s.enterprise_id = mem0.enterprise() AND s.revoked_at IS NULL
           AND (s.grantee_scope_id = context
                OR s.context_id = (SELECT n.id FROM sub_organizations n
                                    WHERE n.enterprise_id = mem0.enterprise() AND n.scope_id = context))),
        mem0.at(), by_user)
$$;

-- account.forget_leavers: removes up to `most` memories of people whose retention is over, with their versions, and notes
-- when nothing is left. What they shared stays with those whom they shared it with. Answers how many were removed, and
-- whether there may be more to do. What lives in a context goes with the last of its members.
CREATE OR REPLACE FUNCTION mem0.forget_leavers(at timestamptz, most integer, OUT removed integer, OUT more boolean)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    leaver record;
    batch uuid[];
    lonely bigint[];
    homes bigint[];
    pinned uuid[];
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
    lonely := ARRAY(
        SELECT m.scope_id
          FROM memberships m
          JOIN scopes s ON s.enterprise_id = m.enterprise_id AND s.id = m.scope_id AND s.kind = 'context'
         WHERE m.enterprise_id = leaver.enterprise_id AND m.user_id = leaver.id
           AND NOT EXISTS (SELECT FROM memberships o
                             JOIN users u ON u.enterprise_id = o.enterprise_id AND u.id = o.user_id
                                         AND u.forgotten_at IS NULL
                            WHERE o.enterprise_id = m.enterprise_id AND o.scope_id = m.scope_id AND o.user_id <> leaver.id));
    homes := lonely || leaver.scope_id;
    -- To those whom they shared it with, nodes before people.
    WITH heirs AS (
        SELECT DISTINCT ON (m.id) m.id, g.scope_id
          FROM memories m
          CROSS JOIN LATERAL mem0.grants_of(leaver.enterprise_id, m.id, m.home_scope_id, at) g
          JOIN scopes s ON s.enterprise_id = leaver.enterprise_id AND s.id = g.scope_id
         WHERE m.enterprise_id = leaver.enterprise_id AND m.home_scope_id = ANY (homes) AND m.deleted_at IS NULL
           AND cardinality(m.scope_ids) > 1 AND g.scope_id <> ALL (homes)
         ORDER BY m.id, s.kind = 'user', s.kind = 'context', g.scope_id
    ), moved AS (
        UPDATE memories m SET home_scope_id = h.scope_id, scope_ids = ARRAY[h.scope_id]
          FROM heirs h WHERE m.enterprise_id = leaver.enterprise_id AND m.id = h.id
        RETURNING m.id
    )
    SELECT coalesce(array_agg(moved.id), '{}') INTO batch FROM moved;
    PERFORM mem0.project_shares_of(leaver.enterprise_id, batch, at);
    batch := ARRAY(SELECT m.id FROM memories m
                    WHERE m.enterprise_id = leaver.enterprise_id AND m.home_scope_id = ANY (homes)
                    LIMIT most);
    DELETE FROM memory_scopes p WHERE p.enterprise_id = leaver.enterprise_id AND p.memory_id = ANY (batch);
    DELETE FROM memories m WHERE m.enterprise_id = leaver.enterprise_id AND m.id = ANY (batch);
    removed := coalesce(cardinality(batch), 0);
    IF removed < most THEN
        pinned := ARRAY(SELECT DISTINCT h.memory_id FROM shares h
                         WHERE h.enterprise_id = leaver.enterprise_id AND h.grantee_scope_id = ANY (lonely)
                           AND h.memory_id IS NOT NULL AND h.revoked_at IS NULL);
        PERFORM mem0.end_shares(leaver.enterprise_id, ARRAY(
            SELECT h.id FROM shares h
             WHERE h.enterprise_id = leaver.enterprise_id AND h.grantee_scope_id = ANY (lonely) AND h.revoked_at IS NULL),
            at, NULL);
        PERFORM mem0.project_shares_of(leaver.enterprise_id, pinned, at);
        DELETE FROM scopes s WHERE s.enterprise_id = leaver.enterprise_id AND s.id = ANY (lonely);
        DELETE FROM events v WHERE v.enterprise_id = leaver.enterprise_id AND v.user_id = leaver.id;
        UPDATE users u SET forgotten_at = at WHERE u.enterprise_id = leaver.enterprise_id AND u.id = leaver.id;
    END IF;
END
$$;

REVOKE EXECUTE ON FUNCTION mem0.end_shares(uuid, uuid[], timestamptz, uuid) FROM PUBLIC;
