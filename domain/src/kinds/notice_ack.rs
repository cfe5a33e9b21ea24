//! 已告知: a household was told of a notice.

use crate::codes::CodeList;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a household told.
pub const FIELDS: &[FieldSpec] = &[
    required("notice", FieldType::Ref),
    required("household", FieldType::Ref),
    required("at", FieldType::PastMoment),
    required("by", FieldType::Account),
    optional("way", FieldType::Code { list: CodeList::VisitWay }),
];
