-- Vectors that are still to be made: of memories that were stored while their model was away, and of those whose vector
-- is another model's.

-- One row per memory, in the same transaction as the memory. `due_at` is also the lease of whoever works on it: work that
-- was interrupted comes up again by itself.
CREATE TABLE embedding_work (
    enterprise_id   uuid NOT NULL,
    memory_id       uuid NOT NULL,
    attempts        integer NOT NULL DEFAULT 0,
    due_at          timestamptz NOT NULL,
    PRIMARY KEY (enterprise_id, memory_id),
    FOREIGN KEY (enterprise_id, memory_id) REFERENCES memories (enterprise_id, id) ON DELETE CASCADE
);
CREATE INDEX embedding_work_by_due ON embedding_work (due_at);

CREATE FUNCTION mem0.queue_inserted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO embedding_work (enterprise_id, memory_id, due_at)
    SELECT i.enterprise_id, i.id, i.updated_at FROM inserted i WHERE i.embedding IS NULL AND i.deleted_at IS NULL;
    RETURN NULL;
END
$$;
CREATE FUNCTION mem0.queue_updated() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO embedding_work (enterprise_id, memory_id, due_at)
    SELECT u.enterprise_id, u.id, u.updated_at
      FROM updated u JOIN previous v ON v.enterprise_id = u.enterprise_id AND v.id = u.id
     WHERE u.embedding IS NULL AND u.deleted_at IS NULL AND (v.embedding IS NOT NULL OR v.content <> u.content)
    ON CONFLICT (enterprise_id, memory_id) DO UPDATE SET attempts = 0, due_at = excluded.due_at;
    RETURN NULL;
END
$$;
CREATE TRIGGER queue_inserted AFTER INSERT ON memories REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION mem0.queue_inserted();
CREATE TRIGGER queue_updated AFTER UPDATE ON memories REFERENCING NEW TABLE AS updated OLD TABLE AS previous
    FOR EACH STATEMENT EXECUTE FUNCTION mem0.queue_updated();

-- The worker sees texts of every tenant, so these functions are closed to whatever runs on behalf of a caller: requests'
-- transactions are always bound to one.
CREATE FUNCTION mem0.check_unbound() RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF mem0.enterprise() IS NOT NULL THEN
        RAISE EXCEPTION 'upkeep in a caller''s transaction' USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$$;

-- embedding_work.claim: up to `most` memories that need a vector of `current_model`, for one worker alone until `lease` is over.
-- First what is queued and due; where that leaves room, what has a vector of another model. The lease doubles with each
-- attempt, up to an hour.
CREATE FUNCTION mem0.claim_embedding_work(current_model text, at timestamptz, lease interval, most integer)
    RETURNS TABLE (enterprise_id uuid, memory_id uuid, version integer, content text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public
    SET plan_cache_mode = force_custom_plan
    AS $$
#variable_conflict use_column
DECLARE
    room integer;
BEGIN
    PERFORM mem0.check_unbound();
    SELECT most - count(*) INTO room
      FROM (SELECT FROM embedding_work w WHERE w.due_at <= at LIMIT most) due;
    IF room > 0 THEN
        -- Locked as the foreign key will lock it: what somebody is changing is passed over, not waited for.
        INSERT INTO embedding_work (enterprise_id, memory_id, due_at)
        SELECT stale.enterprise_id, stale.id, at
          FROM (SELECT * FROM (
                    SELECT m.enterprise_id, m.id FROM memories m
                     WHERE m.deleted_at IS NULL AND m.embedding_model < current_model
                       AND NOT EXISTS (SELECT FROM embedding_work w
                                        WHERE w.enterprise_id = m.enterprise_id AND w.memory_id = m.id)
                     LIMIT room FOR KEY SHARE OF m SKIP LOCKED) before
                UNION ALL
                SELECT * FROM (
                    SELECT m.enterprise_id, m.id FROM memories m
                     WHERE m.deleted_at IS NULL AND m.embedding_model > current_model
                       AND NOT EXISTS (SELECT FROM embedding_work w
                                        WHERE w.enterprise_id = m.enterprise_id AND w.memory_id = m.id)
                     LIMIT room FOR KEY SHARE OF m SKIP LOCKED) after) stale
         LIMIT room
        ON CONFLICT (enterprise_id, memory_id) DO NOTHING;
    END IF;
    -- What is forgotten or has been done meanwhile.
    DELETE FROM embedding_work w
     USING (SELECT d.enterprise_id, d.memory_id FROM embedding_work d
              JOIN memories m ON m.enterprise_id = d.enterprise_id AND m.id = d.memory_id
             WHERE d.due_at <= at AND (m.deleted_at IS NOT NULL OR m.embedding_model = current_model)
             LIMIT 10000 FOR UPDATE OF d SKIP LOCKED) done
     WHERE w.enterprise_id = done.enterprise_id AND w.memory_id = done.memory_id;
    RETURN QUERY
    WITH due AS MATERIALIZED (
        SELECT w.enterprise_id, w.memory_id FROM embedding_work w
         WHERE w.due_at <= at
         ORDER BY w.due_at LIMIT most FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE embedding_work w
           SET attempts = w.attempts + 1,
               due_at = at + least(lease * power(2, least(w.attempts, 16)), interval '1 hour')
          FROM due
         WHERE w.enterprise_id = due.enterprise_id AND w.memory_id = due.memory_id
        RETURNING w.enterprise_id, w.memory_id
    )
    SELECT m.enterprise_id, m.id, m.version, m.content
      FROM claimed c JOIN memories m ON m.enterprise_id = c.enterprise_id AND m.id = c.memory_id
     WHERE m.deleted_at IS NULL
     ORDER BY m.id;
END
$$;

-- embedding_work.finish: stores vectors of `current_model` for memories that are still what was read, and takes them off the
-- list; how many. What somebody is changing right now is left for the next time rather than waited for.
CREATE FUNCTION mem0.finish_embedding_work(
    current_model text, enterprises uuid[], ids uuid[], versions integer[], embeddings halfvec[])
    RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public
    SET plan_cache_mode = force_custom_plan
    AS $$
DECLARE
    stored integer;
BEGIN
    PERFORM mem0.check_unbound();
    WITH made AS (
        SELECT * FROM unnest(enterprises, ids, versions, embeddings) AS n (enterprise_id, id, version, embedding)
    ), unchanged AS MATERIALIZED (
        SELECT m.enterprise_id, m.id, n.embedding
          FROM made n JOIN memories m ON m.enterprise_id = n.enterprise_id AND m.id = n.id AND m.version = n.version
         WHERE m.deleted_at IS NULL
           FOR UPDATE OF m SKIP LOCKED
    ), done AS (
        UPDATE memories m SET embedding = u.embedding, embedding_model = current_model
          FROM unchanged u
         WHERE m.enterprise_id = u.enterprise_id AND m.id = u.id
        RETURNING m.enterprise_id, m.id
    ), finished AS (
        DELETE FROM embedding_work w USING done d WHERE w.enterprise_id = d.enterprise_id AND w.memory_id = d.id
    )
    SELECT count(*) INTO stored FROM done;
    RETURN stored;
END
$$;

-- embedding_work.release: what was claimed and not even tried, because the model is away, is due again at `due`.
CREATE FUNCTION mem0.release_embedding_work(enterprises uuid[], ids uuid[], due timestamptz) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM mem0.check_unbound();
    UPDATE embedding_work w SET attempts = greatest(w.attempts - 1, 0), due_at = due
      FROM unnest(enterprises, ids) AS n (enterprise_id, memory_id)
     WHERE w.enterprise_id = n.enterprise_id AND w.memory_id = n.memory_id;
END
$$;

-- embedding_work.progress: how many memories have a vector of each model, and how many have none; and how many are on the
-- list, failed at least once.
CREATE FUNCTION mem0.embedding_progress() RETURNS TABLE (model text, memories bigint, failing bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM mem0.check_unbound();
    RETURN QUERY
    SELECT m.embedding_model, count(*),
           (SELECT count(*) FROM embedding_work w JOIN public.memories n ON n.enterprise_id = w.enterprise_id AND n.id = w.memory_id
             WHERE w.attempts > 1 AND n.embedding_model IS NOT DISTINCT FROM m.embedding_model)
      FROM public.memories m
     WHERE m.deleted_at IS NULL
     GROUP BY m.embedding_model
     ORDER BY m.embedding_model;
END
$$;

REVOKE EXECUTE ON FUNCTION mem0.queue_inserted(), mem0.queue_updated(), mem0.check_unbound(),
    mem0.claim_embedding_work(text, timestamptz, interval, integer),
    mem0.finish_embedding_work(text, uuid[], uuid[], integer[], halfvec[]),
    mem0.release_embedding_work(uuid[], uuid[], timestamptz), mem0.embedding_progress() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.claim_embedding_work(text, timestamptz, interval, integer),
    mem0.finish_embedding_work(text, uuid[], uuid[], integer[], halfvec[]),
    mem0.release_embedding_work(uuid[], uuid[], timestamptz), mem0.embedding_progress() TO mem0_app;
