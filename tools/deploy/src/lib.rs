//! What surrounds `serverless.yml`: packaging and checking it, deploying it, and bringing the whole stack up on this
//! machine, on an emulator of AWS. `docs/guides/deploy.md` is the operator's side of it.
//!
//! Nothing here talks to AWS itself: osls does, with whatever credentials it finds, and an emulator is reached by the same
//! osls with another endpoint. So what `make lambda-up` does is what `make deploy` does.
//!
//! Start reading at [`Template::package`], then [`check`] and [`Stack`].

pub mod check;
mod emulator;
mod installation;
pub mod release;
mod run;
mod stack;
mod template;
mod tools;
mod workspace;

pub use emulator::Emulator;
pub use stack::{Databases, Stack};
pub use template::{Package, Template};
pub use workspace::{artifacts, root};

/// One line for whoever is watching.
pub(crate) fn say(line: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    // Nobody may be watching any more.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
