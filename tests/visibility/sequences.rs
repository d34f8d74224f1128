//! Random sequences of everything that changes visibility. Every step is answered as the model says, and after each of
//! them every person finds, by listing, by searching and level by level, exactly what the model says that they see.
//!
//! Each test has its own seed, so every run of the same code tries the same sequences. Others are tried with
//! `PROPTEST_RNG_SEED=<number> PROPTEST_CASES=<how many> cargo nextest run -p tests visibility::sequences`. Sequences
//! that failed once are tried first: their seeds are in `regressions.txt`.

use proptest::test_runner::{Config, FileFailurePersistence, RngSeed, TestError, TestRunner};

use super::pair::Pair;
use super::steps::{Step, steps};

/// The seeds of all sequences that are tried when nobody asks for others.
pub(super) const SEEDS: [u64; 4] = [1, 2, 3, 4];

/// Whose memories are looked at after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whom {
    /// Everybody's.
    Everybody,
    /// Those of whoever sees something else than before, and of whoever may see nothing; everybody's in the end.
    Concerned,
}

/// Sequences of one test, unless the environment asks for others.
const CASES: u32 = 4;
/// What proptest tries where nobody says how many.
const PROPTESTS_OWN: u32 = 256;

/// Tries sequences on the product, broken by `fault` if there is one; the shortest that fails, and its message.
pub(super) fn check(
    config: Config,
    whom: Whom,
    fault: Option<&'static str>,
) -> Result<(), TestError<Vec<Step>>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    TestRunner::new(config).run(&steps(), |steps| {
        runtime.block_on(async {
            let mut pair = Pair::new(fault).await;
            for (number, step) in steps.iter().enumerate() {
                // From then on, scopes that have vectors by now are searched in blocks instead of being read whole.
                if number == steps.len() / 2 {
                    pair.pack().await;
                }
                pair.perform(step).await;
                pair.compare(step, whom).await;
            }
            pair.take_back().await;
            pair.compare(&"everything was taken back", Whom::Everybody).await;
        });
        Ok(())
    })
}

/// The seed, if the environment has no other, and how many sequences.
pub(super) fn asked_for(seed: u64) -> Config {
    let environment = Config::default();
    Config {
        cases: if environment.cases == PROPTESTS_OWN { CASES } else { environment.cases },
        rng_seed: match environment.rng_seed {
            RngSeed::Random => RngSeed::Fixed(seed),
            given @ RngSeed::Fixed(_) => given,
        },
        max_shrink_iters: 100,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("visibility/regressions.txt"))),
        ..environment
    }
}

fn holds(index: usize) {
    let config = asked_for(SEEDS[index]);
    let seed = config.rng_seed;
    check(config, Whom::Everybody, None).unwrap_or_else(|failure| panic!("seed {seed}: {failure}"));
}

/// A process each, so that they run side by side.
macro_rules! everybody_sees_what_the_model_says {
    ($($name:ident: $index:literal,)+) => {$(
        #[test]
        fn $name() {
            holds($index);
        }
    )+};
}

everybody_sees_what_the_model_says! {
    everybody_sees_what_the_model_says_with_the_first_seed: 0,
    everybody_sees_what_the_model_says_with_the_second_seed: 1,
    everybody_sees_what_the_model_says_with_the_third_seed: 2,
    everybody_sees_what_the_model_says_with_the_fourth_seed: 3,
}
