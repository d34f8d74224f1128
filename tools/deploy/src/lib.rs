//! Tooling around `serverless.yml`: packages and checks it, deploys it, and runs the whole stack on this machine, on
//! an emulator of AWS. `docs/guides/deploy.md` is the operator's guide.
//!
//! Nothing here talks to AWS itself: osls does, with whatever credentials it finds. The same osls deploys to the
//! emulator, only with another endpoint, so `make lambda-up` does what `make deploy` does.
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

/// Prints a line of progress.
pub(crate) fn say(line: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    // Nobody may be watching any more.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
