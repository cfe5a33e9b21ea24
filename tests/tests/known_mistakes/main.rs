//! The ways in which a naive synchronisation loses data, one test each: production's phone and server, in process, through the
//! simulation's wire. Nearly every test ends with all the laws of docs/RELIABILITY.md.
//!
//! The fifteen that have a number, and what else proves that they are not made:
//!
//! 1. the answer clears what was edited meanwhile: `a_word_typed_between_request_and_answer_…`
//! 2. a pull overwrites what was not pushed: `a_pull_never_overwrites_…`
//! 3. a restored or cloned phone: `a_restored_phone_and_two_clones_…`
//! 4. a restored server: `whatever_any_phone_holds_…`, `work_written_offline_before_the_backup_…`; `restores.rs`, `pictures.rs`
//! 5. wall-clock order: `an_edit_wins_over_what_its_writer_saw_…`; the laws of the clock itself are `domain/tests/clock_laws.rs`
//! 6. a stamp far in the future: `a_phone_in_2030_…`; `device/tests/phone/clock.rs`
//! 7. equal stamps: `equal_stamps_are_decided_alike_…`; for any values, `domain/tests/merge_laws.rs`
//! 8. a poison change: `one_poison_change_blocks_nothing_…`; a poison photo, `device/tests/phone/photos.rs`
//!    (`a_photo_that_the_server_never_takes_blocks_no_other_…`)
//! 9. 401, 403, a lost refresh: `refused_tokens_and_a_lost_refresh_…`, `tokens_that_end_in_the_middle_of_a_round_…`; of the phone's real
//!    way over HTTP, which the simulation does without, `device/tests/phone/http.rs` (`ninety_days_offline_…`)
//! 10. a reassigned cell, a revoked phone: `a_reassigned_cell_…`, `a_revoked_phone_…`, `the_sealed_work_of_a_phone_that_stays_shut_out_…`
//! 11. a cursor ahead of its rows: `no_cursor_runs_ahead_…`, `whoever_reads_while_eight_write_…`
//! 12. acknowledged before durable: `nothing_is_acknowledged_before_it_is_durable`; a program killed at every moment of a push,
//!     `tests/tests/http.rs`; killed at each system call and without power, the trials (docs/TRIALS.md)
//! 13. whole rows, unknown fields: `fields_of_a_newer_version_…`, `two_who_write_in_different_fields_…`
//! 14. tombstones: `who_was_taken_out_of_the_register_…`
//! 15. photos: `a_photo_is_complete_only_with_its_very_bytes`, `a_photo_that_is_cut_at_each_64_kib_…`, `bytes_that_changed_on_their_way_…`,
//!     `a_photo_outlives_a_full_disk_on_either_side`; a full disk under the photos' own files is a trial
//!
//! And beside them: the outbox lost in a migration (`older.rs`; `device/tests/phone/upgrade.rs`, and for the server
//! `sync-server/tests/server/upgrade.rs`) · duplicated appends (`a_visit_is_never_recorded_twice`) · retention shorter than the time
//! offline (`a_phone_that_was_away_longer_than_its_tokens_live_…`) · a corrupt database (`damaged.rs`) · a disk full while saving
//! (`what_was_typed_survives_a_full_storage`; the room that is kept for text, `device/tests/phone/storage.rs`) · two phones of one worker
//! (`two_phones_of_one_worker_…`) · approval of an older version (`an_approval_is_of_the_version_…`) · a huge photo
//! (`a_huge_photo_is_made_small_…`) · the tokens' clock
//! (`tokens_are_judged_by_the_servers_clock`; over HTTP `tests/tests/nudges.rs`, `a_clock_that_is_years_off_…`) · cells merged and split
//! (`cells_are_merged_and_split_…`) · a phone that is installed anew (`a_new_phone_has_everything_…`).

mod case_files;
mod damaged;
mod found;
mod informants;
mod numbered;
mod older;
mod others;
mod pictures;
mod restores;
mod roll_calls;

use doorstep_tests::simulation::Scene;
use doorstep_tests::trouble::{Outcome, trouble};
use serde_json::Value;

const MINUTE: i64 = 60 * 1000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn insist(holds: bool, law: &str) -> Outcome {
    if holds { Ok(()) } else { trouble(law) }
}

/// The server's note is this one.
fn stands(scene: &Scene, word: &str) -> Outcome {
    let note = scene.server_note()?;
    insist(note.as_deref() == Some(word), &format!("{note:?} stands, and {word} should."))
}

/// Somebody who lives in the first cell.
fn somebody(scene: &Scene) -> Outcome<domain::RecordId> {
    match scene.all_on_server(0, &domain::Kind::Person)?.first() {
        Some(person) => Ok(person.id),
        None => trouble("Nobody lives here."),
    }
}

fn newest_incident(scene: &Scene) -> Outcome<domain::RecordId> {
    let lines = scene.call(0, "incidents", Value::Null, None);
    let lines = lines.map_err(|failure| doorstep_tests::Trouble(format!("{failure:?}")))?;
    match lines[0]["id"].as_str().and_then(|id| id.parse().ok()) {
        Some(id) => Ok(id),
        None => trouble("There is no incident."),
    }
}
