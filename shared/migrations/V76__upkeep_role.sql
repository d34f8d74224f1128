-- What jobs run as.
--
-- mem0_upkeep  no table, no tenant: it may call the functions that are made for work that nobody asked for, and nothing else.
--              Like mem0_identity it does not log in; whoever may become mem0_app may become it.
--
-- mem0_app keeps them until the next release: earlier code, which may still run beside, calls them as mem0_app.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mem0_upkeep') THEN
        CREATE ROLE mem0_upkeep NOLOGIN NOINHERIT;
        GRANT mem0_upkeep TO CURRENT_USER;
    END IF;
    IF NOT pg_has_role('mem0_app', 'mem0_upkeep', 'MEMBER') THEN
        GRANT mem0_upkeep TO mem0_app;
    END IF;
END
$$;

GRANT USAGE ON SCHEMA public, mem0 TO mem0_upkeep;
GRANT EXECUTE ON FUNCTION
    -- Vectors that are still to be made.
    mem0.claim_embedding_work, mem0.finish_embedding_work, mem0.release_embedding_work, mem0.embedding_progress,
    -- Searches that stay quick.
    mem0.review_tiers, mem0.move_tier, mem0.pack_vectors, mem0.sample_terms,
    -- What was promised.
    mem0.receive_message, mem0.claim_message, mem0.finish_message, mem0.fail_message, mem0.outbox_state, mem0.prune_outbox,
    -- The audit log.
    mem0.seal_audit, mem0.check_audit, mem0.ensure_audit_partitions, mem0.retire_audit,
    -- What is over.
    mem0.expire_shares, mem0.expire_approvals, mem0.forget_leavers, mem0.forget_rates
    TO mem0_upkeep;
