-- The log tells where something happened for as long as it is kept, and also what happens without anybody asking for it.

ALTER TABLE audit_log
    -- The scope as it was: `team:<uuid>`, `user:<uuid>` with the person's, `enterprise`. Null: none, or a row of before, whose
    -- scope is looked up.
    ADD COLUMN place text;

-- Every column, each with its length, so that no two rows have the same text. A row without a place has the text that it had
-- before there were places: what is chained already can still be verified.
CREATE OR REPLACE FUNCTION mem0.audit_row_hash(r audit_log) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE RETURN (
    SELECT sha256(convert_to(string_agg(coalesce(octet_length(value) || ':' || value, '-'), ',' ORDER BY place), 'UTF8'))
      FROM unnest(ARRAY[
               r.enterprise_id::text, r.id::text, (extract(epoch FROM r.at) * 1000000)::bigint::text, r.actor_id::text,
               r.actor_method, r.credential_id::text, r.action, r.target, r.scope_id::text, r.outcome, r.operation,
               r.request_id::text, r.ip, r.user_agent, r.memory_ids::text, r.tags::text, r.details::text, r.xid::text
           ] || CASE WHEN r.place IS NULL THEN '{}'::text[] ELSE ARRAY[r.place] END) WITH ORDINALITY v (value, place));

-- A scope as rows keep it.
CREATE FUNCTION mem0.place_of(tenant uuid, scope bigint) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT s.kind || coalesce(':' || n.id, ':' || u.id, '')
      FROM scopes s
      LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
      LEFT JOIN users u ON u.enterprise_id = s.enterprise_id AND u.scope_id = s.id
     WHERE s.enterprise_id = tenant AND s.id = scope AND tenant = coalesce(mem0.enterprise(), tenant)
$$;

-- The scopes that a place was, those of the dead among them: node ids are never given again.
CREATE FUNCTION mem0.scopes_at(kind text, id uuid) RETURNS bigint[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT ARRAY(
        SELECT s.id FROM scopes s
         WHERE s.enterprise_id = mem0.enterprise() AND scopes_at.id IS NULL AND s.kind = scopes_at.kind
         UNION ALL
        SELECT n.scope_id FROM sub_organizations n WHERE n.enterprise_id = mem0.enterprise() AND n.id = scopes_at.id
         UNION ALL
        SELECT d.node_scope_id FROM dissolutions d
         WHERE d.enterprise_id = mem0.enterprise() AND d.node_id = scopes_at.id AND d.status = 'done'
         UNION ALL
        SELECT u.scope_id FROM users u WHERE u.enterprise_id = mem0.enterprise() AND u.id = scopes_at.id)
$$;
CREATE INDEX dissolutions_of_node ON dissolutions (enterprise_id, node_scope_id);

-- An id as answers print it: 128 bits in 26 digits of Crockford's base 32.
CREATE FUNCTION mem0.print_id(prefix text, id uuid) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (
    SELECT prefix || '_' || string_agg(
               substr('0123456789abcdefghjkmnpqrstvwxyz', substr(b.bits, i * 5 + 1, 5)::bit(5)::integer + 1, 1), '' ORDER BY i)
      FROM (SELECT '00' || ('x' || replace(id::text, '-', ''))::bit(128)::text AS bits) b, generate_series(0, 25) i);

-- Writes down what nobody asked for: what a job does, or what follows of itself from something else. Before memories are gone,
-- so that the row can tell how confidential they were.
CREATE FUNCTION mem0.note(tenant uuid, at timestamptz, action text, target text, memories uuid[], scope bigint, details jsonb)
    RETURNS void LANGUAGE sql SET search_path = pg_catalog, public AS $$
    INSERT INTO audit_log (enterprise_id, id, at, actor_method, action, target, memory_ids, scope_id, place, details, tags)
    SELECT note.tenant, gen_random_uuid(), note.at, 'none', note.action, note.target, note.memories, note.scope,
           mem0.place_of(note.tenant, note.scope), note.details,
           ARRAY[k.kind]
           || ARRAY(SELECT 'class:' || max(m.classification) FROM memories m
                     WHERE m.enterprise_id = note.tenant AND m.id = ANY (note.memories) HAVING count(*) > 0)
           || ARRAY(SELECT f FROM audit_policies p, unnest(p.frameworks) f
                     WHERE p.enterprise_id = note.tenant AND (f <> 'soc2' OR k.kind <> 'data-change') ORDER BY f)
      FROM (SELECT CASE split_part(note.action, '.', 1) WHEN 'memory' THEN 'data-change' WHEN 'account' THEN 'authentication'
                                                        ELSE 'access-control' END AS kind) k
$$;

-- account.forget_leavers: removes up to `most` memories of people whose retention is over, with their versions, and notes
-- when nothing is left. What they shared for good stays with those whom they shared it with; what they shared until a time
-- goes with what is theirs. Answers how many were removed, and whether there may be more to do. What lives in a context goes
-- with the last of its members. The log tells each of it. An heir is somebody who is there.
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
        UPDATE memories m SET home_scope_id = h.scope_id, scope_ids = ARRAY[h.scope_id]
          FROM heirs h WHERE m.enterprise_id = leaver.enterprise_id AND m.id = h.id
        RETURNING m.id
    )
    SELECT coalesce(array_agg(moved.id), '{}') INTO batch FROM moved;
    PERFORM mem0.project_shares_of(leaver.enterprise_id, batch, at);
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

-- share.expire: ends up to `most` shares whose time is over, with what was shared on through them; how many. Nobody waits
-- for it: it only spares row-level security the second look.
CREATE OR REPLACE FUNCTION mem0.expire_shares(at timestamptz, most integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    ended integer := 0;
    due record;
BEGIN
    PERFORM mem0.check_unbound();
    FOR due IN
        WITH taken AS (
            SELECT s.enterprise_id, s.id FROM shares s
             WHERE s.revoked_at IS NULL AND s.expires_at <= at
             ORDER BY s.expires_at LIMIT most FOR UPDATE SKIP LOCKED
        )
        UPDATE shares s SET revoked_at = s.expires_at
          FROM taken t
         WHERE s.enterprise_id = t.enterprise_id AND s.id = t.id
        RETURNING s.enterprise_id, s.id, s.memory_id, s.context_id, s.grantee_scope_id, s.expires_at
    LOOP
        ended := ended + 1;
        PERFORM mem0.note(due.enterprise_id, expire_shares.at, 'share.expire', mem0.print_id('shr', due.id),
                          array_remove(ARRAY[due.memory_id], NULL), due.grantee_scope_id,
                          jsonb_strip_nulls(jsonb_build_object('context', mem0.print_id('ctx', due.context_id),
                                                               'expired_at', due.expires_at)));
        PERFORM mem0.project_shares_of(due.enterprise_id, ARRAY(
            SELECT due.memory_id WHERE due.memory_id IS NOT NULL
             UNION
            SELECT m.id FROM sub_organizations c
              JOIN memories m ON m.enterprise_id = c.enterprise_id AND m.home_scope_id = c.scope_id
             WHERE c.enterprise_id = due.enterprise_id AND c.id = due.context_id AND m.deleted_at IS NULL
             UNION
            SELECT pin.memory_id FROM sub_organizations c
              JOIN shares pin ON pin.enterprise_id = c.enterprise_id AND pin.grantee_scope_id = c.scope_id
             WHERE c.enterprise_id = due.enterprise_id AND c.id = due.context_id AND pin.memory_id IS NOT NULL
             ORDER BY 1), at);
    END LOOP;
    RETURN ended;
END
$$;

-- approval.expire: closes requests whose time is over. Nobody waits for it: they cannot be decided from that moment on.
CREATE OR REPLACE FUNCTION mem0.expire_approvals(at timestamptz) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    closed integer := 0;
    due record;
BEGIN
    PERFORM mem0.check_unbound();
    FOR due IN
        UPDATE approvals a SET status = 'expired', decided_at = a.expires_at
         WHERE a.status = 'pending' AND a.expires_at <= at
        RETURNING a.enterprise_id, a.id, a.memory_id, a.node_scope_id, a.expires_at
    LOOP
        closed := closed + 1;
        PERFORM mem0.note(due.enterprise_id, expire_approvals.at, 'approval.expire', mem0.print_id('apr', due.id),
                          array_remove(ARRAY[due.memory_id], NULL), due.node_scope_id,
                          jsonb_build_object('expired_at', due.expires_at));
    END LOOP;
    RETURN closed;
END
$$;

-- Writes down that a request ended because of something else.
CREATE FUNCTION mem0.note_ended(tenant uuid, approval uuid, memory uuid, home bigint, why text) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, public AS $$
    SELECT mem0.note(tenant, mem0.at(), 'approval.end', mem0.print_id('apr', approval), array_remove(ARRAY[memory], NULL), home,
                     jsonb_build_object('reason', why))
$$;

-- approval.end_pointless: closes what waits for a decision that nobody needs any more. Runs in whatever deletes.
CREATE OR REPLACE FUNCTION mem0.end_pointless_approvals() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    due record;
BEGIN
    IF TG_TABLE_NAME = 'memories' THEN
        FOR due IN
        UPDATE approvals a
           SET status = 'denied', decided_at = mem0.at(), decision_reason = 'what was to be shared was deleted'
         WHERE a.enterprise_id = OLD.enterprise_id AND coalesce(a.memory_id, a.context_id) = OLD.id AND a.status = 'pending'
        RETURNING a.enterprise_id, a.id, a.memory_id, a.home_scope_id, a.decision_reason
        LOOP
            PERFORM mem0.note_ended(due.enterprise_id, due.id, due.memory_id, due.home_scope_id, due.decision_reason);
        END LOOP;
    ELSE
        FOR due IN
        UPDATE approvals a
           SET status = 'denied', decided_at = mem0.at(),
               decision_reason = CASE WHEN a.grantee_scope_id = OLD.id THEN 'with whom it was to be shared was deleted'
                                      WHEN a.context_id IS NOT NULL AND a.home_scope_id = OLD.id
                                          THEN 'what was to be shared was deleted'
                                      ELSE 'a node that had to agree was deleted: ask again' END
         WHERE a.enterprise_id = OLD.enterprise_id AND a.status = 'pending'
           AND (OLD.id IN (a.grantee_scope_id, a.node_scope_id) OR (a.context_id IS NOT NULL AND a.home_scope_id = OLD.id)
                OR EXISTS (SELECT FROM approval_parts p
                            WHERE p.enterprise_id = a.enterprise_id AND p.approval_id = a.id AND p.node_scope_id = OLD.id))
        RETURNING a.enterprise_id, a.id, a.memory_id, a.home_scope_id, a.decision_reason
        LOOP
            PERFORM mem0.note_ended(due.enterprise_id, due.id, due.memory_id, due.home_scope_id, due.decision_reason);
        END LOOP;
    END IF;
    RETURN NULL;
END
$$;

-- What is for jobs is for their role. What the first release called as mem0_app stays.
REVOKE EXECUTE ON FUNCTION mem0.pack_vectors, mem0.receive_message, mem0.claim_message, mem0.finish_message, mem0.fail_message,
    mem0.outbox_state, mem0.prune_outbox, mem0.seal_audit, mem0.check_audit, mem0.ensure_audit_partitions, mem0.retire_audit,
    mem0.expire_shares, mem0.expire_approvals, mem0.forget_leavers, mem0.forget_rates FROM mem0_app;
-- Nobody asks these any more.
REVOKE EXECUTE ON FUNCTION mem0.principal(bytea, uuid, timestamptz, uuid, uuid) FROM mem0_app;
DROP FUNCTION mem0.who_asks(bytea, uuid, timestamptz, uuid, uuid);

REVOKE EXECUTE ON FUNCTION mem0.place_of(uuid, bigint), mem0.scopes_at(text, uuid), mem0.print_id(text, uuid),
    mem0.note(uuid, timestamptz, text, text, uuid[], bigint, jsonb), mem0.note_ended(uuid, uuid, uuid, bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.place_of(uuid, bigint) TO mem0_app, mem0_identity;
GRANT EXECUTE ON FUNCTION mem0.scopes_at(text, uuid) TO mem0_app;
