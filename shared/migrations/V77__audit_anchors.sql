-- How far the end of each chain was put where whoever has power over this database has none.
ALTER TABLE audit_heads ADD COLUMN anchored_seq bigint NOT NULL DEFAULT 0;
CREATE INDEX audit_heads_to_anchor ON audit_heads (enterprise_id) WHERE seq > anchored_seq;

-- Ends of chains that have grown since, of enterprises after that one.
CREATE FUNCTION mem0.heads_to_anchor(after uuid, most integer)
    RETURNS TABLE (tenant uuid, seq bigint, hash text, sealed_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT h.enterprise_id, h.seq, encode(h.hash, 'hex'), h.sealed_at
      FROM audit_heads h
     WHERE h.seq > h.anchored_seq AND (after IS NULL OR h.enterprise_id > after)
     ORDER BY h.enterprise_id LIMIT most
$$;

-- Notes that an end is kept elsewhere. Several may do so at once, the furthest counts.
CREATE FUNCTION mem0.note_anchor(tenant uuid, at_seq bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    UPDATE audit_heads h SET anchored_seq = greatest(h.anchored_seq, at_seq) WHERE h.enterprise_id = tenant
$$;

REVOKE EXECUTE ON FUNCTION mem0.heads_to_anchor(uuid, integer), mem0.note_anchor(uuid, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.heads_to_anchor(uuid, integer), mem0.note_anchor(uuid, bigint) TO mem0_upkeep;
