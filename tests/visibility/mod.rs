//! Who sees what, held against a model of it: random sequences of changes (`sequences`), and changes at the same time as
//! reads (`races`).

mod model;
mod races;
mod sequences;
