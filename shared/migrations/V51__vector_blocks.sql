-- The vectors of larger scopes in blocks, so that comparing all of them with a query reads little memory and runs little
-- code: the first half of each vector is enough to tell the few that may be near (docs/adr/0021).
--
-- Blocks lag behind. What has changed since is noted by triggers, in the same transaction, and packed by the upkeep
-- (mem0.pack_vectors): a block's entry counts unless something is noted of the same memory. So a search finds what is there,
-- whenever the upkeep last ran.

-- How vectors of a scope are kept: null in the projection only; `filling` what is there is being noted, and so is what
-- changes; `packed` blocks and notes together have everything.
ALTER TABLE scope_sizes
    ADD COLUMN packing text CHECK (packing IN ('filling', 'packed')),
    -- How far the filling has come.
    ADD COLUMN filled_through uuid;
CREATE INDEX scope_sizes_to_pack ON scope_sizes (rows) WHERE packing IS NULL;
CREATE INDEX scope_sizes_filling ON scope_sizes (rows) WHERE packing = 'filling';
CREATE INDEX scope_sizes_packed ON scope_sizes (rows) WHERE packing IS NOT NULL;

-- Up to 14 vectors of one scope and one model, in halves: what fits on a page. Nobody but functions reads it or what is
-- noted, as with the projection.
CREATE TABLE vector_blocks (
    enterprise_id   uuid NOT NULL,
    scope_id        bigint NOT NULL,
    id              bigint GENERATED ALWAYS AS IDENTITY,
    model           integer NOT NULL,
    memory_ids      uuid[] NOT NULL CHECK (cardinality(memory_ids) BETWEEN 1 AND 14),
    -- Dimensions 1 to 128, and 129 to 256.
    heads           halfvec[] NOT NULL CHECK (cardinality(heads) = cardinality(memory_ids)),
    tails           halfvec[] NOT NULL CHECK (cardinality(tails) = cardinality(memory_ids)),
    PRIMARY KEY (enterprise_id, scope_id, id),
    FOREIGN KEY (enterprise_id, scope_id) REFERENCES scope_sizes (enterprise_id, scope_id) ON DELETE CASCADE
) WITH (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0.05);
-- Neither compressed nor moved elsewhere: reading must not copy them.
ALTER TABLE vector_blocks
    ALTER memory_ids SET STORAGE PLAIN, ALTER heads SET STORAGE PLAIN, ALTER tails SET STORAGE PLAIN,
    ALTER memory_ids SET STATISTICS 0, ALTER heads SET STATISTICS 0, ALTER tails SET STATISTICS 0;

-- What has changed in scopes whose vectors are packed, since it was packed.
CREATE TABLE unpacked_vectors (
    enterprise_id   uuid NOT NULL,
    scope_id        bigint NOT NULL,
    memory_id       uuid NOT NULL,
    -- Both null: it has gone, or has no vector.
    model           integer,
    embedding       halfvec(256),
    -- Whether a block may have an earlier vector of it.
    replaces        boolean NOT NULL,
    PRIMARY KEY (enterprise_id, scope_id, memory_id)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);
ALTER TABLE unpacked_vectors ALTER embedding SET STATISTICS 0;

-- The projection's triggers, which note sizes, note vectors as well. `LIMIT 1` keeps the planner from reading all of a tenant's
-- scopes for them.
CREATE OR REPLACE FUNCTION mem0.note_added() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO scope_changes (enterprise_id, scope_id, rows)
    SELECT a.enterprise_id, a.scope_id, count(*) FROM added a GROUP BY 1, 2;
    INSERT INTO unpacked_vectors (enterprise_id, scope_id, memory_id, model, embedding, replaces)
    SELECT a.enterprise_id, a.scope_id, a.memory_id, a.model, a.embedding, false
      FROM added a
     CROSS JOIN LATERAL (SELECT n.packing FROM scope_sizes n
                          WHERE n.enterprise_id = a.enterprise_id AND n.scope_id = a.scope_id LIMIT 1) n
     WHERE n.packing IS NOT NULL AND a.embedding IS NOT NULL
    ON CONFLICT (enterprise_id, scope_id, memory_id)
        DO UPDATE SET model = excluded.model, embedding = excluded.embedding;
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION mem0.note_removed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO scope_changes (enterprise_id, scope_id, rows)
    SELECT r.enterprise_id, r.scope_id, -count(*) FROM removed r GROUP BY 1, 2;
    INSERT INTO unpacked_vectors (enterprise_id, scope_id, memory_id, replaces)
    SELECT r.enterprise_id, r.scope_id, r.memory_id, true
      FROM removed r
     CROSS JOIN LATERAL (SELECT n.packing FROM scope_sizes n
                          WHERE n.enterprise_id = r.enterprise_id AND n.scope_id = r.scope_id LIMIT 1) n
     WHERE n.packing IS NOT NULL
    ON CONFLICT (enterprise_id, scope_id, memory_id) DO UPDATE SET model = NULL, embedding = NULL;
    RETURN NULL;
END
$$;
CREATE FUNCTION mem0.note_vector() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO unpacked_vectors (enterprise_id, scope_id, memory_id, model, embedding, replaces)
    SELECT NEW.enterprise_id, NEW.scope_id, NEW.memory_id, NEW.model, NEW.embedding, true
     WHERE EXISTS (SELECT FROM scope_sizes n
                    WHERE n.enterprise_id = NEW.enterprise_id AND n.scope_id = NEW.scope_id AND n.packing IS NOT NULL)
    ON CONFLICT (enterprise_id, scope_id, memory_id)
        DO UPDATE SET model = excluded.model, embedding = excluded.embedding;
    RETURN NULL;
END
$$;
CREATE TRIGGER note_vector AFTER UPDATE ON memory_scopes FOR EACH ROW
    WHEN (OLD.embedding IS DISTINCT FROM NEW.embedding OR OLD.model IS DISTINCT FROM NEW.model)
    EXECUTE FUNCTION mem0.note_vector();

-- search.pack_vectors: one short step of what there is to do, for one scope; answers whether there may be more. Packing begins
-- at `pack` rows and ends below `unpack`: the gap keeps a scope from swinging. Costs what has changed, not what there is.
CREATE FUNCTION mem0.pack_vectors(pack bigint DEFAULT 256, unpack bigint DEFAULT 128, most integer DEFAULT 1000)
    RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public
    SET plan_cache_mode = force_custom_plan
    SET enable_seqscan = off
    SET random_page_cost = 1.1
    AS $$
DECLARE
    item record;
    batch uuid[];
    changed uuid[];
    replaced uuid[];
    affected bigint[];
BEGIN
    -- One packer at a time; another is doing it.
    IF NOT pg_try_advisory_xact_lock(hashtextextended('mem0.pack_vectors', 0)) THEN
        RETURN false;
    END IF;

    -- A scope that has shrunk goes back to the projection alone.
    SELECT n.enterprise_id, n.scope_id INTO item
      FROM scope_sizes n WHERE n.packing IS NOT NULL AND n.rows < unpack ORDER BY n.rows LIMIT 1;
    IF FOUND THEN
        UPDATE scope_sizes n SET packing = NULL, filled_through = NULL
         WHERE n.enterprise_id = item.enterprise_id AND n.scope_id = item.scope_id;
        DELETE FROM vector_blocks b WHERE b.enterprise_id = item.enterprise_id AND b.scope_id = item.scope_id;
        DELETE FROM unpacked_vectors u WHERE u.enterprise_id = item.enterprise_id AND u.scope_id = item.scope_id;
        RETURN true;
    END IF;

    -- One that is being filled: the next rows of the projection are noted, unless something newer is noted of them. Locked,
    -- so that a change under way is either waited for or noted by itself, because it begins after the mark was made.
    SELECT n.enterprise_id, n.scope_id, n.filled_through INTO item
      FROM scope_sizes n WHERE n.packing = 'filling' ORDER BY n.rows LIMIT 1;
    IF FOUND THEN
        batch := ARRAY(
            SELECT p.memory_id FROM memory_scopes p
             WHERE p.enterprise_id = item.enterprise_id AND p.scope_id = item.scope_id
               AND p.memory_id > coalesce(item.filled_through, '00000000-0000-0000-0000-000000000000')
             ORDER BY p.memory_id LIMIT most);
        INSERT INTO unpacked_vectors (enterprise_id, scope_id, memory_id, model, embedding, replaces)
        SELECT p.* FROM (
            SELECT p.enterprise_id, p.scope_id, p.memory_id, p.model, p.embedding, false
              FROM memory_scopes p
             WHERE p.enterprise_id = item.enterprise_id AND p.scope_id = item.scope_id AND p.memory_id = ANY (batch)
               AND p.embedding IS NOT NULL
             ORDER BY p.memory_id FOR SHARE) p
        ON CONFLICT (enterprise_id, scope_id, memory_id) DO NOTHING;
        UPDATE scope_sizes n
           SET packing = CASE WHEN batch = '{}' THEN 'packed' ELSE 'filling' END,
               filled_through = batch[cardinality(batch)]
         WHERE n.enterprise_id = item.enterprise_id AND n.scope_id = item.scope_id;
        RETURN true;
    END IF;

    -- One with something noted. Blocks that are not full or have one of the changed memories are made anew.
    SELECT u.enterprise_id, u.scope_id, n.packing INTO item
      FROM (SELECT u.enterprise_id, u.scope_id FROM unpacked_vectors u ORDER BY 1, 2 LIMIT 1) u
      LEFT JOIN scope_sizes n ON n.enterprise_id = u.enterprise_id AND n.scope_id = u.scope_id;
    IF FOUND AND item.packing IS NULL THEN
        -- The scope has gone, or was packed when this was written.
        DELETE FROM unpacked_vectors u WHERE u.enterprise_id = item.enterprise_id AND u.scope_id = item.scope_id;
        RETURN true;
    ELSIF FOUND THEN
        SELECT coalesce(array_agg(u.memory_id), '{}'), coalesce(array_agg(u.memory_id) FILTER (WHERE u.replaces), '{}')
          INTO changed, replaced
          FROM (SELECT u.memory_id, u.replaces FROM unpacked_vectors u
                 WHERE u.enterprise_id = item.enterprise_id AND u.scope_id = item.scope_id
                 ORDER BY u.memory_id LIMIT most FOR UPDATE) u;
        affected := ARRAY(
            SELECT b.id FROM vector_blocks b
             WHERE b.enterprise_id = item.enterprise_id AND b.scope_id = item.scope_id
               AND (cardinality(b.memory_ids) < 14
                    OR replaced <> '{}' AND EXISTS (SELECT FROM unnest(b.memory_ids) m (id) WHERE m.id = ANY (replaced))));
        WITH taken AS (
            DELETE FROM unpacked_vectors u
             WHERE u.enterprise_id = item.enterprise_id AND u.scope_id = item.scope_id AND u.memory_id = ANY (changed)
            RETURNING u.model, u.memory_id, u.embedding
        ), opened AS (
            DELETE FROM vector_blocks b
             WHERE b.enterprise_id = item.enterprise_id AND b.scope_id = item.scope_id AND b.id = ANY (affected)
            RETURNING b.model, b.memory_ids, b.heads, b.tails
        ), entries AS (
            SELECT t.model, t.memory_id AS id, subvector(t.embedding, 1, 128) AS head,
                   subvector(t.embedding, 129, 128) AS tail
              FROM taken t WHERE t.embedding IS NOT NULL
             UNION ALL
            SELECT o.model, e.id, e.head, e.tail
              FROM opened o, unnest(o.memory_ids, o.heads, o.tails) e (id, head, tail)
             WHERE e.id <> ALL (changed)
        ), placed AS (
            SELECT e.*, (row_number() OVER (PARTITION BY e.model ORDER BY e.id) - 1) / 14 AS number FROM entries e
        )
        INSERT INTO vector_blocks (enterprise_id, scope_id, model, memory_ids, heads, tails)
        SELECT item.enterprise_id, item.scope_id, p.model, array_agg(p.id ORDER BY p.id),
               array_agg(p.head ORDER BY p.id), array_agg(p.tail ORDER BY p.id)
          FROM placed p GROUP BY p.model, p.number ORDER BY p.model, p.number;
        RETURN true;
    END IF;

    -- One that has grown: from here on what changes is noted. The lock waits for the writes that began before. The reviewer's,
    -- first: it holds sizes while it waits for scopes.
    PERFORM pg_advisory_xact_lock(hashtextextended('mem0.review_tiers', 0));
    SELECT n.enterprise_id, n.scope_id INTO item
      FROM scope_sizes n WHERE n.packing IS NULL AND n.rows >= pack ORDER BY n.rows LIMIT 1;
    IF FOUND THEN
        PERFORM pg_advisory_xact_lock(mem0.scope_lock(item.scope_id));
        DELETE FROM unpacked_vectors u WHERE u.enterprise_id = item.enterprise_id AND u.scope_id = item.scope_id;
        UPDATE scope_sizes n SET packing = 'filling', filled_through = NULL
         WHERE n.enterprise_id = item.enterprise_id AND n.scope_id = item.scope_id;
        RETURN true;
    END IF;
    RETURN false;
END
$$;

REVOKE EXECUTE ON FUNCTION mem0.note_vector(), mem0.pack_vectors(bigint, bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.pack_vectors(bigint, bigint, integer) TO mem0_app;
