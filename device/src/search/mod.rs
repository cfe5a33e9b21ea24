//! Finding people, doors and reports by what one remembers of them: a name, its pinyin in any reading, the end of a number, a room.
//!
//! A cell is small (2,500 residents): the names are looked through, no index is kept.

mod door;
mod hits;

pub(crate) use domain::search::{Matcher, Quality, Query};
pub(crate) use hits::{find_dwellings, search};
