-- What an enterprise may use: plans, token buckets of requests, and how much it has.

-- Null: no limit of its own, only the installation's. Operators add plans and change them here.
CREATE TABLE plans (
    name                text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9-]{0,30}$'),
    -- Requests a minute.
    key_per_minute      integer CHECK (key_per_minute > 0),
    user_per_minute     integer CHECK (user_per_minute > 0),
    tenant_per_minute   integer CHECK (tenant_per_minute > 0),
    memories            bigint CHECK (memories >= 0),
    members             integer CHECK (members > 0),
    -- Levels of the tree, the enterprise being the first.
    depth               integer CHECK (depth BETWEEN 1 AND 8),
    body_bytes          integer CHECK (body_bytes >= 1024)
);
INSERT INTO plans VALUES
    ('free',        120,    240,    600,   10000,    5,    3,  262144),
    ('team',        600,   1200,  12000, 1000000,  250,    5, 1048576),
    ('enterprise', 6000,  12000, 600000,    NULL, NULL, NULL,    NULL);

-- No row: the plan `enterprise`. Operators write it, enterprises only read it.
CREATE TABLE enterprise_plans (
    enterprise_id   uuid PRIMARY KEY REFERENCES enterprises ON DELETE CASCADE,
    plan            text NOT NULL REFERENCES plans,
    since           timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE plans ENABLE ROW LEVEL SECURITY;
ALTER TABLE enterprise_plans ENABLE ROW LEVEL SECURITY;
CREATE POLICY everyone ON plans FOR SELECT TO mem0_app, mem0_identity USING (true);
CREATE POLICY tenant ON enterprise_plans FOR SELECT TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
CREATE POLICY sign_in ON enterprise_plans FOR SELECT TO mem0_identity USING (true);
GRANT SELECT ON plans, enterprise_plans TO mem0_app, mem0_identity;

-- Buckets of tokens: a request takes one. Unlogged: after a crash of the database server all are full again, and
-- until then nothing of it is written to disk.
CREATE UNLOGGED TABLE rate_limits (
    -- Nil for addresses, which belong to nobody.
    enterprise_id   uuid NOT NULL,
    -- The key, the user, the enterprise itself; of an address, a hash.
    bucket          uuid NOT NULL,
    tokens          double precision NOT NULL,
    at              timestamptz NOT NULL,
    PRIMARY KEY (enterprise_id, bucket)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX rate_limits_by_age ON rate_limits (at);
ALTER TABLE rate_limits ENABLE ROW LEVEL SECURITY;

-- Takes up to `want` tokens out of each of the buckets, as many as the emptiest has; from the most particular to the most
-- common one, which is the order in which all lock them. A bucket holds a minute's quota and is filled evenly. Processes
-- take more than one at a time and spend them without asking again, so that a tenant's requests do not queue here.
CREATE FUNCTION mem0.take(tenant uuid, buckets uuid[], quotas integer[], at timestamptz, want integer,
                          OUT granted integer, OUT remaining double precision[]) LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    had double precision;
    since timestamptz;
BEGIN
    remaining := '{}';
    granted := want;
    FOR i IN 1..cardinality(buckets) LOOP
        INSERT INTO rate_limits AS r (enterprise_id, bucket, tokens, at) VALUES (tenant, buckets[i], quotas[i], take.at)
            ON CONFLICT (enterprise_id, bucket) DO NOTHING;
        SELECT r.tokens, r.at INTO had, since FROM rate_limits r
         WHERE r.enterprise_id = tenant AND r.bucket = buckets[i] FOR UPDATE;
        had := least(quotas[i], had + greatest(0, extract(epoch FROM take.at - since)) * quotas[i] / 60.0);
        remaining := remaining || had;
        -- A twentieth at a time at most: what a process takes and does not use is lost to the others.
        granted := least(granted, greatest(1, quotas[i] / 20), floor(had)::integer);
    END LOOP;
    IF granted < 1 THEN
        granted := 0;
        RETURN;
    END IF;
    UPDATE rate_limits r SET tokens = b.had - granted, at = greatest(r.at, take.at)
      FROM unnest(buckets, remaining) b (bucket, had)
     WHERE r.enterprise_id = tenant AND r.bucket = b.bucket;
    remaining := ARRAY(SELECT b - granted FROM unnest(remaining) WITH ORDINALITY u (b, place) ORDER BY place);
END
$$;

-- The same by the enterprise's plan: of the key, if there is one, the user and the enterprise, as far as the plan limits
-- them; and what else the plan says.
CREATE FUNCTION mem0.take_tokens(tenant uuid, person uuid, key uuid, at timestamptz, want integer,
                                 OUT granted integer, OUT names text[], OUT quotas integer[],
                                 OUT remaining double precision[], OUT body_bytes integer) LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    plan plans;
    buckets uuid[];
BEGIN
    SELECT p.* INTO plan FROM plans p
     WHERE p.name = coalesce((SELECT e.plan FROM enterprise_plans e WHERE e.enterprise_id = tenant), 'enterprise');
    body_bytes := plan.body_bytes;
    SELECT array_agg(b.bucket ORDER BY b.place), array_agg(b.name ORDER BY b.place), array_agg(b.quota ORDER BY b.place)
      INTO buckets, names, quotas
      FROM (VALUES (1, 'key', key, plan.key_per_minute), (2, 'user', person, plan.user_per_minute),
                   (3, 'tenant', tenant, plan.tenant_per_minute)) b (place, name, bucket, quota)
     WHERE b.bucket IS NOT NULL AND b.quota IS NOT NULL;
    IF buckets IS NULL THEN
        SELECT want, '{}', '{}', '{}' INTO granted, names, quotas, remaining;
        RETURN;
    END IF;
    SELECT t.granted, t.remaining INTO granted, remaining FROM mem0.take(tenant, buckets, quotas, at, want) t;
END
$$;

-- Buckets that are full again, some at a time; how many.
CREATE FUNCTION mem0.forget_rates(before timestamptz) RETURNS integer LANGUAGE sql
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH gone AS (
        DELETE FROM rate_limits r
         WHERE (r.enterprise_id, r.bucket) IN (SELECT o.enterprise_id, o.bucket FROM rate_limits o WHERE o.at < before
                                                ORDER BY o.at LIMIT 10000 FOR UPDATE SKIP LOCKED)
        RETURNING 1)
    SELECT count(*)::integer FROM gone
$$;

-- How many memories an enterprise with a limit has; counted again when that may matter.
CREATE TABLE memory_counts (
    enterprise_id   uuid PRIMARY KEY REFERENCES enterprises ON DELETE CASCADE,
    memories        bigint NOT NULL,
    counted_at      timestamptz NOT NULL
);
ALTER TABLE memory_counts ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON memory_counts FOR SELECT TO mem0_app USING (enterprise_id = (SELECT mem0.enterprise()));
GRANT SELECT ON memory_counts TO mem0_app;

-- The limit of memories if `more` of them would exceed it, and how many there are. Beyond 10,000 the count is up to a
-- minute old while less than nine tenths are used; else it is exact as of now, save for what runs at the same time.
CREATE FUNCTION mem0.memory_quota(more integer, OUT most bigint, OUT used bigint) LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tenant uuid := mem0.enterprise();
    since timestamptz;
BEGIN
    SELECT p.memories INTO most FROM plans p JOIN enterprise_plans e ON e.plan = p.name WHERE e.enterprise_id = tenant;
    IF most IS NULL THEN
        RETURN;
    END IF;
    SELECT c.memories, c.counted_at INTO used, since FROM memory_counts c WHERE c.enterprise_id = tenant;
    IF most <= 10000 OR since IS NULL OR since < clock_timestamp() - interval '1 minute' OR used + more > most - most / 10 THEN
        SELECT count(*) INTO used FROM memories m WHERE m.enterprise_id = tenant AND m.deleted_at IS NULL;
        -- Whoever else counts at the moment finds the same.
        IF pg_try_advisory_xact_lock(hashtextextended('memory count ' || tenant, 0)) THEN
            INSERT INTO memory_counts VALUES (tenant, used, clock_timestamp())
                ON CONFLICT (enterprise_id) DO UPDATE SET memories = excluded.memories, counted_at = excluded.counted_at;
        END IF;
    END IF;
    IF used + more <= most THEN
        most := NULL;
    END IF;
END
$$;

REVOKE EXECUTE ON FUNCTION mem0.take(uuid, uuid[], integer[], timestamptz, integer),
                           mem0.take_tokens(uuid, uuid, uuid, timestamptz, integer),
                           mem0.forget_rates(timestamptz), mem0.memory_quota(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.take(uuid, uuid[], integer[], timestamptz, integer),
                          mem0.take_tokens(uuid, uuid, uuid, timestamptz, integer),
                          mem0.forget_rates(timestamptz), mem0.memory_quota(integer) TO mem0_app;
