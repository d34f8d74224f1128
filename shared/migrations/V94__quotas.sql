-- Quotas that cannot be got around by asking several times at once, by coming back, or by asking for much in one request.

-- Programs do not count as members, and are bounded by themselves.
ALTER TABLE plans ADD COLUMN service_accounts integer CHECK (service_accounts > 0);
UPDATE plans SET service_accounts = CASE name WHEN 'free' THEN 5 WHEN 'team' THEN 250 END WHERE name IN ('free', 'team');

-- The limit of memories if `more` of them would exceed it, and how many there are. Beyond 10,000 the count is up to a
-- minute old while less than nine tenths are used. Where there is not room for twenty times as many it is exact: who adds any
-- then waits for whoever else does.
CREATE OR REPLACE FUNCTION mem0.memory_quota(more integer, OUT most bigint, OUT used bigint) LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tenant uuid := mem0.enterprise();
    since timestamptz;
    exact boolean := false;
BEGIN
    SELECT p.memories INTO most FROM plans p JOIN enterprise_plans e ON e.plan = p.name WHERE e.enterprise_id = tenant;
    IF most IS NULL THEN
        RETURN;
    END IF;
    SELECT c.memories, c.counted_at INTO used, since FROM memory_counts c WHERE c.enterprise_id = tenant;
    LOOP
        -- Whoever holds this has committed by the time it is given on, so that the next statement counts theirs.
        IF NOT exact AND coalesce(used, 0) + 20 * more::bigint > most - most / 10 THEN
            PERFORM pg_advisory_xact_lock(hashtextextended('memory quota ' || tenant, 0));
            exact := true;
        ELSIF most > 10000 AND since > clock_timestamp() - interval '1 minute' AND NOT exact THEN
            EXIT;
        END IF;
        SELECT count(*), clock_timestamp() INTO used, since
          FROM memories m WHERE m.enterprise_id = tenant AND m.deleted_at IS NULL;
        -- Whoever else counts at the moment finds the same.
        IF pg_try_advisory_xact_lock(hashtextextended('memory count ' || tenant, 0)) THEN
            INSERT INTO memory_counts VALUES (tenant, used, since)
                ON CONFLICT (enterprise_id) DO UPDATE SET memories = excluded.memories, counted_at = excluded.counted_at;
        END IF;
        EXIT WHEN exact OR used + 20 * more::bigint <= most - most / 10;
    END LOOP;
    IF used + more <= most THEN
        most := NULL;
    END IF;
END
$$;

-- Takes further tokens for a request that asks for much, of the key, if there is one, the user and the enterprise, by the plan.
-- What a bucket does not have is owed: until it has come back, nothing is given. Nobody owes more than a minute's quota.
CREATE FUNCTION mem0.charge_tokens(tenant uuid, person uuid, key uuid, at timestamptz, tokens integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    b record;
BEGIN
    -- In the order in which all lock them.
    FOR b IN
        SELECT v.bucket, v.quota
          FROM plans p
          CROSS JOIN LATERAL (VALUES (1, charge_tokens.key, p.key_per_minute), (2, person, p.user_per_minute),
                                     (3, tenant, p.tenant_per_minute)) v (place, bucket, quota)
         WHERE p.name = coalesce((SELECT e.plan FROM enterprise_plans e WHERE e.enterprise_id = tenant), 'enterprise')
           AND v.bucket IS NOT NULL AND v.quota > 0
         ORDER BY v.place
    LOOP
        INSERT INTO rate_limits AS r (enterprise_id, bucket, tokens, at)
        VALUES (tenant, b.bucket, greatest(b.quota - charge_tokens.tokens, -b.quota), charge_tokens.at)
            ON CONFLICT (enterprise_id, bucket) DO UPDATE
               SET tokens = greatest(least(b.quota, r.tokens + greatest(0, extract(epoch FROM excluded.at - r.at)) * b.quota / 60)
                                     - charge_tokens.tokens, -b.quota),
                   at = greatest(r.at, excluded.at);
    END LOOP;
END
$$;
REVOKE EXECUTE ON FUNCTION mem0.charge_tokens(uuid, uuid, uuid, timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.charge_tokens(uuid, uuid, uuid, timestamptz, integer) TO mem0_app;
