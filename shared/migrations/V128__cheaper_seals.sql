-- Every row of the audit log is chained once, so what that costs belongs to each request: it was 66 µs, as much as checking the
-- caller. The text that is hashed, and so every hash, stays the same.

-- One expression; it was a query for each row. Not in SQL: that would be copied into the query and make a record of the row for
-- each column.
CREATE OR REPLACE FUNCTION mem0.audit_row_hash(r audit_log) RETURNS bytea LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN sha256(convert_to(concat_ws(',',
        octet_length(r.enterprise_id::text) || ':' || r.enterprise_id::text,
        octet_length(r.id::text) || ':' || r.id::text,
        octet_length((extract(epoch FROM r.at) * 1000000)::bigint::text) || ':'
            || (extract(epoch FROM r.at) * 1000000)::bigint::text,
        coalesce(octet_length(r.actor_id::text) || ':' || r.actor_id::text, '-'),
        octet_length(r.actor_method) || ':' || r.actor_method,
        coalesce(octet_length(r.credential_id::text) || ':' || r.credential_id::text, '-'),
        octet_length(r.action) || ':' || r.action,
        coalesce(octet_length(r.target) || ':' || r.target, '-'),
        coalesce(octet_length(r.scope_id::text) || ':' || r.scope_id::text, '-'),
        octet_length(r.outcome) || ':' || r.outcome,
        coalesce(octet_length(r.operation) || ':' || r.operation, '-'),
        coalesce(octet_length(r.request_id::text) || ':' || r.request_id::text, '-'),
        coalesce(octet_length(r.ip) || ':' || r.ip, '-'),
        coalesce(octet_length(r.user_agent) || ':' || r.user_agent, '-'),
        octet_length(r.memory_ids::text) || ':' || r.memory_ids::text,
        octet_length(r.tags::text) || ':' || r.tags::text,
        octet_length(r.details::text) || ':' || r.details::text,
        octet_length(r.xid::text) || ':' || r.xid::text,
        -- A row without a place has the text that it had before there were places.
        octet_length(r.place) || ':' || r.place), 'UTF8'));
END
$$;

-- Chains up to `most` rows; whether there may be more. A transaction that is older than every running one can bring no
-- further row, so the rows of those are complete and their order is final.
CREATE OR REPLACE FUNCTION mem0.seal_audit(most integer, OUT sealed integer, OUT more boolean) LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    low xid8;
    high xid8 := pg_snapshot_xmin(pg_current_snapshot());
    last xid8;
    restored boolean;
    found record;
    tenant uuid;
    -- The end of the chain of `tenant`.
    seq bigint;
    hash bytea;
    -- The new links, in order.
    tenants uuid[] := '{}';
    seqs bigint[] := '{}';
    ats timestamptz[] := '{}';
    ids uuid[] := '{}';
    row_hashes bytea[] := '{}';
    hashes bytea[] := '{}';
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
            tenant := found.enterprise_id;
            SELECT coalesce(max(h.seq), 0), coalesce((array_agg(h.hash))[1], mem0.audit_genesis(tenant))
              INTO seq, hash FROM audit_heads h WHERE h.enterprise_id = tenant;
        END IF;
        seq := seq + 1;
        -- mem0.audit_link, written out: called, it would be a query.
        hash := sha256(hash || int8send(seq) || found.row_hash);
        -- Each appends in place. Inserting each link by itself took as long as all the rest.
        tenants := tenants || tenant;
        seqs := seqs || seq;
        ats := ats || found.at;
        ids := ids || found.id;
        row_hashes := row_hashes || found.row_hash;
        hashes := hashes || hash;
        last := found.last;
        sealed := sealed + 1;
    END LOOP;
    INSERT INTO audit_chain (enterprise_id, seq, at, id, row_hash, hash, sealed_at)
    SELECT l.*, now() FROM unnest(tenants, seqs, ats, ids, row_hashes, hashes) l;
    INSERT INTO audit_heads (enterprise_id, seq, hash, sealed_at)
    SELECT DISTINCT ON (l.tenant) l.tenant, l.seq, l.hash, now()
      FROM unnest(tenants, seqs, hashes) l (tenant, seq, hash)
     ORDER BY l.tenant, l.seq DESC
        ON CONFLICT (enterprise_id)
        DO UPDATE SET seq = excluded.seq, hash = excluded.hash, sealed_at = excluded.sealed_at;
    more := sealed = most;
    IF NOT more THEN
        UPDATE audit_horizon SET xid = high WHERE xid <> high;
    ELSIF NOT restored THEN
        UPDATE audit_horizon SET xid = last WHERE xid <> last;
    END IF;
END
$$;
