-- What has expired begins anew when it is shared again, by whatever share; and what a memory superseded is released with a version
-- and a row in the log, whoever else forgets something at the same time.

-- A share that expired without having been cleaned up has left its row in the projection, with the version with which the history
-- begins. Whatever reaches the same people from now on must not continue it. Before the share is there: what only it gives is not
-- seen by anybody yet.
CREATE FUNCTION mem0.forget_lapsed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    at timestamptz := mem0.at();
    lapsed uuid[];
BEGIN
    lapsed := ARRAY(
        SELECT m.id FROM memories m
         WHERE m.enterprise_id = NEW.enterprise_id AND m.id = NEW.memory_id AND m.deleted_at IS NULL
           AND m.shares_expire_at <= at
         UNION
        SELECT m.id FROM sub_organizations c
          JOIN memories m ON m.enterprise_id = c.enterprise_id AND m.home_scope_id = c.scope_id
         WHERE c.enterprise_id = NEW.enterprise_id AND c.id = NEW.context_id AND m.deleted_at IS NULL
           AND m.shares_expire_at <= at
         UNION
        SELECT m.id FROM sub_organizations c
          JOIN shares pin ON pin.enterprise_id = c.enterprise_id AND pin.grantee_scope_id = c.scope_id AND pin.revoked_at IS NULL
          JOIN memories m ON m.enterprise_id = pin.enterprise_id AND m.id = pin.memory_id
         WHERE c.enterprise_id = NEW.enterprise_id AND c.id = NEW.context_id AND m.deleted_at IS NULL
           AND m.shares_expire_at <= at
         ORDER BY 1);
    IF lapsed <> '{}' THEN
        PERFORM mem0.project_shares_of(NEW.enterprise_id, lapsed, at);
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER forget_lapsed BEFORE INSERT OR UPDATE OF grantee_scope_id, expires_at, revoked_at ON shares
    FOR EACH ROW WHEN (NEW.revoked_at IS NULL) EXECUTE FUNCTION mem0.forget_lapsed();

-- Locks everything that superseded these memories or was superseded by them, directly or through others, in the order in which
-- everybody locks memories.
CREATE FUNCTION mem0.lock_succession(tenant uuid, ids uuid[]) RETURNS void LANGUAGE plpgsql
    SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM FROM memories l
      WHERE l.enterprise_id = tenant AND l.deleted_at IS NULL
        AND l.id = ANY (ARRAY(
            WITH RECURSIVE chain AS (
                SELECT m.id, m.replaced_by FROM memories m WHERE m.enterprise_id = tenant AND m.id = ANY (ids)
                 UNION
                SELECT n.id, n.replaced_by
                  FROM chain c
                  CROSS JOIN LATERAL (SELECT p.id, p.replaced_by FROM memories p
                                       WHERE p.enterprise_id = tenant AND p.replaced_by = c.id
                                       UNION ALL
                                      SELECT s.id, s.replaced_by FROM memories s
                                       WHERE s.enterprise_id = tenant AND s.id = c.replaced_by) n)
            SELECT c.id FROM chain c))
      ORDER BY l.id FOR UPDATE;
END
$$;

-- memory.hold_succession: the same for memories that the caller sees and is about to forget.
CREATE FUNCTION mem0.hold_succession(ids uuid[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM mem0.lock_succession(mem0.enterprise(), ARRAY(
        SELECT m.id FROM memories m
         WHERE m.enterprise_id = mem0.enterprise() AND m.id = ANY (ids) AND m.scope_ids && mem0.readable()
           AND (m.lifecycle = 'superseded'
                OR EXISTS (SELECT FROM memories p WHERE p.enterprise_id = m.enterprise_id AND p.replaced_by = m.id))));
END
$$;

-- As in V103. What succeeds is locked before it is chosen, so that nobody forgets it meanwhile. A request that locked it in another
-- order is retried.
CREATE OR REPLACE FUNCTION mem0.release_superseded(forgotten uuid[], editor uuid, released_at timestamptz)
    RETURNS TABLE (id uuid, home_scope_id bigint, version integer, classification text, replaced_by uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
DECLARE
    tenant uuid := mem0.enterprise();
BEGIN
    -- Most memories superseded nothing.
    IF NOT EXISTS (SELECT FROM memories m
                    WHERE m.enterprise_id = tenant AND m.replaced_by = ANY (forgotten) AND m.lifecycle = 'superseded'
                      AND m.deleted_at IS NULL) THEN
        RETURN;
    END IF;
    PERFORM mem0.lock_succession(tenant, forgotten);
    RETURN QUERY
    WITH RECURSIVE heirs AS (
        SELECT m.id, s.replaced_by AS heir
          FROM memories s
          JOIN memories m ON m.enterprise_id = tenant AND m.replaced_by = s.id
         WHERE s.enterprise_id = tenant AND s.id = ANY (forgotten) AND s.deleted_at IS NOT NULL
           AND m.lifecycle = 'superseded' AND m.deleted_at IS NULL
         UNION
        SELECT h.id, s.replaced_by
          FROM heirs h
          JOIN memories s ON s.enterprise_id = tenant AND s.id = h.heir AND s.deleted_at IS NOT NULL
    ), released AS (
        UPDATE memories m
           SET lifecycle = CASE WHEN h.heir IS NULL THEN 'active' ELSE m.lifecycle END, replaced_by = h.heir,
               version = m.version + 1, updated_at = released_at
          FROM heirs h
         WHERE m.enterprise_id = tenant AND m.id = h.id AND m.deleted_at IS NULL
           AND (h.heir IS NULL
                OR EXISTS (SELECT FROM memories s
                            WHERE s.enterprise_id = tenant AND s.id = h.heir AND s.deleted_at IS NULL))
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

-- Does the same for what memories superseded that were removed for good: a leaver's, once their retention is over. All that one
-- statement removes at once, so that nothing is left to a successor that is gone as well. Nobody made these versions: their editor
-- is the nil UUID.
DROP TRIGGER release_removed ON memories;
CREATE OR REPLACE FUNCTION mem0.release_removed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    at timestamptz := mem0.at();
    due record;
BEGIN
    IF NOT EXISTS (SELECT FROM removed g
                     JOIN memories m ON m.enterprise_id = g.enterprise_id AND m.replaced_by = g.id
                    WHERE m.lifecycle = 'superseded' AND m.deleted_at IS NULL) THEN
        RETURN NULL;
    END IF;
    FOR due IN
        SELECT g.enterprise_id, array_agg(DISTINCT m.id) || array_agg(DISTINCT g.replaced_by) AS ids
          FROM removed g
          JOIN memories m ON m.enterprise_id = g.enterprise_id AND m.replaced_by = g.id
         GROUP BY g.enterprise_id
    LOOP
        PERFORM mem0.lock_succession(due.enterprise_id, due.ids);
    END LOOP;
    FOR due IN
        WITH RECURSIVE heirs AS (
            SELECT m.enterprise_id, m.id, g.replaced_by AS heir
              FROM removed g
              JOIN memories m ON m.enterprise_id = g.enterprise_id AND m.replaced_by = g.id
             WHERE m.lifecycle = 'superseded' AND m.deleted_at IS NULL
             UNION
            SELECT h.enterprise_id, h.id, n.replaced_by
              FROM heirs h
              CROSS JOIN LATERAL (SELECT g.replaced_by FROM removed g
                                   WHERE g.enterprise_id = h.enterprise_id AND g.id = h.heir
                                   UNION ALL
                                  SELECT s.replaced_by FROM memories s
                                   WHERE s.enterprise_id = h.enterprise_id AND s.id = h.heir AND s.deleted_at IS NOT NULL) n
        ), settled AS (
            SELECT h.enterprise_id, h.id, s.id AS heir
              FROM heirs h
              LEFT JOIN memories s ON s.enterprise_id = h.enterprise_id AND s.id = h.heir
             WHERE h.heir IS NULL OR s.deleted_at IS NULL AND s.id IS NOT NULL
        ), released AS (
            UPDATE memories m
               SET lifecycle = CASE WHEN l.heir IS NULL THEN 'active' ELSE m.lifecycle END, replaced_by = l.heir,
                   version = m.version + 1, updated_at = at
              FROM settled l
             WHERE m.enterprise_id = l.enterprise_id AND m.id = l.id AND m.deleted_at IS NULL
            RETURNING m.enterprise_id, m.id, m.home_scope_id, m.version, m.content, m.metadata, m.categories, m.classification,
                      m.replaced_by
        ), noted AS (
            INSERT INTO memory_versions (enterprise_id, memory_id, version, id, event, old_content, new_content, metadata,
                                         categories, editor_id, at, classification)
            SELECT r.enterprise_id, r.id, r.version, gen_random_uuid(), 'UPDATE', r.content, r.content, r.metadata, r.categories,
                   '00000000-0000-0000-0000-000000000000', at, r.classification
              FROM released r
        )
        SELECT r.enterprise_id, r.id, r.home_scope_id, r.version, r.replaced_by FROM released r ORDER BY r.id
    LOOP
        PERFORM mem0.note(due.enterprise_id, at, 'memory.release', mem0.print_id('mem', due.id), ARRAY[due.id],
                          due.home_scope_id,
                          jsonb_build_object('version', due.version, 'replaced_by', mem0.print_id('mem', due.replaced_by),
                                             'because', 'what had superseded it was removed'));
    END LOOP;
    RETURN NULL;
END
$$;
CREATE TRIGGER release_removed AFTER DELETE ON memories
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION mem0.release_removed();

REVOKE EXECUTE ON FUNCTION mem0.forget_lapsed(), mem0.lock_succession(uuid, uuid[]), mem0.hold_succession(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.hold_succession(uuid[]) TO mem0_app;
