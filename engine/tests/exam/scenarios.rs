//! Whole courses of exams, told in `scenarios/*.txt`: open one to read the rules at work.

use crate::script::run;
use std::path::Path;

macro_rules! scenarios {
    ($($name:ident)*) => {
        $(#[test] fn $name() { run(include_str!(concat!("scenarios/", stringify!($name), ".txt"))); })*

        #[test]
        fn every_scenario_is_run() {
            let listed = [$(concat!(stringify!($name), ".txt")),*];
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exam/scenarios");
            let mut found: Vec<_> = std::fs::read_dir(folder)
                .expect("the folder of scenarios")
                .map(|f| f.expect("a file").file_name().into_string().expect("a name"))
                .collect();
            found.sort();
            assert_eq!(found, listed);
        }
    };
}

scenarios! {
    aborted
    accommodation
    cameras
    cancelled
    chair_locks_a_task
    experts_leave
    failed_theory
    fails_practice
    gathering
    no_show
    notes
    outages
    passes
    practice_only
    practice_time
    roles
    signatures
    suspended
    theory_only
    theory_time
    verdict_departs
    verdict_tie
    wide_spread
}

#[test]
#[should_panic(expected = "line 2")]
fn a_wrong_expectation_is_noticed() {
    run("exam theory\nat 08:50 operator open -> opened\n");
}

#[test]
#[should_panic(expected = "found    planned")]
fn a_wrong_state_is_noticed() {
    run("exam theory\nexpect phase ready\n");
}
