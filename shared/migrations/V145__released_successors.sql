-- What superseded a memory before `replaced_by` did (V141) is released, locked and forgotten with it like the latest. And a delegate who
-- comes to gain while their approval waits approves nothing.

-- On a large installation, build this index before the upgrade with CREATE INDEX CONCURRENTLY: writes wait for it here.
CREATE INDEX IF NOT EXISTS memories_by_earlier_successor ON memories USING gin (earlier_successors) WITH (fastupdate = off)
    WHERE earlier_successors <> '{}';

-- What these superseded directly, whether something else has superseded it since or not.
CREATE FUNCTION mem0.superseded_by(tenant uuid, ids uuid[]) RETURNS SETOF uuid LANGUAGE sql STABLE
    SET search_path = pg_catalog, public AS $$
    SELECT m.id FROM memories m WHERE m.enterprise_id = tenant AND m.replaced_by = ANY (ids)
     UNION
    SELECT m.id FROM memories m
     WHERE m.enterprise_id = tenant AND m.earlier_successors && ids AND m.earlier_successors <> '{}'
$$;

-- Of what superseded a memory, latest first, what is still there: those that are gone are followed by what superseded them.
-- `removed` has what superseded those of which no row is left.
CREATE FUNCTION mem0.successors_left(tenant uuid, memory uuid, successors uuid[], removed jsonb) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public AS $$
DECLARE
    next uuid[] := successors;
    tried uuid[] := ARRAY[memory];
    rest uuid[] := '{}';
    own uuid[];
    is_gone boolean;
BEGIN
    WHILE cardinality(next) > 0 LOOP
        IF next[1] = ANY (tried) THEN
            next := next[2:];
            CONTINUE;
        END IF;
        tried := tried || next[1];
        SELECT s.deleted_at IS NOT NULL, array_remove(s.replaced_by || s.earlier_successors, NULL) INTO is_gone, own
          FROM memories s WHERE s.enterprise_id = tenant AND s.id = next[1];
        IF NOT FOUND THEN
            is_gone := true;
            own := ARRAY(SELECT e::uuid FROM jsonb_array_elements_text(removed -> next[1]::text) e);
        END IF;
        IF is_gone THEN
            next := own || next[2:];
        ELSE
            rest := rest || next[1];
            next := next[2:];
        END IF;
    END LOOP;
    RETURN rest;
END
$$;

-- As in V108, through what superseded a memory earlier, too.
CREATE OR REPLACE FUNCTION mem0.lock_succession(tenant uuid, ids uuid[]) RETURNS void LANGUAGE plpgsql
    SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM FROM memories l
      WHERE l.enterprise_id = tenant AND l.deleted_at IS NULL
        AND l.id = ANY (ARRAY(
            WITH RECURSIVE chain AS (
                SELECT m.id, m.replaced_by || m.earlier_successors AS successors
                  FROM memories m WHERE m.enterprise_id = tenant AND m.id = ANY (ids)
                 UNION
                SELECT n.id, n.replaced_by || n.earlier_successors
                  FROM chain c
                  CROSS JOIN LATERAL (SELECT s.id FROM unnest(c.successors) s (id)
                                       UNION ALL
                                      SELECT p.id FROM mem0.superseded_by(tenant, ARRAY[c.id]) p (id)) e
                  JOIN memories n ON n.enterprise_id = tenant AND n.id = e.id)
            SELECT c.id FROM chain c))
      ORDER BY l.id FOR UPDATE;
END
$$;

-- As in V108, through what superseded a memory earlier, too.
CREATE OR REPLACE FUNCTION mem0.hold_succession(ids uuid[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM mem0.lock_succession(mem0.enterprise(), ARRAY(
        SELECT m.id FROM memories m
         WHERE m.enterprise_id = mem0.enterprise() AND m.id = ANY (ids) AND m.scope_ids && mem0.readable()
           AND (m.lifecycle = 'superseded'
                OR EXISTS (SELECT FROM mem0.superseded_by(m.enterprise_id, ARRAY[m.id])))));
END
$$;

-- memory.find_linked: what this one superseded, directly or through others, also through some that the caller does not see. Row-level
-- security decides which of it they see.
CREATE FUNCTION mem0.linked(id uuid) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
    WITH RECURSIVE linked AS (
        SELECT $1 AS id
         UNION
        SELECT p.id
          FROM linked l
          CROSS JOIN LATERAL mem0.superseded_by(mem0.enterprise(), ARRAY[l.id]) p (id)
          JOIN memories m ON m.enterprise_id = mem0.enterprise() AND m.id = p.id AND m.deleted_at IS NULL)
    SELECT l.id FROM linked l WHERE l.id <> $1
$$;

-- Releases what memories superseded that are gone: it is superseded by what is left of what superseded it and them, and current again
-- if nothing is. Each gets a version, also if the latest is the same: those who saw only the one that is gone see a change. All of it is locked
-- before that is found out, so that nobody forgets it meanwhile. A request that locked it in another order is retried.
CREATE FUNCTION mem0.release(tenant uuid, gone uuid[], removed jsonb, editor uuid, released_at timestamptz)
    RETURNS TABLE (id uuid, home_scope_id bigint, version integer, classification text, replaced_by uuid)
    LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
DECLARE
    due uuid[] := ARRAY(SELECT mem0.superseded_by(tenant, gone));
BEGIN
    -- Most memories superseded nothing.
    IF due = '{}' THEN
        RETURN;
    END IF;
    PERFORM mem0.lock_succession(tenant, due || gone || ARRAY(
        SELECT e.id::uuid FROM jsonb_each(removed) r CROSS JOIN LATERAL jsonb_array_elements_text(r.value) e (id)));
    RETURN QUERY
    WITH settled AS (
        SELECT m.id, mem0.successors_left(tenant, m.id, array_remove(m.replaced_by || m.earlier_successors, NULL), removed) AS rest
          FROM mem0.superseded_by(tenant, gone) d (id)
          JOIN memories m ON m.enterprise_id = tenant AND m.id = d.id
         WHERE m.lifecycle = 'superseded' AND m.deleted_at IS NULL
    ), released AS (
        UPDATE memories m
           SET lifecycle = CASE WHEN s.rest = '{}' THEN 'active' ELSE m.lifecycle END, replaced_by = s.rest[1],
               earlier_successors = s.rest[2:9], version = m.version + 1, updated_at = released_at
          FROM settled s
         WHERE m.enterprise_id = tenant AND m.id = s.id
        RETURNING m.id, m.home_scope_id, m.version, m.content, m.metadata, m.categories, m.classification, m.replaced_by
    ), noted AS (
        INSERT INTO memory_versions (enterprise_id, memory_id, version, id, event, old_content, new_content, metadata,
                                     categories, editor_id, at, classification)
        SELECT tenant, r.id, r.version, gen_random_uuid(), 'UPDATE', r.content, r.content, r.metadata, r.categories,
               editor, released_at, r.classification
          FROM released r
    )
    SELECT r.id, r.home_scope_id, r.version, r.classification::text, r.replaced_by FROM released r ORDER BY r.id;
END
$$;

-- As in V108: for what was forgotten. The caller may not see all that is released.
CREATE OR REPLACE FUNCTION mem0.release_superseded(forgotten uuid[], editor uuid, released_at timestamptz)
    RETURNS TABLE (id uuid, home_scope_id bigint, version integer, classification text, replaced_by uuid)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT r.* FROM mem0.release(mem0.enterprise(), ARRAY(
        SELECT s.id FROM memories s
         WHERE s.enterprise_id = mem0.enterprise() AND s.id = ANY (forgotten) AND s.deleted_at IS NOT NULL), '{}', editor,
        released_at) r
$$;

-- As in V108: for what was removed for good, all that one statement removed at once. Nobody made these versions: their editor is the nil
-- UUID.
CREATE OR REPLACE FUNCTION mem0.release_removed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    at timestamptz := mem0.at();
    due record;
BEGIN
    FOR due IN
        SELECT g.enterprise_id, r.*
          FROM (SELECT g.enterprise_id, array_agg(g.id) AS ids,
                       coalesce(jsonb_object_agg(g.id, to_jsonb(g.replaced_by || g.earlier_successors))
                                    FILTER (WHERE g.replaced_by IS NOT NULL), '{}') AS removed
                  FROM removed g GROUP BY g.enterprise_id) g
         CROSS JOIN LATERAL mem0.release(g.enterprise_id, g.ids, g.removed, '00000000-0000-0000-0000-000000000000', at) r
    LOOP
        PERFORM mem0.note(due.enterprise_id, at, 'memory.release', mem0.print_id('mem', due.id), ARRAY[due.id],
                          due.home_scope_id,
                          jsonb_build_object('version', due.version, 'replaced_by', mem0.print_id('mem', due.replaced_by),
                                             'because', 'what had superseded it was removed'));
    END LOOP;
    RETURN NULL;
END
$$;

-- As in V103: mem0.release finds out what supersedes instead.
CREATE OR REPLACE FUNCTION mem0.follow_successor() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    SELECT mem0.lasts_until(s.expires_on, s.replaced_by, s.replaced_until) INTO NEW.replaced_until
      FROM memories s WHERE s.enterprise_id = NEW.enterprise_id AND s.id = NEW.replaced_by;
    RETURN NEW;
END
$$;

-- Until now, what was gone stayed among those before the latest.
UPDATE memories m
   SET earlier_successors = (mem0.successors_left(m.enterprise_id, m.id, m.replaced_by || m.earlier_successors, '{}'))[2:9]
 WHERE m.earlier_successors <> '{}' AND m.lifecycle = 'superseded' AND m.deleted_at IS NULL;

REVOKE EXECUTE ON FUNCTION mem0.superseded_by(uuid, uuid[]), mem0.successors_left(uuid, uuid, uuid[], jsonb),
    mem0.linked(uuid), mem0.release(uuid, uuid[], jsonb, uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.linked(uuid) TO mem0_app;

-- As in V85. Only for nodes where the decision is still open to the decider (V142), and for those decided by somebody faster, which
-- are told apart below.
CREATE OR REPLACE FUNCTION mem0.approve_for(approval uuid, nodes bigint[], share uuid, decider uuid, why text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tenant uuid := mem0.enterprise();
BEGIN
    PERFORM FROM approvals a
      WHERE a.enterprise_id = tenant AND a.id = approval AND a.status = 'pending' AND a.expires_at > mem0.at()
        AND a.requested_by <> decider
        FOR UPDATE;
    IF NOT FOUND OR EXISTS (SELECT unnest(nodes)
                            EXCEPT
                            SELECT p.node_scope_id
                              FROM mem0.deciding_positions(tenant, approval, decider, mem0.at()) p
                              JOIN mem0.approval_decisions d ON d.enterprise_id = tenant AND d.approval_id = approval
                                                            AND d.node_scope_id = p.node_scope_id
                             WHERE p.open OR d.decided_at IS NOT NULL) THEN
        RETURN 'closed';
    END IF;
    IF EXISTS (SELECT FROM approval_parts p WHERE p.enterprise_id = tenant AND p.approval_id = approval) THEN
        UPDATE approval_parts p
           SET decision = 'approved', decided_by = decider, decided_at = mem0.at(), decision_reason = why
         WHERE p.enterprise_id = tenant AND p.approval_id = approval AND p.node_scope_id = ANY (nodes) AND p.decision IS NULL;
        IF NOT FOUND THEN
            RETURN 'decided';
        END IF;
        IF EXISTS (SELECT FROM approval_parts p
                    WHERE p.enterprise_id = tenant AND p.approval_id = approval AND p.decision IS NULL) THEN
            RETURN 'waiting';
        END IF;
    END IF;
    RETURN CASE WHEN mem0.approve_share(approval, share, decider, why) THEN 'approved' ELSE 'closed' END;
END
$$;
