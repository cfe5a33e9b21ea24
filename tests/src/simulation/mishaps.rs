//! What goes wrong: clocks, storage, power, copies, revocations, restores.

use std::path::PathBuf;

use device::SyncPhase;

use super::disk::Blow;
use super::history::{
    DAY, HOUR, History, MINUTE, PHONE_PUT_BACK, PHONES_MAX, PHOTOS_PUT_BACK, SECOND, SERVER_PUT_BACK, SHUT_OUT,
};
use super::laws;
use super::mix::Step;
use super::orders;
use super::phone::Phone;
use super::wire::take;
use crate::trouble::{Doing, Outcome, trouble};

const YEAR: i64 = 365 * DAY;

/// Work in the middle of which the power may go, or the storage fail.
const INTERRUPTED: &[Step] = &[
    Step::EditPerson,
    Step::EditHousehold,
    Step::Visit,
    Step::VisitSeveral,
    Step::TakeBack,
    Step::Report,
    Step::ActOnIncident,
    Step::NewDoor,
    Step::RemoveOrPutBack,
    Step::MergeOrPart,
    Step::MovePerson,
    Step::MoveHousehold,
    Step::Photograph,
    Step::Draft,
    Step::DecideConflict,
    Step::AnswerRefusal,
];

/// The same of work that a history knows or not.
const INTERRUPTED_IF_KNOWN: &[Step] = &[
    Step::OrderEvacuation,
    Step::MarkPeople,
    Step::Unmark,
    Step::HandEvacuationOver,
    Step::OpenDispute,
    Step::AddDisputeEvent,
    Step::EditParties,
    Step::DecideParties,
    Step::Inspect,
    Step::Recheck,
    Step::TellNotice,
    Step::PlanCare,
    Step::MergeEntries,
];

impl History {
    /// One mishap.
    pub(super) fn suffer(&mut self, mishap: Step, who: usize) -> Outcome {
        match mishap {
            Step::SetClock => {
                let off = if self.chance.percent(50) { 0 } else { self.chance.between(-5 * HOUR, 5 * HOUR) };
                self.phones[who].drift.set(off);
                Ok(())
            }
            Step::JumpYears => {
                let off = *self.chance.pick(&[-10 * YEAR, 10 * YEAR, -YEAR, 3 * DAY, 20 * HOUR]).unwrap_or(&0);
                self.phones[who].drift.set(off);
                Ok(())
            }
            Step::LongAbsence => {
                self.before_a_long_time()?;
                self.time.pass(self.chance.between(20 * DAY, 200 * DAY));
                Ok(())
            }
            Step::TokensRunOut => {
                self.time.pass(self.chance.between(HOUR, 3 * HOUR));
                Ok(())
            }
            Step::CutPages => {
                let bytes = *self.chance.pick(&[1, 300, 900, 2_000, 1 << 20]).unwrap_or(&1);
                self.county.hub()?.cut_pages_at(bytes);
                Ok(())
            }
            Step::KillPhone => self.phones[who].kill(),
            Step::CutPhonePower => self.with_fuse(who, Blow::Cut),
            Step::FailPhoneCommit => self.with_fuse(who, Blow::Fail),
            Step::FillPhone => {
                let full = !self.phones[who].full;
                self.phones[who].fill(full)
            }
            Step::ClonePhone => self.clone_phone(who),
            Step::BackUpPhone => self.phones[who].back_up(),
            Step::RestorePhone => self.restore_phone(who),
            Step::RevokePhone => self.revoke(who),
            Step::EnrolAgain => self.enrol_again(who),
            Step::Pry => self.pry(who),
            other => self.suffer_at_server(other),
        }
    }

    fn suffer_at_server(&mut self, mishap: Step) -> Outcome {
        match mishap {
            Step::KillServer => self.county.kill(),
            Step::CutServerPower | Step::FailServerCommit => {
                let commits = self.chance.below(8);
                let blow = if mishap == Step::CutServerPower { Blow::Cut } else { Blow::Fail };
                self.county.plant(commits, blow)
            }
            Step::FillServer => {
                let full = !self.county.full;
                self.county.fill(full)
            }
            Step::BackUpServer if self.county.full || self.county.has_fuse() => Ok(()),
            Step::BackUpServer => {
                let photos_too = !self.county.has_backup() || self.apart.percent(70);
                self.county.back_up(photos_too)
            }
            Step::RestoreServer => self.restore_server(),
            Step::PutPhotosBack => self.put_photos_back(),
            Step::Tidy => self.tidy(),
            Step::SetServerClock => {
                self.set_server_clock();
                Ok(())
            }
            other => trouble(format!("Nobody knows what to do at {other:?}.")),
        }
    }

    /// The server's clock is put right, or set ahead or back: by seconds, which no phone notices, or by minutes, which all do.
    fn set_server_clock(&mut self) {
        let off = match self.apart.below(10) {
            0..3 => 0,
            3..7 => self.apart.between(-90 * SECOND, 90 * SECOND),
            _ => self.apart.between(-20 * MINUTE, 20 * MINUTE),
        };
        self.say(|| format!("the server's clock is {off} ms off"));
        self.county.drift.set(off);
    }

    /// What nobody took in for half a year goes, and what was refused of it with it.
    fn tidy(&mut self) -> Outcome {
        let before = orders::sealed(&self.county)?.len();
        if before > 0 {
            laws::nothing_is_lost(self)?;
        }
        let tidied = self.county.hub()?.tidy();
        if tidied.is_err() && (self.county.full || self.county.fuse_blew()?) {
            return Ok(());
        }
        tidied.map(|_| ()).doing("tidying")?;
        if orders::sealed(&self.county)?.len() < before { laws::forgive(self) } else { Ok(()) }
    }

    /// Something is done on a phone whose power goes, or whose storage fails, at one of the commits that it takes.
    fn with_fuse(&mut self, who: usize, blow: Blow) -> Outcome {
        if self.phones[who].full || self.phones[who].is_shut() {
            return Ok(());
        }
        let commits = self.chance.below(9);
        let known = INTERRUPTED_IF_KNOWN.iter().filter(|work| self.mix.knows(**work));
        let works: Vec<Step> = INTERRUPTED.iter().chain(known).copied().collect();
        let what = if self.chance.percent(50) { None } else { self.chance.pick(&works).copied() };
        // What is saved is saved with a commit or two; a round takes more.
        let commits = if what.is_none() { commits } else { commits % 3 };
        self.say(|| format!("{blow:?} after {commits} commits, in {what:?}"));
        self.phones[who].plant(commits, blow)?;
        match what {
            None => self.round(who)?,
            Some(work) => self.act(work, who)?,
        }
        if self.phones[who].recover()? {
            take(&self.ledger).count(format!("phone {blow:?} blew"));
        }
        Ok(())
    }

    pub(super) fn clone_phone(&mut self, who: usize) -> Outcome {
        if self.phones.len() >= PHONES_MAX || self.phones[who].revoked {
            return Ok(());
        }
        let number = self.phones.len();
        let folder: PathBuf = self.folder.join(format!("phone-{number}"));
        let wire = self.wire(number, &self.phones[who].worker, self.phones[who].wire.tokens());
        let clone = self.phones[who].clone_into(&folder, wire, self.seed ^ (1_000 + number as u64))?;
        self.phones.push(clone);
        self.may_be_stamped_again(number)
    }

    /// What is unsent on a copy of a phone is stamped by two clocks: each of the two corrects it by itself.
    fn may_be_stamped_again(&mut self, copy: usize) -> Outcome {
        for (id, fields) in self.phones[copy].unsent()? {
            let id = id.parse().doing("reading a record's name")?;
            if let Some(mut record) = self.phones[copy].record(id)? {
                record.fields.retain(|field, _| fields.contains(field));
                take(&self.ledger).copied(id, &record.fields);
            }
        }
        Ok(())
    }

    pub(super) fn restore_phone(&mut self, who: usize) -> Outcome {
        if !self.phones[who].has_backup() || self.phones[who].revoked {
            return Ok(());
        }
        laws::nothing_is_lost(self)?;
        take(&self.ledger).count(PHONE_PUT_BACK.into());
        self.phones[who].restore()?;
        self.may_be_stamped_again(who)?;
        laws::forgive(self)
    }

    pub(super) fn restore_server(&mut self) -> Outcome {
        if !self.county.has_backup() {
            return Ok(());
        }
        let photos_too = self.chance.percent(50);
        self.put_back(photos_too)
    }

    /// Puts the server's database back, and the photos that were backed up with it, or not.
    pub(super) fn put_back(&mut self, photos_too: bool) -> Outcome {
        laws::nothing_is_lost(self)?;
        take(&self.ledger).count(SERVER_PUT_BACK.into());
        self.county.restore(photos_too)?;
        self.say(|| format!("restored, photos too: {photos_too}"));
        self.look_at_files(true)?;
        laws::forgive(self)
    }

    /// The photo folder alone is put back from its last copy. Phones are asked for what it lacks.
    fn put_photos_back(&mut self) -> Outcome {
        if !self.county.has_backup() {
            return Ok(());
        }
        laws::nothing_is_lost(self)?;
        take(&self.ledger).count(PHOTOS_PUT_BACK.into());
        self.county.put_photos_back()?;
        self.look_at_files(true)
    }

    /// The desk shuts a phone out. What it holds stays on it.
    fn revoke(&mut self, who: usize) -> Outcome {
        if self.county.full || self.county.has_fuse() {
            return Ok(());
        }
        take(&self.ledger).count(SHUT_OUT.into());
        let device = self.phones[who].device_id;
        // A server put back from a backup may not know the phone: it is shut out already.
        let _unknown = self.county.hub()?.revoke_device("admin", device);
        let clones = self.phones.iter_mut().filter(|phone| phone.device_id == device);
        let for_good = self.chance.percent(50);
        clones.for_each(|phone: &mut Phone| phone.revoked = for_good);
        Ok(())
    }

    /// A phone that is signed out is enrolled again by its worker.
    pub(super) fn enrol_again(&mut self, who: usize) -> Outcome {
        let phone = &self.phones[who];
        if phone.is_shut() {
            return self.give_new_phone(who);
        }
        let signed_out = matches!(phone.sync_state()?.phase, SyncPhase::SignedOut | SyncPhase::Revoked);
        if !signed_out || phone.revoked || self.county.full || self.county.has_fuse() || phone.full {
            return Ok(());
        }
        if self.county.is_closed(&phone.worker) {
            return Ok(());
        }
        take(&self.ledger).count("enrolled again".into());
        let enrolment = self.county.enrol(&phone.worker)?;
        self.phones[who].enrol_again(&enrolment)
    }

    /// Whose phone was wiped gets another one, now and then.
    fn give_new_phone(&mut self, who: usize) -> Outcome {
        let phone = &self.phones[who];
        let may = phone.is_wiped() && !self.county.full && !self.county.has_fuse() && !phone.replaced;
        let may = may && !self.county.is_closed(&phone.worker);
        if !may || self.phones.len() >= PHONES_MAX {
            return Ok(());
        }
        let worker = phone.worker.clone();
        self.phones[who].replaced = true;
        self.reinstall(&worker)
    }

    /// A worker gets an empty phone and enrols it.
    pub(super) fn reinstall(&mut self, worker: &str) -> Outcome {
        let number = self.phones.len();
        let enrolment = self.county.enrol(worker)?;
        let wire = self.wire(number, worker, enrolment.tokens.clone());
        let folder = self.folder.join(format!("phone-{number}"));
        let seed = self.seed ^ (1_000 + number as u64);
        self.phones.push(Phone::enrol(worker, &folder, &enrolment, wire, &self.time, seed)?);
        Ok(())
    }
}
