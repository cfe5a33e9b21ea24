//! Two entries of one household: a worker makes them one, or takes them apart again.

use std::collections::BTreeSet;

use domain::same::{differing, merging, parting};
use domain::{Fields, Kind, Record};
use serde_json::json;

use super::history::History;
use super::people::Said;
use super::wire::take;
use crate::trouble::{Outcome, trouble};

impl History {
    /// Merges two households of one cell, or takes one out again.
    pub(super) fn merge_or_part(&mut self, who: usize) -> Outcome {
        let all = self.phones[who].records()?;
        let households = all.iter().filter(|record| record.kind == Kind::Household && !record.is_deleted());
        let (present, gone): (Vec<&Record>, Vec<&Record>) = households.partition(|record| record.is_present());
        if let Some(gave_way) = self.chance.pick(&gone).copied().filter(|_| self.chance.percent(40)) {
            let into = gave_way.merged_into();
            let Some(stays) = all.iter().find(|record| Some(record.id) == into) else { return Ok(()) };
            let parting = parting(stays, gave_way);
            // A head who is not there any more is not put back; which that is, is the phone's to say.
            if parting.stays.contains_key("head") || parting.stays.contains_key("dwelling") {
                return Ok(());
            }
            let args = json!({ "id": gave_way.id });
            return self.write_both(who, "part", args, [(gave_way, parting.gives_way), (stays, parting.stays)]);
        }
        let Some(one) = self.chance.pick(&present).copied() else { return Ok(()) };
        let others: Vec<&Record> =
            present.into_iter().filter(|other| other.id != one.id && other.cell == one.cell).collect();
        let Some(other) = self.chance.pick(&others).copied() else { return Ok(()) };
        let (stays, gives_way) = if one.id < other.id { (one, other) } else { (other, one) };
        let names = differing(stays, gives_way).into_iter().filter(|name| !matches!(*name, "head" | "dwelling"));
        let taken: BTreeSet<String> = names.filter(|_| self.chance.percent(50)).map(str::to_owned).collect();
        let merging = merging(stays, gives_way, &taken);
        let args = json!({ "id": one.id, "other": other.id, "taken": taken });
        self.write_both(who, "merge", args, [(gives_way, merging.gives_way), (stays, merging.stays)])
    }

    /// One command that writes two records: both, or none.
    fn write_both(
        &mut self,
        who: usize,
        command: &str,
        args: serde_json::Value,
        writes: [(&Record, Fields); 2],
    ) -> Outcome {
        for (record, fields) in &writes {
            take(&self.ledger).typed(record.id, fields);
        }
        let Some(said) = self.command(who, command, args, None)? else { return Ok(()) };
        let mut changed = BTreeSet::new();
        for (record, fields) in &writes {
            match said {
                Said::Failed => self.nothing_was_said(who, Some(record.id), fields, Some(record))?,
                Said::Saved(_) => self.write_down(who, record.id, fields, Some(record))?,
            }
            changed.insert(self.phones[who].record(record.id)?.as_ref() != Some(*record));
        }
        let both = writes
            .iter()
            .all(|(record, fields)| fields.iter().any(|(field, value)| record.fields.get(field) != Some(value)));
        if both && changed.len() > 1 {
            return trouble(format!("Of two records one is written after {command}: {writes:?}."));
        }
        Ok(())
    }
}
