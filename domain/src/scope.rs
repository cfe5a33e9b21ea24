//! Who may do what: one table, enforced on the server for every path in and out, used on the phone only to hide what would be refused.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::{AccountId, CellCode, Scope};
use crate::record::{Kind, Record};
use crate::same::MERGED_INTO;

/// What an account is for (DOMAIN §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    /// 网格员: phone, own cells.
    Worker,
    /// 网格信息员: phone, reports incidents, sees names and room numbers only.
    Informant,
    /// 网格长 / 审核员: desk, approves or returns.
    Supervisor,
    /// 部门经办人: desk, only the incidents dispatched to the department.
    Handler,
    /// 县级管理员: desk, divisions, accounts, devices, lists.
    Admin,
    /// 安全审计员: desk, the audit log.
    Auditor,
}

/// An action on records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// See its fields.
    Read,
    /// Create it or change its fields.
    Write,
}

/// Work of the county's office and of the desk that is no reading or writing of single records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// Accounts: who works where, as what.
    Accounts,
    /// Divisions and cells: their names, their splitting and merging, whose they are.
    Divisions,
    /// The lists that phones get: categories, deadlines, purposes, holidays.
    Lists,
    /// Taking an existing register in from a table.
    Import,
    /// Taking records out as a file.
    Export,
    /// Showing by a photo what came of an incident.
    ShowResult,
}

impl Duty {
    /// The duties, for whoever asks about all of them.
    pub const ALL: [Duty; 6] =
        [Duty::Accounts, Duty::Divisions, Duty::Lists, Duty::Import, Duty::Export, Duty::ShowResult];

    /// Kinds that somebody may write in the course of a duty, though the role may not write them one by one: an import creates
    /// houses and residents and shows nothing of what is there; a merger of cells moves records and alters nothing else in them;
    /// whoever says at the desk that an incident is done adds a photo of it and alters none.
    pub fn writes(self, kind: &Kind) -> bool {
        match self {
            Duty::Import => matches!(kind, Kind::Building | Kind::Dwelling | Kind::Household | Kind::Person),
            Duty::Divisions => *kind == Kind::Cell || !(kind.is_append_only() || matches!(kind, Kind::Other(_))),
            Duty::ShowResult => *kind == Kind::Photo,
            Duty::Accounts | Duty::Lists | Duty::Export => false,
        }
    }
}

/// The table of duties by role. What is taken out as a file is cut by [`allowed`] besides: an administrator gets the cells alone.
pub fn has_duty(role: Role, duty: Duty) -> bool {
    match duty {
        Duty::Accounts | Duty::Divisions | Duty::Lists | Duty::Import => role == Role::Admin,
        Duty::Export => matches!(role, Role::Supervisor | Role::Admin),
        Duty::ShowResult => matches!(role, Role::Supervisor | Role::Handler),
    }
}

/// Who is acting, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The signed-in account.
    pub account: AccountId,
    /// What it is for.
    pub role: Role,
    /// What it may see: everything whose cell code begins with one of these.
    pub scopes: Vec<Scope>,
    /// Code of the department that it answers for; only a handler has one.
    pub department: Option<String>,
}

impl Actor {
    /// Whether a cell lies in the actor's scope.
    pub fn covers(&self, cell: &CellCode) -> bool {
        self.scopes.iter().any(|scope| scope.covers(cell))
    }

    /// Whether a division and everything in it lies in the actor's scope.
    pub fn contains(&self, division: &Scope) -> bool {
        self.scopes.iter().any(|scope| scope.contains(division))
    }

    /// Whether the actor may do this to records of this kind in this cell.
    pub fn may(&self, action: Action, kind: &Kind, cell: &CellCode) -> bool {
        self.covers(cell) && allowed(self.role, action, kind)
    }

    /// Whether the actor may read this very record: its kind in its cell, and of photos those that are theirs to see.
    pub fn may_read(&self, record: &Record) -> bool {
        self.may(Action::Read, &record.kind, &record.cell) && self.may_see_subject(record)
    }

    /// Whatever a worker photographs hangs in the one list of a cell's photos: signed papers of a mediation beside a hole in the
    /// road. Informants see what was photographed of incidents, and what they took themselves.
    fn may_see_subject(&self, record: &Record) -> bool {
        if self.role != Role::Informant || record.kind != Kind::Photo {
            return true;
        }
        let subject = record.text("subject_kind");
        let of_incident = [Kind::Incident, Kind::IncidentStep].iter().any(|kind| subject == Some(kind.as_str()));
        of_incident || record.text("by") == Some(self.account.as_str())
    }
}

/// The table of rights by role and kind. What is not named is not allowed.
///
/// Kinds of a newer version are readable by who reads everything of the cell (a phone passes them on unread) and writable by nobody.
pub fn allowed(role: Role, action: Action, kind: &Kind) -> bool {
    use Action::{Read, Write};
    use Kind::{
        Building, Callback, CarePlan, Cell, Dispute, DisputeEvent, Dwelling, Feedback, HazardPoint, Household,
        Incident, IncidentStep, Inspection, Notice, NoticeAck, Other, Person, Photo, Premises, Recheck, RollCall, Task,
        TaskReport, Tenancy, ThreatenedHousehold, Visit,
    };
    match (role, action) {
        (Role::Worker, Read) => true,
        (Role::Worker, Write) => matches!(
            kind,
            Building
                | Dwelling
                | Household
                | Person
                | Visit
                | Incident
                | Photo
                | Tenancy
                | Premises
                | CarePlan
                | IncidentStep
                | Dispute
                | DisputeEvent
                | Inspection
                | Recheck
                | HazardPoint
                | ThreatenedHousehold
                | RollCall
                | NoticeAck
                | TaskReport
                | Callback
                | Feedback
        ),
        // Names and room numbers: the fields of persons are cut by `visible_field`.
        (Role::Informant, Read) => matches!(
            kind,
            Cell | Building | Dwelling | Household | Person | Incident | IncidentStep | Photo | Notice | Feedback
        ),
        (Role::Informant, Write) => matches!(kind, Incident | Photo | Feedback),
        (Role::Supervisor, Read) => true,
        (Role::Supervisor, Write) => !matches!(kind, Cell | Visit | Photo | TaskReport | NoticeAck | Other(_)),
        // What the county says to everybody and hears from its staff; no register.
        (Role::Admin, Read | Write) => matches!(kind, Cell | Notice | Task | Feedback),
        // Only of incidents that the own department has: see `incident::sees`. What a handler reads of them has routes of its own.
        (Role::Handler, Write) => matches!(kind, IncidentStep),
        (Role::Handler, Read) | (Role::Auditor, _) => false,
    }
}

/// Whether somebody of this role may write a kind on a phone. Reviews and cells are the desk's, whoever carries the phone.
pub fn phone_writes(role: Role, kind: &Kind) -> bool {
    !matches!(kind, Kind::Review | Kind::Cell) && allowed(role, Action::Write, kind)
}

/// Whether a role that may read a kind sees this field of it.
pub fn visible_field(role: Role, kind: &Kind, field: &str) -> bool {
    match (role, kind) {
        (Role::Informant, Kind::Person) => matches!(field, "household" | "name" | "deleted" | "cell" | MERGED_INTO),
        (Role::Informant, Kind::Household) => matches!(field, "dwelling" | "head" | "deleted" | "cell" | MERGED_INTO),
        // An address that was another one's before is an address; the former values of a merging are nobody's but the worker's.
        (Role::Informant, Kind::Dwelling) => field != crate::same::MERGED_BEFORE,
        _ => true,
    }
}

/// Whether a screen shows somebody this record. A care plan is shown to whoever is responsible for it and to supervisors: colleagues
/// of the cell carry it for the sake of the one digest, and see nothing of it.
pub fn shown(role: Role, account: &AccountId, record: &Record) -> bool {
    record.kind != Kind::CarePlan || role == Role::Supervisor || record.text("responsible") == Some(account.as_str())
}

/// Whether a role sees every record and field of its cells. Only then can a phone compute the digest that the server has.
pub fn sees_whole_cell(role: Role) -> bool {
    matches!(role, Role::Worker | Role::Supervisor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sees_a_whole_cell_may_read_every_kind_and_field_and_nobody_else_does() {
        let roles = [Role::Worker, Role::Informant, Role::Supervisor, Role::Handler, Role::Admin, Role::Auditor];
        let newer = Kind::from_name("of_a_newer_version");
        for role in roles {
            let reads = |kind: &Kind| allowed(role, Action::Read, kind);
            let fields = |kind: &Kind| crate::spec::fields(kind).iter().all(|f| visible_field(role, kind, f.name));
            let whole = Kind::KNOWN.iter().chain([&newer]).all(|kind| reads(kind) && fields(kind));
            assert_eq!(sees_whole_cell(role), whole, "{role:?}");
        }
    }

    #[test]
    fn no_phone_writes_what_is_the_desk_s_whoever_carries_it() {
        for role in [Role::Worker, Role::Informant, Role::Supervisor, Role::Handler, Role::Admin, Role::Auditor] {
            for kind in Kind::KNOWN {
                let desk_s = matches!(kind, Kind::Review | Kind::Cell);
                assert_eq!(
                    phone_writes(role, &kind),
                    !desk_s && allowed(role, Action::Write, &kind),
                    "{role:?} {kind}"
                );
            }
        }
    }

    fn actor(role: Role, scopes: &[&str]) -> Actor {
        Actor {
            account: AccountId::new("somebody").unwrap(),
            role,
            scopes: scopes.iter().map(|scope| Scope::new(scope).unwrap()).collect(),
            department: None,
        }
    }

    #[test]
    fn the_county_s_office_takes_a_register_in_and_moves_it_but_writes_and_reads_none_of_it() {
        let roles = [Role::Worker, Role::Informant, Role::Supervisor, Role::Handler, Role::Admin, Role::Auditor];
        for role in roles {
            for duty in Duty::ALL {
                let expected = match duty {
                    Duty::Export => matches!(role, Role::Supervisor | Role::Admin),
                    Duty::ShowResult => matches!(role, Role::Supervisor | Role::Handler),
                    _ => role == Role::Admin,
                };
                assert_eq!(has_duty(role, duty), expected, "{role:?} {duty:?}");
            }
        }
        for kind in Kind::KNOWN {
            let brought = matches!(kind, Kind::Building | Kind::Dwelling | Kind::Household | Kind::Person);
            assert_eq!(Duty::Import.writes(&kind), brought, "{kind:?}");
            assert_eq!(Duty::Divisions.writes(&kind), !kind.is_append_only(), "{kind:?}");
            assert_eq!(Duty::ShowResult.writes(&kind), kind == Kind::Photo, "{kind:?}");
            assert!(!Duty::Accounts.writes(&kind) && !Duty::Lists.writes(&kind) && !Duty::Export.writes(&kind));
            let own = matches!(kind, Kind::Cell | Kind::Notice | Kind::Task | Kind::Feedback);
            assert_eq!(allowed(Role::Admin, Action::Read, &kind), own);
            assert_eq!(allowed(Role::Admin, Action::Write, &kind), own);
        }
    }

    #[test]
    fn a_worker_writes_the_own_cell_only_and_approves_nothing() {
        let own = CellCode::new("610722001001001").unwrap();
        let other = CellCode::new("610722001001002").unwrap();
        let worker = actor(Role::Worker, &["610722001001001"]);
        assert!(worker.may(Action::Write, &Kind::Visit, &own));
        assert!(!worker.may(Action::Write, &Kind::Visit, &other));
        assert!(!worker.may(Action::Read, &Kind::Person, &other));
        assert!(!worker.may(Action::Write, &Kind::Review, &own));
        assert!(!worker.may(Action::Write, &Kind::Cell, &own));
    }

    #[test]
    fn a_supervisor_reviews_in_the_own_village_only() {
        let supervisor = actor(Role::Supervisor, &["610722001001"]);
        assert!(supervisor.may(Action::Write, &Kind::Review, &CellCode::new("610722001001003").unwrap()));
        assert!(!supervisor.may(Action::Read, &Kind::Person, &CellCode::new("610722001002001").unwrap()));
    }

    #[test]
    fn handlers_and_auditors_see_no_register() {
        for role in [Role::Handler, Role::Auditor] {
            for kind in Kind::KNOWN {
                let writes = role == Role::Handler && kind == Kind::IncidentStep;
                assert!(!allowed(role, Action::Read, &kind));
                assert_eq!(allowed(role, Action::Write, &kind), writes, "{role:?} {kind}");
            }
        }
    }

    #[test]
    fn of_photos_an_informant_reads_those_of_incidents_and_the_own() {
        let photo = |subject: &str, by: &str| Record {
            id: crate::RecordId(uuid::Uuid::from_u128(1)),
            kind: Kind::Photo,
            cell: CellCode::new("610722001001001").unwrap(),
            fields: crate::Fields::from([("subject_kind".to_owned(), subject.into()), ("by".to_owned(), by.into())]),
            stamps: crate::Stamps::all(crate::Stamp::ZERO),
        };
        let informant = actor(Role::Informant, &["610722001001001"]);
        for (subject, by, reads) in [
            ("incident", "worker", true),
            ("incident_step", "worker", true),
            ("dispute", "worker", false),
            ("person", "worker", false),
            ("dwelling", "somebody", true),
        ] {
            assert_eq!(informant.may_read(&photo(subject, by)), reads, "{subject} by {by}");
            assert!(actor(Role::Worker, &["610722001001001"]).may_read(&photo(subject, by)));
        }
        assert!(!actor(Role::Informant, &["610722001001002"]).may_read(&photo("incident", "worker")));
    }

    #[test]
    fn an_informant_sees_names_and_rooms_only() {
        assert!(visible_field(Role::Informant, &Kind::Person, "name"));
        for hidden in ["phone", "document_number", "birth_date", "merged_before"] {
            assert!(!visible_field(Role::Informant, &Kind::Person, hidden));
        }
    }
}
