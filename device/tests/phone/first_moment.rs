//! The first moment of a program: what is opened while SQLite and its cipher are still making themselves ready.

use std::process::Command;
use std::sync::Barrier;

use crate::fake::*;
use crate::phones::*;

const NAME: &str = "first_moment::registers_that_are_opened_at_the_first_moment_of_a_program_are_all_opened";

/// Says that this process is one of those whose first moment is looked at.
const LOOKED_AT: &str = "DOORSTEP_FIRST_MOMENT";

#[test]
fn registers_that_are_opened_at_the_first_moment_of_a_program_are_all_opened() {
    if std::env::var_os(LOOKED_AT).is_some() {
        return open_together();
    }
    for _ in 0..20 {
        let program = std::env::current_exe().unwrap();
        let ended = Command::new(program).args(["--exact", NAME]).env(LOOKED_AT, "1").output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    }
}

fn open_together() {
    let (phones, server) = (4, Server::new());
    let gate = Barrier::new(phones);
    std::thread::scope(|scope| {
        for seed in 1..=phones {
            let (gate, server) = (&gate, server.clone());
            scope.spawn(move || {
                gate.wait();
                Phone::new(&server, seed as u64);
            });
        }
    });
}
