-- The hash chain of each enterprise's log: whoever changes, removes, inserts or reorders rows breaks it.
--
-- Rows are written unchained, so that requests of a tenant never wait for each other; a job chains those of finished
-- transactions in the order of these, in batches.

CREATE TABLE audit_chain (
    enterprise_id   uuid NOT NULL,
    -- From 1, without gaps.
    seq             bigint NOT NULL,
    at              timestamptz NOT NULL,
    id              uuid NOT NULL,
    -- mem0.audit_row_hash of the row. Kept, so that the chain can be followed where rows were retired.
    row_hash        bytea NOT NULL,
    -- sha256(the hash before || seq || row_hash).
    hash            bytea NOT NULL,
    sealed_at       timestamptz NOT NULL,
    PRIMARY KEY (enterprise_id, seq)
);
CREATE UNIQUE INDEX audit_chain_of_row ON audit_chain (enterprise_id, id);

-- Where each chain ends.
CREATE TABLE audit_heads (
    enterprise_id   uuid PRIMARY KEY,
    seq             bigint NOT NULL,
    hash            bytea NOT NULL,
    sealed_at       timestamptz NOT NULL
);

-- Every row of an earlier transaction than this one is chained.
CREATE TABLE audit_horizon (
    one             boolean PRIMARY KEY DEFAULT true CHECK (one),
    xid             xid8 NOT NULL
);
INSERT INTO audit_horizon (xid) VALUES ('0');

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_chain FOR EACH ROW EXECUTE FUNCTION mem0.refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audit_chain FOR EACH STATEMENT EXECUTE FUNCTION mem0.refuse();
ALTER TABLE audit_chain ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_heads ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_horizon ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit_chain TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
CREATE POLICY tenant ON audit_heads TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
CREATE POLICY everyone ON audit_horizon TO mem0_app USING (true);
GRANT SELECT ON audit_chain, audit_heads, audit_horizon TO mem0_app;

-- Every column, each with its length, so that no two rows have the same text.
CREATE FUNCTION mem0.audit_row_hash(r audit_log) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE RETURN (
    SELECT sha256(convert_to(string_agg(coalesce(octet_length(value) || ':' || value, '-'), ',' ORDER BY place), 'UTF8'))
      FROM unnest(ARRAY[
               r.enterprise_id::text, r.id::text, (extract(epoch FROM r.at) * 1000000)::bigint::text, r.actor_id::text,
               r.actor_method, r.credential_id::text, r.action, r.target, r.scope_id::text, r.outcome, r.operation,
               r.request_id::text, r.ip, r.user_agent, r.memory_ids::text, r.tags::text, r.details::text, r.xid::text
           ]) WITH ORDINALITY v (value, place));

CREATE FUNCTION mem0.audit_link(before bytea, seq bigint, row_hash bytea) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN sha256(before || int8send(seq) || row_hash);

-- What the first link of a chain follows.
CREATE FUNCTION mem0.audit_genesis(tenant uuid) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN sha256(convert_to('mem0 audit chain of ' || tenant, 'UTF8'));

-- Chains up to `most` rows; whether there may be more. A transaction that is older than every running one can bring no
-- further row, so the rows of those are complete and their order is final.
CREATE FUNCTION mem0.seal_audit(most integer, OUT sealed integer, OUT more boolean) LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    low xid8;
    high xid8 := pg_snapshot_xmin(pg_current_snapshot());
    last xid8;
    restored boolean;
    found record;
    head record;
    link bytea;
    tenant uuid;
BEGIN
    sealed := 0;
    more := false;
    -- Another one is at it.
    IF NOT pg_try_advisory_xact_lock(hashtextextended('mem0.seal_audit', 0)) THEN
        RETURN;
    END IF;
    SELECT h.xid INTO low FROM audit_horizon h;
    -- The database was restored into a cluster that counts transactions anew: what the rows say of theirs means nothing
    -- there, and whatever can be seen is finished.
    restored := low > pg_snapshot_xmax(pg_current_snapshot());
    IF restored THEN
        low := '0';
    END IF;
    FOR found IN
        WITH batch AS MATERIALIZED (
            SELECT l.enterprise_id, l.xid, l.at, l.id, mem0.audit_row_hash(l) AS row_hash
              FROM audit_log l
             WHERE l.xid >= low AND (restored OR l.xid < high)
               AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.enterprise_id = l.enterprise_id AND c.id = l.id)
             ORDER BY l.xid, l.at, l.id LIMIT most)
        SELECT b.*, max(b.xid) OVER () AS last FROM batch b ORDER BY b.enterprise_id, b.xid, b.at, b.id
    LOOP
        IF tenant IS DISTINCT FROM found.enterprise_id THEN
            IF tenant IS NOT NULL THEN
                INSERT INTO audit_heads VALUES (tenant, head.seq, head.hash, now())
                    ON CONFLICT (enterprise_id)
                    DO UPDATE SET seq = excluded.seq, hash = excluded.hash, sealed_at = excluded.sealed_at;
            END IF;
            tenant := found.enterprise_id;
            SELECT coalesce(max(h.seq), 0) AS seq, coalesce((array_agg(h.hash))[1], mem0.audit_genesis(tenant)) AS hash
              INTO head FROM audit_heads h WHERE h.enterprise_id = tenant;
        END IF;
        link := mem0.audit_link(head.hash, head.seq + 1, found.row_hash);
        INSERT INTO audit_chain (enterprise_id, seq, at, id, row_hash, hash, sealed_at)
        VALUES (tenant, head.seq + 1, found.at, found.id, found.row_hash, link, now());
        SELECT head.seq + 1 AS seq, link AS hash INTO head;
        last := found.last;
        sealed := sealed + 1;
    END LOOP;
    IF tenant IS NOT NULL THEN
        INSERT INTO audit_heads VALUES (tenant, head.seq, head.hash, now())
            ON CONFLICT (enterprise_id)
            DO UPDATE SET seq = excluded.seq, hash = excluded.hash, sealed_at = excluded.sealed_at;
    END IF;
    more := sealed = most;
    IF NOT more THEN
        UPDATE audit_horizon SET xid = high WHERE xid <> high;
    ELSIF NOT restored THEN
        UPDATE audit_horizon SET xid = last WHERE xid <> last;
    END IF;
END
$$;
REVOKE EXECUTE ON FUNCTION mem0.seal_audit(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.seal_audit(integer) TO mem0_app;
