//! Work that a shut-out phone hands in: kept sealed, bounded, and judged like any other once somebody takes it in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::hand_in::{HandIn, HandInContent, HandedPhoto, PIECES_MAX, RefusedWords};
use domain::order::DeviceOrder;
use domain::protocol::{CallError, CallRefusal, Peer as _, PhotoSize};
use domain::seal::{Purpose, SealKeys, seal};
use domain::{Change, DeviceId, Kind, Sha256Hex};
use serde_json::json;
use sync_server::hub::HubError;
use sync_server::hub::desk::Desk;
use sync_server::hub::peer::HubPeer;
use sync_server::store::{Store as _, TakenIn};

use crate::common::{County, DAY, HOUR, MINUTE, TestPhone, cell, jpeg, sha256};
use crate::photos::offered;

fn code<T: std::fmt::Debug>(outcome: Result<T, HubError>) -> CallRefusal {
    outcome.unwrap_err().code()
}

pub(crate) struct Town {
    pub(crate) county: County,
    pub(crate) phone: TestPhone,
    pub(crate) boss: Desk,
    pub(crate) device: DeviceId,
}

pub(crate) fn town() -> Town {
    let county = County::new();
    let phone = county.worker("worker-a", &[cell(1)]);
    let boss = county.supervisor("boss", "610722001001");
    let device = phone.phone().device;
    Town { county, phone, boss, device }
}

impl Town {
    pub(crate) fn content(&self, changes: Vec<Change>) -> HandInContent {
        HandInContent { node: self.phone.node(), changes, refused: Vec::new(), photos: Vec::new() }
    }

    /// As a phone seals it.
    pub(crate) fn piece(&self, content: &HandInContent) -> HandIn {
        self.piece_of(self.device, &serde_json::to_vec(content).unwrap(), content)
    }

    fn piece_of(&self, device: DeviceId, plain: &[u8], content: &HandInContent) -> HandIn {
        let packed = zstd::encode_all(plain, 3).unwrap();
        let mut world = self.county.world.clone();
        let sealed = seal(&self.county.hub.keys().seal, Purpose::HandIn(device), &packed, &mut world).unwrap();
        HandIn {
            digest: Sha256Hex::new(&sha256(plain)).unwrap(),
            changes: (content.changes.len() + content.refused.len()) as u32,
            photos: content.photos.len() as u32,
            sealed: URL_SAFE_NO_PAD.encode(sealed),
        }
    }

    pub(crate) fn hand_in(&self, piece: &HandIn) -> Result<(), HubError> {
        self.county.hub.hand_in(&self.county.hub.bearer(&self.phone.tokens.access)?, piece)
    }

    pub(crate) fn revoke(&self) {
        self.county.hub.revoke_device("boss", self.device).unwrap();
    }

    pub(crate) fn take_in(&self) -> TakenIn {
        self.county.hub.take_in(&self.boss.actor, self.device).unwrap()
    }
}

/// A picture as a phone hands it in.
fn handed(picture: &[u8]) -> HandedPhoto {
    HandedPhoto { sha256: Sha256Hex::new(&sha256(picture)).unwrap(), jpeg: URL_SAFE_NO_PAD.encode(picture) }
}

#[test]
fn a_revoked_phone_hands_in_and_reads_and_writes_nothing_else() {
    let mut town = town();
    let request = town.phone.request(Vec::new());
    let home = town.phone.new_home(&cell(1)).to_vec();
    let piece = town.piece(&town.content(home.clone()));
    assert_eq!(code(town.hand_in(&piece)), CallRefusal::NotAllowed, "who may push, pushes");
    town.revoke();
    let peer = HubPeer::new(std::sync::Arc::clone(&town.county.hub), town.phone.tokens.access.clone());
    assert_eq!(peer.hello(), Err(CallError::Revoked));
    assert_eq!(peer.exchange(&request).unwrap_err(), CallError::Revoked);
    assert_eq!(peer.lists().unwrap_err(), CallError::Revoked);
    let hash = Sha256Hex::new(&"ab".repeat(32)).unwrap();
    assert_eq!(peer.photo_fetch(&hash, PhotoSize::Full).unwrap_err(), CallError::Revoked);
    peer.hand_in(&piece).unwrap();
    peer.hand_in(&piece).unwrap();
    let line = town.county.hub.devices_for(&town.boss.actor).unwrap().remove(0);
    assert_eq!(line.hand_ins.len(), 1, "a repetition is the same piece");
    assert_eq!((line.hand_ins[0].changes, line.hand_ins[0].taken_at), (3, None));
    assert!(
        home.iter().all(|change| town.county.stored(change.id).is_none()),
        "nothing is read before somebody takes it in"
    );
}

#[test]
fn what_was_handed_in_lies_sealed_in_the_database() {
    let mut town = town();
    let home = town.phone.new_home(&cell(1)).to_vec();
    let piece = town.piece(&town.content(home));
    town.revoke();
    town.hand_in(&piece).unwrap();
    let copy = town.county.folder.path().join("copy.db");
    town.county.hub.back_up(&copy).unwrap();
    let bytes = std::fs::read(copy).unwrap();
    assert!(!bytes.windows(11).any(|window| window == b"13800000000"));
}

#[test]
fn taking_in_judges_every_change_and_is_noted() {
    let mut town = town();
    let home = town.phone.new_home(&cell(1)).to_vec();
    let foreign = town.phone.new_dwelling(&cell(2));
    let mut changes = home.clone();
    changes.push(foreign.clone());
    let piece = town.piece(&town.content(changes));
    town.county.world.pass(MINUTE);
    town.revoke();
    town.county.world.pass(HOUR);
    town.hand_in(&piece).unwrap();
    assert_eq!(town.take_in(), TakenIn { accepted: 3, refused: 1, photos: 0 });
    let person = town.county.stored(home[2].id).unwrap();
    assert_eq!(person.changed_by, town.boss_worker(), "as the account whose phone it was");
    assert!(town.county.stored(foreign.id).is_none());
    let audit = town.county.hub.store().read(|reading| reading.audit(1)).unwrap();
    assert_eq!((audit[0].who.as_str(), audit[0].action.as_str()), ("boss", "take_in"));
    // What was refused stays sealed, and can be taken in once it fits; nothing is taken twice.
    let worker = town.boss_worker();
    let account = town.county.hub.store().read(|reading| reading.account(&worker)).unwrap().unwrap();
    town.county.hub.put_account(account, None, &[cell(1), cell(2)]).unwrap();
    assert_eq!(town.take_in(), TakenIn { accepted: 4, refused: 0, photos: 0 });
    assert!(town.county.stored(foreign.id).is_some());
    assert_eq!(code(town.county.hub.take_in(&town.boss.actor, town.device)), CallRefusal::NotFound, "nothing is left");
    let history = town.county.hub.store().read(|reading| reading.history(&crate::common::scope("610722"), home[2].id));
    assert_eq!(history.unwrap().len(), 1);
}

impl Town {
    fn boss_worker(&self) -> domain::AccountId {
        domain::AccountId::new("worker-a").unwrap()
    }
}

#[test]
fn what_was_handed_in_is_taken_in_as_of_what_the_account_was_for_when_it_was_written() {
    let mut town = town();
    let home = town.phone.new_home(&cell(1));
    let visit = town.phone.visit(home[1].id, &cell(1));
    let piece = town.piece(&town.content([home.as_slice(), std::slice::from_ref(&visit)].concat()));
    town.county.world.pass(MINUTE);
    town.revoke();
    town.hand_in(&piece).unwrap();
    town.county.world.pass(HOUR);
    town.county.account("worker-a", domain::scope::Role::Informant, &[], &[cell(1)]);
    town.county.world.pass(HOUR);
    assert_eq!(town.take_in(), TakenIn { accepted: 4, refused: 0, photos: 0 });
    assert!(town.county.stored(visit.id).is_some());
}

#[test]
fn what_was_written_after_the_phone_was_shut_out_is_not_taken() {
    let mut town = town();
    let before = town.phone.new_dwelling(&cell(1));
    town.county.world.pass(MINUTE);
    town.revoke();
    // A clock that is a little ahead has written this before the phone was shut out.
    town.county.world.pass(MINUTE);
    let ahead = town.phone.new_dwelling(&cell(1));
    town.county.world.pass(2 * MINUTE);
    let after = town.phone.new_dwelling(&cell(1));
    let piece = town.piece(&town.content(vec![before.clone(), ahead.clone(), after.clone()]));
    town.hand_in(&piece).unwrap();
    assert_eq!(town.take_in(), TakenIn { accepted: 2, refused: 1, photos: 0 });
    assert!(town.county.stored(before.id).is_some() && town.county.stored(ahead.id).is_some());
    assert!(town.county.stored(after.id).is_none());
}

#[test]
fn what_was_handed_in_while_the_server_s_clock_was_far_behind_is_kept_and_stands() {
    let mut town = town();
    let home = town.phone.new_home(&cell(1));
    town.phone.push_all(&home);
    town.county.world.pass(MINUTE);
    let mut renamed = town.phone.change(Kind::Person, home[2].id, &cell(1), json!({"name": "李四"}));
    renamed.base.insert("name".into(), home[2].stamps.common);
    let visit = town.phone.visit(home[1].id, &cell(1));
    town.county.world.pass(MINUTE);
    town.revoke();
    // The machine starts with an empty clock, and is set right soon.
    town.county.world.pass(-365 * DAY);
    for change in [renamed, visit.clone()] {
        let piece = town.piece(&town.content(vec![change]));
        town.hand_in(&piece).unwrap();
    }
    assert_eq!(town.take_in(), TakenIn { accepted: 0, refused: 2, photos: 0 }, "by that clock it is yet to come");
    town.county.world.pass(365 * DAY);
    town.county.hub.tidy().unwrap();
    assert_eq!(town.take_in(), TakenIn { accepted: 2, refused: 0, photos: 0 });
    assert_eq!(town.county.stored(home[2].id).unwrap().record.text("name"), Some("李四"));
    let stored = town.county.stored(visit.id).unwrap().record;
    assert_eq!(stored.stamps.common, visit.stamps.common, "nothing was set back");
}

#[test]
fn what_a_phone_hands_in_that_was_locked_long_ago_is_kept_though_the_server_s_clock_is_far_behind_just_then() {
    let mut town = town();
    let waiting = town.phone.new_dwelling(&cell(1));
    town.county.hub.order_device(&town.boss.actor, town.device, DeviceOrder::Lock).unwrap();
    town.county.world.pass(200 * DAY);
    // Colleagues' phones are heard of, and then the machine starts with an empty clock.
    for name in ["worker-b", "worker-c"] {
        town.county.worker(name, &[cell(1)]);
    }
    town.county.world.pass(-365 * DAY);
    town.hand_in(&town.piece(&town.content(vec![waiting.clone()]))).unwrap();
    town.county.world.pass(366 * DAY);
    town.county.hub.tidy().unwrap();
    assert_eq!(town.take_in(), TakenIn { accepted: 1, refused: 0, photos: 0 });
}

#[test]
fn what_is_taken_in_while_the_server_s_clock_is_far_behind_is_not_set_back_to_it() {
    let mut town = town();
    town.county.hub.order_device(&town.boss.actor, town.device, DeviceOrder::Lock).unwrap();
    town.county.world.pass(400 * DAY);
    let waiting = town.phone.new_dwelling(&cell(1));
    town.hand_in(&town.piece(&town.content(vec![waiting.clone()]))).unwrap();
    // A year that was set wrong: still after the order.
    town.county.world.pass(-300 * DAY);
    assert_eq!(town.take_in(), TakenIn { accepted: 0, refused: 1, photos: 0 }, "by that clock it is yet to come");
    town.county.world.pass(300 * DAY);
    assert_eq!(town.take_in(), TakenIn { accepted: 1, refused: 0, photos: 0 });
    let stored = town.county.stored(waiting.id).unwrap().record;
    assert_eq!(stored.stamps.common, waiting.stamps.common, "nothing was set back");
}

#[test]
fn a_server_s_clock_that_was_ahead_once_lets_no_stamp_from_the_future_stand() {
    let mut town = town();
    town.county.world.pass(10 * DAY);
    town.phone.refresh();
    town.phone.phone();
    town.county.world.pass(-7 * DAY);
    // By then the phone's own clock is three days ahead.
    let ahead = town.phone.new_dwelling(&cell(1));
    town.county.world.pass(-3 * DAY);
    town.revoke();
    town.hand_in(&town.piece(&town.content(vec![ahead.clone()]))).unwrap();
    assert_eq!(town.take_in(), TakenIn { accepted: 1, refused: 0, photos: 0 });
    let now = domain::World::now(&mut town.county.world.clone());
    assert!(town.county.stored(ahead.id).unwrap().record.latest().millis() <= now);
}

#[test]
fn a_phone_that_lay_in_a_drawer_for_ninety_days_still_hands_in_with_its_expired_token() {
    let mut town = town();
    let waiting: Vec<Change> = (0..50).map(|_| town.phone.new_dwelling(&cell(1))).collect();
    town.county.world.pass(DAY);
    // The cell went to somebody else, and the phone was shut out.
    let worker = town.boss_worker();
    let account = town.county.hub.store().read(|reading| reading.account(&worker)).unwrap().unwrap();
    town.county.hub.put_account(account, None, &[]).unwrap();
    town.revoke();
    town.county.world.pass(90 * DAY);
    town.county.hub.tidy().unwrap();
    let piece = town.piece(&town.content(waiting.clone()));
    town.hand_in(&piece).unwrap();
    assert_eq!(town.take_in(), TakenIn { accepted: 50, refused: 0, photos: 0 });
    assert!(waiting.iter().all(|change| town.county.stored(change.id).is_some()));
}

#[test]
fn photos_and_refused_words_are_taken_in_too() {
    let mut town = town();
    let home = town.phone.new_home(&cell(1)).to_vec();
    town.phone.push_all(&home);
    let (named, stray) = (jpeg(1), jpeg(2));
    let record = town.phone.new_photo(&home[1], &named);
    town.county.world.pass(MINUTE);
    let words = RefusedWords {
        id: home[2].id,
        kind: Kind::Person,
        cell: cell(1),
        fields: serde_json::from_value(json!({"phone": "13811112222"})).unwrap(),
        at: crate::common::START + 1_000,
    };
    let text = HandInContent { refused: vec![words], ..town.content(vec![record]) };
    let photos = HandInContent { photos: vec![handed(&named), handed(&stray)], ..town.content(Vec::new()) };
    let pieces = [town.piece(&text), town.piece(&photos)];
    town.revoke();
    for piece in &pieces {
        town.hand_in(piece).unwrap();
    }
    assert_eq!(town.take_in(), TakenIn { accepted: 2, refused: 1, photos: 1 });
    assert_eq!(town.county.stored(home[2].id).unwrap().record.text("phone"), Some("13811112222"));
    let hash = Sha256Hex::new(&sha256(&named)).unwrap();
    assert_eq!(town.county.hub.photo_for(&town.boss.actor, &hash, PhotoSize::Full).unwrap(), named);
}

#[test]
fn a_picture_of_somebody_who_was_erased_is_not_taken_in_and_not_kept() {
    let mut town = town();
    let home = town.phone.new_home(&cell(1)).to_vec();
    town.phone.push_all(&home);
    let picture = jpeg(3);
    let hash = Sha256Hex::new(&sha256(&picture)).unwrap();
    let record = town.phone.new_photo(&home[2], &picture);
    // The picture comes first: it is told apart all the same.
    let photos = HandInContent { photos: vec![handed(&picture)], ..town.content(Vec::new()) };
    let pieces = [town.piece(&photos), town.piece(&town.content(vec![record]))];
    town.county.world.pass(MINUTE);
    town.revoke();
    for piece in &pieces {
        town.hand_in(piece).unwrap();
    }
    town.county.hub.erase(&town.boss.actor, home[2].id).unwrap();
    assert_eq!(town.take_in(), TakenIn { accepted: 0, refused: 1, photos: 0 });
    assert_eq!(code(town.county.hub.take_in(&town.boss.actor, town.device)), CallRefusal::NotFound, "nothing is kept");
    assert!(!town.county.hub.photos().holds(&hash, picture.len() as u64).unwrap());
}

#[test]
fn a_piece_that_cannot_be_opened_stands_in_the_way_of_no_other() {
    let mut town = town();
    let good = town.phone.new_dwelling(&cell(1));
    let other = town.county.worker("worker-b", &[cell(1)]).phone().device;
    let content = town.content(vec![good.clone()]);
    let plain = serde_json::to_vec(&content).unwrap();
    let fine = town.piece(&content);
    let empty = town.content(Vec::new());
    let sealed_by_another = town.piece_of(other, b"{}", &empty);
    let another_content = HandIn { digest: Sha256Hex::new(&"11".repeat(32)).unwrap(), ..fine.clone() };
    let no_json = town.piece_of(town.device, b"no json", &empty);
    let bomb = town.piece_of(town.device, &vec![b' '; 25 * 1024 * 1024], &empty);
    assert!(bomb.sealed.len() < 100_000);
    let mut half_readable: serde_json::Value = serde_json::from_slice(&plain).unwrap();
    half_readable["changes"].as_array_mut().unwrap().push(json!({"no": "change"}));
    let half_readable = town.piece_of(town.device, half_readable.to_string().as_bytes(), &empty);
    town.revoke();
    for piece in [&sealed_by_another, &another_content, &bomb] {
        assert_eq!(code(town.hand_in(piece)), CallRefusal::OtherKey, "its phone must not believe that it lies here");
    }
    assert_eq!(code(town.hand_in(&no_json)), CallRefusal::Malformed, "nor that of what nobody can ever take in");
    for piece in [&half_readable, &fine] {
        town.hand_in(piece).unwrap();
    }
    let taken = town.take_in();
    assert_eq!((taken.accepted, taken.refused), (2, 1), "the good change came twice and was taken once");
    assert!(town.county.stored(good.id).is_some());
}

#[test]
fn a_piece_whose_content_has_another_shape_is_refused_and_handed_in_once_it_has_the_right_one() {
    let mut town = town();
    let dwelling = town.phone.new_dwelling(&cell(1));
    let content = town.content(vec![dwelling.clone()]);
    let plain = serde_json::to_value(&content).unwrap();
    let piece = |content: &serde_json::Value| {
        town.piece_of(town.device, content.to_string().as_bytes(), &town.content(vec![dwelling.clone()]))
    };
    let mut later = plain.clone();
    later["later"] = json!({"anything": [1]});
    let wrong =
        [json!({"changes": plain["changes"]}), json!([plain]), json!({"node": 1, "changes": plain["changes"][0]})];
    let (wrong, later) = (wrong.each_ref().map(piece), piece(&later));
    town.county.hub.order_device(&town.boss.actor, town.device, DeviceOrder::Wipe).unwrap();
    for piece in &wrong {
        assert_eq!(code(town.hand_in(piece)), CallRefusal::Malformed);
    }
    assert!(town.county.hub.devices_for(&town.boss.actor).unwrap()[0].hand_ins.is_empty(), "so nothing is wiped");
    town.hand_in(&later).unwrap();
    assert_eq!(town.take_in().accepted, 1);
    assert!(town.county.stored(dwelling.id).is_some());
}

#[test]
fn a_photo_that_only_a_newer_version_can_read_keeps_nothing_else_out_and_stays_sealed() {
    let mut town = town();
    let picture = jpeg(4);
    let (_, offer) = offered(&mut town.phone, &picture);
    let content = HandInContent { photos: vec![handed(&picture)], ..town.content(Vec::new()) };
    let mut later = serde_json::to_value(&content).unwrap();
    later["photos"].as_array_mut().unwrap().insert(0, json!({"sha512": "ab", "picture": {"webp": "AAAA"}}));
    let piece = town.piece_of(town.device, later.to_string().as_bytes(), &content);
    town.county.hub.order_device(&town.boss.actor, town.device, DeviceOrder::Wipe).unwrap();
    town.hand_in(&piece).unwrap();
    let what_can_be_read = TakenIn { accepted: 0, refused: 1, photos: 1 };
    assert_eq!(town.take_in(), what_can_be_read);
    let stored = town.county.hub.photo_for(&town.boss.actor, &offer.sha256, PhotoSize::Full);
    assert_eq!(stored.unwrap(), picture);
    assert_eq!(town.take_in(), what_can_be_read, "the piece is still here");
}

#[test]
fn a_piece_that_is_sealed_to_a_key_which_was_lost_is_refused_and_nothing_of_it_is_kept() {
    let mut town = town();
    let dwelling = town.phone.new_dwelling(&cell(1));
    let content = town.content(vec![dwelling]);
    let plain = serde_json::to_vec(&content).unwrap();
    let mut world = town.county.world.clone();
    let lost = SealKeys::fresh(&mut world).public_text();
    let packed = zstd::encode_all(&plain[..], 3).unwrap();
    let sealed = seal(&lost, Purpose::HandIn(town.device), &packed, &mut world).unwrap();
    let piece = HandIn { sealed: URL_SAFE_NO_PAD.encode(sealed), ..town.piece(&content) };
    town.county.hub.order_device(&town.boss.actor, town.device, DeviceOrder::Wipe).unwrap();
    assert_eq!(code(town.hand_in(&piece)), CallRefusal::OtherKey);
    assert!(town.county.hub.devices_for(&town.boss.actor).unwrap()[0].hand_ins.is_empty());
}

#[test]
fn an_order_that_this_version_does_not_know_is_not_given() {
    let town = town();
    let outcome = town.county.hub.order_device(&town.boss.actor, town.device, DeviceOrder::Newer);
    assert_eq!(code(outcome), CallRefusal::Malformed);
}

#[test]
fn more_than_is_read_at_one_time_is_taken_in_with_one_call_all_the_same() {
    let mut town = town();
    let good: Vec<Change> = (0..3).map(|_| town.phone.new_dwelling(&cell(1))).collect();
    let empty = town.content(Vec::new());
    let pieces: Vec<HandIn> = good
        .iter()
        .map(|change| {
            let mut content = serde_json::to_value(town.content(vec![change.clone()])).unwrap();
            content["changes"].as_array_mut().unwrap().insert(0, json!("x".repeat(20 * 1024 * 1024)));
            town.piece_of(town.device, content.to_string().as_bytes(), &empty)
        })
        .collect();
    town.revoke();
    for piece in &pieces {
        town.hand_in(piece).unwrap();
    }
    assert_eq!(town.take_in(), TakenIn { accepted: 3, refused: 3, photos: 0 });
    assert!(good.iter().all(|change| town.county.stored(change.id).is_some()));
}

#[test]
fn a_phone_cannot_fill_the_server() {
    let town = town();
    town.revoke();
    let empty = town.content(Vec::new());
    let piece = |number: u32| {
        let mut content = serde_json::to_value(&empty).unwrap();
        content["number"] = number.into();
        town.piece_of(town.device, content.to_string().as_bytes(), &empty)
    };
    for number in 0..PIECES_MAX {
        town.hand_in(&piece(number)).unwrap();
    }
    assert_eq!(code(town.hand_in(&piece(PIECES_MAX))), CallRefusal::TooManyTries);
    assert!(town.hand_in(&piece(1)).is_ok(), "what is here already may be repeated");
    let large = HandIn { sealed: URL_SAFE_NO_PAD.encode(vec![0; 11 * 1024 * 1024]), ..piece(7_000) };
    assert_eq!(code(town.hand_in(&large)), CallRefusal::TooLarge);
    // Half a year later nothing of it is left.
    for _ in 0..=180 {
        assert_eq!(town.county.hub.devices_for(&town.boss.actor).unwrap()[0].hand_ins.len(), PIECES_MAX as usize);
        town.county.hub.tidy().unwrap();
        town.county.world.pass(DAY);
    }
    town.county.hub.tidy().unwrap();
    assert!(town.county.hub.devices_for(&town.boss.actor).unwrap()[0].hand_ins.is_empty());
}

#[test]
fn a_clock_that_was_ahead_loses_nothing_of_an_ordered_phone() {
    let mut town = town();
    town.county.world.pass(3 * DAY);
    let early = town.phone.new_dwelling(&cell(1));
    town.county.world.pass(-3 * DAY);
    let piece = town.piece(&town.content(vec![early.clone()]));
    town.county.hub.order_device(&town.boss.actor, town.device, DeviceOrder::Wipe).unwrap();
    town.hand_in(&piece).unwrap();
    assert_eq!(town.take_in().accepted, 1);
    let now = domain::World::now(&mut town.county.world.clone());
    assert!(town.county.stored(early.id).unwrap().record.latest().millis() <= now);
}

#[test]
fn a_moment_that_a_clock_days_ahead_gave_goes_back_with_its_stamp() {
    let mut town = town();
    let home = town.phone.new_home(&cell(1)).to_vec();
    town.phone.push_all(&home);
    let mut visit = town.phone.visit(home[1].id, &cell(1));
    let at = visit.fields["at"].as_i64().unwrap() + 3 * DAY;
    visit.fields.insert("at".into(), json!(at));
    visit.stamps.common = visit.stamps.common.shifted(3 * DAY);
    let piece = town.piece(&town.content(vec![visit.clone()]));
    town.revoke();
    town.hand_in(&piece).unwrap();
    assert_eq!(town.take_in(), TakenIn { accepted: 1, refused: 0, photos: 0 });
    let now = domain::World::now(&mut town.county.world.clone());
    let stored = town.county.stored(visit.id).unwrap().record;
    assert!(stored.int("at").unwrap() <= now && stored.int("at").unwrap() > now - HOUR, "{stored:?}");
}

#[test]
fn a_day_that_a_tap_took_from_a_clock_days_ahead_goes_back_with_its_stamp() {
    let mut town = town();
    let home = town.phone.new_home(&cell(1)).to_vec();
    town.phone.push_all(&home);
    let point = town.phone.new_record(Kind::HazardPoint, &cell(1), json!({"name": "后坡", "hazard_kind": "landslide"}));
    let threatened = json!({"hazard_point": point.id, "household": home[1].id});
    let threatened = town.phone.new_record(Kind::ThreatenedHousehold, &cell(1), threatened);
    town.phone.push_all(&[point, threatened.clone()]);
    let mut card =
        town.phone.change(Kind::ThreatenedHousehold, threatened.id, &cell(1), json!({"card_issued_on": "2026-11-25"}));
    card.stamps.common = card.stamps.common.shifted(3 * DAY);
    let piece = town.piece(&town.content(vec![card]));
    town.county.world.pass(MINUTE);
    town.revoke();
    town.hand_in(&piece).unwrap();
    assert_eq!(town.take_in(), TakenIn { accepted: 1, refused: 0, photos: 0 });
    assert_eq!(town.county.stored(threatened.id).unwrap().record.text("card_issued_on"), Some("2026-11-22"));
}

#[test]
fn what_is_set_back_with_a_clock_that_jumped_stays_after_what_its_writer_replaced() {
    let mut town = town();
    let home = town.phone.new_home(&cell(1)).to_vec();
    town.phone.push_all(&home);
    town.county.world.pass(5 * MINUTE);
    let base = home[2].stamps.of("name");
    let mut renamed = town.phone.change(Kind::Person, home[2].id, &cell(1), json!({"name": "周八"}));
    renamed.base.insert("name".into(), base);
    // Then the clock jumps by days, and with what is written now everything ahead goes back.
    town.county.world.pass(3 * DAY);
    let early = town.phone.new_dwelling(&cell(1));
    town.county.world.pass(-3 * DAY - MINUTE);
    let piece = town.piece(&town.content(vec![renamed, early]));
    town.revoke();
    town.hand_in(&piece).unwrap();
    assert_eq!(town.take_in().accepted, 2);
    let stored = town.county.stored(home[2].id).unwrap().record;
    assert_eq!(stored.text("name"), Some("周八"), "{:?}", stored.stamps);
}

#[test]
fn what_was_written_before_the_clock_went_wrong_stands_and_so_does_what_replaced_a_value_that_was_seen() {
    let mut town = town();
    let home = town.phone.new_home(&cell(1)).to_vec();
    town.phone.push_all(&home);
    let seen = town.county.stored(home[2].id).unwrap().record;
    town.county.world.pass(MINUTE);
    // One record, two fields: the name by a clock that was right, the telephone three days ahead, and something else an hour later.
    let mut words =
        town.phone.change(Kind::Person, home[2].id, &cell(1), json!({"name": "赵六", "phone": "13811112222"}));
    words.base = ["name", "phone"].map(|field| (field.to_owned(), seen.stamps.of(field))).into();
    let right = words.stamps.common;
    words.stamps.except.insert("phone".into(), right.shifted(3 * DAY));
    let mut last = town.phone.new_dwelling(&cell(1));
    last.stamps.common = right.shifted(3 * DAY + HOUR);
    let piece = town.piece(&town.content(vec![words, last]));
    town.revoke();
    town.hand_in(&piece).unwrap();
    assert_eq!(town.take_in().accepted, 2);
    let person = town.county.stored(home[2].id).unwrap().record;
    assert_eq!((person.text("name"), person.stamps.of("name")), (Some("赵六"), right));
    assert_eq!(person.text("phone"), Some("13811112222"), "set back, and not behind what its writer saw");
    let now = domain::World::now(&mut town.county.world.clone());
    assert!(person.latest() > seen.latest() && person.latest().millis() <= now);
}

#[test]
fn words_about_somebody_who_was_erased_are_not_taken_in_and_not_kept() {
    let mut town = town();
    let home = town.phone.new_home(&cell(1)).to_vec();
    town.phone.push_all(&home);
    town.county.world.pass(MINUTE);
    let words = town.phone.change(Kind::Person, home[2].id, &cell(1), json!({"phone": "13811112222"}));
    let mut visit = town.phone.visit(home[2].id, &cell(1));
    visit.fields.insert("target_kind".into(), json!("person"));
    // What is still unsent when there is more to hand in is handed in once more with that.
    let pieces = [town.piece(&town.content(vec![visit.clone()])), town.piece(&town.content(vec![visit, words]))];
    town.revoke();
    for piece in &pieces {
        town.hand_in(piece).unwrap();
    }
    town.county.hub.erase(&town.boss.actor, home[2].id).unwrap();
    assert_eq!(town.take_in(), TakenIn { accepted: 0, refused: 3, photos: 0 });
    assert_eq!(
        code(town.county.hub.take_in(&town.boss.actor, town.device)),
        CallRefusal::NotFound,
        "the pieces are gone"
    );
}
