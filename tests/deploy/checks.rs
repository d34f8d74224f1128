//! `make check-deploy`, on the zips that the other tests run.

use crate::lambda::packages;
use crate::node;

#[test]
fn nobody_has_anything_to_complain_about() {
    if node::packages::npm_is_there() {
        deploy::check::run(packages::directory()).unwrap();
    }
}
