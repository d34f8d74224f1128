-- Work that a change promises: written in the transaction that makes the change, done later by a worker.
--
-- Open messages are delivered in the order of `id`. Whoever promises work about a thing has locked or changed that thing
-- before, so for one `subject` the order of ids is the order of commit; a message waits for earlier ones of its subject
-- that are still open, and for nothing else. `due_at` is also the lease of whoever works on it: what a worker that died had
-- taken up comes up again by itself.
CREATE SEQUENCE outbox_ids AS bigint;
CREATE TABLE outbox (
    -- All zeros for what belongs to no tenant. No foreign key: a promise may outlive what it is about.
    enterprise_id   uuid NOT NULL,
    id              bigint NOT NULL DEFAULT nextval('outbox_ids'),
    topic           text NOT NULL CHECK (length(topic) BETWEEN 1 AND 100),
    -- Empty when the order does not matter.
    subject         text NOT NULL DEFAULT '' CHECK (length(subject) <= 200),
    payload         jsonb NOT NULL DEFAULT '{}',
    -- The queue's id of a message that came from a queue, which may deliver it twice.
    received_id     text CHECK (length(received_id) BETWEEN 1 AND 200),
    promised_at     timestamptz NOT NULL,
    due_at          timestamptz NOT NULL,
    attempts        integer NOT NULL DEFAULT 0,
    -- Why the last attempt failed.
    reason          text,
    finished_at     timestamptz,
    -- Nobody will try again by themselves.
    dead_at         timestamptz,
    PRIMARY KEY (enterprise_id, id)
);
CREATE UNIQUE INDEX outbox_received ON outbox (enterprise_id, received_id) WHERE received_id IS NOT NULL;
CREATE INDEX outbox_open ON outbox (id) WHERE finished_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_subjects ON outbox (enterprise_id, topic, subject, id)
    WHERE finished_at IS NULL AND dead_at IS NULL AND subject <> '';
CREATE INDEX outbox_finished ON outbox (finished_at) WHERE finished_at IS NOT NULL;

-- Requests only add; they never see what is in it.
ALTER TABLE outbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON outbox FOR INSERT TO mem0_app WITH CHECK (enterprise_id = (SELECT mem0.enterprise()));
CREATE POLICY sign_in ON outbox FOR INSERT TO mem0_identity WITH CHECK (true);
GRANT INSERT ON outbox TO mem0_app, mem0_identity;
GRANT USAGE ON SEQUENCE outbox_ids TO mem0_app, mem0_identity;

-- outbox.receive: takes over a message of a queue, unless it was taken over before; whether it is new.
CREATE FUNCTION mem0.receive_message(enterprise uuid, topic text, subject text, payload jsonb, received_id text,
                                     at timestamptz)
    RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM mem0.check_unbound();
    INSERT INTO outbox AS o (enterprise_id, topic, subject, payload, received_id, promised_at, due_at)
    VALUES (enterprise, topic, subject, payload, received_id, at, at)
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;

-- outbox.claim: the first message that is due, for one worker alone until `lease` is over. Whoever claims it for the
-- `most`th time and dies as well has tried for the last time.
CREATE FUNCTION mem0.claim_message(at timestamptz, lease interval, most integer)
    RETURNS TABLE (enterprise_id uuid, id bigint, topic text, subject text, payload jsonb, attempts integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public
    SET plan_cache_mode = force_custom_plan
    AS $$
#variable_conflict use_column
BEGIN
    PERFORM mem0.check_unbound();
    UPDATE outbox o
       SET dead_at = at, reason = coalesce(o.reason || '; ', '') || 'no worker survived or finished the last attempt'
      FROM (SELECT d.enterprise_id, d.id FROM outbox d
             WHERE d.finished_at IS NULL AND d.dead_at IS NULL AND d.due_at <= at AND d.attempts >= most
               FOR UPDATE SKIP LOCKED) worn
     WHERE o.enterprise_id = worn.enterprise_id AND o.id = worn.id;
    RETURN QUERY
    WITH first AS MATERIALIZED (
        SELECT o.enterprise_id, o.id FROM outbox o
         WHERE o.finished_at IS NULL AND o.dead_at IS NULL AND o.due_at <= at
           AND (o.subject = '' OR NOT EXISTS (
                SELECT FROM outbox e
                 WHERE e.enterprise_id = o.enterprise_id AND e.topic = o.topic AND e.subject = o.subject AND e.subject <> ''
                   AND e.id < o.id AND e.finished_at IS NULL AND e.dead_at IS NULL))
         ORDER BY o.id LIMIT 1 FOR UPDATE OF o SKIP LOCKED
    )
    UPDATE outbox o SET attempts = o.attempts + 1, due_at = at + lease
      FROM first WHERE o.enterprise_id = first.enterprise_id AND o.id = first.id
    RETURNING o.enterprise_id, o.id, o.topic, o.subject, o.payload, o.attempts;
END
$$;

-- outbox.finish: the work of this attempt is done. False when the attempt is no longer the last one: whoever did the work in
-- this transaction must then roll it back, because somebody else does it, too.
CREATE FUNCTION mem0.finish_message(enterprise uuid, message bigint, attempt integer, at timestamptz)
    RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM mem0.check_unbound();
    UPDATE outbox o SET finished_at = at, reason = NULL
     WHERE o.enterprise_id = enterprise AND o.id = message AND o.attempts = attempt
       AND o.finished_at IS NULL AND o.dead_at IS NULL;
    RETURN FOUND;
END
$$;

-- outbox.fail: this attempt failed. Due again at `again`, or dead without it.
CREATE FUNCTION mem0.fail_message(enterprise uuid, message bigint, attempt integer, why text, again timestamptz,
                                  at timestamptz)
    RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM mem0.check_unbound();
    UPDATE outbox o
       SET reason = left(why, 2000), due_at = coalesce(again, o.due_at), dead_at = CASE WHEN again IS NULL THEN at END
     WHERE o.enterprise_id = enterprise AND o.id = message AND o.attempts = attempt
       AND o.finished_at IS NULL AND o.dead_at IS NULL;
    RETURN FOUND;
END
$$;

-- outbox.state: what alarms watch.
CREATE FUNCTION mem0.outbox_state(at timestamptz, OUT open bigint, OUT oldest_seconds double precision, OUT dead bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM mem0.check_unbound();
    SELECT count(*), coalesce(extract(epoch FROM at - min(o.promised_at)), 0) INTO open, oldest_seconds
      FROM outbox o WHERE o.finished_at IS NULL AND o.dead_at IS NULL;
    SELECT count(*) INTO dead FROM outbox o WHERE o.dead_at IS NOT NULL;
END
$$;
CREATE INDEX outbox_dead ON outbox (dead_at) WHERE dead_at IS NOT NULL;

-- outbox.prune: forgets up to `most` of what was finished before; how many.
CREATE FUNCTION mem0.prune_outbox(before timestamptz, most integer DEFAULT 1000)
    RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    pruned integer;
BEGIN
    PERFORM mem0.check_unbound();
    DELETE FROM outbox o
     USING (SELECT f.enterprise_id, f.id FROM outbox f WHERE f.finished_at < before LIMIT most FOR UPDATE SKIP LOCKED) old
     WHERE o.enterprise_id = old.enterprise_id AND o.id = old.id;
    GET DIAGNOSTICS pruned = ROW_COUNT;
    RETURN pruned;
END
$$;
REVOKE EXECUTE ON FUNCTION mem0.receive_message(uuid, text, text, jsonb, text, timestamptz),
    mem0.claim_message(timestamptz, interval, integer), mem0.finish_message(uuid, bigint, integer, timestamptz),
    mem0.fail_message(uuid, bigint, integer, text, timestamptz, timestamptz), mem0.outbox_state(timestamptz),
    mem0.prune_outbox(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mem0.receive_message(uuid, text, text, jsonb, text, timestamptz),
    mem0.claim_message(timestamptz, interval, integer), mem0.finish_message(uuid, bigint, integer, timestamptz),
    mem0.fail_message(uuid, bigint, integer, text, timestamptz, timestamptz), mem0.outbox_state(timestamptz),
    mem0.prune_outbox(timestamptz, integer) TO mem0_app;
