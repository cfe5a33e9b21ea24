//! The county's official places: towns (街道/镇), villages and communities, as the statistics office lists them. A fact, compiled in.

use std::sync::LazyLock;

/// A village or community, and the town that it lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Village {
    /// 9 digits.
    pub town_code: String,
    /// The town's name: 博望街道.
    pub town: String,
    /// 12 digits.
    pub code: String,
    /// The committee's official name: 江湾社区居委会.
    pub name: String,
}

impl Village {
    /// The place without its committee: 江湾社区.
    pub fn place(&self) -> &str {
        ["居委会", "村委会"].iter().find_map(|committee| self.name.strip_suffix(committee)).unwrap_or(&self.name)
    }

    /// Whether it is an urban community (居委会): people live in stairwells there, in farm houses elsewhere.
    pub fn is_urban(&self) -> bool {
        self.name.ends_with("居委会")
    }
}

/// The villages and communities of Chenggu county (610722), in the order of their codes.
pub fn chenggu() -> &'static [Village] {
    &CHENGGU
}

static CHENGGU: LazyLock<Vec<Village>> = LazyLock::new(|| {
    crate::codes::rows(include_str!("../data/chenggu_610722.csv"))
        .map(|row| Village {
            town_code: row[0].to_owned(),
            town: row[1].to_owned(),
            code: row[2].to_owned(),
            name: row[3].to_owned(),
        })
        .collect()
});

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn chenggu_has_17_towns_and_272_villages_each_under_its_town() {
        let towns: BTreeSet<&str> = chenggu().iter().map(|village| village.town_code.as_str()).collect();
        assert_eq!((towns.len(), chenggu().len()), (17, 272));
        assert!(
            chenggu().iter().all(|village| village.code.len() == 12 && village.code.starts_with(&village.town_code))
        );
        assert!(chenggu().is_sorted_by(|a, b| a.code < b.code));
    }

    #[test]
    fn a_place_is_named_without_its_committee() {
        let first = &chenggu()[0];
        assert_eq!((first.place(), first.is_urban(), first.town.as_str()), ("江湾社区", true, "博望街道"));
        assert!(chenggu().iter().all(|village| village.place() != village.name));
    }
}
