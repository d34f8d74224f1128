-- What searches know about sizes and words beforehand, and what a scheduler calls so that they stay quick. That is
-- idempotent, safe beside searches and writes, and costs what has changed since the last time, not what there is.

-- How many rows each scope has in the projection: what was counted, and what has changed since. Writers only ever add a
-- line, so they never wait for each other; mem0.review_tiers adds the lines up.
CREATE TABLE scope_sizes (
    enterprise_id   uuid NOT NULL,
    scope_id        bigint NOT NULL,
    rows            bigint NOT NULL,
    -- How far mem0.move_tier has come with this scope.
    moved_through   uuid,
    PRIMARY KEY (enterprise_id, scope_id),
    FOREIGN KEY (enterprise_id, scope_id) REFERENCES scopes (enterprise_id, id) ON DELETE CASCADE
);
CREATE INDEX scope_sizes_by_rows ON scope_sizes (rows);
CREATE TABLE scope_changes (
    enterprise_id   uuid NOT NULL,
    scope_id        bigint NOT NULL,
    rows            integer NOT NULL
);
CREATE INDEX scope_changes_by_scope ON scope_changes (enterprise_id, scope_id);
CREATE INDEX scopes_beyond_small ON scopes (id) WHERE search_tier <> 'small';
CREATE FUNCTION mem0.note_added() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO scope_changes (enterprise_id, scope_id, rows)
    SELECT a.enterprise_id, a.scope_id, count(*) FROM added a GROUP BY 1, 2;
    RETURN NULL;
END
$$;
CREATE FUNCTION mem0.note_removed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO scope_changes (enterprise_id, scope_id, rows)
    SELECT r.enterprise_id, r.scope_id, -count(*) FROM removed r GROUP BY 1, 2;
    RETURN NULL;
END
$$;
CREATE TRIGGER note_added AFTER INSERT ON memory_scopes REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION mem0.note_added();
CREATE TRIGGER note_removed AFTER DELETE ON memory_scopes REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION mem0.note_removed();

-- The words of a tenant, from a sample (mem0.sample_terms): how long its memories are on average, and which share of
-- them has each of the words that many have. Says nothing of any other tenant.
CREATE TABLE term_samples (
    enterprise_id   uuid PRIMARY KEY REFERENCES enterprises ON DELETE CASCADE,
    rows            bigint NOT NULL,
    -- Of how many rows the sample was taken; it is due again when that has changed much.
    sampled_rows    bigint NOT NULL DEFAULT 0,
    average_length  real NOT NULL DEFAULT 16
);
CREATE INDEX term_samples_due ON term_samples (enterprise_id) WHERE abs(rows - sampled_rows) > 500 + sampled_rows / 5;
CREATE TABLE frequent_terms (
    enterprise_id   uuid NOT NULL REFERENCES enterprises ON DELETE CASCADE,
    term            text COLLATE "C" NOT NULL,
    share           real NOT NULL,
    PRIMARY KEY (enterprise_id, term) INCLUDE (share)
);

-- scope.review_tiers, then scope.move_tier, each while it answers that there is more: none runs long.
--
-- First up to `most` changes are added up. A scope that outgrew exact search becomes `promoting`: from then on new rows arrive
-- flagged for the broad arm. The lock waits for the writes that began before, so none of theirs arrives without. A broad
-- scope that has shrunk becomes `demoting`, and is read exactly from then on. Promotion at `promote` rows, demotion below
-- `demote`: the gap keeps a scope from swinging. Answers how many scopes
-- began to move.
CREATE FUNCTION mem0.review_tiers(promote bigint DEFAULT 5000, demote bigint DEFAULT 3000, most integer DEFAULT 10000,
                                  OUT changed integer, OUT more boolean)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    item record;
BEGIN
    changed := 0;
    -- One reviewer at a time.
    PERFORM pg_advisory_xact_lock(hashtextextended('mem0.review_tiers', 0));
    more := (SELECT count(*) > most FROM (SELECT FROM scope_changes LIMIT most + 1) n);
    WITH taken AS (
        DELETE FROM scope_changes WHERE ctid = ANY (ARRAY(SELECT ctid FROM scope_changes LIMIT most))
        RETURNING enterprise_id, scope_id, rows
    ), sums AS (
        SELECT t.enterprise_id, t.scope_id, sum(t.rows) AS rows FROM taken t GROUP BY 1, 2
    ), sized AS (
        INSERT INTO scope_sizes AS n (enterprise_id, scope_id, rows)
        SELECT s.enterprise_id, s.scope_id, s.rows
          FROM sums s
          JOIN scopes ON scopes.enterprise_id = s.enterprise_id AND scopes.id = s.scope_id
         ORDER BY s.scope_id
        ON CONFLICT (enterprise_id, scope_id) DO UPDATE SET rows = n.rows + excluded.rows
    )
    INSERT INTO term_samples AS n (enterprise_id, rows)
    SELECT s.enterprise_id, sum(s.rows) FROM sums s
      JOIN enterprises ON enterprises.id = s.enterprise_id
     GROUP BY 1 ORDER BY 1
    ON CONFLICT (enterprise_id) DO UPDATE SET rows = n.rows + excluded.rows;
    FOR item IN
        SELECT s.enterprise_id, s.id, 'promoting' AS next_tier
          FROM scope_sizes n
          JOIN scopes s ON s.enterprise_id = n.enterprise_id AND s.id = n.scope_id
         WHERE n.rows >= promote AND s.search_tier IN ('small', 'demoting')
         UNION ALL
        SELECT s.enterprise_id, s.id, 'demoting'
          FROM scopes s
          LEFT JOIN scope_sizes n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
         WHERE s.search_tier <> 'small' AND s.search_tier IN ('promoting', 'broad') AND coalesce(n.rows, 0) < demote
         ORDER BY 2
    LOOP
        PERFORM pg_advisory_xact_lock(mem0.scope_lock(item.id));
        UPDATE scopes s SET search_tier = item.next_tier
         WHERE s.enterprise_id = item.enterprise_id AND s.id = item.id;
        UPDATE scope_sizes n SET moved_through = NULL
         WHERE n.enterprise_id = item.enterprise_id AND n.scope_id = item.id;
        changed := changed + 1;
    END LOOP;
END
$$;

-- Then it goes through up to `most` rows of one scope on its way and flags, or unflags, them; when it has been through
-- all, the scope has arrived, and only then do searches change arms. Answers whether there may be more to do.
CREATE FUNCTION mem0.move_tier(most integer DEFAULT 200) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET random_page_cost = 1.1 AS $$
DECLARE
    moving record;
    batch uuid[];
BEGIN
    SELECT s.enterprise_id, s.id, s.search_tier = 'promoting' AS promote INTO moving
      FROM scopes s
     WHERE s.search_tier <> 'small' AND s.search_tier IN ('promoting', 'demoting')
     ORDER BY s.id LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    batch := ARRAY(
        SELECT r.memory_id FROM memory_scopes r
         WHERE r.enterprise_id = moving.enterprise_id AND r.scope_id = moving.id
           AND r.memory_id > coalesce(
               (SELECT n.moved_through FROM scope_sizes n
                 WHERE n.enterprise_id = moving.enterprise_id AND n.scope_id = moving.id),
               '00000000-0000-0000-0000-000000000000')
         ORDER BY r.memory_id LIMIT most);
    UPDATE memory_scopes p SET broad = moving.promote
     WHERE p.enterprise_id = moving.enterprise_id AND p.scope_id = moving.id AND p.memory_id = ANY (batch)
       AND p.broad <> moving.promote;
    UPDATE scope_sizes n SET moved_through = batch[cardinality(batch)]
     WHERE n.enterprise_id = moving.enterprise_id AND n.scope_id = moving.id AND batch <> '{}';
    IF cardinality(batch) < most THEN
        UPDATE scopes s SET search_tier = CASE WHEN moving.promote THEN 'broad' ELSE 'small' END
         WHERE s.enterprise_id = moving.enterprise_id AND s.id = moving.id;
    END IF;
    RETURN true;
END
$$;

-- The first 48 bits of an id, which are its time, and the first id of that time.
CREATE FUNCTION mem0.moment(id uuid) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint;
CREATE FUNCTION mem0.moment(at bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN rpad(lpad(to_hex(at), 12, '0'), 32, '0')::uuid;

-- search.sample_terms: takes a new sample of the words of one tenant that has changed by more than a fifth since the last
-- one; answers whether there was any. Tenants of up to 500 memories need none: their words are counted as they are
-- searched for.
--
-- At most 4,096 rows are read, whatever the size: 64 places spread evenly over the tenant's rows (within a scope, over the
-- time that its ids span), and 64 rows from each on. Words in fewer than 8 of them are left out: they are rare enough to
-- be counted.
CREATE FUNCTION mem0.sample_terms() RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public
    SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off
    SET random_page_cost = 1.1
    AS $$
DECLARE
    due record;
BEGIN
    SELECT s.enterprise_id, s.rows INTO due
      FROM term_samples s
     WHERE abs(s.rows - s.sampled_rows) > 500 + s.sampled_rows / 5
     ORDER BY s.enterprise_id LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM frequent_terms f WHERE f.enterprise_id = due.enterprise_id;
    WITH sizes AS (
        SELECT n.scope_id, n.rows, sum(n.rows) OVER (ORDER BY n.scope_id) AS until, sum(n.rows) OVER () AS total
          FROM scope_sizes n
         WHERE n.enterprise_id = due.enterprise_id AND n.rows > 0
    ), places AS MATERIALIZED (
        SELECT n.scope_id, ((step + 0.5) / 64 * n.total - n.until + n.rows) / n.rows::float8 AS part
          FROM sizes n,
               generate_series(ceil((n.until - n.rows) * 64 / n.total - 0.5)::integer,
                               ceil(n.until * 64 / n.total - 0.5)::integer - 1) step
    ), sample AS MATERIALIZED (
        SELECT r.terms, r.length
          FROM places,
               LATERAL (SELECT p.memory_id AS id FROM memory_scopes p
                         WHERE p.enterprise_id = due.enterprise_id AND p.scope_id = places.scope_id
                         ORDER BY p.memory_id LIMIT 1) first,
               LATERAL (SELECT p.memory_id AS id FROM memory_scopes p
                         WHERE p.enterprise_id = due.enterprise_id AND p.scope_id = places.scope_id
                         ORDER BY p.memory_id DESC LIMIT 1) last,
               LATERAL (SELECT mem0.moment(first.id) AS first, mem0.moment(last.id) AS last) span,
               LATERAL (SELECT p.terms, p.length FROM memory_scopes p
                         WHERE p.enterprise_id = due.enterprise_id
                           AND (p.scope_id, p.memory_id) >= (places.scope_id,
                               mem0.moment(span.first + ((span.last - span.first) * places.part)::bigint))
                         ORDER BY p.scope_id, p.memory_id LIMIT 64) r
    ), size AS (
        SELECT count(*) AS rows, greatest(avg(length), 1) AS average_length FROM sample
    ), noted AS (
        UPDATE term_samples s
           SET sampled_rows = due.rows, average_length = coalesce(size.average_length, s.average_length)
          FROM size
         WHERE s.enterprise_id = due.enterprise_id
    )
    INSERT INTO frequent_terms (enterprise_id, term, share)
    SELECT due.enterprise_id, t.lexeme, count(*) / (SELECT size.rows::real FROM size)
      FROM sample, unnest(sample.terms) t
     GROUP BY t.lexeme HAVING count(*) >= 8;
    RETURN true;
END
$$;

REVOKE EXECUTE ON FUNCTION mem0.review_tiers(bigint, bigint, integer), mem0.move_tier(integer), mem0.sample_terms(),
    mem0.moment(uuid), mem0.moment(bigint), mem0.note_added(), mem0.note_removed() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.review_tiers(bigint, bigint, integer), mem0.move_tier(integer), mem0.sample_terms() TO mem0_app;
