-- Memories, their versions, and the projection that search reads.

CREATE TABLE memories (
    enterprise_id   uuid NOT NULL REFERENCES enterprises ON DELETE CASCADE,
    id              uuid NOT NULL UNIQUE,
    author_id       uuid NOT NULL,
    -- Where it lives, and every scope in which it can be seen (the home among them).
    home_scope_id   bigint NOT NULL,
    scope_ids       bigint[] NOT NULL CHECK (home_scope_id = ANY (scope_ids)),
    content         text NOT NULL CHECK (content <> ''),
    -- SHA-256 of the words that count, of the home and of the labels: what may be near-duplicates shares it.
    fingerprint     bytea NOT NULL,
    metadata        jsonb NOT NULL DEFAULT '{}',
    categories      text[] NOT NULL DEFAULT '{}',
    -- mem0's entity labels: words of the caller's, never identities.
    user_id         text,
    agent_id        text,
    app_id          text,
    run_id          text,
    lifecycle       text NOT NULL DEFAULT 'active' CHECK (lifecycle IN ('active', 'superseded', 'merged')),
    replaced_by     uuid,
    -- When the fact was so (mem0's `timestamp`), and the last day on which it is returned.
    occurred_at     timestamptz,
    expires_on      date,
    -- Captured together, in this order: neighbours explain each other.
    capture_id      uuid NOT NULL,
    capture_position integer NOT NULL,
    version         integer NOT NULL DEFAULT 1,
    -- Both null until the model has answered: see embedding_work.
    embedding       halfvec(256),
    embedding_model text CHECK (embedding_model <> ''),
    -- Tokens for ranking (memory::ranking::tokens); without them they are found anew for each search.
    tokens          bytea,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    deleted_at      timestamptz,
    PRIMARY KEY (enterprise_id, id),
    CHECK ((embedding IS NULL) = (embedding_model IS NULL))
);
CREATE INDEX memories_by_scope ON memories (enterprise_id, home_scope_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX memories_by_user_label ON memories (enterprise_id, user_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX memories_by_agent_label ON memories (enterprise_id, agent_id) WHERE deleted_at IS NULL AND agent_id IS NOT NULL;
CREATE INDEX memories_by_app_label ON memories (enterprise_id, app_id) WHERE deleted_at IS NULL AND app_id IS NOT NULL;
CREATE INDEX memories_by_run_label ON memories (enterprise_id, run_id) WHERE deleted_at IS NULL AND run_id IS NOT NULL;
CREATE INDEX memories_by_fingerprint ON memories (enterprise_id, fingerprint) WHERE deleted_at IS NULL;
-- What can be seen elsewhere than at home. The few such rows are found here, all others by their home.
CREATE INDEX memories_shared ON memories USING gin (enterprise_id, scope_ids) WITH (fastupdate = off)
    WHERE deleted_at IS NULL AND cardinality(scope_ids) > 1;
CREATE INDEX memories_by_replacement ON memories (enterprise_id, replaced_by) WHERE replaced_by IS NOT NULL;
CREATE INDEX memories_by_capture ON memories (enterprise_id, capture_id, capture_position);
-- What has a vector of another model than the present one.
CREATE INDEX memories_by_model ON memories (embedding_model) WHERE deleted_at IS NULL;

-- Vectors of different models do not compare, so the projection has the model beside the vector: as a number, because it
-- is in the covering index of every row.
CREATE FUNCTION mem0.model_number(name text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT ('x' || substr(encode(sha256(convert_to(name, 'UTF8')), 'hex'), 1, 8))::bit(32)::integer $$;

CREATE TABLE memory_versions (
    enterprise_id   uuid NOT NULL,
    memory_id       uuid NOT NULL,
    version         integer NOT NULL,
    id              uuid NOT NULL,
    event           text NOT NULL CHECK (event IN ('ADD', 'UPDATE', 'DELETE')),
    -- What was given (messages or text), the text before and after.
    input           jsonb NOT NULL DEFAULT '[]',
    old_content     text,
    new_content     text,
    metadata        jsonb NOT NULL DEFAULT '{}',
    categories      text[] NOT NULL DEFAULT '{}',
    editor_id       uuid NOT NULL,
    at              timestamptz NOT NULL,
    PRIMARY KEY (enterprise_id, memory_id, version),
    FOREIGN KEY (enterprise_id, memory_id) REFERENCES memories (enterprise_id, id) ON DELETE CASCADE
);

-- The access list and the search projection in one: a row for each scope in which a memory can be seen. Nobody but
-- the functions below reads it; row-level security here would cost the covering index and the text index.
-- Partitioned by tenant so that no large tenant's vectors stand in the way of another's.
CREATE TABLE memory_scopes (
    enterprise_id   uuid NOT NULL,
    scope_id        bigint NOT NULL,
    memory_id       uuid NOT NULL,
    permission      text NOT NULL DEFAULT 'read' CHECK (permission IN ('read', 'write', 'admin')),
    broad           boolean NOT NULL,
    embedding       halfvec(256),
    -- mem0.model_number of the vector's model.
    model           integer,
    -- What mem0.terms finds in it, and how many those are, repetitions included.
    terms           tsvector NOT NULL,
    length          integer NOT NULL,
    PRIMARY KEY (enterprise_id, scope_id, memory_id) INCLUDE (embedding, model)
) PARTITION BY HASH (enterprise_id);

DO $$
BEGIN
    FOR i IN 0..15 LOOP
        EXECUTE format(
            'CREATE TABLE memory_scopes_%s PARTITION OF memory_scopes FOR VALUES WITH (MODULUS 16, REMAINDER %s)
             WITH (autovacuum_vacuum_insert_scale_factor = 0.01, autovacuum_vacuum_scale_factor = 0.02)', i, i);
        -- No plan depends on them, and collecting them would be most of the work of ANALYZE.
        EXECUTE format('ALTER TABLE memory_scopes_%s ALTER embedding SET STATISTICS 0, ALTER terms SET STATISTICS 0', i);
    END LOOP;
END
$$;
CREATE INDEX memory_scopes_by_memory ON memory_scopes (enterprise_id, memory_id);
-- Terms with a prefix, `17:budget`: lists in the index are as long as the term is common where the prefix says, not in
-- the whole table. A broad scope has lists of its own. The many small scopes share them by 64, since each list costs room;
-- `scope_id + 0` tells them apart, an expression so that a condition on it is answered by this index and no other.
CREATE FUNCTION mem0.scoped_terms(prefix bigint, terms tsvector) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT array_to_tsvector(coalesce(array_agg(prefix || ':' || lexeme), '{}')) FROM unnest(terms));
CREATE INDEX memory_scopes_terms ON memory_scopes USING gin ((scope_id + 0), mem0.scoped_terms(scope_id % 64, terms))
    WITH (fastupdate = off);
CREATE INDEX memory_scopes_broad_terms ON memory_scopes USING gin (mem0.scoped_terms(scope_id, terms))
    WITH (fastupdate = off) WHERE broad;
CREATE INDEX memory_scopes_broad_vectors ON memory_scopes USING hnsw (embedding halfvec_ip_ops) WHERE broad;

ALTER TABLE memories ENABLE ROW LEVEL SECURITY;
ALTER TABLE memory_versions ENABLE ROW LEVEL SECURITY;
-- Nothing outside the caller's visible set can be read or written, whatever the statement says.
CREATE POLICY visible ON memories TO mem0_app
    USING (enterprise_id = (SELECT mem0.enterprise()) AND scope_ids && (SELECT mem0.readable()))
    WITH CHECK (enterprise_id = (SELECT mem0.enterprise()) AND scope_ids && (SELECT mem0.readable()));
CREATE POLICY visible ON memory_versions TO mem0_app
    USING (enterprise_id = (SELECT mem0.enterprise())
           AND EXISTS (SELECT FROM memories m WHERE m.enterprise_id = memory_versions.enterprise_id AND m.id = memory_id))
    WITH CHECK (enterprise_id = (SELECT mem0.enterprise()));
GRANT SELECT, INSERT, UPDATE ON memories TO mem0_app;
GRANT SELECT, INSERT ON memory_versions TO mem0_app;

-- A scope that is being deleted and a memory that is being written to it wait for each other: the writer shares this
-- lock, the deleter (tenancy::nodes) holds it alone. Cheaper than a foreign key, whose row lock every write would have
-- to put on disk.
CREATE FUNCTION mem0.scope_lock(scope bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT hashtextextended('scope ' || scope, 0) $$;
CREATE FUNCTION mem0.hold_scopes(tenant uuid, ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(mem0.scope_lock(id)) FROM unnest(ids) id;
    -- A new statement, so that it sees what was deleted while this one waited.
    IF EXISTS (SELECT FROM unnest(ids) wanted(id)
                WHERE NOT EXISTS (SELECT FROM scopes s WHERE s.enterprise_id = tenant AND s.id = wanted.id)) THEN
        RAISE EXCEPTION 'a scope of the memory does not exist'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'memories_scopes';
    END IF;
END
$$;

-- What stands in the way of deleting a scope: memories that live there, and others that can be seen there.
CREATE FUNCTION mem0.scope_usage(scope bigint, OUT homed bigint, OUT shared bigint) LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tenant uuid := mem0.enterprise();
BEGIN
    PERFORM mem0.check_scopes(ARRAY[scope]);
    SELECT count(*) INTO homed FROM memories m
     WHERE m.enterprise_id = tenant AND m.home_scope_id = scope AND m.deleted_at IS NULL;
    SELECT count(*) INTO shared FROM memory_scopes p
      JOIN memories m ON m.enterprise_id = p.enterprise_id AND m.id = p.memory_id
     WHERE p.enterprise_id = tenant AND p.scope_id = scope AND m.home_scope_id <> scope;
END
$$;

-- The projection follows the memory by itself: no caller can forget it, none can write it.
CREATE FUNCTION mem0.project_inserted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM mem0.hold_scopes(named.enterprise_id, array_agg(named.id ORDER BY named.id))
       FROM (SELECT DISTINCT i.enterprise_id, unnest(i.scope_ids) AS id FROM inserted i) named
      GROUP BY named.enterprise_id;
    WITH analysed AS MATERIALIZED (
        SELECT i.enterprise_id, i.id, i.scope_ids, i.embedding, mem0.model_number(i.embedding_model) AS model,
               mem0.terms(i.content) AS terms
          FROM inserted i
         WHERE i.deleted_at IS NULL AND i.lifecycle <> 'merged'
    )
    INSERT INTO memory_scopes (enterprise_id, scope_id, memory_id, broad, embedding, model, terms, length)
    SELECT a.enterprise_id, s.id, a.id, s.search_tier IN ('promoting', 'broad'), a.embedding, a.model,
           a.terms, mem0.terms_length(a.terms)
      FROM analysed a
      JOIN scopes s ON s.enterprise_id = a.enterprise_id AND s.id = ANY (a.scope_ids);
    RETURN NULL;
END
$$;
CREATE FUNCTION mem0.project_updated() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM mem0.hold_scopes(named.enterprise_id, array_agg(named.id ORDER BY named.id))
       FROM (SELECT DISTINCT u.enterprise_id, unnest(u.scope_ids) AS id
               FROM updated u JOIN previous v ON v.enterprise_id = u.enterprise_id AND v.id = u.id
              WHERE u.scope_ids <> v.scope_ids) named
      GROUP BY named.enterprise_id;
    DELETE FROM memory_scopes p
     USING updated u
     WHERE p.enterprise_id = u.enterprise_id AND p.memory_id = u.id
       AND (u.deleted_at IS NOT NULL OR u.lifecycle = 'merged' OR p.scope_id <> ALL (u.scope_ids));
    WITH analysed AS MATERIALIZED (
        SELECT u.enterprise_id, u.id, u.scope_ids, u.embedding, mem0.model_number(u.embedding_model) AS model,
               mem0.terms(u.content) AS terms
          FROM updated u
          JOIN previous v ON v.enterprise_id = u.enterprise_id AND v.id = u.id
         WHERE u.deleted_at IS NULL AND u.lifecycle <> 'merged'
           AND (u.content, u.embedding, u.embedding_model, u.scope_ids, u.deleted_at, u.lifecycle)
               IS DISTINCT FROM (v.content, v.embedding, v.embedding_model, v.scope_ids, v.deleted_at, v.lifecycle)
    )
    INSERT INTO memory_scopes (enterprise_id, scope_id, memory_id, broad, embedding, model, terms, length)
    SELECT a.enterprise_id, s.id, a.id, s.search_tier IN ('promoting', 'broad'), a.embedding, a.model,
           a.terms, mem0.terms_length(a.terms)
      FROM analysed a
      JOIN scopes s ON s.enterprise_id = a.enterprise_id AND s.id = ANY (a.scope_ids)
    ON CONFLICT (enterprise_id, scope_id, memory_id)
        DO UPDATE SET embedding = excluded.embedding, model = excluded.model, terms = excluded.terms,
                      length = excluded.length;
    RETURN NULL;
END
$$;
CREATE TRIGGER project_inserted AFTER INSERT ON memories REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION mem0.project_inserted();
CREATE TRIGGER project_updated AFTER UPDATE ON memories REFERENCING NEW TABLE AS updated OLD TABLE AS previous
    FOR EACH STATEMENT EXECUTE FUNCTION mem0.project_updated();

-- History is written once.
CREATE FUNCTION mem0.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE ON memory_versions FOR EACH STATEMENT EXECUTE FUNCTION mem0.refuse();

-- What people think of a memory: at most one opinion each.
CREATE TABLE memory_feedback (
    enterprise_id   uuid NOT NULL,
    memory_id       uuid NOT NULL,
    user_id         uuid NOT NULL,
    id              uuid NOT NULL,
    feedback        text NOT NULL CHECK (feedback IN ('POSITIVE', 'NEGATIVE', 'VERY_NEGATIVE')),
    reason          text CHECK (length(reason) BETWEEN 1 AND 2000),
    at              timestamptz NOT NULL,
    PRIMARY KEY (enterprise_id, memory_id, user_id),
    FOREIGN KEY (enterprise_id, memory_id) REFERENCES memories (enterprise_id, id) ON DELETE CASCADE
);
ALTER TABLE memory_feedback ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON memory_feedback TO mem0_app
    USING (enterprise_id = (SELECT mem0.enterprise())
           AND EXISTS (SELECT FROM memories m WHERE m.enterprise_id = memory_feedback.enterprise_id AND m.id = memory_id));
GRANT SELECT, INSERT, UPDATE, DELETE ON memory_feedback TO mem0_app;

-- Work that a client can poll.
CREATE TABLE events (
    enterprise_id   uuid NOT NULL REFERENCES enterprises ON DELETE CASCADE,
    id              uuid NOT NULL UNIQUE,
    user_id         uuid NOT NULL,
    event_type      text NOT NULL,
    status          text NOT NULL CHECK (status IN ('PENDING', 'RUNNING', 'FAILED', 'SUCCEEDED')),
    payload         jsonb NOT NULL DEFAULT '{}',
    metadata        jsonb NOT NULL DEFAULT '{}',
    results         jsonb NOT NULL DEFAULT '[]',
    created_at      timestamptz NOT NULL,
    started_at      timestamptz,
    completed_at    timestamptz,
    PRIMARY KEY (enterprise_id, id)
);
CREATE INDEX events_of_user ON events (enterprise_id, user_id, created_at DESC, id DESC);
ALTER TABLE events ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON events TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
GRANT SELECT, INSERT, UPDATE ON events TO mem0_app;
