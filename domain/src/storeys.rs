//! The doors of a whole building at once: storeys times doors, numbered as doors are numbered everywhere: 101, 102 … 602.

/// Most doors that are added at once: a tower, not a quarter.
pub const DOORS_AT_ONCE_MAX: usize = 600;

/// How a building is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Units (stairwells), at least one.
    pub units: u16,
    /// Storeys, at least one.
    pub floors: u16,
    /// Doors on each storey of a unit, at least one.
    pub doors: u16,
}

/// A door to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDoor {
    /// The unit.
    pub unit: String,
    /// The storey.
    pub floor: u16,
    /// The room.
    pub room: String,
}

impl Layout {
    /// How many doors that makes.
    pub fn count(self) -> usize {
        usize::from(self.units) * usize::from(self.floors) * usize::from(self.doors)
    }

    /// The doors, unit by unit from the ground up. Rooms have two digits after the storey.
    pub fn all(self) -> Vec<NewDoor> {
        let mut all = Vec::with_capacity(self.count());
        for unit in 1..=self.units {
            for floor in 1..=self.floors {
                let room = |door: u16| format!("{floor}{door:02}");
                all.extend((1..=self.doors).map(|door| NewDoor { unit: unit.to_string(), floor, room: room(door) }));
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rooms_are_numbered_by_their_storey() {
        let rooms: Vec<String> =
            Layout { units: 1, floors: 2, doors: 2 }.all().into_iter().map(|door| door.room).collect();
        assert_eq!(rooms, ["101", "102", "201", "202"]);
        assert_eq!(Layout { units: 2, floors: 12, doors: 10 }.all().last().unwrap().room, "1210");
    }

    proptest! {
        #[test]
        fn no_door_is_there_twice(units in 1u16..5, floors in 1u16..40, doors in 1u16..20) {
            let layout = Layout { units, floors, doors };
            let different: BTreeSet<(String, String)> =
                layout.all().into_iter().map(|door| (door.unit, door.room)).collect();
            prop_assert_eq!(different.len(), layout.count());
        }
    }
}
