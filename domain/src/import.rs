//! An existing register as a table: which column says what, and what a row says of a door, a household and a resident.
//!
//! Tables come from many hands: full-width digits, dates as texts, words instead of codes. What cannot be read is a finding with
//! its field; nothing is guessed about a person.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ts_rs::TS;

use crate::address::half_width;
use crate::codes::{CodeList, codes};
use crate::document;
use crate::lines::one_line;
use crate::phone;
use crate::problem::ProblemCode;
use crate::record::Fields;

/// What a column of a register says. Nothing else is taken in: a column without a target is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Target {
    /// The cell's code.
    Cell,
    /// Street or natural village.
    Street,
    /// House.
    Building,
    /// Stairwell.
    Unit,
    /// Storey.
    Floor,
    /// Room.
    Room,
    /// Group of a village.
    Group,
    /// House number in a village.
    HouseNumber,
    /// Which household behind a door, where there are several.
    HouseholdNumber,
    /// Whom to ring.
    ContactPhone,
    /// The resident's name.
    Name,
    /// Sex.
    Sex,
    /// Day of birth.
    BirthDate,
    /// Which document.
    DocumentKind,
    /// Its number.
    DocumentNumber,
    /// Telephone.
    Phone,
    /// Relation to the householder.
    Relation,
    /// Registered and living here, away …
    Residence,
    /// A division's code, for a table of divisions.
    Code,
    /// A division's name.
    DivisionName,
}

/// Headings of tables as they are found, by what they say. The first that the heading begins with counts.
const HEADS: &[(Target, &[&str])] = &[
    (Target::Cell, &["网格编码", "网格代码", "所属网格编码", "cell"]),
    (Target::Code, &["区划编码", "区划代码", "编码", "代码", "code"]),
    (Target::DivisionName, &["区划名称", "网格名称", "名称", "divisionname"]),
    (Target::DocumentKind, &["证件类型", "证件种类", "documentkind"]),
    (Target::DocumentNumber, &["身份证号", "身份证", "公民身份号码", "证件号", "documentnumber", "idnumber"]),
    (Target::HouseholdNumber, &["户编号", "户号", "家庭编号", "household"]),
    (Target::ContactPhone, &["户主电话", "家庭电话", "联系人电话", "contactphone"]),
    (Target::Relation, &["与户主关系", "与户主的关系", "户主关系", "关系", "relation"]),
    (Target::Residence, &["居住情况", "居住状态", "居住类型", "residence"]),
    (Target::Name, &["姓名", "居民姓名", "人员姓名", "name"]),
    (Target::Sex, &["性别", "sex", "gender"]),
    (Target::BirthDate, &["出生日期", "出生年月", "生日", "birth"]),
    (Target::Phone, &["联系电话", "手机", "电话", "联系方式", "phone", "mobile"]),
    (Target::Building, &["楼栋", "楼号", "幢", "栋", "楼幢", "building"]),
    (Target::Unit, &["单元", "unit"]),
    (Target::Floor, &["楼层", "所在层", "floor"]),
    (Target::Room, &["室", "房号", "房间号", "户室", "room"]),
    (Target::HouseNumber, &["门牌", "院号", "housenumber"]),
    (Target::Group, &["村民小组", "小组", "组", "group"]),
    (Target::Street, &["街路巷", "街道路", "道路", "街", "路", "自然村", "小区", "street"]),
];

/// What a heading probably says.
pub fn guess(head: &str) -> Option<Target> {
    let plain: String = half_width(head).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let fits = |known: &str| plain == known || (known.chars().count() > 1 && plain.starts_with(known));
    HEADS.iter().find(|(_, known)| known.iter().any(|one| fits(one))).map(|(target, _)| *target)
}

/// What a row says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RegisterRow {
    /// The cell's code, where the row says it.
    pub cell: Option<String>,
    /// The house; none in a village.
    pub building: Option<String>,
    /// The door's fields but for the house.
    pub dwelling: Fields,
    /// Which household behind the door.
    pub household_number: String,
    /// The household's fields but for the door.
    pub household: Fields,
    /// The resident's fields but for the household; none: nobody lives there.
    pub person: Option<Fields>,
}

/// A value that cannot be read.
pub type Unread = (Target, ProblemCode);

/// Reads a row. What cannot be read is left out and named.
pub fn read_row(row: &BTreeMap<Target, &str>) -> (RegisterRow, Vec<Unread>) {
    let mut unread = Vec::new();
    let text = |target: Target| {
        let plain = half_width(row.get(&target).copied().unwrap_or_default());
        Some(one_line(&plain).trim().to_owned()).filter(|text| !text.is_empty())
    };
    let mut read = RegisterRow {
        cell: text(Target::Cell),
        building: text(Target::Building),
        household_number: text(Target::HouseholdNumber).unwrap_or_default(),
        ..RegisterRow::default()
    };
    let door = [
        ("street", Target::Street),
        ("unit", Target::Unit),
        ("room", Target::Room),
        ("group", Target::Group),
        ("house_number", Target::HouseNumber),
    ];
    for (field, target) in door {
        if let Some(text) = text(target) {
            read.dwelling.insert(field.to_owned(), json!(text));
        }
    }
    if let Some(floor) = text(Target::Floor) {
        match floor.trim_end_matches(['层', '楼']).parse::<i64>() {
            Ok(floor) => drop(read.dwelling.insert("floor".to_owned(), json!(floor))),
            Err(_) => unread.push((Target::Floor, ProblemCode::WrongType)),
        }
    }
    if let Some(number) = text(Target::ContactPhone) {
        read.household.insert("contact_phone".to_owned(), json!(phone::normalise(&number)));
    }
    read.person = person(&text, &mut unread);
    (read, unread)
}

fn person(text: &impl Fn(Target) -> Option<String>, unread: &mut Vec<Unread>) -> Option<Fields> {
    let name = text(Target::Name);
    let mut fields = Fields::new();
    let mut put = |field: &str, value: Value| drop(fields.insert(field.to_owned(), value));
    if let Some(number) = text(Target::DocumentNumber) {
        let number = document::normalise(&number);
        if text(Target::DocumentKind).is_none() && number.len() == 18 {
            put("document_kind", json!("id_card"));
        }
        put("document_number", json!(number));
    }
    if let Some(number) = text(Target::Phone) {
        put("phone", json!(phone::normalise(&number)));
    }
    if let Some(day) = text(Target::BirthDate) {
        match read_date(&day) {
            Some(day) => put("birth_date", json!(day.to_string())),
            None => unread.push((Target::BirthDate, ProblemCode::NoSuchDate)),
        }
    }
    let coded = [
        ("sex", Target::Sex, CodeList::Sex),
        ("document_kind", Target::DocumentKind, CodeList::DocumentKind),
        ("relation", Target::Relation, CodeList::Relation),
        ("residence", Target::Residence, CodeList::Residence),
    ];
    for (field, target, list) in coded {
        let Some(word) = text(target) else { continue };
        match read_code(list, &word) {
            Some(code) => put(field, json!(code)),
            None => unread.push((target, ProblemCode::UnknownCode)),
        }
    }
    match name {
        Some(name) => {
            fields.insert("name".to_owned(), json!(name));
            Some(fields)
        }
        None if fields.is_empty() => None,
        None => {
            unread.push((Target::Name, ProblemCode::Required));
            None
        }
    }
}

/// Words that tables have for codes whose own name is another.
const WORDS: &[(CodeList, &str, &str)] = &[
    (CodeList::Sex, "男", "1"),
    (CodeList::Sex, "女", "2"),
    (CodeList::Relation, "本人", "02"),
    (CodeList::Relation, "户主", "02"),
    (CodeList::Relation, "妻", "10"),
    (CodeList::Relation, "妻子", "10"),
    (CodeList::Relation, "夫", "10"),
    (CodeList::Relation, "丈夫", "10"),
    (CodeList::Relation, "儿子", "20"),
    (CodeList::Relation, "女儿", "30"),
    (CodeList::Relation, "父亲", "51"),
    (CodeList::Relation, "母亲", "52"),
    (CodeList::DocumentKind, "身份证", "id_card"),
    (CodeList::Residence, "常住", "resident"),
    (CodeList::Residence, "外出", "away"),
    (CodeList::Residence, "流动人口", "inflow"),
];

/// The code of a list that a table writes as its code, its name, or a usual word for it.
pub fn read_code(list: CodeList, word: &str) -> Option<String> {
    let entries = codes(list);
    let own = entries.iter().find(|entry| entry.code == word || entry.name_zh == word);
    let usual =
        || WORDS.iter().find(|(of, known, _)| *of == list && *known == word).map(|(.., code)| (*code).to_owned());
    own.map(|entry| entry.code.clone()).or_else(usual)
}

/// A day as tables write it: `2024-01-05`, `2024/1/5`, `2024.1.5`, `2024年1月5日`, `20240105`, or a spreadsheet's day number. A month
/// without a day is none.
pub fn read_date(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    // A spreadsheet's moments carry a time.
    let text = text.split([' ', 'T']).next().unwrap_or(text);
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return match text.len() {
            8 => NaiveDate::parse_from_str(text, "%Y%m%d").ok(),
            4 | 5 => serial_date(text.parse().ok()?),
            _ => None,
        };
    }
    let parts: Vec<&str> = text.trim_end_matches('日').split(['-', '/', '.', '年', '月']).collect();
    let [year, month, day] = parts.as_slice() else { return None };
    let whole = |part: &str, most: usize| {
        let fits = !part.is_empty() && part.len() <= most && part.bytes().all(|byte| byte.is_ascii_digit());
        if fits { part.parse::<u32>().ok() } else { None }
    };
    let year = whole(year, 4).filter(|year| *year >= 1_000)?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, whole(month, 2)?, whole(day, 2)?)
}

/// A spreadsheet's day number: 1 is the first of January 1900, and a 29 February 1900 that never was is counted.
pub fn serial_date(days: u64) -> Option<NaiveDate> {
    let days = if days > 59 { days } else { days + 1 };
    NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_days(Days::new(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headings_of_usual_registers_are_understood() {
        let heads = [
            ("姓名", Target::Name),
            ("公民身份号码", Target::DocumentNumber),
            ("身份证号码（18位）", Target::DocumentNumber),
            (" 出生日期 ", Target::BirthDate),
            ("联系电话", Target::Phone),
            ("户主电话", Target::ContactPhone),
            ("与户主关系", Target::Relation),
            ("网格编码", Target::Cell),
            ("楼栋号", Target::Building),
            ("单元", Target::Unit),
            ("室", Target::Room),
            ("村民小组", Target::Group),
            ("门牌号", Target::HouseNumber),
            ("Name", Target::Name),
        ];
        for (head, target) in heads {
            assert_eq!(guess(head), Some(target), "{head}");
        }
        for head in ["序号", "民族", "宗教信仰", "政治面貌", "工作单位", "备注", "", "婚姻状况"] {
            assert_eq!(guess(head), None, "{head}");
        }
    }

    #[test]
    fn a_cell_that_was_broken_into_lines_is_read_as_one() {
        let row = BTreeMap::from([
            (Target::Cell, "610722001001001"),
            (Target::Building, "3号楼\n（北）"),
            (Target::Room, "5\r\n01"),
            (Target::Name, "张\n三"),
        ]);
        let (read, unread) = read_row(&row);
        assert_eq!((read.building.as_deref(), unread.len()), (Some("3号楼 (北)"), 0), "{unread:?}");
        assert_eq!(read.person.unwrap()["name"], "张 三");
    }

    #[test]
    fn days_are_read_however_a_table_writes_them() {
        let day = NaiveDate::from_ymd_opt(2024, 1, 5).unwrap();
        for text in [
            "2024-01-05",
            "2024/1/5",
            "2024.1.5",
            "2024年1月5日",
            "20240105",
            "45296",
            "2024-01-05 00:00:00",
            " 2024/01/05",
        ] {
            assert_eq!(read_date(text), Some(day), "{text}");
        }
        for text in
            ["2024-02-30", "2024年1月", "1988-03", "24/1/5", "5/1/2024", "soon", "", "2024-1-5-6", "99999999", "-1"]
        {
            assert_eq!(read_date(text), None, "{text}");
        }
        assert_eq!(serial_date(1), NaiveDate::from_ymd_opt(1900, 1, 1));
        assert_eq!(serial_date(61), NaiveDate::from_ymd_opt(1900, 3, 1));
    }

    #[test]
    fn a_row_is_read_into_the_fields_of_a_door_and_a_resident() {
        let row = BTreeMap::from([
            (Target::Building, "３号楼"),
            (Target::Unit, "2单元"),
            (Target::Room, "501"),
            (Target::Floor, "5层"),
            (Target::Name, " 张三 "),
            (Target::Sex, "男"),
            (Target::BirthDate, "1949年12月31日"),
            (Target::DocumentNumber, "11010519491231002x"),
            (Target::Phone, "138-0000 1111"),
            (Target::Relation, "户主"),
            (Target::Residence, "常住"),
        ]);
        let (read, unread) = read_row(&row);
        assert_eq!(unread, []);
        assert_eq!(read.building.as_deref(), Some("3号楼"));
        assert_eq!(read.dwelling["floor"], json!(5));
        let person = read.person.unwrap();
        let expected = [
            ("name", "张三"),
            ("sex", "1"),
            ("birth_date", "1949-12-31"),
            ("document_kind", "id_card"),
            ("document_number", "11010519491231002X"),
            ("phone", "13800001111"),
            ("relation", "02"),
            ("residence", "resident"),
        ];
        for (field, value) in expected {
            assert_eq!(person[field], json!(value), "{field}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_and_left_out() {
        let row = BTreeMap::from([
            (Target::Name, "张三"),
            (Target::Sex, "不详吧"),
            (Target::BirthDate, "1988-03"),
            (Target::Floor, "顶楼上"),
        ]);
        let (read, unread) = read_row(&row);
        let told: Vec<Target> = unread.iter().map(|(target, _)| *target).collect();
        assert_eq!(told, [Target::Floor, Target::BirthDate, Target::Sex]);
        assert_eq!(read.person.unwrap().len(), 1);
        let (nobody, unread) = read_row(&BTreeMap::from([(Target::Phone, "13800001111")]));
        assert_eq!((nobody.person, unread), (None, vec![(Target::Name, ProblemCode::Required)]));
        let (empty, unread) = read_row(&BTreeMap::from([(Target::Room, "501")]));
        assert!(empty.person.is_none() && unread.is_empty(), "a door where nobody lives");
    }
}
