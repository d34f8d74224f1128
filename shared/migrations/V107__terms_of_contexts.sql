-- A context is shared to read or to write, and only its administrators share it. Shares of before with other terms gave power over
-- the memories in it: they keep what a share may have today, each with a row in the log. May be repeated.

ALTER TABLE shares DROP CONSTRAINT IF EXISTS terms_of_contexts;
ALTER TABLE approvals DROP CONSTRAINT IF EXISTS terms_of_contexts;

DO $$
DECLARE
    due record;
BEGIN
    PERFORM mem0.ensure_audit_partitions();
    FOR due IN
        UPDATE shares s SET permission = least(s.permission, 'write'), may_reshare = false
          FROM shares before
         WHERE s.context_id IS NOT NULL AND s.revoked_at IS NULL AND (s.permission = 'admin' OR s.may_reshare)
           AND before.enterprise_id = s.enterprise_id AND before.id = s.id
        RETURNING s.enterprise_id, s.id, s.context_id, s.grantee_scope_id, s.permission,
                  before.permission AS was, before.may_reshare AS could_reshare
    LOOP
        PERFORM mem0.note(due.enterprise_id, now(), 'share.lower', mem0.print_id('shr', due.id), '{}', due.grantee_scope_id,
                          jsonb_build_object('of', mem0.print_id('ctx', due.context_id), 'permission', due.permission,
                                             'may_reshare', false, 'from', jsonb_build_object('permission', due.was,
                                                                                              'may_reshare', due.could_reshare),
                                             'because', 'a context is shared to read or to write, by its administrators'));
        PERFORM mem0.project_shares_of(due.enterprise_id, ARRAY(
            SELECT m.id FROM sub_organizations c
              JOIN memories m ON m.enterprise_id = c.enterprise_id AND m.home_scope_id = c.scope_id
             WHERE c.enterprise_id = due.enterprise_id AND c.id = due.context_id AND m.deleted_at IS NULL
             ORDER BY 1), now());
    END LOOP;
    -- Nobody can agree to more either.
    FOR due IN
        UPDATE approvals a SET permission = least(a.permission, 'write'), may_reshare = false
          FROM approvals before
         WHERE a.context_id IS NOT NULL AND a.status = 'pending' AND (a.permission = 'admin' OR a.may_reshare)
           AND before.enterprise_id = a.enterprise_id AND before.id = a.id
        RETURNING a.enterprise_id, a.id, a.context_id, a.node_scope_id, a.permission,
                  before.permission AS was, before.may_reshare AS could_reshare
    LOOP
        PERFORM mem0.note(due.enterprise_id, now(), 'approval.lower', mem0.print_id('apr', due.id), '{}', due.node_scope_id,
                          jsonb_build_object('of', mem0.print_id('ctx', due.context_id), 'permission', due.permission,
                                             'may_reshare', false, 'from', jsonb_build_object('permission', due.was,
                                                                                              'may_reshare', due.could_reshare),
                                             'because', 'a context is shared to read or to write, by its administrators'));
    END LOOP;
    -- A link that was made through such a share opens nothing any more.
    FOR due IN
        UPDATE public_links l SET revoked_at = now()
         WHERE l.context_id IS NOT NULL AND l.via_share_id IS NOT NULL AND l.revoked_at IS NULL
        RETURNING l.enterprise_id, l.id, l.context_id
    LOOP
        PERFORM mem0.note(due.enterprise_id, now(), 'public_link.end', mem0.print_id('lnk', due.id), '{}',
                          (SELECT c.scope_id FROM sub_organizations c
                            WHERE c.enterprise_id = due.enterprise_id AND c.id = due.context_id),
                          jsonb_build_object('of', mem0.print_id('ctx', due.context_id),
                                             'because', 'only the administrators of a context make links to it'));
    END LOOP;
END
$$;

ALTER TABLE shares ADD CONSTRAINT terms_of_contexts
    CHECK (context_id IS NULL OR revoked_at IS NOT NULL OR (permission <> 'admin' AND NOT may_reshare));
ALTER TABLE approvals ADD CONSTRAINT terms_of_contexts
    CHECK (context_id IS NULL OR status <> 'pending' OR (permission <> 'admin' AND NOT may_reshare));
