-- What was hidden stays hidden: earlier texts are forgotten with the person who left them, and somebody who joins a context
-- because its share with them was approved sees what that share shows.

-- From when on such a member of a context sees what its memories said. Null: from the beginning.
ALTER TABLE memberships ADD COLUMN history_from timestamptz;

-- The version that a memory had then, for the caller; 0 (all of it) for somebody who sees everything there.
CREATE FUNCTION mem0.joined_since(tenant uuid, context bigint, memory uuid) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT coalesce((SELECT max(v.version)
                       FROM memberships j
                       JOIN memory_versions v ON v.enterprise_id = tenant AND v.memory_id = memory AND v.at <= j.history_from
                      WHERE j.enterprise_id = tenant AND j.user_id = mem0.person() AND j.scope_id = context), 0)
$$;

-- The version with which the history of a memory begins for the caller: 0 (all of it) where it lives, and otherwise the version that
-- it had when it was first shared with them, by any share that is still in effect. In a context, not before they came.
CREATE OR REPLACE FUNCTION mem0.seen_since(memory uuid) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT CASE WHEN h.since = 0 THEN 0 ELSE coalesce(least(h.since, s.since), m.version) END
      FROM memories m
     CROSS JOIN LATERAL (SELECT CASE WHEN m.home_scope_id = ANY (mem0.readable())
                                     THEN mem0.joined_since(m.enterprise_id, m.home_scope_id, m.id) END AS since) h
      LEFT JOIN LATERAL (SELECT min(greatest(p.since_version, mem0.joined_since(m.enterprise_id, p.scope_id, m.id))) AS since
                           FROM memory_scopes p
                          WHERE p.enterprise_id = m.enterprise_id AND p.memory_id = m.id AND p.scope_id = ANY (mem0.readable())
                            AND p.scope_id IN (SELECT g.scope_id
                                                 FROM mem0.grants_of(m.enterprise_id, m.id, m.home_scope_id, mem0.at()) g)) s
        ON h.since IS DISTINCT FROM 0
     WHERE m.enterprise_id = mem0.enterprise() AND m.id = memory
$$;

ALTER POLICY visible ON memory_versions
    USING (enterprise_id = (SELECT mem0.enterprise()) AND classification <= (SELECT mem0.ceiling())
           AND EXISTS (SELECT FROM memories m
                        WHERE m.enterprise_id = memory_versions.enterprise_id AND m.id = memory_id
                          AND (memory_versions.classification <= m.classification
                               OR m.home_scope_id = ANY ((SELECT mem0.readable())::bigint[]))
                          AND memory_versions.version >= mem0.seen_since(m.id)));

-- account.forget_leavers: removes up to `most` memories of people whose retention is over, with their versions, and notes
-- when nothing is left. What they shared for good stays with those whom they shared it with; what they shared until a time
-- goes with what is theirs. Answers how many were removed, and whether there may be more to do. What lives in a context goes
-- with the last of its members. The log tells each of it. An heir is somebody who is there, and gets what was shown to them: what
-- a memory said before, and what it was made from, is forgotten with the leaver.
CREATE OR REPLACE FUNCTION mem0.forget_leavers(at timestamptz, most integer, OUT removed integer, OUT more boolean)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    leaver record;
    batch uuid[];
    lonely bigint[];
    homes bigint[];
    pinned uuid[];
    due record;
BEGIN
    PERFORM mem0.check_unbound();
    -- What follows of itself happens now.
    PERFORM set_config('mem0.at', forget_leavers.at::text, true);
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
    -- To those whom they shared it with without an end, nodes before people: what was lent does not become anybody's own.
    WITH heirs AS (
        SELECT DISTINCT ON (m.id) m.id, g.scope_id
          FROM memories m
          CROSS JOIN LATERAL mem0.grants_of(leaver.enterprise_id, m.id, m.home_scope_id, at) g
          JOIN scopes s ON s.enterprise_id = leaver.enterprise_id AND s.id = g.scope_id
         WHERE m.enterprise_id = leaver.enterprise_id AND m.home_scope_id = ANY (homes) AND m.deleted_at IS NULL
           AND cardinality(m.scope_ids) > 1 AND g.scope_id <> ALL (homes) AND g.expires_at IS NULL
           AND NOT EXISTS (SELECT FROM users x WHERE x.enterprise_id = leaver.enterprise_id AND x.scope_id = g.scope_id
                              AND x.status <> 'active')
         ORDER BY m.id, s.kind = 'user', s.kind = 'context', g.scope_id
    ), moved AS (
        -- The other scopes stay until the projection below, so that their rows keep the version that they begin with.
        UPDATE memories m
           SET home_scope_id = h.scope_id,
               scope_ids = h.scope_id || array_remove(array_remove(m.scope_ids, m.home_scope_id), h.scope_id)
          FROM heirs h WHERE m.enterprise_id = leaver.enterprise_id AND m.id = h.id
        RETURNING m.id
    )
    SELECT coalesce(array_agg(moved.id), '{}') INTO batch FROM moved;
    PERFORM mem0.project_shares_of(leaver.enterprise_id, batch, at);
    DELETE FROM memory_versions v
     USING memories m
      LEFT JOIN memory_scopes p
             ON p.enterprise_id = m.enterprise_id AND p.scope_id = m.home_scope_id AND p.memory_id = m.id
     WHERE m.enterprise_id = leaver.enterprise_id AND m.id = ANY (batch)
       AND v.enterprise_id = m.enterprise_id AND v.memory_id = m.id
       AND v.version < coalesce(p.since_version, m.version);
    -- Versions are never updated.
    WITH oldest AS (
        DELETE FROM memory_versions v
         USING (SELECT f.memory_id, min(f.version) AS version
                  FROM memory_versions f
                 WHERE f.enterprise_id = leaver.enterprise_id AND f.memory_id = ANY (batch)
                 GROUP BY f.memory_id) o
         WHERE v.enterprise_id = leaver.enterprise_id AND v.memory_id = o.memory_id AND v.version = o.version
        RETURNING v.*
    )
    INSERT INTO memory_versions (enterprise_id, memory_id, version, id, event, old_content, new_content, metadata, categories,
                                 editor_id, at, classification)
    SELECT o.enterprise_id, o.memory_id, o.version, o.id, o.event, NULL, o.new_content, o.metadata, o.categories, o.editor_id,
           o.at, o.classification
      FROM oldest o;
    FOR due IN
        SELECT n.home_scope_id, array_agg(n.id ORDER BY n.id) AS ids
          FROM (SELECT m.home_scope_id, m.id,
                       (row_number() OVER (PARTITION BY m.home_scope_id ORDER BY m.id) - 1) / 1000 AS part
                  FROM memories m WHERE m.enterprise_id = leaver.enterprise_id AND m.id = ANY (batch)) n
         GROUP BY n.home_scope_id, n.part
    LOOP
        PERFORM mem0.note(leaver.enterprise_id, at, 'memory.inherit', mem0.print_id('usr', leaver.id), due.ids,
                          due.home_scope_id, jsonb_build_object('from', mem0.print_id('usr', leaver.id)));
    END LOOP;
    batch := ARRAY(SELECT m.id FROM memories m
                    WHERE m.enterprise_id = leaver.enterprise_id AND m.home_scope_id = ANY (homes)
                    LIMIT most);
    IF batch <> '{}' THEN
        PERFORM mem0.note(leaver.enterprise_id, at, 'memory.remove', mem0.print_id('usr', leaver.id), batch, leaver.scope_id,
                          jsonb_build_object('because', 'the retention of what this person left is over'));
    END IF;
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
        DELETE FROM idempotency_keys k WHERE k.enterprise_id = leaver.enterprise_id AND k.user_id = leaver.id;
        PERFORM mem0.note(leaver.enterprise_id, at, 'account.forget', mem0.print_id('usr', leaver.id), '{}', leaver.scope_id, '{}');
        UPDATE users u SET forgotten_at = at WHERE u.enterprise_id = leaver.enterprise_id AND u.id = leaver.id;
    END IF;
END
$$;

REVOKE EXECUTE ON FUNCTION mem0.joined_since(uuid, bigint, uuid) FROM PUBLIC;
