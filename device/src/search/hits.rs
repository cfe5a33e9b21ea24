//! What a search finds, the likeliest first.

use domain::kinds::dwelling::Dwelling;
use domain::kinds::premises::Premises;
use domain::{Kind, RecordId, phone};

use super::door::{DoorFit, DoorQuery};
use crate::api::building::group_id;
use crate::api::search::{HitKind, Matched, SearchHit};
use crate::read::{DwellingFacts, HouseholdFacts, PersonFacts, Places, Register};
use crate::{DeviceError, Open};
use domain::search::{Matcher, Quality, Query};

/// The end of a telephone number has at least so many digits.
const TAIL_MIN: usize = 3;

/// More reports than this are nobody's answer.
const HITS_MAX: usize = 200;

/// Where a hit stands in the list: a smaller number first.
type Rank = (u8, bool);

/// Looks through everything that has a name, a number or a door.
pub(crate) fn search(open: &mut Open, typed: &str, limit: usize) -> Result<Vec<SearchHit>, DeviceError> {
    let Some(query) = Query::new(typed) else { return Ok(Vec::new()) };
    let register = Register::whole(open)?;
    let matcher = query.matcher();
    let mut found: Vec<(Rank, Found<'_>)> = Vec::new();
    let tail = phone_tail(query.text());
    found.extend(people(&register, &matcher, tail.as_deref()));
    found.extend(doors(&register, &query, tail.as_deref()));
    found.extend(buildings(&register, &matcher, &query));
    found.sort_by_key(|(rank, _)| *rank);
    let mut hits: Vec<(Rank, SearchHit)> =
        found.into_iter().take(limit).map(|(rank, found)| (rank, found.hit(&register))).collect();
    hits.extend(premises(open, &matcher, tail.as_deref())?);
    hits.extend(incidents(open, &matcher)?);
    hits.sort_by_key(|(rank, _)| *rank);
    hits.truncate(limit);
    Ok(hits.into_iter().map(|(_, hit)| hit).collect())
}

/// Something found, before anybody writes out its address.
enum Found<'r> {
    Person(&'r PersonFacts, Matched),
    Household(&'r HouseholdFacts, Matched),
    Empty(&'r DwellingFacts),
    Building(RecordId, Matched),
}

/// The digits of what was typed, if it can be the end of a telephone number.
fn phone_tail(text: &str) -> Option<String> {
    let digits = phone::normalise(text);
    (digits.len() >= TAIL_MIN && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}

fn ends_so(number: Option<&String>, tail: Option<&str>) -> bool {
    number.zip(tail).is_some_and(|(number, tail)| phone::normalise(number).ends_with(tail))
}

fn rank_of(quality: Quality) -> u8 {
    match quality {
        Quality::Whole => 0,
        Quality::Start => 2,
        Quality::Inside => 4,
        Quality::PinyinWhole => 5,
        Quality::PinyinStart => 6,
        Quality::PinyinInside => 9,
        Quality::Elsewhere => 10,
    }
}

fn matched(quality: Quality, otherwise: Matched) -> Matched {
    if quality.is_pinyin() { Matched::Pinyin } else { otherwise }
}

fn people<'r>(
    register: &'r Register,
    matcher: &Matcher<'_>,
    tail: Option<&str>,
) -> impl Iterator<Item = (Rank, Found<'r>)> {
    register.people.iter().filter_map(move |person| {
        let (rank, matched) = match matcher.quality(&person.name) {
            Some(quality) => (rank_of(quality), matched(quality, Matched::Name)),
            None if ends_so(person.phone.as_ref(), tail) => (7, Matched::Phone),
            None => return None,
        };
        // Who moved away or died can still be found, below those who live here.
        Some(((rank, person.left), Found::Person(person, matched)))
    })
}

fn doors<'r>(register: &'r Register, query: &Query, tail: Option<&str>) -> Vec<(Rank, Found<'r>)> {
    let mut found = Vec::new();
    for household in register.households.values() {
        if ends_so(household.contact_phone.as_ref(), tail) {
            found.push(((8, false), Found::Household(household, Matched::Phone)));
        }
    }
    let Some(query) = DoorQuery::new(query.text()) else { return found };
    for facts in register.dwellings.values() {
        let Some(fit) = query.fit(&facts.dwelling, register.building_name(&facts.dwelling)) else { continue };
        let rank = match fit {
            DoorFit::Room => 1,
            DoorFit::RoomStart => 8,
        };
        let mut households = register.behind(facts.id).peekable();
        if households.peek().is_none() {
            found.push(((rank, true), Found::Empty(facts)));
        }
        found.extend(households.map(|household| ((rank, false), Found::Household(household, Matched::Room))));
    }
    // The maps keep no order: the same search shows the same list.
    found.sort_by_cached_key(|(rank, found)| (*rank, found.order(register)));
    found
}

/// Doors by how they are written, or by the name of their building, in the order in which somebody walks.
pub(crate) fn find_dwellings(open: &mut Open, typed: &str, limit: usize) -> Result<Vec<RecordId>, DeviceError> {
    let Some(query) = Query::new(typed) else { return Ok(Vec::new()) };
    let (register, matcher, door) = (Register::whole(open)?, query.matcher(), DoorQuery::new(query.text()));
    let rank = |facts: &DwellingFacts| {
        let building = register.building_name(&facts.dwelling);
        match door.as_ref().and_then(|door| door.fit(&facts.dwelling, building)) {
            Some(DoorFit::Room) => Some(1),
            Some(DoorFit::RoomStart) => Some(8),
            None if door.as_ref().is_some_and(|door| door.is_building(building)) => Some(9),
            None => matcher.quality(building).map(|quality| 10 + rank_of(quality)),
        }
    };
    let mut found: Vec<(u8, &DwellingFacts)> =
        register.dwellings.values().filter_map(|facts| Some((rank(facts)?, facts))).collect();
    found.sort_by_cached_key(|(rank, facts)| (*rank, crate::read::natural(&register.address(facts.id)), facts.id));
    Ok(found.into_iter().take(limit).map(|(_, facts)| facts.id).collect())
}

/// Small premises by their name; closed ones below those that are open.
fn premises(open: &Open, matcher: &Matcher<'_>, tail: Option<&str>) -> Result<Vec<(Rank, SearchHit)>, DeviceError> {
    let store = open.store();
    let mut places = Places::new(store);
    let mut found = Vec::new();
    for record in store.of_kind(&Kind::Premises, None)? {
        let premises = Premises::from(&record);
        let (rank, matched) = match matcher.quality(&premises.name) {
            Some(quality) => (rank_of(quality), matched(quality, Matched::Name)),
            None if ends_so(premises.contact_phone.as_ref(), tail) => (7, Matched::Phone),
            None => continue,
        };
        let hit = SearchHit {
            kind: HitKind::Premises,
            id: record.id.to_string(),
            household_id: None,
            subtitle: places.subtitle(&record)?,
            title: premises.name,
            matched,
            phone_masked: premises.contact_phone.as_deref().map(domain::mask::phone),
        };
        found.push(((rank, premises.closed_on.is_some()), hit));
    }
    Ok(found)
}

fn buildings<'r>(register: &'r Register, matcher: &Matcher<'_>, query: &Query) -> Vec<(Rank, Found<'r>)> {
    let number = DoorQuery::new(query.text());
    let mut found: Vec<(Rank, Found<'r>)> = Vec::new();
    for (id, building) in &register.buildings {
        if number.as_ref().is_some_and(|number| number.is_building(&building.name)) {
            found.push(((1, false), Found::Building(*id, Matched::Building)));
        } else if let Some(quality) = matcher.quality(&building.name) {
            let rank = (rank_of(quality) + 1, false);
            found.push((rank, Found::Building(*id, matched(quality, Matched::Building))));
        }
    }
    found.sort_by_cached_key(|(rank, found)| (*rank, found.order(register)));
    found
}

impl Found<'_> {
    fn order(&self, register: &Register) -> Vec<crate::read::Piece> {
        crate::read::natural(&match self {
            Found::Person(person, _) => person.name.clone(),
            Found::Household(household, _) => register.household_address(household.id),
            Found::Empty(facts) => register.address(facts.id),
            Found::Building(id, _) => {
                register.buildings.get(id).map(|building| building.name.clone()).unwrap_or_default()
            }
        })
    }

    fn hit(self, register: &Register) -> SearchHit {
        let masked = |number: Option<&String>| number.map(|number| domain::mask::phone(number));
        match self {
            Found::Person(person, matched) => SearchHit {
                kind: HitKind::Person,
                id: person.id.to_string(),
                household_id: person.household,
                title: person.name.clone(),
                subtitle: person.household.map(|id| register.household_address(id)).unwrap_or_default(),
                matched,
                phone_masked: masked(person.phone.as_ref()),
            },
            Found::Household(household, matched) => {
                let address = register.household_address(household.id);
                SearchHit {
                    kind: HitKind::Household,
                    id: household.id.to_string(),
                    household_id: Some(household.id),
                    title: register.head_name(household).unwrap_or_else(|| address.clone()),
                    subtitle: address,
                    matched,
                    phone_masked: masked(household.contact_phone.as_ref()),
                }
            }
            Found::Empty(facts) => SearchHit {
                kind: HitKind::Building,
                id: board_id(&facts.dwelling, facts),
                household_id: None,
                title: register.address(facts.id),
                subtitle: register.building_name(&facts.dwelling).to_owned(),
                matched: Matched::Room,
                phone_masked: None,
            },
            Found::Building(id, matched) => SearchHit {
                kind: HitKind::Building,
                id: id.to_string(),
                household_id: None,
                title: register.buildings.get(&id).map(|building| building.name.clone()).unwrap_or_default(),
                subtitle: String::new(),
                matched,
                phone_masked: None,
            },
        }
    }
}

/// The board on which a dwelling stands.
fn board_id(dwelling: &Dwelling, facts: &DwellingFacts) -> String {
    dwelling.building.map_or_else(|| group_id(&facts.cell, dwelling), |building| building.to_string())
}

fn incidents(open: &Open, matcher: &Matcher<'_>) -> Result<Vec<(Rank, SearchHit)>, DeviceError> {
    const SQL: &str = "SELECT id, body ->> '$.fields.title', body ->> '$.fields.number' FROM record
        WHERE kind = 'incident' AND deleted = 0 ORDER BY at DESC, id DESC";
    let store = open.store();
    let mut places = Places::new(store);
    let mut found = Vec::new();
    let mut statement = store.connection().prepare_cached(SQL)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        // An odd type in a field of another program's record is no reason to find nothing.
        let text = |index: usize| row.get::<_, Option<String>>(index).ok().flatten();
        let title = text(1).unwrap_or_default();
        let by_number = || matcher.quality(&text(2)?);
        let Some(quality) = matcher.quality(&title).or_else(by_number) else { continue };
        let id: String = row.get(0)?;
        let Some(record) = id.parse().ok().map(|id| store.get(id)).transpose()?.flatten() else { continue };
        let hit = SearchHit {
            kind: HitKind::Incident,
            id,
            household_id: record.reference("household").map(|id| store.survivor(id)).transpose()?,
            title,
            subtitle: places.incident_place(&record)?.unwrap_or_default(),
            matched: matched(quality, Matched::Name),
            phone_masked: None,
        };
        found.push(((rank_of(quality) + 1, false), hit));
        if found.len() >= HITS_MAX {
            break;
        }
    }
    Ok(found)
}
