//! Who sees what, held against a model of it: random sequences of changes (`sequences`, which do each of the `steps` to the
//! product and to the `model` beside it, a `pair`), the same with a product that is broken on purpose (`faults`), and changes
//! at the same time as reads (`races`) and as what somebody does who loses their role meanwhile (`stale`).

mod faults;
mod model;
mod pair;
mod races;
mod sequences;
mod sharing_races;
mod stale;
mod steps;
