//! Mutation tests of the model: deliberately broken products, each broken in a way that a mistake could break it. The
//! sequences of [`sequences`](super::sequences) must detect every one of them.
//!
//! The sequences run in the same order, up to the one that detects the fault. After each step only the people
//! concerned are asked, which finds everything that asking everybody would.

use proptest::test_runner::{Config, TestError};

use super::pair::Pair;
use super::sequences::{SEEDS, Whom, asked_for, check};

/// Shares for which this holds cannot be revoked.
macro_rules! kept_where {
    ($holds:literal) => {
        concat!(
            "CREATE FUNCTION mem0.keep() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 NEW.revoked_at := OLD.revoked_at;
                 RETURN NEW;
             END $$;
             CREATE TRIGGER keep BEFORE UPDATE OF revoked_at ON shares FOR EACH ROW
                 WHEN (",
            $holds,
            ") EXECUTE FUNCTION mem0.keep()"
        )
    };
}

/// Breaks the product of every sequence, and asserts that one of them notices: somebody finds something else than the model says,
/// or is answered otherwise.
fn is_noticed(fault: &'static str) {
    let found = SEEDS.into_iter().find_map(|seed| {
        let config = Config { max_shrink_iters: 0, failure_persistence: None, ..asked_for(seed) };
        check(config, Whom::Concerned, Some(fault)).err()
    });
    let Some(TestError::Fail(reason, _)) = found else { panic!("no sequence noticed: {fault}") };
    assert_differs(reason.message());
}

/// That this says what somebody found, or was answered.
fn assert_differs(message: &str) {
    let by_what = message.contains("after ") || message.contains(" answered ");
    assert!(by_what && !message.contains("/problems/internal"), "noticed as: {message}");
}

#[test]
fn roles_that_are_taken_away_and_remembered_all_the_same_are_noticed() {
    is_noticed("DROP TRIGGER access_taken ON memberships");
}

#[test]
fn a_group_that_keeps_its_old_members_is_noticed() {
    is_noticed("DROP TRIGGER access_taken ON group_members; DROP TRIGGER access_taken ON group_roles");
}

#[test]
fn shares_that_outlive_their_time_are_noticed() {
    is_noticed(
        "ALTER POLICY visible ON memories
            USING (enterprise_id = (SELECT mem0.enterprise()) AND scope_ids && (SELECT mem0.readable())
                   AND classification <= (SELECT mem0.ceiling()))",
    );
}

#[test]
fn shares_that_search_does_not_know_of_are_noticed() {
    is_noticed(
        "CREATE OR REPLACE FUNCTION mem0.project_shares(ids uuid[]) RETURNS void LANGUAGE sql AS $$ SELECT $$",
    );
}

#[test]
fn shares_that_cannot_be_revoked_are_noticed() {
    is_noticed(kept_where!("NEW.revoked_by IS DISTINCT FROM OLD.revoked_by"));
}

#[test]
fn sharing_on_without_being_allowed_to_is_noticed() {
    is_noticed(
        "CREATE FUNCTION mem0.allow() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             NEW.may_reshare := true;
             RETURN NEW;
         END $$;
         CREATE TRIGGER allow BEFORE INSERT OR UPDATE ON shares FOR EACH ROW EXECUTE FUNCTION mem0.allow()",
    );
}

#[test]
fn rules_that_nobody_asks_for_are_noticed() {
    is_noticed(
        "CREATE FUNCTION mem0.no_rules() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             NEW.approvals := '[]';
             RETURN NEW;
         END $$;
         CREATE TRIGGER no_rules BEFORE INSERT OR UPDATE ON sharing_policies FOR EACH ROW EXECUTE FUNCTION mem0.no_rules()",
    );
}

/// Shares on in the product, broken by `fault` if there is one.
async fn share_on(fault: Option<&'static str>) {
    Pair::new(fault).await.share_on().await;
}

/// Shares a context in it.
async fn share_a_context(fault: Option<&'static str>) {
    Pair::new(fault).await.share_a_context().await;
}

/// Ends somebody else's context in it.
async fn end_anothers_context(fault: Option<&'static str>) {
    Pair::new(fault).await.end_anothers_context().await;
}

/// Asserts that what is told differs from what the model says.
async fn is_noticed_in(story: impl Future<Output = ()> + Send + 'static) {
    let panic = tokio::spawn(story).await.expect_err("nothing noticed it").into_panic();
    assert_differs(&panic.downcast::<String>().expect("a formatted message"));
}

#[tokio::test]
async fn everybody_sees_what_the_model_says_of_a_context_that_is_shared() {
    share_a_context(None).await;
}

#[tokio::test]
async fn a_shared_context_that_does_not_show_what_is_pinned_to_it_is_noticed() {
    is_noticed_in(share_a_context(Some(
        "CREATE OR REPLACE FUNCTION mem0.grants_of(tenant uuid, memory uuid, home bigint, at timestamptz)
             RETURNS TABLE (scope_id bigint, permission share_permission, expires_at timestamptz)
             LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
             SELECT s.grantee_scope_id, s.permission, s.expires_at FROM shares s
              WHERE s.enterprise_id = tenant AND s.revoked_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > at)
                AND (s.memory_id = memory OR s.context_id = (SELECT c.id FROM sub_organizations c
                                                              WHERE c.enterprise_id = tenant AND c.scope_id = home)) $$",
    )))
    .await;
}

#[test]
fn a_shared_context_that_shows_everything_afterwards_is_noticed() {
    is_noticed(kept_where!("NEW.context_id IS NOT NULL"));
}

#[tokio::test]
async fn a_dissolution_that_forgets_contexts_that_were_shared_with_the_node_is_noticed() {
    is_noticed_in(share_a_context(Some(
        "CREATE FUNCTION mem0.forget_contexts() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             NEW.revoked_at := mem0.at();
             RETURN NEW;
         END $$;
         CREATE TRIGGER forget_contexts BEFORE UPDATE OF grantee_scope_id ON shares FOR EACH ROW
             WHEN (NEW.context_id IS NOT NULL AND NEW.grantee_scope_id <> OLD.grantee_scope_id)
             EXECUTE FUNCTION mem0.forget_contexts()",
    )))
    .await;
}

#[tokio::test]
async fn a_context_that_is_shared_to_read_and_can_be_changed_is_noticed() {
    is_noticed_in(share_a_context(Some(
        "CREATE FUNCTION mem0.let_write() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             NEW.permission := 'write';
             RETURN NEW;
         END $$;
         CREATE TRIGGER let_write BEFORE INSERT OR UPDATE ON shares FOR EACH ROW
             WHEN (NEW.context_id IS NOT NULL) EXECUTE FUNCTION mem0.let_write()",
    )))
    .await;
}

#[tokio::test]
async fn judging_by_whoever_shares_and_not_by_the_author_is_noticed() {
    share_on(None).await;
    let fault = "ALTER FUNCTION mem0.directions_of(uuid, bigint[], uuid[], bigint[]) RENAME TO directions_by_author;
         CREATE FUNCTION mem0.directions_of(tenant uuid, homes bigint[], authors uuid[], grantees bigint[])
             RETURNS TABLE (home bigint, author uuid, grantee bigint, direction text) LANGUAGE sql STABLE AS $$
             SELECT a.home, a.author, a.grantee, d.direction
               FROM unnest(homes, authors, grantees) a (home, author, grantee)
               JOIN mem0.directions_by_author(tenant, homes, array_fill(mem0.person(), ARRAY[cardinality(homes)]), grantees) d
                 ON d.home = a.home AND d.grantee = a.grantee $$;
         GRANT EXECUTE ON FUNCTION mem0.directions_of(uuid, bigint[], uuid[], bigint[]) TO mem0_app";
    is_noticed_in(share_on(Some(fault))).await;
}

#[test]
fn a_key_that_is_not_narrowed_is_noticed() {
    is_noticed(
        "CREATE FUNCTION mem0.widen() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             NEW.within_scopes := NULL;
             RETURN NEW;
         END $$;
         CREATE TRIGGER widen BEFORE INSERT ON api_keys FOR EACH ROW EXECUTE FUNCTION mem0.widen()",
    );
}

#[test]
fn accounts_that_stay_in_use_are_noticed() {
    is_noticed(
        "CREATE FUNCTION mem0.stay_active() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             NEW.status := 'active';
             NEW.deactivated_at := NULL;
             RETURN NEW;
         END $$;
         CREATE TRIGGER stay_active BEFORE UPDATE OF status ON users FOR EACH ROW EXECUTE FUNCTION mem0.stay_active();
         CREATE FUNCTION mem0.stay_valid() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             NEW.revoked_at := NULL;
             RETURN NEW;
         END $$;
         CREATE TRIGGER stay_valid BEFORE UPDATE OF revoked_at ON api_keys FOR EACH ROW EXECUTE FUNCTION mem0.stay_valid();
         CREATE TRIGGER stay_valid BEFORE UPDATE OF revoked_at ON sessions FOR EACH ROW EXECUTE FUNCTION mem0.stay_valid()",
    );
}

#[test]
fn a_move_that_does_not_reach_what_is_below_is_noticed() {
    is_noticed(
        "CREATE FUNCTION mem0.stay() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF NEW.parent_id = OLD.parent_id THEN
                 NEW.path := OLD.path;
             END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER stay BEFORE UPDATE OF path ON scopes FOR EACH ROW EXECUTE FUNCTION mem0.stay()",
    );
}

#[test]
fn a_dissolution_that_forgets_what_was_shared_with_the_node_is_noticed() {
    is_noticed(
        "CREATE FUNCTION mem0.forget_shares() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF NEW.grantee_scope_id <> OLD.grantee_scope_id THEN
                 NEW.revoked_at := mem0.at();
             END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER forget_shares BEFORE UPDATE OF grantee_scope_id ON shares
             FOR EACH ROW EXECUTE FUNCTION mem0.forget_shares()",
    );
}

#[test]
fn leavers_whose_memories_go_where_they_are_too_many_to_see_them_are_noticed() {
    is_noticed(
        "ALTER FUNCTION mem0.hand_over_personal_ids(uuid, bigint, classification[], integer) RENAME TO hand_over_classified;
         CREATE FUNCTION mem0.hand_over_personal_ids(person uuid, heir bigint, classes classification[], most integer,
                                                     OUT moved uuid[], OUT kept bigint)
             LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
             AS $$ SELECT * FROM mem0.hand_over_classified(person, heir, enum_range(NULL::classification), most) $$;
         GRANT EXECUTE ON FUNCTION mem0.hand_over_personal_ids(uuid, bigint, classification[], integer) TO mem0_app",
    );
}

#[tokio::test]
async fn a_context_in_which_everybody_is_who_is_above_everything_is_noticed() {
    end_anothers_context(None).await;
    is_noticed_in(end_anothers_context(Some(
        "CREATE FUNCTION mem0.hang() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             NEW.parent_id := (SELECT s.id FROM scopes s WHERE s.enterprise_id = NEW.enterprise_id AND s.kind = 'enterprise');
             NEW.path := NEW.parent_id || NEW.path;
             RETURN NEW;
         END $$;
         CREATE TRIGGER hang BEFORE INSERT ON scopes FOR EACH ROW WHEN (NEW.kind = 'context') EXECUTE FUNCTION mem0.hang()",
    )))
    .await;
}

#[test]
fn a_context_that_ends_without_what_was_shared_on_because_of_it_is_noticed() {
    is_noticed(
        "CREATE OR REPLACE FUNCTION mem0.end_shares(tenant uuid, ids uuid[], at timestamptz, by_user uuid)
             RETURNS void LANGUAGE sql AS $$ SELECT $$",
    );
}

#[test]
fn a_dissolution_that_goes_on_although_it_was_cancelled_is_noticed() {
    is_noticed(
        "CREATE FUNCTION mem0.go_on() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             UPDATE dissolutions SET status = 'running', cancelled_by = NULL WHERE id = NEW.id;
             RETURN NULL;
         END $$;
         CREATE TRIGGER go_on AFTER UPDATE ON dissolutions
             FOR EACH ROW WHEN (NEW.cancelled_by IS NOT NULL) EXECUTE FUNCTION mem0.go_on()",
    );
}

#[test]
fn leavers_with_whom_what_they_shared_is_forgotten_are_noticed() {
    is_noticed(
        "CREATE FUNCTION mem0.keep_nothing() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             RETURN NULL;
         END $$;
         CREATE TRIGGER keep_nothing BEFORE UPDATE OF home_scope_id ON memories
             FOR EACH ROW WHEN (mem0.enterprise() IS NULL) EXECUTE FUNCTION mem0.keep_nothing()",
    );
}

#[test]
fn a_memory_that_stays_where_it_was_is_noticed() {
    is_noticed(
        "CREATE FUNCTION mem0.stay_home() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             NEW.home_scope_id := OLD.home_scope_id;
             NEW.scope_ids := OLD.scope_ids;
             RETURN NEW;
         END $$;
         CREATE TRIGGER stay_home BEFORE UPDATE OF home_scope_id ON memories
             FOR EACH ROW WHEN (current_user = 'mem0_app') EXECUTE FUNCTION mem0.stay_home()",
    );
}
