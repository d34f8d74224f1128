//! Visibility, compared with a model: random sequences of changes (`sequences`, which apply each of the `steps` to the
//! product and to the `model`, a `pair`), the same with deliberately broken products (`faults`), changes concurrent
//! with reads (`races`), and requests of somebody who loses their role meanwhile (`stale`).

mod faults;
mod model;
mod pair;
mod races;
mod sequences;
mod sharing_races;
mod stale;
mod steps;
