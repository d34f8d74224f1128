-- Following every chain once a day, on behalf of nobody.

CREATE TABLE audit_checks (
    enterprise_id   uuid PRIMARY KEY,
    -- How far the chain was followed this time; 0 once it was followed to its end.
    seq             bigint NOT NULL,
    -- When it was last followed to its end, or found broken.
    checked_at      timestamptz
);
ALTER TABLE audit_checks ENABLE ROW LEVEL SECURITY;

-- Follows up to `most` links of the chain that was not followed for the longest time, at least a day: whose, how far, the
-- hash there, and what is wrong with the first link that is. No row: all were followed. The same judgement as
-- audit_chain.follow of the application.
CREATE FUNCTION mem0.check_audit(most integer) RETURNS TABLE (
    tenant uuid, seq bigint, hash text, complete boolean, fault text, bad_seq bigint, bad_id uuid, bad_at timestamptz)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
DECLARE
    head record;
    last record;
    start_hash bytea;
BEGIN
    SELECT h.enterprise_id, h.seq, h.hash, coalesce(k.seq, 0) AS start INTO head
      FROM audit_heads h LEFT JOIN audit_checks k ON k.enterprise_id = h.enterprise_id
     WHERE k.checked_at IS NULL OR k.checked_at < clock_timestamp() - interval '1 day'
     ORDER BY k.checked_at NULLS FIRST, h.enterprise_id LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    start_hash := coalesce(
        (SELECT c.hash FROM audit_chain c WHERE c.enterprise_id = head.enterprise_id AND c.seq = head.start),
        mem0.audit_genesis(head.enterprise_id));
    WITH links AS MATERIALIZED (
        SELECT c.seq, c.at, c.id, c.row_hash, c.hash, l.id IS NULL AS missing, mem0.audit_row_hash(l) AS found
          FROM (SELECT * FROM audit_chain a WHERE a.enterprise_id = head.enterprise_id AND a.seq > head.start
                 ORDER BY a.seq LIMIT most) c
          LEFT JOIN audit_log l ON l.enterprise_id = c.enterprise_id AND l.at = c.at AND l.id = c.id
    ), told AS (
        SELECT k.*, lag(k.seq, 1, head.start) OVER w AS seq_before, lag(k.hash, 1, start_hash) OVER w AS hash_before,
               max(k.at) OVER (ORDER BY k.seq ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW) AS latest
          FROM links k WINDOW w AS (ORDER BY k.seq)
    ), judged AS (
        SELECT t.*, CASE WHEN t.seq <> t.seq_before + 1 OR t.missing THEN 'removed'
                         WHEN t.hash <> mem0.audit_link(t.hash_before, t.seq, t.row_hash) THEN 'reordered'
                         WHEN t.found <> t.row_hash THEN 'changed'
                         WHEN t.at < t.latest - interval '1 hour' THEN 'inserted' END AS fault
          FROM told t
    )
    SELECT j.seq, j.hash, j.fault, j.id, j.at INTO last FROM judged j
     ORDER BY j.fault IS NULL, CASE WHEN j.fault IS NULL THEN -j.seq ELSE j.seq END LIMIT 1;
    tenant := head.enterprise_id;
    seq := coalesce(last.seq, head.start);
    hash := encode(coalesce(last.hash, start_hash), 'hex');
    fault := last.fault;
    -- It must reach the head.
    IF fault IS NULL AND last.seq IS NULL AND head.start < head.seq THEN
        fault := 'removed';
        bad_seq := head.start + 1;
    ELSIF fault IS NOT NULL THEN
        bad_seq := last.seq;
        bad_id := last.id;
        bad_at := last.at;
    END IF;
    complete := fault IS NOT NULL OR seq >= head.seq;
    INSERT INTO audit_checks VALUES (tenant, CASE WHEN complete THEN 0 ELSE seq END,
                                     CASE WHEN complete THEN clock_timestamp() END)
        ON CONFLICT (enterprise_id) DO UPDATE
            SET seq = excluded.seq, checked_at = coalesce(excluded.checked_at, audit_checks.checked_at);
    RETURN NEXT;
END
$$;
REVOKE EXECUTE ON FUNCTION mem0.check_audit(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.check_audit(integer) TO mem0_app;
