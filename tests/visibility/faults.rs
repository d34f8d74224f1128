//! The model is worth something only if it notices: products that are broken on purpose, each in a way that a mistake could
//! break them, and random sequences that must find out.

use proptest::strategy::BoxedStrategy;
use proptest::test_runner::{Config, RngSeed};

use super::sequences::check;
use super::steps::{Step, steps_of_sharing, steps_of_the_tree};

/// Sequences by which a fault must have been noticed.
const CASES: u32 = 40;

/// Breaks the product of every sequence, and asserts that one of them notices.
fn is_noticed(steps: &BoxedStrategy<Vec<Step>>, fault: &'static str) {
    let config = Config {
        cases: CASES,
        rng_seed: RngSeed::Fixed(1),
        max_shrink_iters: 0,
        failure_persistence: None,
        ..Config::default()
    };
    let noticed = check(config, steps, Some(fault));
    assert!(noticed.is_err(), "{CASES} sequences did not notice: {fault}");
}

#[test]
fn roles_that_are_taken_away_and_remembered_all_the_same_are_noticed() {
    is_noticed(&steps_of_the_tree(), "DROP TRIGGER access_taken ON memberships");
}

#[test]
fn shares_that_outlive_their_time_are_noticed() {
    is_noticed(
        &steps_of_sharing(),
        "ALTER POLICY visible ON memories
            USING (enterprise_id = (SELECT mem0.enterprise()) AND scope_ids && (SELECT mem0.readable())
                   AND classification <= (SELECT mem0.ceiling()))",
    );
}

#[test]
fn shares_that_search_does_not_know_of_are_noticed() {
    is_noticed(
        &steps_of_sharing(),
        "CREATE OR REPLACE FUNCTION mem0.project_shares(ids uuid[]) RETURNS void LANGUAGE sql AS $$ SELECT $$",
    );
}

#[test]
fn a_key_that_is_not_narrowed_is_noticed() {
    is_noticed(
        &steps_of_the_tree(),
        "CREATE FUNCTION mem0.widen() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             NEW.within_scopes := NULL;
             RETURN NEW;
         END $$;
         CREATE TRIGGER widen BEFORE INSERT ON api_keys FOR EACH ROW EXECUTE FUNCTION mem0.widen()",
    );
}

#[test]
fn a_move_that_does_not_reach_what_is_below_is_noticed() {
    is_noticed(
        &steps_of_the_tree(),
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
