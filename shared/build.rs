//! Migrations are compiled in: a new file among them is a reason to build again, which the compiler cannot know.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
