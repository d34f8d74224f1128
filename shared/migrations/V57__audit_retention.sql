-- How long the audit log is kept. Whole months go, once nobody who has rows in them keeps them any longer, every row of
-- theirs is chained, the chains were followed to their ends since and found intact, and where each of them stood is written
-- down. The links stay, so a chain can be followed across what is gone.

-- Whether a chain was intact when it was last followed to its end.
ALTER TABLE audit_checks ADD COLUMN intact boolean NOT NULL DEFAULT false;

-- Months that rows are kept for after their own; null: for ever. An enterprise may ask for another number.
ALTER TABLE plans ADD COLUMN audit_months integer CHECK (audit_months BETWEEN 1 AND 1200);
UPDATE plans SET audit_months = CASE name WHEN 'free' THEN 12 WHEN 'team' THEN 24 ELSE 84 END
 WHERE name IN ('free', 'team', 'enterprise');
ALTER TABLE audit_policies ADD COLUMN retention_months integer CHECK (retention_months BETWEEN 1 AND 1200);

-- A month of an enterprise's log that is gone.
CREATE TABLE audit_retirements (
    enterprise_id   uuid NOT NULL,
    -- Its first day.
    month           date NOT NULL,
    -- How many rows it had.
    row_count       bigint NOT NULL,
    -- The link of its last row.
    seq             bigint NOT NULL,
    hash            bytea NOT NULL,
    retired_at      timestamptz NOT NULL,
    -- The row of the log that says so, which is chained like any other: a month that somebody took away without one counts
    -- as removed.
    log_id          uuid NOT NULL,
    PRIMARY KEY (enterprise_id, month)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_retirements FOR EACH ROW EXECUTE FUNCTION mem0.refuse();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audit_retirements FOR EACH STATEMENT EXECUTE FUNCTION mem0.refuse();
ALTER TABLE audit_retirements ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit_retirements TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
GRANT SELECT ON audit_retirements TO mem0_app;

-- The months of an enterprise that were retired rightly: the log says so, or said so in a month that was itself retired.
CREATE FUNCTION mem0.retired_months(tenant uuid) RETURNS TABLE (month date)
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT r.month FROM audit_retirements r
     WHERE r.enterprise_id = tenant
       AND (EXISTS (SELECT FROM audit_log l
                     WHERE l.enterprise_id = r.enterprise_id AND l.at = r.retired_at AND l.id = r.log_id
                       AND l.action = 'audit.retire' AND l.target = to_char(r.month, 'YYYY-MM'))
            OR EXISTS (SELECT FROM audit_retirements o
                        WHERE o.enterprise_id = r.enterprise_id
                          AND o.month = date_trunc('month', r.retired_at AT TIME ZONE 'UTC')::date))
$$;

-- audit.retire: takes the oldest month away whose time is over; how many. Waits for nobody: a log that is being written to is
-- tried again the next time.
CREATE FUNCTION mem0.retire_audit(at timestamptz) RETURNS integer LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public SET lock_timeout = '1s' AS $$
DECLARE
    part record;
    month_begins timestamptz;
    month_ends timestamptz;
BEGIN
    PERFORM mem0.check_unbound();
    FOR part IN
        SELECT c.oid::regclass AS name, to_date(right(c.relname, 7), 'YYYY_MM') AS month
          FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'public.audit_log'::regclass AND c.relname ~ '^audit_log_\d{4}_\d{2}$'
         ORDER BY c.relname
    LOOP
        month_begins := part.month::timestamp AT TIME ZONE 'UTC';
        month_ends := (part.month + interval '1 month') AT TIME ZONE 'UTC';
        -- Nobody keeps anything for less than a month.
        EXIT WHEN month_ends + interval '1 month' > at;
        CONTINUE WHEN EXISTS (
            SELECT FROM audit_heads h
              LEFT JOIN audit_policies p ON p.enterprise_id = h.enterprise_id
              LEFT JOIN enterprise_plans n ON n.enterprise_id = h.enterprise_id
              LEFT JOIN plans q ON q.name = coalesce(n.plan, 'enterprise')
             WHERE coalesce(month_ends + make_interval(months => coalesce(p.retention_months, q.audit_months)), 'infinity') > at
               AND EXISTS (SELECT FROM audit_log l
                            WHERE l.enterprise_id = h.enterprise_id AND l.at >= month_begins AND l.at < month_ends));
        IF EXISTS (SELECT FROM audit_log l, audit_horizon z WHERE l.xid >= z.xid AND l.at >= month_begins AND l.at < month_ends)
           OR EXISTS (SELECT FROM audit_heads h
                       WHERE EXISTS (SELECT FROM audit_log l
                                      WHERE l.enterprise_id = h.enterprise_id AND l.at >= month_begins AND l.at < month_ends)
                         AND NOT EXISTS (SELECT FROM audit_checks k
                                          WHERE k.enterprise_id = h.enterprise_id AND k.intact AND k.checked_at >= month_ends)) THEN
            -- Whatever is wrong with it must be looked into first; audit.check tells of it.
            RAISE WARNING 'the audit log of % is kept: not all of it is chained and known to be intact',
                to_char(part.month, 'YYYY-MM');
            CONTINUE;
        END IF;
        BEGIN
            WITH gone AS (
                SELECT l.enterprise_id, count(*) AS row_count, gen_random_uuid() AS log_id
                  FROM audit_log l WHERE l.at >= month_begins AND l.at < month_ends
                 GROUP BY l.enterprise_id
            ), noted AS (
                INSERT INTO audit_retirements (enterprise_id, month, row_count, seq, hash, retired_at, log_id)
                SELECT g.enterprise_id, part.month, g.row_count, c.seq, c.hash, retire_audit.at, g.log_id
                  FROM gone g
                  CROSS JOIN LATERAL (
                       SELECT l.id FROM audit_log l
                        WHERE l.enterprise_id = g.enterprise_id AND l.at >= month_begins AND l.at < month_ends
                        ORDER BY l.at DESC, l.id DESC LIMIT 1) newest
                  JOIN audit_chain c ON c.enterprise_id = g.enterprise_id AND c.id = newest.id
                RETURNING *
            )
            INSERT INTO audit_log (enterprise_id, id, at, actor_method, action, target, details, tags)
            SELECT n.enterprise_id, n.log_id, n.retired_at, 'none', 'audit.retire', to_char(n.month, 'YYYY-MM'),
                   jsonb_build_object('rows', n.row_count, 'seq', n.seq, 'hash', encode(n.hash, 'hex')),
                   ARRAY['administration']
              FROM noted n;
            EXECUTE format('ALTER TABLE public.audit_log DETACH PARTITION %s', part.name);
            EXECUTE format('DROP TABLE %s', part.name);
        EXCEPTION WHEN lock_not_available THEN
            RAISE WARNING 'the audit log of % is kept for now: the log is busy', to_char(part.month, 'YYYY-MM');
            RETURN 0;
        END;
        RETURN 1;
    END LOOP;
    RETURN 0;
END
$$;

-- Follows up to `most` links of the chain that was not followed for the longest time, at least a day: whose, how far, the
-- hash there, and what is wrong with the first link that is. No row: all were followed. The same judgement as
-- audit_chain.follow of the application.
CREATE OR REPLACE FUNCTION mem0.check_audit(most integer) RETURNS TABLE (
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
        SELECT c.seq, c.at, c.id, c.row_hash, c.hash, l.id IS NULL AS missing, r.month IS NOT NULL AS retired,
               mem0.audit_row_hash(l) AS found
          FROM (SELECT * FROM audit_chain a WHERE a.enterprise_id = head.enterprise_id AND a.seq > head.start
                 ORDER BY a.seq LIMIT most) c
          LEFT JOIN audit_log l ON l.enterprise_id = c.enterprise_id AND l.at = c.at AND l.id = c.id
          LEFT JOIN mem0.retired_months(head.enterprise_id) r
                 ON r.month = date_trunc('month', c.at AT TIME ZONE 'UTC')::date
    ), told AS (
        SELECT k.*, lag(k.seq, 1, head.start) OVER w AS seq_before, lag(k.hash, 1, start_hash) OVER w AS hash_before,
               max(k.at) OVER (ORDER BY k.seq ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW) AS latest
          FROM links k WINDOW w AS (ORDER BY k.seq)
    ), judged AS (
        SELECT t.*, CASE WHEN t.seq <> t.seq_before + 1 OR (t.missing AND NOT t.retired) THEN 'removed'
                         WHEN t.hash <> mem0.audit_link(t.hash_before, t.seq, t.row_hash) THEN 'reordered'
                         WHEN NOT t.missing AND t.found <> t.row_hash THEN 'changed'
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
                                     CASE WHEN complete THEN clock_timestamp() END, complete AND fault IS NULL)
        ON CONFLICT (enterprise_id) DO UPDATE
            SET seq = excluded.seq, checked_at = coalesce(excluded.checked_at, audit_checks.checked_at),
                intact = CASE WHEN excluded.checked_at IS NULL THEN audit_checks.intact ELSE excluded.intact END;
    RETURN NEXT;
END
$$;

REVOKE EXECUTE ON FUNCTION mem0.retired_months(uuid), mem0.retire_audit(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.retired_months(uuid), mem0.retire_audit(timestamptz) TO mem0_app;
